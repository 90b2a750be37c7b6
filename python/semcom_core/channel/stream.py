# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A channel at work on a stream of samples.

    samples → transmitter terms → air terms → + noise → receiver terms → samples

Within each place terms act in the order written. So the noise passes the receiver's imperfections (iq, dc, adc) and nothing else; a
receiver's clock, frequency or phase (sco, cfo, phase-noise) leave white noise what it is, and stand before it.

All randomness comes from one integer drawn when the stream starts. Each term has a generator of its own, seeded with that integer, the
term's name and which of its name it is, and so has the noise: the same integer gives the same fading at another SNR and without noise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from semcom_core.channel.base import PLACES, Processor, Term
from semcom_core.errors import ConfigError
from semcom_core.units import complex_noise

if TYPE_CHECKING:
    from semcom_core.channel.channel import Channel

#: Samples with a larger real or imaginary part count as 0, as do those that are not finite: no term can then overflow.
LARGEST = 1e15


def generator(base: int, name: str, occurrence: int = 0) -> np.random.Generator:
    """The generator of one term of a stream."""
    return np.random.default_rng(np.random.SeedSequence([base, crc32(name.encode()), occurrence]))


def occurrences(terms: tuple[Term, ...]) -> Iterator[tuple[Term, int]]:
    """Each term, and how many of its name come before it."""
    seen: Counter[str] = Counter()
    for one in terms:
        yield one, seen[one.name]
        seen[one.name] += 1


class Stream:
    """Sends samples through a channel piece by piece; what comes out does not depend on how they are cut.

    Args:
        channel: the channel; set_channel replaces it while the stream goes on.
        rng: one integer is drawn from it.
    """

    def __init__(self, channel: Channel, rng: np.random.Generator):
        self._base = int(rng.integers(1 << 63))
        self._noise = generator(self._base, "noise")
        self._running: dict[tuple[str, int], tuple[Term, Processor]] = {}
        self._chain: list[Processor] = []
        self._left: list[np.ndarray] = []
        self._ended = False
        self.set_channel(channel)

    def set_channel(self, channel: Channel) -> None:
        """Go on with another channel. Terms that stay (their SNR apart) keep their state; of those that go, what they held comes out.

        Raises:
            ConfigError: a term does not fit the sample rate; the stream then goes on as before.
        """
        running = {(one.name, number): (one, self._processor(one, number, channel)) for one, number in occurrences(channel.terms)}
        staying = [id(processor) for _, processor in running.values()]
        for index, processor in enumerate(self._chain):
            if id(processor) not in staying:
                self._left.append(self._through(processor.end(tail=False), index + 1))
        ordered = sorted(running.values(), key=lambda pair: PLACES.index(pair[0].place))
        self.channel, self._running, self._chain = channel, running, [processor for _, processor in ordered]
        self._noisy = sum(one.place != "receiver" for one in channel.terms)  # how many processors the noise comes after
        self._n0 = channel.noise_power()

    @property
    def held(self) -> int:
        """Samples that have come in and not yet gone out."""
        return sum(processor.held for processor in self._chain) + sum(len(part) for part in self._left)

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Send samples, complex (n,).

        Returns:
            What is ready on the other side, complex64 (m,).

        Raises:
            ConfigError: the stream has ended.
        """
        if self._ended:
            raise ConfigError(f"channel stream is sent {len(samples)} samples after its end; allowed is a new stream")
        return self._ready(self._through(finite(samples)))

    def end(self) -> np.ndarray:
        """End the stream: what is still to come, with the tails of multipath and filters, complex64 (m,); once ended, nothing."""
        if self._ended:
            return np.zeros(0, np.complex64)
        self._ended = True
        parts = [self._through(processor.end(), index + 1) for index, processor in enumerate(self._chain)]
        return self._ready(*parts)

    def _processor(self, one: Term, number: int, channel: Channel) -> Processor:
        """The processor of a term: the one at work if the term is the same, else a new one."""
        rng = generator(self._base, one.name, number)
        if (one.name, number) not in self._running:
            return one.start(channel.signal, rng)
        before, processor = self._running[one.name, number]
        if (before.without_noise, self.channel.signal) == (one.without_noise, channel.signal):
            return processor
        return one.resume(processor, channel.signal, rng)

    def _through(self, samples: np.ndarray, first: int = 0) -> np.ndarray:
        """Samples after the chain from its processor number `first` on."""
        for index in range(first, len(self._chain) + 1):
            if index == self._noisy and self._n0 > 0:
                samples = samples + complex_noise(len(samples), self._n0, self._noise)
            if index < len(self._chain):
                samples = self._chain[index](samples)
        return samples

    def _ready(self, *parts: np.ndarray) -> np.ndarray:
        """What was left of terms that went, and then the parts."""
        left, self._left = self._left, []
        return np.concatenate([*left, *parts, np.zeros(0, np.complex64)])


def finite(samples: np.ndarray) -> np.ndarray:
    """Samples as complex64; those that are not finite or larger than LARGEST are 0."""
    samples = np.asarray(samples, np.complex64)
    parts = np.ascontiguousarray(samples).view(np.float32)
    if not len(parts) or np.abs(parts).max() < LARGEST:
        return samples
    return np.where((np.abs(samples.real) < LARGEST) & (np.abs(samples.imag) < LARGEST), samples, 0).astype(np.complex64)
