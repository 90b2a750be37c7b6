# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals of the modem bench: random frames, displaced bursts, noise and interference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from semcom_core.channel import Channel
from semcom_core.channel.offsets import Cfo, Delay
from semcom_core.phy import Frame, FrameHeader
from semcom_core.units import complex_noise, db_to_linear

#: Codec number of the bench's frames, and the silence before and after a burst, samples.
BENCH_CODEC = 3
LEAD = 200
TAIL = 120
#: Power of interference and of carriers over the noise, dB.
INTERFERENCE_DB = 15.0
CARRIER_DB = 20.0
#: Keyed carriers stay on or off for a mean time drawn between these, samples.
KEYING = (30, 10000)


def random_frame(number: int, lengths: tuple[int, int], rng: np.random.Generator) -> Frame:
    """A frame of Gaussian symbols of mean power 1.

    Args:
        number: gives message number and params.
        lengths: shortest and longest; drawn uniformly, ends included.
        rng: draws length and symbols.
    """
    length = int(rng.integers(lengths[0], lengths[1] + 1))
    symbols = complex_noise(length, 1.0, rng)
    symbols /= np.sqrt(np.mean(np.abs(symbols) ** 2))
    return Frame(
        FrameHeader(codec=BENCH_CODEC, message_id=number % 256, params=number % 64, length=length),
        symbols,
    )


def same_header(a: FrameHeader, b: FrameHeader) -> bool:
    """Whether two headers agree but for the `more` bit, which the transmitter sets."""
    return replace(a, more=0) == replace(b, more=0)


def matches(sent: Sequence[Frame], found: Sequence[Frame]) -> int:
    """How many of the frames sent are among those found, by their headers; one found stands for one
    sent.
    """
    sent_headers = Counter(replace(frame.header, more=0) for frame in sent)
    found_headers = Counter(replace(frame.header, more=0) for frame in found)
    return (sent_headers & found_headers).total()


def displaced(
    burst: np.ndarray, cfo_hz: float, rate_hz: float, rng: np.random.Generator
) -> np.ndarray:
    """A burst amid silence, with a delay, a frequency offset and a phase drawn at random.

    Args:
        burst: complex64 (samples,).
        cfo_hz: largest frequency offset, Hz.
        rate_hz: sample rate, Hz.
        rng: draws them.

    Returns:
        complex64 (LEAD + samples + TAIL and the delay,).
    """
    quiet = np.concatenate([np.zeros(LEAD), burst, np.zeros(TAIL)]).astype(np.complex64)
    terms = (Delay(float(rng.uniform(0, 100))), Cfo(float(rng.uniform(-cfo_hz, cfo_hz))))
    return Channel(terms, rate_hz).through_samples(quiet, rng) * np.complex64(
        np.exp(2j * np.pi * rng.random())
    )


def noise(count: int, rng: np.random.Generator) -> np.ndarray:
    """White Gaussian noise of power 1, complex64 (count,)."""
    return complex_noise(count, 1.0, rng)


def interference(count: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of power 1 with, by turns, a tone, phase-shift keying of eight samples a symbol, and
    pulses of noise over it.
    """
    third = count // 3
    size = float(np.sqrt(db_to_linear(INTERFERENCE_DB)))
    tone = np.exp(2j * np.pi * rng.uniform(-0.4, 0.4) * np.arange(third))
    keyed = np.repeat(np.exp(0.5j * np.pi * rng.integers(0, 4, third // 8 + 1)), 8)[:third]
    rest = count - 2 * third
    pulses = (
        complex_noise(rest, 1.0, rng) * np.repeat(rng.random(rest // 500 + 1) < 0.3, 500)[:rest]
    )
    return noise(count, rng) + (size * np.concatenate([tone, keyed, pulses])).astype(np.complex64)


def carrier(count: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of power 1 and a steady carrier at any frequency, or on the grid of the preamble's
    tones, by turns.
    """
    if rng.random() < 0.5:
        frequency = rng.uniform(-0.45, 0.45)
    else:
        frequency = int(rng.integers(-3, 4)) / 8 + rng.normal(0, 1e-4)
    turns = frequency * np.arange(count) + rng.random()
    size = np.sqrt(db_to_linear(CARRIER_DB))
    return noise(count, rng) + (size * np.exp(2j * np.pi * (turns % 1))).astype(np.complex64)


def keyed_carrier(count: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of power 1 and such a carrier that goes on and off at random, by the memoryless law."""
    mean = float(np.exp(rng.uniform(*np.log(KEYING))))
    flips = np.zeros(count, dtype=bool)
    flips[rng.random(count) < 1 / mean] = True
    on = np.cumsum(flips) % 2
    rest = noise(count, rng)
    return rest + ((carrier(count, rng) - rest) * on).astype(np.complex64)
