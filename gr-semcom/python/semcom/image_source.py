# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Source of pictures: a file, a folder of files, a camera, or what arrives on a message port."""

from __future__ import annotations

from pathlib import Path

import pmt

from semcom_core.errors import FrameError
from semcom_core.image.picture import Camera, is_camera, pictures_in, read_picture

from .guard import guarded_handler, tunable
from .notices import notify
from .paced_source import paced_source
from .pdu import is_end, is_picture, picture_pdu, read_picture_pdu, read_text


class image_source(paced_source):
    """Sends pictures as PDUs, numbered 0 to 255 and round again.

    A file that is no picture, or cannot be read, is reported at `notices` and counted (`refused`),
    and the next one is sent.

    All settings may change at run time: another path starts at its first picture, unless the end
    PDU is already sent. A flowgraph that is started again sends from the first picture; numbers and
    counts go on.

    Message inputs:
        in: pictures to send at once: picture PDUs, or names of picture files as text PDUs, symbols,
            or pairs (key, symbol) as sent by Qt entries.
        feedback: notices; `resolved` opens the window for the next picture, `end` ends this block
            and with it its flowgraph.

    Message outputs:
        out: picture PDUs with the keys message_id and name, then one end PDU when all pictures of a
            file or folder are sent.
        notices: notices `refused` (a file that cannot be sent, or malformed message on `in`) and
            `failed`.

    Args:
        path: a picture file, a folder whose pictures are sent in the order of their names, or a
            camera such as /dev/video0, which needs OpenCV (the Python package cv2) and does not
            end. Empty: none.
        period_s: time from one picture to the next, s; 0 is without a pause.
        repeat: start again after the last picture; without a period at most 1000 pictures a second.
        window: how many pictures may be on the way unresolved; 0 is any number. Needs `feedback`.

    Raises:
        ConfigError: there is nothing at the path, no picture in the folder, no OpenCV for a camera,
            or a value is out of range.
    """

    def __init__(
        self, path: str = "", period_s: float = 0.0, repeat: bool = False, window: int = 0
    ) -> None:
        self._camera: Camera | None = None
        paced_source.__init__(self, "image_source", period_s, repeat, window)
        self.set_path(path)

    @tunable
    def set_path(self, path: str) -> None:
        """Set the file, folder or camera; it is sent from its first picture."""
        path = str(path)
        camera = None
        entries: list[Path | Camera] = []
        if is_camera(path):
            camera = Camera(path)
            entries = [camera]
        elif path:
            entries = pictures_in(Path(path).expanduser())
        with self._changed():
            self.path = path
            self._camera = camera
            self.send_from(entries)

    def repeats(self) -> bool:
        """Whether the list starts again after its end: a camera's does."""
        return self.repeat or self._camera is not None

    def stop(self) -> bool:
        """End the thread, and release the camera."""
        paced_source.stop(self)
        if self._camera is not None:
            self._camera.close()
        return True

    def send_listed(self, entry: Path | Camera) -> None:
        """Send a picture of the list, or report why it cannot be sent."""
        if isinstance(entry, Camera):
            self.publish(picture_pdu, entry.read(), name=Path(entry.device).name)
            return
        try:
            self._send_file(entry)
        except FrameError as error:
            self.refused += 1
            notify(self, "refused", reason=str(error))

    @guarded_handler
    def handle_in(self, message: pmt.pmt_base) -> None:
        """Send a picture, or the picture in a file, that arrived on `in`."""
        if is_end(message):
            return
        if is_picture(message):
            meta, pixels = read_picture_pdu(message)
            self.publish(picture_pdu, pixels, name=meta.get("name", ""))
        else:
            self._send_file(Path(read_text(message)[1]))

    def _send_file(self, path: Path) -> None:
        # a symbol holds no bytes that are not UTF-8
        name = path.name.encode("utf-8", "replace").decode()
        self.publish(picture_pdu, read_picture(path), name=name)
