# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gain of a radio's receiver by the level of the bursts it receives."""

from __future__ import annotations

import threading

import pmt
from gnuradio import gr

from semcom_core.config import from_mapping
from semcom_core.phy.gain import AutomaticGain, GainConfig

from .arq_block import Ticker
from .guard import begin_again, guarded_handler
from .notices import FEEDBACK
from .pdu import has_keys, is_end, read_frame, read_meta

#: How often the time without a burst is looked at, s.
PERIOD_S = 0.25


class automatic_gain(gr.basic_block):
    """Sets a radio's gain between bursts, so that it never changes within one.

    Message ports:
        in: frame PDUs of the burst receiver; level_db and start_sample of a burst's first frame
        count. A frame without them says
            nothing.
        command: dictionaries {"gain": dB}, as the sources of gr-uhd and gr-soapy take them; the
        first at the start. feedback (output): notices `refused` and `failed`.

    Args:
        gain_db: gain to begin with, dB.
        settings: settings of semcom_core.phy.gain.GainConfig, a dict.

    Raises:
        ConfigError: there is no such setting, or a value or gain_db is out of range.
    """

    def __init__(self, gain_db=30.0, settings=None):
        gr.basic_block.__init__(self, "automatic_gain", None, None)
        self.gain = AutomaticGain(from_mapping(GainConfig, settings or {}), gain_db)
        self.changes = self.refused = 0
        self._last = 0.0
        self._lock = threading.Lock()
        self._asked: float | None = None
        self._ticker = Ticker(self, self._tick)
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self.handle_frame)
        self.message_port_register_out(pmt.intern("command"))
        self.message_port_register_out(FEEDBACK)

    def start(self):
        """Set the gain, and start the clock of the search."""
        begin_again(self)
        self._last = 0.0
        with self._lock:
            self.gain.new_stream()
            self._asked = None
        self._publish(self.gain.gain_db)
        self._ticker.start()
        return True

    def stop(self):
        """End the clock."""
        self._ticker.stop()
        return True

    @guarded_handler
    def handle_frame(self, message):
        """Take the level of a burst; the gain changes once its last frame has come, or with the
        next burst.
        """
        if is_end(message):
            return
        frame = read_frame(message)
        if has_keys(message, "level_db", "start_sample", "noise_var"):
            with self._lock:
                wanted = self.gain.burst(frame.level_db, frame.start_sample)
                self._asked = self._asked if wanted is None else wanted
                if not read_meta(message).get("more", False):
                    self._change(self._asked)
                    self._asked = None

    def _tick(self, now: float) -> float:
        """Take note of the time since the last call."""
        with self._lock:
            self._change(self.gain.quiet(now - self._last) if self._last else None)
        self._last = now
        return now + PERIOD_S

    def _change(self, gain_db: float | None) -> None:
        if gain_db is not None:
            self.changes += 1
            self._publish(gain_db)

    def _publish(self, gain_db: float) -> None:
        self.message_port_pub(
            pmt.intern("command"),
            pmt.dict_add(pmt.make_dict(), pmt.intern("gain"), pmt.from_double(gain_db)),
        )
