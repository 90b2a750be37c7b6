# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a link monitor that may change while it runs."""

from __future__ import annotations

import logging

from gnuradio import gr

from semcom_core.errors import check_range

from .guard import tunable
from .link_report import checked_file, write_report


class link_settings(gr.basic_block):
    """A block of messages with the settings of a link monitor, which describes them.

    A derived class has a LinkClock in `_clock` and its books in `ledger`.
    """

    def __init__(self, name, expected, min_rate, timeout_s, console, report_file):
        gr.basic_block.__init__(self, name, None, None)
        self.set_expected(expected)
        self.set_min_rate(min_rate)
        self.set_timeout_s(timeout_s)
        self.set_console(console)
        self.set_report_file(report_file)

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
        """Set the time without any event after which messages on the way are given up, s."""
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

    def _write(self, report: dict) -> None:
        """Write the report to its file; that it cannot be written is a failure of the run, but does not hold up its end."""
        try:
            write_report(self._path, report)
        except OSError as error:
            self.ledger.fail(f"{self.name()}: the report cannot be written: {error}")
            logging.getLogger(f"gnuradio.semcom.{self.name()}").error("%s", self.ledger.failures[-1])
