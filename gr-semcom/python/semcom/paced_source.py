# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base of the message sources: a list of messages, pacing, a window, and the end PDU."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pmt
from gnuradio import gr

from semcom_core.errors import check_range
from semcom_core.frame import MESSAGE_IDS

from .guard import begin_again, drain, guarded_handler, report_defect, tunable
from .notices import read_notice
from .pdu import end_pdu

#: Messages a second of a source that repeats without `period_s` and `window`: message ports have no
#: backpressure.
_FREE_HZ = 1000.0


class paced_source(gr.basic_block):
    """A message block that sends a list, numbered 0 to 255 and round again.

    A derived class sets the list by `send_from`, and has `send_listed`, which sends an entry of it
    by `publish`, and `handle_in` for its port `in`.

    Args:
        name: name of the block.
        period_s: time from one message to the next, s; 0 is without a pause.
        repeat: start again after the end of the list.
        window: how many messages may be on the way unresolved; 0 is any number.
    """

    NOTICE_PORT = pmt.intern("notices")

    def __init__(self, name: str, period_s: float, repeat: bool, window: int) -> None:
        gr.basic_block.__init__(self, name, None, None)
        self._change = threading.Condition()
        self.sent = 0
        self.refused = 0
        self._resolved = 0
        self._list: list = []
        self._next = 0
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.set_period_s(period_s)
        self.set_repeat(repeat)
        self.set_window(window)
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self.handle_in)
        self.message_port_register_in(pmt.intern("feedback"))
        self.set_msg_handler(pmt.intern("feedback"), self.handle_notice)
        self.message_port_register_out(pmt.intern("out"))
        self.message_port_register_out(self.NOTICE_PORT)

    @tunable
    def set_period_s(self, period_s: float) -> None:
        """Set the time from one message to the next, s."""
        check_range("period_s", period_s, 0, 86400)
        with self._changed():
            self.period_s = float(period_s)

    @tunable
    def set_repeat(self, repeat: bool) -> None:
        """Set whether the list starts again after its end."""
        with self._changed():
            self.repeat = bool(repeat)

    @tunable
    def set_window(self, window: int) -> None:
        """Set how many messages may be on the way unresolved; 0 is any number."""
        check_range("window", window, 0, MESSAGE_IDS - 1)
        with self._changed():
            self.window = int(window)

    def send_from(self, entries: list) -> None:
        """Send another list, from its first entry."""
        with self._changed():
            self._list = entries
            self._next = 0

    @contextmanager
    def _changed(self) -> Iterator[None]:
        """Hold the lock while attributes change, then wake the thread that waits for them."""
        with self._change:
            yield
            self._change.notify_all()

    def start(self) -> bool:
        """Start the thread that sends the list."""
        begin_again(self)
        drain(self, "feedback")  # notices of an earlier run: none can have come about this one
        with self._changed():
            self._stopping = False
            self._next = 0
            self._resolved = self.sent
        self._thread = threading.Thread(target=self._run, name=self.name(), daemon=True)
        self._thread.start()
        return True

    def stop(self) -> bool:
        """End the thread."""
        with self._changed():
            self._stopping = True
        if self._thread is not None:
            self._thread.join()
        return True

    @guarded_handler
    def handle_notice(self, message: pmt.pmt_base) -> None:
        """Open the window, or end the flowgraph."""
        notice = read_notice(message)
        if notice.state == "resolved":
            with self._changed():
                self._resolved = min(self._resolved + 1, self.sent)
        if notice.state == "end":
            done = pmt.cons(pmt.intern("done"), pmt.from_long(1))
            self.to_basic_block()._post(pmt.intern("system"), done)

    def _run(self) -> None:
        try:
            self._send_all()
        except Exception as error:  # noqa: BLE001 (a thread that ends unseen hangs its flowgraph)
            report_defect(self, self._send_all.__name__, error)

    def _send_all(self) -> None:
        last = -float("inf")
        begun = False
        while self._wait(last, begun):
            with self._change:
                if self._next >= len(self._list) and self.repeats():
                    self._next = 0
                entries = self._list[self._next : self._next + 1]
                self._next += 1
            if not entries:
                self.message_port_pub(pmt.intern("out"), end_pdu())
                return
            self.send_listed(entries[0])
            last = time.monotonic()
            begun = True

    def _wait(self, last: float, begun: bool) -> bool:
        """Wait for a list, the period and the window; False when the flowgraph stops.

        Args:
            last: when the last message was sent, s of the monotonic clock.
            begun: whether anything has been sent, so that an end of the list ends the stream.
        """
        with self._change:
            while not self._stopping:
                ended = begun and not self.repeats() and self._next >= len(self._list)
                period_s = self.period_s or (1 / _FREE_HZ if self.repeats() else 0.0)
                due = last + (0.0 if ended else period_s)
                full = self.window and self.sent - self._resolved >= self.window and not ended
                waiting = full or not (begun or self._list)
                if not waiting and time.monotonic() >= due:
                    return True
                self._change.wait(None if waiting else due - time.monotonic())
        return False

    def repeats(self) -> bool:
        """Whether the list starts again after its end."""
        return self.repeat

    def send_listed(self, entry: Any) -> None:
        """Send an entry of the list."""
        raise NotImplementedError

    def handle_in(self, message: pmt.pmt_base) -> None:
        """Send what arrived on `in`."""
        raise NotImplementedError

    def publish(self, make: Callable[..., pmt.pmt_base], *content: Any, **meta: Any) -> None:
        """Publish a PDU with the next number, make(*content, message_id=…, **meta)."""
        with self._change:
            message_id = self.sent % MESSAGE_IDS
            self.sent += 1
        self.message_port_pub(pmt.intern("out"), make(*content, message_id=message_id, **meta))
