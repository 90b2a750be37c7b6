# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Receiver of a virtual radio: links from its transmitters, resampling, noise, gain and clipping.

A link brings the samples of a transmitter to the rate and carrier of the receiver by interpolation
at any instant, in the band that both have in common:

    y[k] = sum over m of x[m] h(k step + start - m)
    h(t) = w(t) (high - low) sinc((high - low) t) exp(j pi (high + low) t)

w is a Kaiser window; low to high, in cycles a sample of x, is what of the transmitter's band, -1/2
to 1/2, lies in the receiver's. Noise depends on seed, receiver and sample index alone, however a
stream is cut.

Source: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", IEEE
ISCAS 1974.
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
from semcom_core.channel.channel import Stream
from semcom_core.phy import Layout, PhyConfig
from semcom_core.radio.virtual.air.plan import LinkSpec, RadioSpec
from semcom_core.radio.virtual.air.port import AirPort, RadioClosed, VirtualClock
from semcom_core.radio.virtual.air.transmitter import AirTransmitter
from semcom_core.units import complex_noise, db_to_linear

#: How long an elastic clock waits for an open receiver that does not read, s of wall time; then its
#: samples are lost. libiio's clients give up after 5 s without samples, so that one that hangs must
#: not stop the others for longer.
PATIENCE_S = 4.0
#: Carriers that differ by less than this share of the rate need no filter: they share a band.
SAME_BAND = 0.03
#: Delay of a link with a term that looks ahead, samples: more than any term holds back, since
#: samples to come are not known yet.
LOOK_AHEAD = 512
#: Samples of noise that are drawn at once.
BLOCK = 8192
#: Interpolation: samples on each side of an instant, Kaiser window's beta, and rows of the table
#: between two samples.
HALF = 32
BETA = 7.0
ROWS = 256


@dataclass(frozen=True)
class Reading:
    """Received samples.

    Args:
        samples: complex64 (n,), full scale 1.
        index: index of the first sample.
        time_s: virtual time of the first sample, index / rate, s.
        lost: number of samples lost just before, because they were not read in time.
    """

    samples: np.ndarray
    index: int
    time_s: float
    lost: int = 0


class AirReceiver(AirPort):
    """The receiving direction of a radio: the sum of its links and noise.

    Args:
        clock: the clock of the air.
        spec: the radio.
        links: the links that end here.
        seed: of noise and receiver terms, any number of integers.
    """

    def __init__(
        self, clock: VirtualClock, spec: RadioSpec, links: list[AirLink], seed: tuple[int, ...]
    ):
        self._links = links
        self._noise = IndexedNoise(seed)
        self._seed = seed
        self._position = 0  # index of the next sample to be read
        self._wanted = 0  # samples that a read waits for
        self._reading = False
        self._touched = 0.0  # time.monotonic() at the latest read
        self.overflows = 0
        super().__init__(clock, spec, spec.rx_reference_db)
        self._hardware = self._new_hardware()
        clock.add_limit(self._limit_s)

    def read(self, count: int, timeout_s: float) -> Reading:
        """Wait for samples.

        Args:
            count: number of samples.
            timeout_s: longest wait, s of wall time.

        Raises:
            TimeoutError: their time has not come; none is taken.
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
                    ready_s = (self._position + count) / self.true_rate_hz
                    if ready_s <= self._clock.now():  # the rate may have changed
                        return self._take(count)
        finally:
            self._wanted = 0
            self._reading = False
            self._touched = time.monotonic()

    def _take(self, count: int) -> Reading:
        """The next samples, or the first that are not lost yet."""
        late = self._index_now() - self._position - max(self._capacity, count)
        lost = max(0, late)
        if lost:
            self.overflows += 1
        first = self._position + lost
        self._position = first + count
        self._clock.notify()
        return Reading(self._mix(first, count), first, first / self.true_rate_hz, lost)

    def _mix(self, first: int, count: int) -> np.ndarray:
        """Sum of links and noise, after the receiver's gain, impairments and converter."""
        total = np.zeros(count, np.complex64)
        noise_power = 0.0
        for link in self._links:
            arrived = link.pull(self, first, count)
            noise_power += link.noise_power(self)
            if arrived is not None:
                total += arrived
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
            link.noise_power(self)  # fills its cache, which would take too long in a first read
        self._hardware = self._new_hardware()
        self._position = self._index_now()

    def _new_hardware(self) -> Stream:
        """A new stream through the terms of the receiver."""
        terms = parse_channel(self._spec.receiver, self.rate_hz)
        return terms.stream(np.random.default_rng([*self._seed, 1]))

    def _limit_s(self) -> float:
        """Limit of an elastic clock: nothing unread is lost."""
        waits = self._reading or time.monotonic() - self._touched < PATIENCE_S
        if not self.is_open or not waits:
            return math.inf
        return (self._position + max(self._capacity, self._wanted)) / self.true_rate_hz

    def open(self, capacity: int) -> None:
        """Begin a stream; see AirPort.open."""
        self._touched = time.monotonic()
        super().open(capacity)


