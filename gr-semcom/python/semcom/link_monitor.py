# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Monitor of a link: compares what was sent with what was received, paces the source, and ends the run."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from pathlib import Path

import pmt
from gnuradio import gr

from semcom_core.errors import ConfigError, check_choice, check_range

from .guard import guarded_handler
from .link_ledger import LinkLedger
from .notices import FEEDBACK, notify, read_notice
from .pdu import is_end, read_text

MODES = ("link", "transmit", "receive")
#: Time from the end of a run to on_done, s: the other blocks handle what the last message has brought.
GRACE_S = 0.3


class link_monitor(gr.basic_block):
    """Keeps the books of a link and says when a run is over.

    Message ports:
        sent: text PDUs and the end PDU of the text source.
        in: text PDUs of the text decoder.
        notices: `feedback` of the encoder, the burst blocks and the decoder.
        feedback (output): notices `resolved`, one for each settled message, and `end` when the run is over; to the text source.
        out: pairs ("report", symbol): the counts in one line.

    Args:
        mode: "link" settles a message when its text arrives, "transmit" when its burst has left, "receive" expects `expected` texts.
        expected: texts to be received in mode "receive"; 0 is any number, and the run does not end by itself.
        min_rate: share of the messages that must arrive exactly (in mode "receive": decoded) for a healthy run, 0 to 1.
        timeout_s: time without any event after which messages on the way are given up, s.
        console: print the report when the run ends.
        report_file: JSON file for the report and its latest messages, written when the run ends. Empty: none.
        on_done: called without arguments, in a thread of its own, when the run is over; None: nothing.

    Raises:
        ConfigError: a value is not allowed, or the report file cannot be written.
    """

    def __init__(self, mode="link", expected=0, min_rate=0.97, timeout_s=120.0, console=True, report_file="", on_done=None):
        gr.basic_block.__init__(self, "link_monitor", None, None)
        check_choice("mode", mode, MODES)
        check_range("expected", expected, 0, 1 << 31)
        check_range("min_rate", min_rate, 0, 1)
        self.mode, self.expected, self.min_rate = mode, int(expected), float(min_rate)
        self.set_timeout_s(timeout_s)
        self.console, self.report_file, self.on_done = bool(console), checked_file(report_file), on_done
        self.ledger, self.refused = LinkLedger(paired=mode != "receive"), 0
        self._ended = self._over = self._reported = False
        self._lock, self._stopping = threading.RLock(), threading.Event()
        self._active = time.monotonic()
        for port, handler in {"sent": self.handle_sent, "in": self.handle_received, "notices": self.handle_notice}.items():
            self.message_port_register_in(pmt.intern(port))
            self.set_msg_handler(pmt.intern(port), handler)
        self.message_port_register_out(FEEDBACK)
        self.message_port_register_out(pmt.intern("out"))

    def set_timeout_s(self, timeout_s: float) -> None:
        """Set the time without any event after which messages on the way are given up, s."""
        check_range("timeout_s", timeout_s, 0.1, 86400)
        self.timeout_s = float(timeout_s)

    def start(self):
        """Start the clock of the time limit."""
        self._active = time.monotonic()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._watch, name="link_monitor", daemon=True)
        self._thread.start()
        return True

    def stop(self):
        """End the clock and report."""
        self._stopping.set()
        self._thread.join()
        self._report()
        return True

    def healthy(self) -> bool:
        """Whether the run ended by itself, no block failed, and enough messages arrived."""
        counts = self.ledger.counts
        good, needed = counts["exact"], counts["sent"]
        if self.mode == "transmit":
            good = counts["transmitted"]
        elif self.mode == "receive":
            good, needed = counts["decoded"], self.expected
        return self._over and not self.ledger.failures and needed > 0 and good >= self.min_rate * needed

    def exit_status(self) -> int:
        """0 after a healthy run, 1 otherwise; for the end of a script."""
        return 0 if self.healthy() else 1

    @guarded_handler
    def handle_sent(self, message):
        """Enter a sent text, or that it was the last."""
        if is_end(message):
            self._ended = True
            self._settled(0)
            return
        meta, text = read_text(message)
        with self._lock:
            count = self.ledger.send(meta.get("message_id", -1), text)
        self._settled(count)

    @guarded_handler
    def handle_received(self, message):
        """Enter a received text."""
        meta, text = read_text(message)
        with self._lock:
            count = self.ledger.receive(meta, text)
        self._settled(count)

    @guarded_handler
    def handle_notice(self, message):
        """Enter what a block says about a message or about itself."""
        notice = read_notice(message)
        if notice.state == "failed":
            self.ledger.failures.append(f"{notice.block}: {notice.reason}")
            self._finish()
        elif notice.state == "lost" or (notice.state == "transmitted" and self.mode == "transmit"):
            with self._lock:
                count = self.ledger.settle(notice.message_id, notice.state)
            self._settled(count)
        else:
            self._active = time.monotonic()

    def _settled(self, count: int) -> None:
        self._active = time.monotonic()
        for _ in range(count):
            notify(self, "resolved")
        self.message_port_pub(pmt.intern("out"), pmt.cons(pmt.intern("report"), pmt.intern(self.ledger.line())))
        received = self.expected and self.ledger.counts["received"] >= self.expected
        if (self._ended and not self.ledger.pending) or (self.mode == "receive" and received):
            self._finish()

    def _watch(self) -> None:
        while not self._stopping.wait(0.1):
            if time.monotonic() - self._active <= self.timeout_s:
                continue
            with self._lock:
                count = self.ledger.lose_pending()
            if count:
                self._settled(count)
            if self.mode == "receive" and self.expected:
                self._finish()

    def _finish(self) -> None:
        with self._lock:
            if self._over:
                return
            self._over = True
        try:
            self._report()
        finally:  # whatever keeps the report from being made, the run ends
            notify(self, "end")
            if self.on_done is not None:
                threading.Timer(GRACE_S, self.on_done).start()

    def _report(self) -> None:
        with self._lock:
            if self._reported:
                return
            self._reported = True
            report = {**self.ledger.report(), "healthy": self.healthy(), "messages": list(self.ledger.messages)}
        if self.report_file is not None:
            self._write(json.dumps(report, ensure_ascii=False, indent=1))
        if self.console:
            print(self.ledger.line(), flush=True)

    def _write(self, report: str) -> None:
        try:
            self.report_file.write_text(report + "\n", encoding="utf-8")
        except OSError as error:
            self.ledger.failures.append(f"{self.name()}: the report cannot be written: {error}")
            logging.getLogger("gnuradio.semcom.link_monitor").error("%s", self.ledger.failures[-1])


def checked_file(report_file: str) -> Path | None:
    """Path of a file that can be written as far as can be told without writing it; None where no file is named."""
    if not report_file:
        return None
    path = Path(report_file).expanduser()
    there = os.path.exists(path)  # Path.exists raises where a folder may not be searched
    if os.path.isdir(path) or not (there or os.path.isdir(path.parent)) or not os.access(path if there else path.parent, os.W_OK):
        raise ConfigError(f"report_file is {report_file!r}; allowed is a file in a folder that is there and can be written to")
    return path
