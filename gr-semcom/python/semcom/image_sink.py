# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sink of pictures: files, a line on the console, and a message for a window."""

from __future__ import annotations

import threading
from pathlib import Path

import pmt
from gnuradio import gr

from semcom_core.errors import ConfigError
from semcom_core.image.picture import write_picture
from semcom_core.terminal import print_line

from .guard import begin_again, guarded_handler, tunable
from .gui import WindowText
from .notices import FEEDBACK
from .pdu import is_end, read_picture_pdu
from .text_sink import json_line, open_file


class image_sink(gr.basic_block):
    """Writes received pictures to files as they come: PREFIX_000.png, PREFIX_001.png ...

    All settings may change at run time; another folder or prefix begins at 000, another report file
    is begun anew. A flowgraph that is started again goes on in the same files; the counts go on.

    Message ports:
        in: picture PDUs.
        out: pairs ("text", symbol): what the latest picture is, in one line, ten times a second at
        the most. feedback (output): the notices `refused` (what came was no picture) and `failed`
        (a file cannot be written any more).

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

    def __init__(self, console=True, folder="", prefix="received", json_file=""):
        gr.basic_block.__init__(self, "image_sink", None, None)
        self._file = None
        self._lock = threading.Lock()
        self._next = 0
        self.set_console(console)
        self.set_folder(folder)
        self.set_prefix(prefix)
        self.set_json_file(json_file)
        self.received = self.marked = self.refused = 0
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self.handle_picture)
        self.message_port_register_out(pmt.intern("out"))
        self.message_port_register_out(FEEDBACK)
        self._window = WindowText(self, "out", "text")

    @tunable
    def set_console(self, console: bool) -> None:
        """Set whether a line is printed for each picture."""
        self.console = bool(console)

    @tunable
    def set_folder(self, folder: str) -> None:
        """Set the folder for the pictures; they are numbered from 000."""
        made_folder(folder)
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
        opened = open_file(json_file, "w", "json_file")
        with self._lock:
            self._close()
            self._file = opened
            self.json_file = str(json_file)

    def start(self):
        """Open the file again where an earlier run has closed it."""
        begin_again(self)
        if self._file is None:
            self._file = open_file(self.json_file, "a", "json_file")
        self._window.start()
        return True

    def stop(self):
        """Close the file."""
        self._window.stop()
        with self._lock:
            self._close()
        return True

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    @guarded_handler
    def handle_picture(self, message):
        """Write one picture."""
        if is_end(message):
            return
        meta, pixels = read_picture_pdu(message)
        name = f"{self.prefix}_{self._next:03d}" + (".png" if self.folder else "")
        self.received = self.received + 1
        self._next = self._next + 1
        self.marked += not meta.get("decoded", True)
        if self.folder:
            write_picture(made_folder(self.folder) / name, pixels)
        line = described(name, pixels.shape, meta)
        if self.console:
            print_line(line)
        with self._lock:
            if self._file is not None:
                size = {"height": pixels.shape[0], "width": pixels.shape[1]}
                self._file.write(
                    json_line({"file": name if self.folder else None, **size, **meta}) + "\n"
                )
                self._file.flush()
        self._window.show(line)


def described(name: str, shape: tuple[int, ...], meta: dict) -> str:
    """What a picture is, in one line."""
    lacking = (
        f"{meta['missing']} of {meta['fragments']} fragments missing"
        if meta.get("missing") and "fragments" in meta
        else ""
    )
    reason = (
        ""
        if meta.get("decoded", True)
        else f", degraded: {meta.get('reason') or lacking or 'not decoded'}"
    )
    return f"{name}  {shape[1]}x{shape[0]}{reason}"


def made_folder(folder: str) -> Path:
    """The folder, made where it is missing.

    Raises:
        ConfigError: it cannot be made.
    """
    path = Path(folder).expanduser()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise ConfigError(f"folder is {folder!r}; it cannot be made: {error}") from error
    return path