class AirLink:
    """Propagation from a transmitter to a receiver.

        transmitted samples ─► delay, rate and band of the receiver ─► gains ─► difference of the
        carriers ─► channel terms

    Args:
        spec: gain, delay and channel terms.
        source: the transmitter.
        seed: of the fading.
    """

    def __init__(self, spec: LinkSpec, source: AirTransmitter, seed: int):
        self.spec = spec
        self._source = source
        self._seed = (seed, crc32(spec.source.encode()), crc32(spec.target.encode()))
        self._gain = float(db_to_linear(spec.gain_db)) ** 0.5
        self._noise_density: dict[float, float] = {}
        self.restart()

    def restart(self) -> None:
        """Begin again: fading starts at the next sample."""
        self._stream: Stream | None = None
        self._ready = np.zeros(0, np.complex64)

    def noise_power(self, receiver: AirReceiver) -> float:
        """Power E|n|^2 of the noise in a sample of the receiver, by the link's SNR; the noise is
        white, so that it grows with the receiver's rate.
        """
        rate_hz = self._source.rate_hz
        if rate_hz not in self._noise_density:
            self._noise_density[rate_hz] = self._channel(rate_hz).noise_power() / rate_hz
        return self._noise_density[rate_hz] * receiver.rate_hz * self._gain**2

    def pull(self, receiver: AirReceiver, first: int, count: int) -> np.ndarray | None:
        """Samples of the link at the receiver.

        Args:
            receiver: gives rate and carrier.
            first: index of the first sample at the receiver.
            count: number of samples.

        Returns:
            complex64 (count,); None: nothing was ever sent.
        """
        offset_hz = self._source.true_lo_hz - receiver.true_lo_hz
        samples = self._resampled(receiver, first, count, offset_hz)
        if self._stream is None:
            if samples is None:
                return None
            self._stream = self._begin(self._channel(receiver.rate_hz).noiseless())
        if samples is None:
            samples = np.zeros(count, np.complex64)
        else:
            samples = samples * np.complex64(self._gain * self._source.amplitude)
            if offset_hz:
                indices = np.arange(first, first + count, dtype=float)
                samples = samples * phasor(offset_hz / receiver.true_rate_hz * indices)
        ready = np.concatenate([self._ready, self._stream.push(samples)])
        self._ready = ready[count:]
        return ready[:count]

    def _begin(self, channel: Channel) -> Stream:
        """Start the terms; zeros come first where a term looks ahead."""
        probe = channel.stream(np.random.default_rng(self._seed))
        looks_ahead = len(probe.push(np.zeros(LOOK_AHEAD, np.complex64))) < LOOK_AHEAD
        self._ready = np.zeros(LOOK_AHEAD if looks_ahead else 0, np.complex64)
        return channel.stream(np.random.default_rng(self._seed))

    def _resampled(
        self, receiver: AirReceiver, first: int, count: int, offset_hz: float
    ) -> np.ndarray | None:
        """The transmitted samples at the receiver's instants and in its band; None: silence."""
        rx_rate_hz = receiver.true_rate_hz
        tx_rate_hz = self._source.true_rate_hz
        shift = self.spec.delay_s * tx_rate_hz
        if (
            rx_rate_hz == tx_rate_hz
            and abs(shift - round(shift)) < 1e-6
            and abs(offset_hz) <= SAME_BAND * rx_rate_hz
        ):
            return self._source.fetch(first - round(shift), count)
        low = max((-offset_hz - rx_rate_hz / 2) / tx_rate_hz, -0.5)
        high = min((-offset_hz + rx_rate_hz / 2) / tx_rate_hz, 0.5)
        if low >= high:
            return None
        start = first * (tx_rate_hz / rx_rate_hz) - shift - HALF
        step = tx_rate_hz / rx_rate_hz
        begin, length = span(start, step, count)
        sent = self._source.fetch(begin, length)
        return None if sent is None else interpolate(sent, start, step, count, (low, high))

    def _channel(self, rate_hz: float) -> Channel:
        """The terms at a rate, with the powers of the default modem's bursts."""
        modem = PhyConfig()
        made = parse_channel(self.spec.channel, rate_hz)
        return replace(made, carrier_power=Layout(modem).carrier_power, sample_power=modem.rms**2)


