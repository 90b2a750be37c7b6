# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text for a window, published at a pace that eyes follow.

GNU Radio keeps every different symbol for as long as the process lives, and a Qt label takes
nothing but a symbol. So text that changes with each message is published only where something
listens, and only so often.

Qt widget of pictures side by side. Only image_window imports this module: it needs PyQt5.
"""

from __future__ import annotations

import threading

import numpy as np
import pmt
from PyQt5 import QtCore, QtGui, QtWidgets

from semcom_core.errors import ConfigError

#: Least time between two messages, s.
PERIOD_S = 0.1


class WindowText:
    """Publishes pairs (key, symbol) on a port of a block: the first text at once, of those that
    follow soon the last.

    Args:
        block: the block that has the port.
        port: name of the message output.
        key: first part of each pair.
    """

    def __init__(self, block, port: str, key: str):
        self._block = block
        self._port = pmt.intern(port)
        self._key = pmt.intern(key)
        self._change = threading.Condition()
        self._text: str | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start to publish."""
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="window text", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Publish the last text and end. Does nothing when not started."""
        with self._change:
            self._stopping = True
            self._change.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def show(self, text: str) -> None:
        """Publish a text, unless a later one comes before its turn."""
        with self._change:
            self._text = text
            self._change.notify()

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._stopping or self._text is not None)
                text = self._text
                self._text = None
            if text is not None and self._listened():
                self._block.message_port_pub(self._port, pmt.cons(self._key, pmt.intern(text)))
            with self._change:
                if (
                    self._change.wait_for(lambda: self._stopping, timeout=PERIOD_S)
                    and self._text is None
                ):
                    return

    def _listened(self) -> bool:
        return pmt.is_pair(self._block.to_basic_block().message_subscribers(self._port))


class PicturePanel(QtWidgets.QWidget):
    """One picture, scaled to the room there is, with a caption above and a note below."""

    def __init__(self, caption: str, smallest: int):
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
        """Show a picture, uint8 (H, W, 3)."""
        height, width = pixels.shape[:2]
        data = np.ascontiguousarray(pixels).tobytes()
        self._pixmap = QtGui.QPixmap.fromImage(
            QtGui.QImage(data, width, height, 3 * width, QtGui.QImage.Format_RGB888)
        )
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
            self.picture.setPixmap(
                self._pixmap.scaled(room, QtCore.Qt.KeepAspectRatio, QtCore.Qt.SmoothTransformation)
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

    def __init__(self, panels: dict[str, str], title: str, smallest: int):
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
        self._arrived.connect(
            self._show
        )  # the slot runs in the thread of the window, whoever sends the signal

    def show_picture(self, name: str, pixels: np.ndarray, note: str) -> None:
        """Show a picture, uint8 (H, W, 3), in the panel of that name, soon."""
        self._arrived.emit(name, pixels, note)

    def _show(self, name: str, pixels: np.ndarray, note: str) -> None:
        self.panels[name].show_picture(pixels, note)
