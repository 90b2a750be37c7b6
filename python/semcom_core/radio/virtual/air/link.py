# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""White noise that is the same for the same sample, however the stream is cut.

Samples of one rate and carrier heard at another: interpolation at any instant, in the band that
both have.

    y[k] = sum over m of x[m] h(k step + start - m),   h(t) = w(t) (high - low) sinc((high - low) t)
    exp(j pi (high + low) t)

h passes what of the transmitter's band, -1/2 to 1/2 of its rate, the receiver's band covers: low to
high in cycles a sample.

The receiving side of a radio of the air.

One path of the air: what a receiver hears of a transmitter.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from zlib import crc32

import numba
import numpy as np

from semcom_core.channel import Channel, parse_channel
from semcom_core.channel.base import phasor
from semcom_core.phy import Layout, PhyConfig
from semcom_core.radio.virtual.air.plan import LinkSpec, RadioSpec
from semcom_core.radio.virtual.air.port import Clock, Port, RadioClosed
from semcom_core.radio.virtual.air.transmitter import AirTransmitter
from semcom_core.units import complex_noise, db_to_linear

#: Samples drawn at once.
BLOCK = 8192


class Noise:
    """Complex noise by sample index.

    Args:
        seed: any number of integers.
    """

    def __init__(self, seed: tuple[int, ...]):
        self._key = np.random.SeedSequence(seed).generate_state(2, np.uint64)
        self._number = -1
        self._block = np.zeros(0, np.complex64)

    def pull(self, first: int, count: int, power: float) -> np.ndarray:
        """Noise of samples first to first + count - 1 with E|n|^2 = power, complex64 (count,)."""
        last = first + count
        numbers = range(first // BLOCK, -(-last // BLOCK))
        whole = np.concatenate([np.zeros(0, np.complex64), *map(self._drawn, numbers)])
        return whole[first - numbers.start * BLOCK :][:count] * np.float32(np.sqrt(power))

    def _drawn(self, number: int) -> np.ndarray:
        """One block of unit power; the last one is kept, since the next piece of a stream begins in
        it.
        """
        if number != self._number:
            generator = np.random.Generator(
                np.random.Philox(key=self._key, counter=[0, 0, number, 0])
            )
            self._number = number
            self._block = complex_noise(BLOCK, 1.0, generator)
        return self._block


#: Samples on each side of an instant that count, Kaiser window's beta, and rows of the table
#: between two samples.
HALF = 32
BETA = 7.0
ROWS = 256


@lru_cache(maxsize=16)
def kernel(low: float, high: float) -> np.ndarray:
    """Table of h for a band, complex64 (ROWS + 1, 2 HALF): row r, column c is h(r / ROWS + HALF - 1
    - c).

    Source: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function",
    IEEE ISCAS 1974.
    """
    at = np.arange(ROWS + 1)[:, None] / ROWS + HALF - 1 - np.arange(2 * HALF)
    window = np.i0(BETA * np.sqrt(np.maximum(1 - (at / HALF) ** 2, 0))) / np.i0(BETA)
    width = high - low
    return (window * width * np.sinc(width * at) * np.exp(1j * np.pi * (high + low) * at)).astype(
        np.complex64
    )


@numba.njit(cache=True, nogil=True, fastmath=True)
def _interpolate(x, start, step, table, out):
    """y[k] of the module: x[0] is the sample HALF - 1 before the whole part of time 0, and `start`
    the fraction.
    """
    rows = table.shape[0] - 1
    width = table.shape[1]
    for k in range(len(out)):
        at = start + k * step
        whole = int(np.floor(at))
        place = (at - whole) * rows
        row = int(place)
        share = np.float32(place - row)
        total = np.complex64(0)
        for c in range(width):
            total += x[whole + c] * (table[row, c] + share * (table[row + 1, c] - table[row, c]))
        out[k] = total


def span(start: float, step: float, count: int) -> tuple[int, int]:
    """First sample that `count` instants need, and how many."""
    first = int(np.floor(start)) - HALF + 1
    last = int(np.floor(start + step * (count - 1))) + HALF
    return first, last - first + 1


def interpolate(
    x: np.ndarray, start: float, step: float, count: int, band: tuple[float, float]
) -> np.ndarray:
    """Samples at the instants start + k step, in samples of x.

    Args:
        x: complex64, the samples that span() names.
        start: first instant, samples.
        step: from one to the next, samples.
        count: how many.
        band: low and high, cycles a sample of x.

    Returns:
        complex64 (count,).
    """
    out = np.empty(count, np.complex64)
    _interpolate(x, start - np.floor(start), step, kernel(*band), out)
    return out


def warm_up() -> None:
    """Have the loop compiled, which would take the first receiver seconds."""
    interpolate(np.zeros(2 * HALF + 1, np.complex64), 0.0, 1.0, 1, (-0.5, 0.5))


#: An elastic clock waits for a receiver that is open and does not read for this long, s of wall
#: time; then it loses samples. libiio's clients give up after 5 s without any, so that one that
#: hangs must not hold up the others for longer.
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
        self._links = links
        self._noise = Noise(seed)
        self._seed = seed
        self._position = 0
        self._wanted = 0
        self._touched = 0.0
        self._reading = False
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
        deadline = time.monotonic() + timeout_s
        opened = self._opened
        self._wanted = count
        self._reading = True
        self._touched = time.monotonic()
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
                    if (
                        self._position + count
                    ) / self.true_rate_hz <= self._clock.now():  # the rate may have changed
                        return self._take(count)
        finally:
            self._wanted = 0
            self._reading = False
            self._touched = time.monotonic()

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
        total = np.zeros(count, np.complex64)
        noise_power = 0.0
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


#: Carriers that differ by less than this share of the rate share a band, so that nothing needs to
#: be filtered.
SAME_BAND = 0.03
#: By so many samples a link with a term that looks ahead delays all, more than any term holds back:
#: what is to come is not known yet.
HELD = 512


class Link:
    """A path.

    samples of the transmitter → delay, and the receiver's rate and band → difference of the
    carriers → terms → gain

    Args:
        spec: the path.
        source: the transmitter.
        seed: of its fading.
    """

    def __init__(self, spec: LinkSpec, source: AirTransmitter, seed: int):
        self.spec = spec
        self._source = source
        self._seed = (seed, crc32(spec.source.encode()), crc32(spec.target.encode()))
        self._gain = float(db_to_linear(spec.gain_db)) ** 0.5
        self._noise_density: dict[float, float] = {}
        self.restart()

    def restart(self) -> None:
        """Begin anew: fading starts again at the next sample."""
        self._stream = None
        self._ready = np.zeros(0, np.complex64)

    def noise_power(self, receiver: AirReceiver) -> float:
        """Noise that the path's SNR means, E|n|^2 of a sample at the receiver; it is white, so it
        grows with the receiver's rate.
        """
        rate_hz = self._source.rate_hz
        if rate_hz not in self._noise_density:
            self._noise_density[rate_hz] = self._channel(rate_hz).noise_power() / rate_hz
        return self._noise_density[rate_hz] * receiver.rate_hz * self._gain**2

    def pull(self, receiver: AirReceiver, first: int, count: int) -> np.ndarray | None:
        """What is heard from sample `first` of the receiver on, complex64 (count,); None is silence
        without end.
        """
        offset_hz = self._source.true_lo_hz - receiver.true_lo_hz
        heard = self._heard(receiver, first, count, offset_hz)
        if self._stream is None:
            if heard is None:
                return None  # nothing has been sent yet
            self._begin(self._channel(receiver.rate_hz).noiseless())
        if heard is None:
            heard = np.zeros(count, np.complex64)
        else:
            heard = heard * np.complex64(self._gain * self._source.amplitude)
            if offset_hz:
                heard = heard * phasor(
                    offset_hz / receiver.true_rate_hz * np.arange(first, first + count, dtype=float)
                )
        ready = np.concatenate([self._ready, self._stream.push(heard)])
        self._ready = ready[count:]
        return ready[:count]

    def _begin(self, channel: Channel) -> None:
        """Start the terms, with silence before what they give out where they hold something
        back.
        """
        self._stream = channel.stream(np.random.default_rng(self._seed))
        looks_ahead = (
            len(
                channel.stream(np.random.default_rng(self._seed)).push(np.zeros(HELD, np.complex64))
            )
            < HELD
        )
        self._ready = np.zeros(HELD if looks_ahead else 0, np.complex64)

    def _heard(
        self, receiver: AirReceiver, first: int, count: int, offset_hz: float
    ) -> np.ndarray | None:
        """The transmitter's samples at the receiver's instants."""
        ours = receiver.true_rate_hz
        theirs = self._source.true_rate_hz
        shift = self.spec.delay_s * theirs
        if (
            ours == theirs
            and abs(shift - round(shift)) < 1e-6
            and abs(offset_hz) <= SAME_BAND * ours
        ):
            return self._source.fetch(first - round(shift), count)
        low, high = (-offset_hz - ours / 2) / theirs, (-offset_hz + ours / 2) / theirs
        band = max(low, -0.5), min(high, 0.5)
        if band[0] >= band[1]:
            return None
        start = first * (theirs / ours) - shift - HALF
        step = theirs / ours
        begin, length = span(start, step, count)
        sent = self._source.fetch(begin, length)
        return None if sent is None else interpolate(sent, start, step, count, band)

    def _channel(self, rate_hz: float) -> Channel:
        """The terms at a rate, with the powers of the default modem's bursts."""
        modem = PhyConfig()
        made = parse_channel(self.spec.channel, rate_hz)
        return replace(made, carrier_power=Layout(modem).carrier_power, sample_power=modem.rms**2)