class IndexedNoise:
    """White complex noise that depends on the sample index alone, however a stream is cut.

    Args:
        seed: any number of integers.
    """

    def __init__(self, seed: tuple[int, ...]):
        self._key = np.random.SeedSequence(seed).generate_state(2, np.uint64)
        self._number = -1
        self._block = np.zeros(0, np.complex64)

    def pull(self, first: int, count: int, power: float) -> np.ndarray:
        """Noise of some samples.

        Args:
            first: index of the first sample.
            count: number of samples.
            power: E|n|^2.

        Returns:
            complex64 (count,).
        """
        end = first + count
        numbers = range(first // BLOCK, -(-end // BLOCK))
        whole = np.concatenate([np.zeros(0, np.complex64), *map(self._draw_block, numbers)])
        return whole[first - numbers.start * BLOCK :][:count] * np.float32(np.sqrt(power))

    def _draw_block(self, number: int) -> np.ndarray:
        """One block of unit power; the latest one is kept, since the next read begins in it."""
        if number != self._number:
            generator = np.random.Generator(
                np.random.Philox(key=self._key, counter=[0, 0, number, 0])
            )
            self._number = number
            self._block = complex_noise(BLOCK, 1.0, generator)
        return self._block


@lru_cache(maxsize=16)
def kernel(low: float, high: float) -> np.ndarray:
    """Table of h for a band, complex64 (ROWS + 1, 2 HALF): row r, column c is h(r / ROWS + HALF - 1
    - c).

    Args:
        low: lower edge, cycles a sample.
        high: upper edge, cycles a sample.
    """
    at = np.arange(ROWS + 1)[:, None] / ROWS + HALF - 1 - np.arange(2 * HALF)
    window = np.i0(BETA * np.sqrt(np.maximum(1 - (at / HALF) ** 2, 0))) / np.i0(BETA)
    width = high - low
    carrier = np.exp(1j * np.pi * (high + low) * at)
    return (window * width * np.sinc(width * at) * carrier).astype(np.complex64)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _interpolate(
    x: np.ndarray, start: float, step: float, table: np.ndarray, out: np.ndarray
) -> None:
    """y[k] of the module: x[0] is the sample HALF - 1 before the whole part of the first instant,
    and `start` the fraction.
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
    """The samples of x that interpolate() needs.

    Args:
        start: first instant, samples.
        step: from one instant to the next, samples.
        count: number of instants.

    Returns:
        (index of the first sample, number of samples).
    """
    first = int(np.floor(start)) - HALF + 1
    last = int(np.floor(start + step * (count - 1))) + HALF
    return first, last - first + 1


def interpolate(
    x: np.ndarray, start: float, step: float, count: int, band: tuple[float, float]
) -> np.ndarray:
    """Interpolate at the instants start + k step.

    Args:
        x: complex64, the samples that span() states.
        start: first instant, samples of x.
        step: from one instant to the next, samples of x.
        count: number of instants.
        band: low and high edge, cycles a sample of x.

    Returns:
        complex64 (count,).
    """
    out = np.empty(count, np.complex64)
    _interpolate(x, start - np.floor(start), step, kernel(*band), out)
    return out


def warm_up() -> None:
    """Compile the loop, which would take the first read seconds."""
    interpolate(np.zeros(2 * HALF + 1, np.complex64), 0.0, 1.0, 1, (-0.5, 0.5))
