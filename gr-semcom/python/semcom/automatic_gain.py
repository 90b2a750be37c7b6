# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Automatic gain control of a radio by the level of the received bursts."""

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

#: How often the time without a burst is checked, s.
PERIOD_S = 0.25


class automatic_gain(gr.basic_block):
    """Sets a radio's gain between bursts, so that it never changes within one.

    Message inputs:
        in: frame PDUs of the burst receiver; level_db (dB over full scale) and start_sample of a
            burst's first frame count. Frames without them are ignored.

    Message outputs:
        command: dictionaries {"gain": dB}, as the sources of gr-uhd and gr-soapy take them; the
            first at the start.
        feedback: notices `refused` and `failed`.

    Args:
        gain_db: gain to begin with, dB.
        settings: settings of semcom_core.phy.gain.GainConfig, a dict.

    Raises:
        ConfigError: there is no such setting, or a value or gain_db is out of range.
    """

    def __init__(self, gain_db: float = 30.0, settings: dict | None = None) -> None:
        gr.basic_block.__init__(self, "automatic_gain", None, None)
        self.gain = AutomaticGain(from_mapping(GainConfig, settings or {}), gain_db)
        self.changes = 0
        self.refused = 0
        self._last = 0.0
        self._lock = threading.Lock()
        self._pending_db: float | None = None
        self._ticker = Ticker(self, self._tick)
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self.handle_frame)
        self.message_port_register_out(pmt.intern("command"))
        self.message_port_register_out(FEEDBACK)

    def start(self) -> bool:
        """Set the gain, and start the timer of the search for bursts."""
        begin_again(self)
        self._last = 0.0
        with self._lock:
            self.gain.new_stream()
            self._pending_db = None
        self._publish(self.gain.gain_db)
        self._ticker.start()
        return True

    def stop(self) -> bool:
        """End the timer."""
        self._ticker.stop()
        return True

    @guarded_handler
    def handle_frame(self, message: pmt.pmt_base) -> None:
        """Measure a burst; the gain changes after its last frame, or with the next burst."""
        if is_end(message):
            return
        frame = read_frame(message)
        if has_keys(message, "level_db", "start_sample", "noise_var"):
            with self._lock:
                wanted = self.gain.burst(frame.level_db, frame.start_sample)
                if wanted is not None:
                    self._pending_db = wanted
                if not read_meta(message).get("more", False):
                    self._change(self._pending_db)
                    self._pending_db = None

    def _tick(self, now: float) -> float:
        """Count the time since the last call as time without a burst; returns when to call next."""
        with self._lock:
            self._change(self.gain.quiet(now - self._last) if self._last else None)
        self._last = now
        return now + PERIOD_S

    def _change(self, gain_db: float | None) -> None:
        if gain_db is not None:
            self.changes += 1
            self._publish(gain_db)

    def _publish(self, gain_db: float) -> None:
        command = pmt.dict_add(pmt.make_dict(), pmt.intern("gain"), pmt.from_double(gain_db))
        self.message_port_pub(pmt.intern("command"), command)
