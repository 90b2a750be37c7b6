# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sink of text messages: console, file, and a message for a window."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path

import pmt
from gnuradio import gr

from semcom_core.errors import ConfigError, check_range

from .guard import guarded_handler
from .pdu import is_end, read_text


class text_sink(gr.basic_block):
    """Shows received texts as they come.

    Message ports:
        in: text PDUs.
        out: pairs ("text", symbol) with the latest texts, one a line; a text marked as not decoded starts with "? ".

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
        check_range("lines", lines, 1, 1000)
        self.console, self.json_lines = bool(console), bool(json_lines)
        self.received = self.refused = 0
        self._latest = deque(maxlen=int(lines))
        self._file = open_file(text_file)
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self.handle_text)
        self.message_port_register_out(pmt.intern("out"))

    def stop(self):
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
        return True

    @guarded_handler
    def handle_text(self, message):
        """Show one text."""
        if is_end(message):
            return
        meta, text = read_text(message)
        self.received += 1
        shown = text if meta.get("decoded", True) else f"? {text}"
        self._latest.append(" ".join(shown.splitlines()))
        if self.console:
            print(shown, flush=True)
        if self._file is not None:
            line = json.dumps({"text": text, **meta}, ensure_ascii=False) if self.json_lines else " ".join(text.splitlines())
            self._file.write(line + "\n")
            self._file.flush()
        self.message_port_pub(pmt.intern("out"), pmt.cons(pmt.intern("text"), pmt.intern("\n".join(self._latest))))


def open_file(text_file: str):
    """The file, open for writing; None where no file is named."""
    if not text_file:
        return None
    try:
        return Path(text_file).expanduser().open("w", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"text_file is {text_file!r}; it cannot be written: {error}") from error
