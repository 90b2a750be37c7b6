# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Source of text messages: a list, a file line by line, or what arrives on a message port."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pmt
from gnuradio import gr

from semcom_core.errors import ConfigError, check_range
from semcom_core.phy.frame import MESSAGE_IDS

from .guard import guarded_handler
from .notices import read_notice
from .pdu import end_pdu, read_text, text_pdu


class text_source(gr.basic_block):
    """Sends texts as PDUs, numbered 0 to 255 and round again.

    Message ports:
        in: texts to send at once: text PDUs, symbols, or pairs (key, symbol) such as a Qt entry strobes.
        feedback (input): notices; `resolved` opens the window for the next text, `end` ends this block and with it its flowgraph.
        out: text PDUs with the key message_id, then one end PDU when all listed texts are sent.

    Args:
        texts: texts to send, a list of str.
        text_file: UTF-8 file whose lines are sent after `texts`; blank lines are skipped. Empty: none.
        period_s: time from one text to the next, s; 0 is without a pause.
        repeat: start again after the last text.
        window: how many texts may be on the way unresolved; 0 is any number. Needs `feedback`.

    Raises:
        ConfigError: the file cannot be read, or a value is out of range.
    """

    def __init__(self, texts=(), text_file="", period_s=0.0, repeat=False, window=0):
        gr.basic_block.__init__(self, "text_source", None, None)
        check_range("window", window, 0, MESSAGE_IDS - 1)
        self.texts = [*([texts] if isinstance(texts, str) else texts), *read_lines(text_file)]
        self.repeat, self.window = bool(repeat), int(window)
        self.set_period_s(period_s)
        self.sent = self.refused = 0
        self._resolved = 0
        self._change = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None
        for port, handler in {"in": self.handle_text, "feedback": self.handle_notice}.items():
            self.message_port_register_in(pmt.intern(port))
            self.set_msg_handler(pmt.intern(port), handler)
        self.message_port_register_out(pmt.intern("out"))

    def set_period_s(self, period_s: float) -> None:
        """Set the time from one text to the next, s."""
        check_range("period_s", period_s, 0, 86400)
        self.period_s = float(period_s)

    def start(self):
        """Start the thread that sends the listed texts."""
        self._stopping = False
        self._thread = threading.Thread(target=self._send_all, name="text_source", daemon=True)
        self._thread.start()
        return True

    def stop(self):
        """End the thread."""
        with self._change:
            self._stopping = True
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join()
        return True

    @guarded_handler
    def handle_text(self, message):
        """Send a text that arrived on `in`."""
        self._send(read_text(message)[1])

    @guarded_handler
    def handle_notice(self, message):
        """Open the window, or end the flowgraph."""
        notice = read_notice(message)
        if notice.state == "resolved":
            with self._change:
                self._resolved += 1
                self._change.notify_all()
        if notice.state == "end":
            done = pmt.cons(pmt.intern("done"), pmt.from_long(1))
            self.to_basic_block()._post(pmt.intern("system"), done)

    def _send_all(self) -> None:
        if not self.texts:
            return
        while True:
            for text in self.texts:
                if not self._wait():
                    return
                self._send(text)
            if not self.repeat:
                break
        self.message_port_pub(pmt.intern("out"), end_pdu())

    def _wait(self) -> bool:
        """Wait for the period and the window; False when the flowgraph stops."""
        due = time.monotonic() + (self.period_s if self.sent else 0.0)
        with self._change:
            self._change.wait_for(lambda: self._stopping, timeout=max(0.0, due - time.monotonic()))
            self._change.wait_for(lambda: self._stopping or not self.window or self.sent - self._resolved < self.window)
            return not self._stopping

    def _send(self, text: str) -> None:
        with self._change:
            message_id = self.sent % MESSAGE_IDS
            self.sent += 1
        self.message_port_pub(pmt.intern("out"), text_pdu(text, message_id=message_id))


def read_lines(text_file: str) -> list[str]:
    """Lines of a UTF-8 file without the blank ones; none where no file is named."""
    if not text_file:
        return []
    try:
        lines = Path(text_file).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"text_file is {text_file!r}; it cannot be read: {error}") from error
    return [line for line in lines if line.strip()]
