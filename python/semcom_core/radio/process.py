# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A radio in a process of its own: a client library that hangs, throws or crashes takes that process with it and nothing else.

    with RadioProcess(load_profile("virtual-pluto"), receive=True) as radio:
        samples = radio.read(4096, timeout_s=5.0)

When the process ends, or its radio is gone, another process is started after a while, so that a radio that comes back is used again.
"""

from __future__ import annotations

import time

import numpy as np

from semcom_core.errors import ConfigError, check_choice, check_range
from semcom_core.radio.child import RadioChild
from semcom_core.radio.keeper import RadioKeeper, changes, program
from semcom_core.radio.profile import DEVICES, RadioProfile

#: burst: pieces are sent whole, with nothing between them. continuous: they join, with zeros where there is none.
MODES = ("burst", "continuous")


class RadioProcess(RadioKeeper):
    """A radio that is read from and written to. All methods may be called from any thread; one thread reads.

    Args:
        profile: the radio, of the backend iio, uhd or soapy.
        receive, transmit: what it is to do.
        mode: one of MODES, for what is transmitted.
        retries: processes that are started in a row, none of which gets its radio going, before it is given up.
        on_event: called with (state, reason, count) from another thread. States: "loading" (the radio is set up), "ready",
            "overrun" and "underrun" (so many more), "reconnecting", "failed" (the radio is given up).
        command: program that runs the radio (see semcom_core.radio.child); None: that of GNU Radio.

    Raises:
        ConfigError: the radio cannot do that.
        RadioError: GNU Radio or the blocks are missing.
    """

    over = False  # only recordings come to an end

    def __init__(self, profile: RadioProfile, receive=True, transmit=False, mode="burst", retries=30, on_event=None, command=None):
        check_choice("mode", mode, MODES)
        check_range("retries", retries, 0, 1 << 20)
        if profile.backend not in DEVICES:
            raise ConfigError(f"backend of profile {profile.name} is {profile.backend!r}; allowed is one of {', '.join(DEVICES)}")
        profile.notice_for(receive, transmit, i_may_transmit=True)
        settings = {"receive": bool(receive), "transmit": bool(transmit), "mode": mode}
        RadioKeeper.__init__(self, profile, settings, retries, on_event or _nobody, command or program())
        self._reading: RadioChild | None = None

    def __enter__(self) -> RadioProcess:
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process and return at once; on_event, or wait_ready, tells when the radio is set up."""
        self._reading = None
        RadioKeeper.start(self)

    def read(self, count: int, timeout_s: float) -> np.ndarray:
        """The next samples, complex64, 1 to `count` of them; those that are lost are left out and counted.

        Raises:
            TimeoutError: none has come in time.
            RadioError: the radio is given up, or stopped.
        """
        end = time.monotonic() + timeout_s
        while True:
            left_s = max(0.0, end - time.monotonic())
            if self._reading is None:
                self.wait_ready(left_s)
                self._reading = self._child
                continue
            samples = self._reading.receive(count, left_s)
            if samples is not None:
                return samples
            self._wait_for_next(end)

    def _wait_for_next(self, end: float) -> None:
        """The process that was read from has ended: wait for another one."""
        with self._changed:
            found = self._changed.wait_for(lambda: self._child is not self._reading or self._over(), max(0.0, end - time.monotonic()))
            self._reading = self._child if found else self._reading
        self._check()
        if not found:
            raise TimeoutError(f"radio {self.profile.name} is not back yet")

    def write(self, samples: np.ndarray, timeout_s: float) -> int:
        """Transmit samples, complex64 (n,), of full scale 1; in mode "burst" they are one burst. Returns the number of the piece.

        Raises:
            TimeoutError: too much waits already; nothing was taken.
            RadioError: the radio is given up, or stopped.
        """
        self._check()
        return self._outbox.put(np.array(samples, np.complex64) * np.float32(self.profile.amplitude), timeout_s)

    @property
    def sent(self) -> int:
        """How many pieces have left the radio."""
        return self._outbox.first

    def drain(self, timeout_s: float) -> bool:
        """Wait until all that was written has left the radio; False when it has not in time, or cannot."""
        end = time.monotonic() + timeout_s
        while not self._outbox.wait_empty(min(0.1, max(0.0, end - time.monotonic()))):
            if self._over() or time.monotonic() >= end:
                return False
        return True

    def set(self, **settings) -> None:
        """Change gains (rx_gain_db, tx_gain_db) and frequencies (lo_hz, rx_lo_hz, tx_lo_hz) while the radio runs.

        Raises:
            ConfigError: a value is not allowed; everything stays as it was.
        """
        with self._changed:
            changed = self.profile.with_settings(**settings)
            news = changes(self.profile, changed)
            for name in news:
                check_choice("setting that may change", name, ("rx_gain_db", "tx_gain_db", "rx_lo_hz", "tx_lo_hz"))
            self.profile = changed
            if self._child is not None:  # one that is still being set up hears of it when it is ready
                self._child.say(set=news)


def _nobody(state: str, reason: str, count: int) -> None:
    """Nobody wants to know."""
