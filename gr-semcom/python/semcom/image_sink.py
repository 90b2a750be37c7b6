# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sink of pictures: files, console, a report, and text for a widget."""

from __future__ import annotations

from pathlib import Path

import pmt

from semcom_core.errors import ConfigError
from semcom_core.image.picture import write_picture
from semcom_core.terminal import print_line

from .guard import guarded_handler, tunable
from .message_sink import json_line, message_sink
from .pdu import is_end, read_picture_pdu


class image_sink(message_sink):
    """Writes received pictures to files as they come: PREFIX_000.png, PREFIX_001.png ...

    All settings may change at run time; another folder or prefix begins at 000, another report file
    is begun anew. A flowgraph that is started again continues the same files; the counts go on.

    Message inputs:
        in: picture PDUs.

    Message outputs:
        out: pairs ("text", symbol) that describe the latest picture in one line, at most ten times
            a second.
        feedback: notices `refused` (malformed message) and `failed` (a file cannot be written any
            more).

    Args:
        console: print a line for each picture.
        folder: folder for the pictures, made where it is missing. Empty: none.
        prefix: beginning of each file's name.
        json_file: file that gets a JSON object a line for each picture: file (null without a
            folder), height, width and the picture's metadata. Empty: none.

    Raises:
        ConfigError: the folder or the file cannot be written, or the prefix is no beginning of a
            file name.
    """

    def __init__(
        self,
        console: bool = True,
        folder: str = "",
        prefix: str = "received",
        json_file: str = "",
    ) -> None:
        message_sink.__init__(self, "image_sink", "json_file")
        self.marked = 0
        self._next = 0
        self.set_console(console)
        self.set_folder(folder)
        self.set_prefix(prefix)
        self.set_json_file(json_file)

    @tunable
    def set_console(self, console: bool) -> None:
        """Set whether a line is printed for each picture."""
        self.console = bool(console)

    @tunable
    def set_folder(self, folder: str) -> None:
        """Set the folder for the pictures; they are numbered from 000."""
        _made_folder(folder)
        self.folder = str(folder)
        self._next = 0

    @tunable
    def set_prefix(self, prefix: str) -> None:
        """Set the beginning of each file's name; the pictures are numbered from 000."""
        if not isinstance(prefix, str) or not prefix or {"/", "\0"} & set(prefix):
            raise ConfigError(
                f"prefix is {prefix!r}; allowed is the beginning of a file name, without a folder"
            )
        self.prefix = prefix
        self._next = 0

    @tunable
    def set_json_file(self, json_file: str) -> None:
        """Set the file that gets a JSON object for each picture; it is begun anew."""
        self.open_file(json_file)
        self.json_file = str(json_file)

    @guarded_handler
    def handle_message(self, message: pmt.pmt_base) -> None:
        """Write one picture."""
        if is_end(message):
            return
        meta, pixels = read_picture_pdu(message)
        name = f"{self.prefix}_{self._next:03d}" + (".png" if self.folder else "")
        self.received += 1
        self._next += 1
        self.marked += not meta.get("decoded", True)
        if self.folder:
            write_picture(_made_folder(self.folder) / name, pixels)
        line = described(name, pixels.shape, meta)
        if self.console:
            print_line(line)
        height, width = pixels.shape[:2]
        file = name if self.folder else None
        self.write_line(json_line({"file": file, "height": height, "width": width, **meta}))
        self.show(line)


def described(name: str, shape: tuple[int, ...], meta: dict) -> str:
    """Name, size and state of a picture in one line.

    Args:
        name: its file name.
        shape: shape of its pixels, (H, W, 3).
        meta: metadata of its PDU.
    """
    size = f"{name}  {shape[1]}x{shape[0]}"
    if meta.get("decoded", True):
        return size
    reason = meta.get("reason")
    if not reason and meta.get("missing") and "fragments" in meta:
        reason = f"{meta['missing']} of {meta['fragments']} fragments missing"
    return f"{size}, degraded: {reason or 'not decoded'}"


def _made_folder(folder: str) -> Path:
    """The folder, made where it is missing; raises ConfigError where it cannot be."""
    path = Path(folder).expanduser()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise ConfigError(f"folder is {folder!r}; it cannot be made: {error}") from error
    return path
