# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Qt widget of pictures side by side. Only image_window imports this module: it needs PyQt5."""

from __future__ import annotations

import numpy as np
from PyQt5 import QtCore, QtGui, QtWidgets

from semcom_core.errors import ConfigError


class PicturePanel(QtWidgets.QWidget):
    """One picture, scaled to the room there is, with a caption above and a note below."""

    def __init__(self, caption: str, smallest: int):
        super().__init__()
        self._pixmap = QtGui.QPixmap()
        self.picture, self.note = QtWidgets.QLabel(), QtWidgets.QLabel()
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
        """Show a picture, uint8 (H, W, 3)."""
        height, width = pixels.shape[:2]
        data = np.ascontiguousarray(pixels).tobytes()
        self._pixmap = QtGui.QPixmap.fromImage(QtGui.QImage(data, width, height, 3 * width, QtGui.QImage.Format_RGB888))
        self.note.setText(note)
        self.note.setTextFormat(QtCore.Qt.PlainText)
        self.show()
        self._fit()

    def resizeEvent(self, event):  # noqa: N802 (Qt's name)
        """Scale the picture to the new size."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if not self._pixmap.isNull():
            room = self.picture.size()
            self.picture.setPixmap(self._pixmap.scaled(room, QtCore.Qt.KeepAspectRatio, QtCore.Qt.SmoothTransformation))


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

    def __init__(self, panels: dict[str, str], title: str, smallest: int):
        if QtWidgets.QApplication.instance() is None:  # Qt would end the process
            raise ConfigError("image_window is made without a Qt application; allowed is a flowgraph with the generate option QT GUI")
        super().__init__()
        layout, row = QtWidgets.QVBoxLayout(self), QtWidgets.QHBoxLayout()
        if title:
            layout.addWidget(QtWidgets.QLabel(title))
        layout.addLayout(row, 1)
        self.panels = {name: PicturePanel(caption, smallest) for name, caption in panels.items()}
        for panel in self.panels.values():
            row.addWidget(panel, 1)
        self.setMinimumHeight(smallest + 60)
        self._arrived.connect(self._show)  # the slot runs in the thread of the window, whoever sends the signal

    def show_picture(self, name: str, pixels: np.ndarray, note: str) -> None:
        """Show a picture, uint8 (H, W, 3), in the panel of that name, soon."""
        self._arrived.emit(name, pixels, note)

    def _show(self, name: str, pixels: np.ndarray, note: str) -> None:
        self.panels[name].show_picture(pixels, note)
