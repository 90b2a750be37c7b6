# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One path of the air: what a receiver hears of a transmitter."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from semcom_core.channel import Channel, parse_channel
from semcom_core.channel.base import phasor
from semcom_core.phy import Layout, PhyConfig
from semcom_core.radio.air.plan import LinkSpec
from semcom_core.radio.air.resample import HALF, interpolate, span
from semcom_core.radio.air.transmitter import AirTransmitter
from semcom_core.units import db_to_linear

if TYPE_CHECKING:
    from semcom_core.radio.air.receiver import AirReceiver

#: Carriers that differ by less than this share of the rate share a band, so that nothing needs to be filtered.
SAME_BAND = 0.03
#: By so many samples a link with a term that looks ahead delays all, more than any term holds back: what is to come is not known yet.
HELD = 512


class Link:
    """A path.

    samples of the transmitter → delay, and the receiver's rate and band → difference of the carriers → terms → gain

    Args:
        spec: the path.
        source: the transmitter.
        seed: of its fading.
    """

    def __init__(self, spec: LinkSpec, source: AirTransmitter, seed: int):
        self.spec, self._source = spec, source
        self._seed = (seed, crc32(spec.source.encode()), crc32(spec.target.encode()))
        self._gain = float(db_to_linear(spec.gain_db)) ** 0.5
        self._noise_density: dict[float, float] = {}
        self.restart()

    def restart(self) -> None:
        """Begin anew: fading starts again at the next sample."""
        self._stream, self._ready = None, np.zeros(0, np.complex64)

    def noise_power(self, receiver: AirReceiver) -> float:
        """Noise that the path's SNR means, E|n|^2 of a sample at the receiver; it is white, so it grows with the receiver's rate."""
        rate_hz = self._source.rate_hz
        if rate_hz not in self._noise_density:
            self._noise_density[rate_hz] = self._channel(rate_hz).noise_power() / rate_hz
        return self._noise_density[rate_hz] * receiver.rate_hz * self._gain**2

    def pull(self, receiver: AirReceiver, first: int, count: int) -> np.ndarray | None:
        """What is heard from sample `first` of the receiver on, complex64 (count,); None is silence without end."""
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
                heard = heard * phasor(offset_hz / receiver.true_rate_hz * np.arange(first, first + count, dtype=float))
        ready = np.concatenate([self._ready, self._stream.push(heard)])
        self._ready = ready[count:]
        return ready[:count]

    def _begin(self, channel: Channel) -> None:
        """Start the terms, with silence before what they give out where they hold something back."""
        self._stream = channel.stream(np.random.default_rng(self._seed))
        looks_ahead = len(channel.stream(np.random.default_rng(self._seed)).push(np.zeros(HELD, np.complex64))) < HELD
        self._ready = np.zeros(HELD if looks_ahead else 0, np.complex64)

    def _heard(self, receiver: AirReceiver, first: int, count: int, offset_hz: float) -> np.ndarray | None:
        """The transmitter's samples at the receiver's instants."""
        ours, theirs = receiver.true_rate_hz, self._source.true_rate_hz
        shift = self.spec.delay_s * theirs
        if ours == theirs and abs(shift - round(shift)) < 1e-6 and abs(offset_hz) <= SAME_BAND * ours:
            return self._source.fetch(first - round(shift), count)
        low, high = (-offset_hz - ours / 2) / theirs, (-offset_hz + ours / 2) / theirs
        band = max(low, -0.5), min(high, 0.5)
        if band[0] >= band[1]:
            return None
        start, step = first * (theirs / ours) - shift - HALF, theirs / ours
        begin, length = span(start, step, count)
        sent = self._source.fetch(begin, length)
        return None if sent is None else interpolate(sent, start, step, count, band)

    def _channel(self, rate_hz: float) -> Channel:
        """The terms at a rate, with the powers of the default modem's bursts."""
        modem = PhyConfig()
        made = parse_channel(self.spec.channel, rate_hz)
        return replace(made, carrier_power=Layout(modem).carrier_power, sample_power=modem.rms**2)
