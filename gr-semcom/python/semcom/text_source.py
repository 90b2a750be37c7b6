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

from .guard import guarded_handler, tunable
from .notices import read_notice
from .pdu import end_pdu, is_end, read_text, text_pdu
from .restart import begin_again, drain

#: Texts a second where neither `period_s` nor `window` holds back a source that repeats: message ports have no backpressure.
_FREE_HZ = 1000.0


class text_source(gr.basic_block):
    """Sends texts as PDUs, numbered 0 to 255 and round again.

    All settings may change at run time: another list or file starts at its first text, unless the end PDU is already sent. A
    flowgraph that is started again sends the list from its first text; numbers and counts go on.

    Message ports:
        in: texts to send at once: text PDUs, symbols, or pairs (key, symbol) such as a Qt entry strobes.
        feedback (input): notices; `resolved` opens the window for the next text, `end` ends this block and with it its flowgraph.
        out: text PDUs with the key message_id, then one end PDU when all listed texts are sent.
        notices (output): the notices `refused` (what came on `in` was no text) and `failed`.

    Args:
        texts: texts to send, a list of str.
        text_file: UTF-8 file whose lines are sent after `texts`; blank lines are skipped. Empty: none.
        period_s: time from one text to the next, s; 0 is without a pause.
        repeat: start again after the last text; with neither a period nor a window at most 1000 texts a second.
        window: how many texts may be on the way unresolved; 0 is any number. Needs `feedback`.

    Raises:
        ConfigError: the file cannot be read, a text is not Unicode text, or a value is out of range.
    """

    NOTICE_PORT = pmt.intern("notices")

    def __init__(self, texts=(), text_file="", period_s=0.0, repeat=False, window=0):
        gr.basic_block.__init__(self, "text_source", None, None)
        self._change = threading.Condition()
        self._lines: list[str] = []
        self.sent = self.refused = self._resolved = self._next = 0
        self.set_texts(texts)
        self.set_text_file(text_file)
        self.set_period_s(period_s)
        self.set_repeat(repeat)
        self.set_window(window)
        self._stopping = False
        self._thread: threading.Thread | None = None
        for port, handler in {"in": self.handle_text, "feedback": self.handle_notice}.items():
            self.message_port_register_in(pmt.intern(port))
            self.set_msg_handler(pmt.intern(port), handler)
        self.message_port_register_out(pmt.intern("out"))
        self.message_port_register_out(self.NOTICE_PORT)

    @tunable
    def set_texts(self, texts) -> None:
        """Set the texts to send; they are sent from the first."""
        texts = [texts] if isinstance(texts, str) else list(texts)
        wrong = next((text for text in texts if not is_text(text)), None)
        if wrong is not None:
            raise ConfigError(f"texts holds {wrong!r}; allowed is Unicode text without lone surrogates")
        self._set(texts=texts, _next=0)

    @tunable
    def set_text_file(self, text_file: str) -> None:
        """Set the file whose lines are sent after the texts; both are sent from the first."""
        self._set(_lines=read_lines(text_file), text_file=str(text_file), _next=0)

    @tunable
    def set_period_s(self, period_s: float) -> None:
        """Set the time from one text to the next, s."""
        check_range("period_s", period_s, 0, 86400)
        self._set(period_s=float(period_s))

    @tunable
    def set_repeat(self, repeat: bool) -> None:
        """Set whether the texts start again after the last one."""
        self._set(repeat=bool(repeat))

    @tunable
    def set_window(self, window: int) -> None:
        """Set how many texts may be on the way unresolved; 0 is any number."""
        check_range("window", window, 0, MESSAGE_IDS - 1)
        self._set(window=int(window))

    def _set(self, **values) -> None:
        """Set attributes and wake the thread that waits by them."""
        with self._change:
            vars(self).update(values)
            self._change.notify_all()

    def start(self):
        """Start the thread that sends the listed texts."""
        begin_again(self)
        drain(self, "feedback")  # what the end of an earlier run has left; nothing can have come about this one
        self._set(_stopping=False, _next=0, _resolved=self.sent)
        self._thread = threading.Thread(target=self._send_all, name="text_source", daemon=True)
        self._thread.start()
        return True

    def stop(self):
        """End the thread."""
        self._set(_stopping=True)
        if self._thread is not None:
            self._thread.join()
        return True

    @guarded_handler
    def handle_text(self, message):
        """Send a text that arrived on `in`."""
        if not is_end(message):
            self._send(read_text(message)[1])

    @guarded_handler
    def handle_notice(self, message):
        """Open the window, or end the flowgraph."""
        notice = read_notice(message)
        if notice.state == "resolved":
            self._set(_resolved=min(self._resolved + 1, self.sent))
        if notice.state == "end":
            done = pmt.cons(pmt.intern("done"), pmt.from_long(1))
            self.to_basic_block()._post(pmt.intern("system"), done)

    def _send_all(self) -> None:
        last, listed = -float("inf"), False
        while self._wait(last, listed):
            with self._change:
                texts = [*self.texts, *self._lines]
                if self._next >= len(texts) and self.repeat:
                    self._next = 0
                text = texts[self._next] if self._next < len(texts) else None
                self._next += 1
            if text is None:
                self.message_port_pub(pmt.intern("out"), end_pdu())
                return
            self._send(text)
            last, listed = time.monotonic(), True

    def _wait(self, last: float, listed: bool) -> bool:
        """Wait for a list, the period and the window; False when the flowgraph stops.

        Args:
            last: when the last text was sent, s of the monotonic clock.
            listed: whether there has been a text to send, so that the end of the list is one.
        """
        with self._change:
            while not self._stopping:
                ended = listed and not self.repeat and self._next >= len(self.texts) + len(self._lines)
                period_s = self.period_s or (1 / _FREE_HZ if self.repeat and not self.window else 0.0)
                due = last + (0.0 if ended else period_s)
                full = self.window and self.sent - self._resolved >= self.window and not ended
                waiting = full or not (listed or self.texts or self._lines)
                if not waiting and time.monotonic() >= due:
                    return True
                self._change.wait(None if waiting else due - time.monotonic())
        return False

    def _send(self, text: str) -> None:
        with self._change:
            message_id = self.sent % MESSAGE_IDS
            self.sent += 1
        self.message_port_pub(pmt.intern("out"), text_pdu(text, message_id=message_id))


def is_text(text) -> bool:
    """Whether it is a str that UTF-8 can carry."""
    return isinstance(text, str) and not any("\ud800" <= character <= "\udfff" for character in text)


def read_lines(text_file: str) -> list[str]:
    """Lines of a UTF-8 file without the blank ones; none where no file is named."""
    if not text_file:
        return []
    try:
        lines = Path(text_file).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigError(f"text_file is {text_file!r}; it cannot be read: {error}") from error
    return [line for line in lines if line.strip()]
