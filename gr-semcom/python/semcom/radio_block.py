# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the radio's source and sink have in common."""

from __future__ import annotations

import pmt

from semcom_core.errors import ConfigError, FrameError, RadioError, check_range
from semcom_core.radio.profile import load_profile

from .guard import guarded_handler, tunable
from .notices import FEEDBACK, notify
from .pdu import describe
from .radio_station import RadioStation
from .restart import begin_again

OPEN = pmt.intern("open")
#: Longest wait for samples, or for room, before GNU Radio may ask whether the flowgraph is to stop, s.
WAIT_S = 0.1


class radio_block:
    """A block with a profile, a station and setters. A derived class has SIDE, "rx" or "tx", and is a GNU Radio block as well."""

    def prepare(self, profile, overrides, retries, gain_db, lo_hz, **settings) -> None:
        """Read the profile and register the ports; raises ConfigError before any radio is touched."""
        side = self.SIDE
        own = {f"{side}_antenna": settings.pop("antenna"), **settings}
        self.profile, self.overrides = str(profile), dict(overrides or {})
        self.radio_profile = load_profile(self.profile, **{**self.overrides, **{k: v for k, v in own.items() if v not in (None, "")}})
        check_range("retries", retries, 0, 1 << 20)
        self.retries = int(retries)
        self.station, self.refused = None, 0
        self.set_gain_db(gain_db)
        self.set_lo_hz(lo_hz)
        self.set_blkd_input_timer_value(1)  # ms until work() is called again after it could do nothing; 250 else
        self.message_port_register_in(OPEN)
        self.set_msg_handler(OPEN, self.handle_open)
        self.message_port_register_out(FEEDBACK)

    @tunable
    def set_gain_db(self, gain_db: float | None) -> None:
        """Set the gain, dB; None leaves it."""
        self._set(f"{self.SIDE}_gain_db", gain_db)
        self.gain_db = gain_db

    @tunable
    def set_lo_hz(self, lo_hz: float | None) -> None:
        """Set the carrier frequency, Hz; None leaves it."""
        self._set(f"{self.SIDE}_lo_hz", lo_hz)
        self.lo_hz = lo_hz

    def _set(self, name: str, value: float | None) -> None:
        if value is None:
            return
        changed = self.radio_profile.with_settings(**{name: float(value)})
        if self.station is not None and self.station.radio is not None:
            if self.SIDE == "tx":
                changed.notice_for(False, True, self.i_may_transmit)
            self.station.radio.set(**{name: float(value)})
        self.radio_profile = changed

    def start(self):
        """Enter the station; the radio is opened once all blocks have started."""
        begin_again(self)
        self.station = RadioStation.entered(self)
        self.to_basic_block()._post(OPEN, pmt.PMT_T)
        return True

    def stop(self):
        """Leave the station, which closes the radio once nobody uses it."""
        if self.station is not None:
            self.station.leave(self)
        return True

    @guarded_handler
    def handle_open(self, message):
        """Open the radio, in this block's own thread."""
        if not pmt.eq(message, pmt.PMT_T):
            raise FrameError(f"message on port open is {describe(message)}; allowed is none but the block's own")
        try:
            self.station.open()
        except (ConfigError, RadioError) as error:  # what the user can mend, no defect of the block
            notify(self, "failed", reason=str(error))

    def on_radio(self, state: str, reason: str, count: int) -> None:
        """Hand on what the radio says of itself."""
        notify(self, state, reason=reason, count=count)
