# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Link monitor: compares sent and received messages, paces the source, and ends the run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pmt
from gnuradio import gr

from semcom_core.errors import check_choice, check_range
from semcom_core.terminal import print_line

from .guard import begin_again, guarded_handler, tunable
from .message_sink import WindowText
from .monitor.clock import LinkClock, LinkEnd
from .monitor.ledger import MODES, LinkLedger, checked_file, read_content, write_report
from .notices import FEEDBACK, RADIO_BLOCKS, STANDSTILL, Notice, notify, read_notice
from .pdu import is_end
from .radio.station import RadioStation

#: Time limits in a row without any arrival that end a run.
PATIENCE = 3


class link_monitor(gr.basic_block):
    """Keeps the ledger of a link and ends the run.

    A block that fails ends the run at once, one that falls silent by the time limit. The end waits
    until radios have sent what they were given. A flowgraph that is started again is a new run,
    with counts from 0 and a new report.

    Message inputs:
        sent: text or picture PDUs and the end PDU of the source.
        in: text or picture PDUs of the decoder; its end PDU (end of a recording) ends the run.
        notices: `feedback` (of a source, `notices`) of the other blocks.

    Message outputs:
        feedback: notices `resolved`, one for each settled message, and `end` when the run is over;
            to the source.
        out: pairs ("report", symbol), at most ten times a second: the counts in one line.

    Args:
        mode: "link" settles a message when it arrives, "transmit" when its burst has left the radio
            (without a radio_sink whose `feedback` is connected: the transmitter),
            "receive" expects `expected` messages.
        expected: messages to be received or reported lost in mode "receive"; 0 is any number, and
            the run ends by the time limit alone.
        min_rate: share of the messages that must arrive exactly (pictures, and in mode "receive":
            decoded) for a healthy run, 0 to 1.
        timeout_s: time without any event after which messages on the way are given up, s; 0 is no
            limit. It does not run while a codec loads. Radios that are set up or tried again, and
            messages that are refused, are no events. In mode "receive" the run ends then, in mode
            "transmit" where a radio has not sent what it was given; otherwise, with `on_done`,
            after three such times in a row without any arrival.
        console: print the report when the run ends.
        report_file: JSON file for the report, written when the run ends. Empty: none.
        history: how many of the latest messages the report has.
        on_done: called without arguments, in a thread of its own, when the run is over; None:
            nothing.

    All but mode, history and on_done may change at run time.

    Raises:
        ConfigError: a value is not allowed, or the report file cannot be written.
    """

    def __init__(
        self,
        mode: str = "link",
        expected: int = 0,
        min_rate: float = 0.97,
        timeout_s: float = 120,
        console: bool = True,
        report_file: str = "",
        history: int = 10000,
        on_done: Callable[[], None] | None = None,
    ) -> None:
        check_choice("mode", mode, MODES)
        check_range("history", history, 1, 1 << 20)
        gr.basic_block.__init__(self, "link_monitor", None, None)
        self.mode = mode
        self.history = int(history)
        self.on_done = on_done
        self._lock = threading.RLock()
        self._clock = LinkClock(self._silence)
        self.set_expected(expected)
        self.set_min_rate(min_rate)
        self.set_timeout_s(timeout_s)
        self.set_console(console)
        self.set_report_file(report_file)
        self._begin()
        for port, handler in (
            ("sent", self.handle_sent),
            ("in", self.handle_received),
            ("notices", self.handle_notice),
        ):
            self.message_port_register_in(pmt.intern(port))
            self.set_msg_handler(pmt.intern(port), handler)
        self.message_port_register_out(FEEDBACK)
        self.message_port_register_out(pmt.intern("out"))
        self._window = WindowText(self, "out", "report")

    @tunable
    def set_expected(self, expected: int) -> None:
        """Set how many texts mode "receive" waits for; 0 is any number."""
        check_range("expected", expected, 0, 1 << 31)
        self.expected = int(expected)

    @tunable
    def set_min_rate(self, min_rate: float) -> None:
        """Set the share of the messages that must arrive for a healthy run, 0 to 1."""
        check_range("min_rate", min_rate, 0, 1)
        self.min_rate = float(min_rate)

    @tunable
    def set_timeout_s(self, timeout_s: float) -> None:
        """Set the time without any event after which messages on the way are given up, s; 0 is no
        limit.
        """
        self._clock.set_timeout_s(timeout_s)
        self.timeout_s = self._clock.timeout_s

    @tunable
    def set_console(self, console: bool) -> None:
        """Set whether the report is printed when the run ends."""
        self.console = bool(console)

    @tunable
    def set_report_file(self, report_file: str) -> None:
        """Set the file for the report."""
        self._path = checked_file(report_file)
        self.report_file = str(report_file)

    def _begin(self) -> None:
        """Begin a new run, with an empty ledger."""
        self.ledger = LinkLedger(self.history, paired=self.mode != "receive")
        self._silent = 0
        self._radios_seen: frozenset[tuple[str, str]] = frozenset()
        self._ended = False
        self._over = False
        self._reported = False
        self._end = LinkEnd(lambda: notify(self, "end"), self.on_done, self._on_unsent)
        self._clock.reset()

    @property
    def refused(self) -> int:
        """Messages and settings refused, by this block and by those that report to it."""
        return self.ledger.counts["refused"]

    @refused.setter
    def refused(self, count: int) -> None:
        self.ledger.counts["refused"] = count

    def start(self) -> bool:
        """Begin a new run, and start the clock of the time limit."""
        begin_again(self)
        self._end.cancel()  # of an earlier run
        self._begin()
        self._clock.start()
        self._window.start()
        return True

    def stop(self) -> bool:
        """Stop the clock and report."""
        self._clock.stop()
        self._report()
        self._window.stop()
        return True

    def healthy(self) -> bool:
        """Whether the run ended by itself, no block failed, and enough messages arrived."""
        share = self.ledger.good_share(self.mode, self.expected)
        return self._over and not self.ledger.failures and share > 0 and share >= self.min_rate

    def exit_status(self) -> int:
        """0 after a healthy run, 1 otherwise; for the end of a script."""
        return int(not self.healthy())

    @guarded_handler
    def handle_sent(self, message: pmt.pmt_base) -> None:
        """Enter a sent message, or the end of the source."""
        if is_end(message):
            self._ended = True
            self._settled(0)
            return
        meta, content = read_content(message)
        with self._lock:
            count = self.ledger.send(meta.get("message_id", -1), content)
        self._settled(count)

    @guarded_handler
    def handle_received(self, message: pmt.pmt_base) -> None:
        """Enter a received message, or the end of a recording."""
        if is_end(message):
            self._finish()
            return
        meta, content = read_content(message)
        with self._lock:
            self._silent = 0
            count = self.ledger.receive(meta, content)
        self._settled(count)

    @guarded_handler
    def handle_notice(self, message: pmt.pmt_base) -> None:
        """Enter a notice of another block."""
        notice = read_notice(message)
        if self._is_event(notice):
            self._clock.event()
        if notice.state in ("loading", "ready", "failed") and notice.block not in RADIO_BLOCKS:
            self._clock.loading(notice.block, notice.state == "loading")
        with self._lock:
            self.ledger.note(notice.state, notice.cause, notice.count)
        if notice.state == "failed":
            self.on_defect(f"{notice.block}: {notice.reason}")
        elif notice.message_id >= 0 and self._settles(notice):
            if notice.state == "transmitted":
                self._silent = 0
            with self._lock:
                count = self.ledger.settle(notice.message_id, notice.state)
            self._settled(count)

    def _is_event(self, notice: Notice) -> bool:
        """Whether a notice begins the time limit anew: of a radio's set-up, only the first one."""
        if notice.block in RADIO_BLOCKS and notice.state in ("loading", "ready"):
            seen = (notice.block, notice.state) in self._radios_seen
            self._radios_seen |= {(notice.block, notice.state)}
            return not seen
        return notice.state not in STANDSTILL

    def _settles(self, notice: Notice) -> bool:
        """Whether a notice tells the outcome of its message.

        A message that a radio sends is transmitted when the radio's block says so: the burst
        transmitter, which says it as well, has only handed it over.
        """
        if notice.state == "transmitted" and self.mode == "transmit":
            tellers = RadioStation.tellers()
            return not tellers or notice.block in tellers
        return notice.state == "lost"

    def _on_unsent(self, reason: str) -> None:
        """Report again: the run fails, because radios have not sent everything."""
        self._fail_late(f"{self.name()}: {reason}")

    def _fail_late(self, reason: str) -> None:
        """Enter a failure after the report, and report again."""
        self.ledger.fail(reason)
        with self._lock:
            self._reported = False
        self._report()

    def on_defect(self, reason: str) -> None:
        """End the run because a block has failed; report again where it is over already."""
        if self._over:
            self._fail_late(reason)
            return
        self.ledger.fail(reason)
        self._finish()

    def _settled(self, count: int) -> None:
        self._clock.event()
        for _ in range(count):
            notify(self, "resolved")
        self._window.show(self.ledger.line())
        if self._ended and not self.ledger.pending:
            self._finish()
        elif self.mode == "receive" and self.expected:
            if self._arrived() >= self.expected:
                self._finish()

    def _silence(self) -> None:
        """Give up the messages on the way, and the run where nothing is to be expected any more."""
        self._clock.event()
        if self.mode == "receive":
            self._end_of_reception()
            return
        unsent = RadioStation.unsent()
        with self._lock:
            count = self.ledger.lose_pending()
            self._silent += count > 0
        limit = f"{self.timeout_s:g} s"
        if count and unsent and self.mode == "transmit":
            self._give_up(f"{unsent} within {limit}")
        elif self._silent >= PATIENCE and self.on_done is not None:
            self._give_up(
                f"nothing has arrived for {PATIENCE} times {limit}{unsent and '; '}{unsent}"
            )
        if count:
            self._settled(count)

    def _end_of_reception(self) -> None:
        """End a run in which nothing arrives any more; it fails where too little has."""
        with self._lock:
            good = self.ledger.good_share(self.mode, self.expected)
            arrived = self._arrived()
        if good > 0 and good >= self.min_rate:
            self._finish()
            return
        before = f"{arrived} of {self.expected}" if self.expected else f"{arrived}"
        self._give_up(f"nothing has arrived for {self.timeout_s:g} s; messages before: {before}")

    def _arrived(self) -> int:
        """Messages received, or reported lost."""
        return self.ledger.counts["received"] + self.ledger.counts["lost"]

    def _give_up(self, reason: str) -> None:
        """End the run, as failed, without waiting for radios; once."""
        if not self._over:
            self.ledger.fail(f"{self.name()}: {reason}")
            self._finish(wait=False)

    def _finish(self, wait: bool = True) -> None:
        with self._lock:
            if self._over:
                return
            self._over = True
        try:
            self._report()
        finally:  # the run ends even if the report cannot be made
            self._end.start(wait)

    def _report(self) -> None:
        with self._lock:
            if self._reported:
                return
            self._reported = True
            report = {
                **self.ledger.report(),
                "healthy": self.healthy(),
                "messages": list(self.ledger.messages),
            }
        if self._path is not None:
            self._write(report)
        if self.console:
            print_line(self.ledger.line())

    def _write(self, report: dict) -> None:
        """Write the report to its file. A file that cannot be written is a failure of the run, but
        does not delay its end.
        """
        try:
            write_report(self._path, report)
        except OSError as error:
            self.ledger.fail(f"{self.name()}: the report cannot be written: {error}")
            logging.getLogger(f"gnuradio.semcom.{self.name()}").error(
                "%s", self.ledger.failures[-1]
            )
