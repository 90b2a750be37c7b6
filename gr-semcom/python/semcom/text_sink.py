# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sink of text messages: console, file, and text for a widget."""

from __future__ import annotations

from collections import deque

import pmt

from semcom_core.errors import check_range
from semcom_core.terminal import print_line, visible

from .guard import guarded_handler, tunable
from .message_sink import json_line, message_sink
from .pdu import is_end, read_text


class text_sink(message_sink):
    """Shows received texts as they come.

    A received text may hold any character: on the console and in the window, control characters
    are shown as symbols and do nothing. A file gets the text as it is, each line end within a text
    as a blank.

    All settings may change at run time; another file is begun anew. A flowgraph that is started
    again continues the same file; the counts go on.

    Message inputs:
        in: text PDUs.

    Message outputs:
        out: pairs ("text", symbol) with the latest texts, one a line, at most ten times a second; a
            text marked as not decoded starts with "? ".
        feedback: notices `refused` (malformed message) and `failed` (the file cannot be written any
            more).

    Args:
        console: print each text.
        text_file: file that gets each text at once, one a line. Empty: none.
        json_lines: the file gets one JSON object a line instead, with the text and its metadata.
        lines: how many of the latest texts a message on `out` holds, 1 to 1000.

    Raises:
        ConfigError: the file cannot be written, or `lines` is out of range.
    """

    def __init__(
        self,
        console: bool = True,
        text_file: str = "",
        json_lines: bool = False,
        lines: int = 8,
    ) -> None:
        message_sink.__init__(self, "text_sink", "text_file")
        self._latest: deque[str] = deque()
        self.set_lines(lines)
        self.set_console(console)
        self.set_json_lines(json_lines)
        self.set_text_file(text_file)

    @tunable
    def set_console(self, console: bool) -> None:
        """Set whether each text is printed."""
        self.console = bool(console)

    @tunable
    def set_text_file(self, text_file: str) -> None:
        """Set the file that gets each text; it is begun anew."""
        self.open_file(text_file)
        self.text_file = str(text_file)

    @tunable
    def set_json_lines(self, json_lines: bool) -> None:
        """Set whether the file gets JSON objects."""
        self.json_lines = bool(json_lines)

    @tunable
    def set_lines(self, lines: int) -> None:
        """Set how many of the latest texts a message on `out` holds, 1 to 1000."""
        check_range("lines", lines, 1, 1000)
        self.lines = int(lines)
        self._latest = deque(self._latest, self.lines)

    @guarded_handler
    def handle_message(self, message: pmt.pmt_base) -> None:
        """Show one text."""
        if is_end(message):
            return
        meta, text = read_text(message)
        self.received += 1
        shown = visible(text if meta.get("decoded", True) else f"? {text}")
        self._latest.append(" ".join(shown.splitlines()))
        if self.console:
            print_line(shown)
        if self.json_lines:
            self.write_line(json_line({"text": text, **meta}))
        else:
            self.write_line(" ".join(text.splitlines()))
        self.show("\n".join(self._latest))
