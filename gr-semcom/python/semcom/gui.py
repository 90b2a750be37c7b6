# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Qt widget of pictures side by side.

Needs PyQt5, so only image_window imports this module, when it is made.
"""

from __future__ import annotations

import numpy as np
from PyQt5 import QtCore, QtGui, QtWidgets

from semcom_core.errors import ConfigError


class PicturePanel(QtWidgets.QWidget):
    """One picture, scaled to the space available, with a caption above and a note below.

    Args:
        caption: text above the picture.
        smallest: least width and height of the picture's place, pixels.
    """

    def __init__(self, caption: str, smallest: int) -> None:
        super().__init__()
        self._pixmap = QtGui.QPixmap()
        self.picture = QtWidgets.QLabel()
        self.note = QtWidgets.QLabel()
        self.picture.setMinimumSize(smallest, smallest)
        self.picture.setAlignment(QtCore.Qt.AlignCenter)
        self.picture.setSizePolicy(QtWidgets.QSizePolicy.Ignored, QtWidgets.QSizePolicy.Ignored)
        self.note.setWordWrap(True)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 0)
        layout.addWidget(QtWidgets.QLabel(f"<b>{caption}</b>"))
        layout.addWidget(self.picture, 1)
        layout.addWidget(self.note)
        self.hide()

    def show_picture(self, pixels: np.ndarray, note: str) -> None:
        """Show a picture.

        Args:
            pixels: uint8 (H, W, 3).
            note: text below the picture.
        """
        height, width = pixels.shape[:2]
        data = np.ascontiguousarray(pixels).tobytes()
        self._pixmap = QtGui.QPixmap.fromImage(
            QtGui.QImage(data, width, height, 3 * width, QtGui.QImage.Format_RGB888)
        )
        self.note.setText(note)
        self.note.setTextFormat(QtCore.Qt.PlainText)
        self.show()
        self._fit()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Scale the picture to the new size."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if not self._pixmap.isNull():
            size = self.picture.size()
            self.picture.setPixmap(
                self._pixmap.scaled(size, QtCore.Qt.KeepAspectRatio, QtCore.Qt.SmoothTransformation)
            )


class ImagePanels(QtWidgets.QWidget):
    """Panels side by side; pictures may come from any thread.

    Args:
        panels: name → caption, from left to right.
        title: caption over all of them; empty is none.
        smallest: least width and height of a picture's place, pixels.

    Raises:
        ConfigError: there is no Qt application.
    """

    _arrived = QtCore.pyqtSignal(str, object, str)

    def __init__(self, panels: dict[str, str], title: str, smallest: int) -> None:
        if QtWidgets.QApplication.instance() is None:  # Qt would end the process
            raise ConfigError(
                "image_window is made without a Qt application; allowed is a flowgraph with the "
                "generate option QT GUI"
            )
        super().__init__()
        layout = QtWidgets.QVBoxLayout(self)
        row = QtWidgets.QHBoxLayout()
        if title:
            layout.addWidget(QtWidgets.QLabel(title))
        layout.addLayout(row, 1)
        self.panels = {name: PicturePanel(caption, smallest) for name, caption in panels.items()}
        for panel in self.panels.values():
            row.addWidget(panel, 1)
        self.setMinimumHeight(smallest + 60)
        # the slot runs in the thread of the window, whichever thread emits the signal
        self._arrived.connect(self._show)

    def show_picture(self, name: str, pixels: np.ndarray, note: str) -> None:
        """Show a picture soon; may be called from any thread.

        Args:
            name: name of the panel.
            pixels: uint8 (H, W, 3).
            note: text below the picture.
        """
        self._arrived.emit(name, pixels, note)

    def _show(self, name: str, pixels: np.ndarray, note: str) -> None:
        self.panels[name].show_picture(pixels, note)
