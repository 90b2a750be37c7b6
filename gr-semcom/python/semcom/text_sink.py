# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sink of text messages: console, file, and a message for a window."""

from __future__ import annotations

import json
import math
import threading
from collections import deque
from pathlib import Path

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.errors import ConfigError, check_range
from semcom_core.terminal import print_line, visible

from .guard import begin_again, guarded_handler, tunable
from .gui import WindowText
from .notices import FEEDBACK
from .pdu import is_end, read_text


class text_sink(gr.basic_block):
    """Shows received texts as they come.

    What comes from the air may hold any character: on the console and in the window, control
    characters are shown as symbols and do nothing. A file gets the text as it is, each line end
    within a text as a blank.

    All settings may change at run time; another file is begun anew. A flowgraph that is started
    again goes on in the same file; the counts go on.

    Message ports:
        in: text PDUs.
        out: pairs ("text", symbol) with the latest texts, one a line, ten times a second at the
        most; a text marked as not decoded
            starts with "? ".
        feedback (output): the notices `refused` (what came was no text) and `failed` (the file
        cannot be written any more).

    Args:
        console: print each text.
        text_file: file that gets each text at once, one a line. Empty: none.
        json_lines: the file gets one JSON object a line instead, with the text and its metadata.
        lines: how many of the latest texts a message on `out` holds.

    Raises:
        ConfigError: the file cannot be written, or `lines` is out of range.
    """

    def __init__(self, console=True, text_file="", json_lines=False, lines=8):
        gr.basic_block.__init__(self, "text_sink", None, None)
        self._file = None
        self._latest = deque()
        self._lock = threading.Lock()
        self.set_lines(lines)
        self.set_console(console)
        self.set_json_lines(json_lines)
        self.set_text_file(text_file)
        self.received = self.refused = 0
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self.handle_text)
        self.message_port_register_out(pmt.intern("out"))
        self.message_port_register_out(FEEDBACK)
        self._window = WindowText(self, "out", "text")

    @tunable
    def set_console(self, console: bool) -> None:
        """Set whether each text is printed."""
        self.console = bool(console)

    @tunable
    def set_text_file(self, text_file: str) -> None:
        """Set the file that gets each text; it is begun anew."""
        opened = open_file(text_file, "w")
        with self._lock:
            self._close()
            self._file = opened
            self.text_file = str(text_file)

    @tunable
    def set_json_lines(self, json_lines: bool) -> None:
        """Set whether the file gets JSON objects."""
        self.json_lines = bool(json_lines)

    @tunable
    def set_lines(self, lines: int) -> None:
        """Set how many of the latest texts a message on `out` holds."""
        check_range("lines", lines, 1, 1000)
        self.lines = int(lines)
        self._latest = deque(self._latest, self.lines)

    def start(self):
        """Open the file again where an earlier run has closed it."""
        begin_again(self)
        if self._file is None:
            self._file = open_file(self.text_file, "a")
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
    def handle_text(self, message):
        """Show one text."""
        if is_end(message):
            return
        meta, text = read_text(message)
        self.received += 1
        shown = visible(text if meta.get("decoded", True) else f"? {text}")
        self._latest.append(" ".join(shown.splitlines()))
        if self.console:
            print_line(shown)
        with self._lock:
            if self._file is not None:
                self._file.write(
                    (
                        json_line({"text": text, **meta})
                        if self.json_lines
                        else " ".join(text.splitlines())
                    )
                    + "\n"
                )
                self._file.flush()
        self._window.show("\n".join(self._latest))


def json_line(meta: dict) -> str:
    """Scalar metadata as one line of JSON; null for a number that is not finite."""
    scalars = {name: value for name, value in meta.items() if not isinstance(value, np.ndarray)}
    known = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in scalars.items()
    }
    return json.dumps(known, ensure_ascii=False)


def open_file(name: str, mode: str, setting: str = "text_file"):
    """The file that a setting names, open for writing; None where it names none."""
    if not name:
        return None
    try:
        return Path(name).expanduser().open(mode, encoding="utf-8")
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigError(f"{setting} is {name!r}; it cannot be written: {error}") from error
