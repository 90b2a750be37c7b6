# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiving side of a radio of the air."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from semcom_core.channel import parse_channel
from semcom_core.radio.air.clock import Clock
from semcom_core.radio.air.link import Link
from semcom_core.radio.air.noise import Noise
from semcom_core.radio.air.plan import RadioSpec
from semcom_core.radio.air.port import Port, RadioClosed

#: An elastic clock waits for a receiver that is open and does not read for this long, s of wall time; then it loses samples. libiio's
#: clients give up after 5 s without any, so that one that hangs must not hold up the others for longer.
PATIENCE_S = 4.0


@dataclass(frozen=True)
class Reading:
    """Samples received.

    Args:
        samples: complex64 (n,), full scale 1.
        index: of the first sample, which belongs to the virtual time index / rate.
        time_s: that time, s.
        lost: samples lost just before it, because nobody read them in time.
    """

    samples: np.ndarray
    index: int
    time_s: float
    lost: int = 0


class AirReceiver(Port):
    """Hears what its links bring, and noise.

    Args:
        clock: the clock of the air.
        spec: the radio.
        links: those that end here.
        seed: of noise and fading, of any number of integers.
    """

    def __init__(self, clock: Clock, spec: RadioSpec, links: list[Link], seed: tuple[int, ...]):
        self._links, self._noise, self._seed = links, Noise(seed), seed
        self._position, self._wanted, self._touched, self._reading = 0, 0, 0.0, False
        self.overflows = 0
        super().__init__(clock, spec, spec.rx_reference_db)
        self._hardware = None
        clock.add_holder(self._limit_s)

    def read(self, count: int, timeout_s: float) -> Reading:
        """Wait for samples.

        Args:
            count: how many.
            timeout_s: longest wait, s of wall time.

        Raises:
            TimeoutError: their time has not come; none are taken.
            RadioClosed: the stream is closed.
        """
        deadline, opened = time.monotonic() + timeout_s, self._opened
        self._wanted, self._reading, self._touched = count, True, time.monotonic()
        self._clock.notify()
        try:
            while True:
                ready_s = (self._position + count) / self.true_rate_hz
                come = self._clock.wait_until(ready_s, deadline, lambda: self._closed_since(opened))
                with self._lock:
                    if self._closed_since(opened):
                        raise RadioClosed("receive stream was closed")
                    if not come:
                        raise TimeoutError(f"{count} samples have not come within {timeout_s:g} s")
                    if (self._position + count) / self.true_rate_hz <= self._clock.now():  # the rate may have changed
                        return self._take(count)
        finally:
            self._wanted, self._reading, self._touched = 0, False, time.monotonic()

    @property
    def waiting(self) -> int:
        """Samples that wait to be read."""
        return max(0, self._index_now() - self._position)

    def _take(self, count: int) -> Reading:
        """The next samples, or the first that are not lost yet."""
        late = self._index_now() - self._position - max(self._capacity, count)
        lost = max(0, late)
        self.overflows += lost > 0
        first = self._position + lost
        self._position = first + count
        self._clock.notify()
        return Reading(self._mix(first, count), first, first / self.true_rate_hz, lost)

    def _mix(self, first: int, count: int) -> np.ndarray:
        """What the antenna hears, amplified and converted."""
        total, noise_power = np.zeros(count, np.complex64), 0.0
        for link in self._links:
            heard = link.pull(self, first, count)
            noise_power += link.noise_power(self)
            if heard is not None:
                total += heard
        if noise_power:
            total += self._noise.pull(first, count, noise_power)
        total *= np.float32(10 ** ((self.gain_db - self._spec.rx_reference_db) / 20))
        received = self._hardware.push(total)
        parts = received.view(np.float32)
        np.clip(parts, -1, 1, out=parts)
        return received

    def _restart(self) -> None:
        """Receive from now on."""
        for link in self._links:
            link.restart()
            link.noise_power(self)  # looked up once; it takes too long for a first read
        hardware = parse_channel(self._spec.receiver, self.rate_hz)
        self._hardware = hardware.stream(np.random.default_rng([*self._seed, 1]))
        self._position = self._index_now()

    def _limit_s(self) -> float:
        """Until when an elastic clock may run: as long as nothing unread is lost."""
        if not self.is_open or not (self._reading or time.monotonic() - self._touched < PATIENCE_S):
            return math.inf
        return (self._position + max(self._capacity, self._wanted)) / self.true_rate_hz

    def open(self, capacity: int) -> None:
        """Begin a stream; see Port.open."""
        self._touched = time.monotonic()
        super().open(capacity)
