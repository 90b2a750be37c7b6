# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sources of messages have in common: a list, its pace, a window, and its end."""

from __future__ import annotations

import threading
import time

import pmt
from gnuradio import gr

from semcom_core.errors import check_range
from semcom_core.frame import MESSAGE_IDS

from .guard import begin_again, drain, guarded_handler, report_defect, tunable
from .notices import read_notice
from .pdu import end_pdu

#: Messages a second where neither `period_s` nor `window` holds back a source that repeats: message
#: ports have no backpressure.
_FREE_HZ = 1000.0


class paced_source(gr.basic_block):
    """A block of messages that sends what is listed, numbered 0 to 255 and round again.

    A derived class sets `_list`, what there is to send, and has `send_listed`, which sends one of
    these by `publish`, and `handle_in` for its port `in`.
    """

    NOTICE_PORT = pmt.intern("notices")

    def __init__(self, name, period_s, repeat, window):
        gr.basic_block.__init__(self, name, None, None)
        self._change = threading.Condition()
        self.sent = self.refused = self._resolved = self._next = 0
        self._list = []
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.set_period_s(period_s)
        self.set_repeat(repeat)
        self.set_window(window)
        for port, handler in {"in": self.handle_in, "feedback": self.handle_notice}.items():
            self.message_port_register_in(pmt.intern(port))
            self.set_msg_handler(pmt.intern(port), handler)
        self.message_port_register_out(pmt.intern("out"))
        self.message_port_register_out(self.NOTICE_PORT)

    @tunable
    def set_period_s(self, period_s: float) -> None:
        """Set the time from one message to the next, s."""
        check_range("period_s", period_s, 0, 86400)
        self._set(period_s=float(period_s))

    @tunable
    def set_repeat(self, repeat: bool) -> None:
        """Set whether the list starts again after its end."""
        self._set(repeat=bool(repeat))

    @tunable
    def set_window(self, window: int) -> None:
        """Set how many messages may be on the way unresolved; 0 is any number."""
        check_range("window", window, 0, MESSAGE_IDS - 1)
        self._set(window=int(window))

    def _set(self, **values) -> None:
        """Set attributes and wake the thread that waits by them."""
        with self._change:
            vars(self).update(values)
            self._change.notify_all()

    def start(self):
        """Start the thread that sends what is listed."""
        begin_again(self)
        drain(
            self, "feedback"
        )  # what the end of an earlier run has left; nothing can have come about this one
        self._set(_stopping=False, _next=0, _resolved=self.sent)
        self._thread = threading.Thread(target=self._run, name=self.name(), daemon=True)
        self._thread.start()
        return True

    def stop(self):
        """End the thread."""
        self._set(_stopping=True)
        if self._thread is not None:
            self._thread.join()
        return True

    @guarded_handler
    def handle_notice(self, message):
        """Open the window, or end the flowgraph."""
        notice = read_notice(message)
        if notice.state == "resolved":
            self._set(_resolved=min(self._resolved + 1, self.sent))
        if notice.state == "end":
            done = pmt.cons(pmt.intern("done"), pmt.from_long(1))
            self.to_basic_block()._post(pmt.intern("system"), done)

    def _run(self) -> None:
        try:
            self._send_all()
        except Exception as error:  # noqa: BLE001 (a thread that ends unseen would leave its flowgraph waiting)
            report_defect(self, self._send_all.__name__, error)

    def _send_all(self) -> None:
        last = -float("inf")
        begun = False
        while self._wait(last, begun):
            with self._change:
                if self._next >= len(self._list) and self.repeats():
                    self._next = 0
                found = self._list[self._next : self._next + 1]
                self._next += 1
            if not found:
                self.message_port_pub(pmt.intern("out"), end_pdu())
                return
            self.send_listed(found[0])
            last = time.monotonic()
            begun = True

    def _wait(self, last: float, begun: bool) -> bool:
        """Wait for a list, the period and the window; False when the flowgraph stops.

        Args:
            last: when the last message was sent, s of the monotonic clock.
            begun: whether there has been something to send, so that the end of the list is one.
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

    def publish(self, make, *content, **meta) -> None:
        """Publish make(*content, message_id=…, **meta), a PDU with the next number."""
        with self._change:
            message_id = self.sent % MESSAGE_IDS
            self.sent += 1
        self.message_port_pub(pmt.intern("out"), make(*content, message_id=message_id, **meta))
