# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""OFDM layout of a burst, transform between carriers and samples, pilots, scrambling.

    | repeated part | prefix, Zadoff-Chu | symbol 0 | symbol 1 | ... | guard |

The data carriers of the symbols, in order, form one row of uses: each frame takes `header_uses` of
them for its header and then one for each payload symbol, without gaps; what is left of the last
symbol carries known fill. The transform is unitary.

Scrambling sequences (phases, signs, the interleaver) come from SHAKE-256 (FIPS 202) of the key and
a label: the same on every machine and library version. They whiten the spectrum and flatten the
envelope. A modem with another key does not read the bursts, but the sequences are no encryption.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cached_property, lru_cache
from math import gcd

import numpy as np
from scipy import fft

from semcom_core.phy.config import PhyConfig


@lru_cache(maxsize=64)
def key_bytes(key: str, label: str, count: int) -> np.ndarray:
    """Bytes that depend on a key and a label, uint8 (count,), read-only.

    Args:
        key, label, count: see phases.
    """
    digest = hashlib.shake_256(f"gr-semcom/{label}/{key}".encode()).digest(count)
    return np.frombuffer(digest, dtype=np.uint8)


@lru_cache(maxsize=64)
def phases(key: str, label: str, count: int) -> np.ndarray:
    """Unit phasors exp(2j pi b / 256) of the key bytes, complex64 (count,), read-only.

    Args:
        key: of the modem; empty is the public one.
        label: use of the sequence, such as "payload".
        count: length.
    """
    found = np.exp(2j * np.pi * key_bytes(key, label, count) / 256).astype(np.complex64)
    found.setflags(write=False)
    return found


@lru_cache(maxsize=64)
def signs(key: str, label: str, count: int) -> np.ndarray:
    """Signs +1 and -1 of the key bytes' lowest bits, float32 (count,), read-only.

    Args:
        key, label, count: see phases.
    """
    found = 1.0 - 2.0 * (key_bytes(key, label, count) & 1).astype(np.float32)
    found.setflags(write=False)
    return found


@lru_cache(maxsize=4096)
def interleaver(length: int) -> np.ndarray:
    """Permutation of `length` places: place i takes element order[i]; neighbours lie about 0.618 x
    length apart.
    """
    stride = max(1, round(0.618 * length))
    while gcd(stride, length) != 1:
        stride += 1
    order = (np.arange(length) * stride) % max(length, 1)
    order.setflags(write=False)
    return order


#: Uses of one copy of a frame header: 64 bits, rate 1/4, QPSK.
HEADER_COPY_USES = 128
#: Pilots and fill repeat after this many symbols.
KNOWN_PERIOD = 64


class Layout:
    """Indices of carriers and lengths in samples that follow from a profile."""

    def __init__(self, config: PhyConfig):
        self.config = config
        self.profile = config.dimensions

    @cached_property
    def carriers(self) -> np.ndarray:
        """Active carriers, ascending, int (A,)."""
        p = self.profile
        return np.array([k for k in range(-p.edge, p.edge + 1) if abs(k) > p.notch])

    @cached_property
    def bins(self) -> np.ndarray:
        """Transform bins of the active carriers, (A,)."""
        return self.carriers % self.profile.fft

    @cached_property
    def idle_bins(self) -> np.ndarray:
        """Transform bins beyond the outermost active carriers, (I,)."""
        p = self.profile
        return np.arange(p.edge + 1, p.fft - p.edge)

    @cached_property
    def is_pilot(self) -> np.ndarray:
        """Which active carriers are pilots, bool (A,)."""
        return np.isin(self.carriers, self.profile.pilots)

    @cached_property
    def data(self) -> np.ndarray:
        """Positions of the data carriers among the active ones, in the order of uses, (D,)."""
        return np.flatnonzero(~self.is_pilot)

    @cached_property
    def symbol_samples(self) -> int:
        """Samples of one symbol with its prefix."""
        return self.profile.fft + self.profile.prefix

    @cached_property
    def repeated_samples(self) -> int:
        """Samples of the repeated part."""
        return self.profile.period * self.profile.repeats

    @cached_property
    def preamble_samples(self) -> int:
        """Samples before symbol 0."""
        return self.repeated_samples + self.profile.prefix + self.profile.chirps * self.profile.fft

    @cached_property
    def header_uses(self) -> int:
        """Uses of a frame header, all its copies."""
        return HEADER_COPY_USES * self.profile.header_copies

    @property
    def occupancy(self) -> float:
        """Active carriers over all carriers: mean sample power over carrier power with a unitary
        transform.
        """
        return len(self.carriers) / self.profile.fft

    @property
    def carrier_power(self) -> float:
        """Mean power of an active carrier as transmitted (unitary transform): the power that SNRs
        refer to.
        """
        return self.config.rms**2 / self.occupancy

    def symbols_for(self, uses: int) -> int:
        """OFDM symbols that hold a number of uses."""
        return -(-uses // len(self.data))

    def burst_samples(self, lengths: Iterable[int]) -> int:
        """Samples of a burst whose frames have payloads of `lengths` symbols, guard included."""
        uses = sum(self.header_uses + int(length) for length in lengths)
        body = self.symbols_for(uses) * self.symbol_samples
        return self.preamble_samples + body + self.profile.guard

    @property
    def overhead_samples(self) -> int:
        """Samples of the preamble and of the symbols a header needs."""
        return self.preamble_samples + self.symbols_for(self.header_uses) * self.symbol_samples


def to_samples(layout: Layout, carriers: np.ndarray) -> np.ndarray:
    """Samples of symbols with their prefixes.

    Symbols fade in over `taper` samples while the one before fades out: that keeps what a
    fractional delay smears across their borders small.

    Args:
        layout: carriers and lengths.
        carriers: active carriers, complex64 (S, A), S >= 1.

    Returns:
        complex64 (S * (fft + prefix) + taper,).
    """
    p = layout.profile
    spectrum = np.zeros((len(carriers), p.fft), dtype=np.complex64)
    spectrum[:, layout.bins] = carriers
    body = fft.ifft(spectrum, axis=1, norm="ortho")
    ramp = (np.arange(p.taper) + 0.5) / max(p.taper, 1)
    rise = (np.sin(np.pi / 2 * ramp) ** 2).astype(np.float32)
    symbols = np.concatenate([body[:, p.fft - p.prefix :], body], axis=1)
    symbols[:, : p.taper] *= rise
    tails = body[:, : p.taper] * rise[::-1]
    symbols[1:, : p.taper] += tails[:-1]
    return np.concatenate([symbols.ravel(), tails[-1]])


def to_carriers(layout: Layout, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Active carriers, complex64 (..., A), and the mean power of the idle ones, float32 (...).

    Args:
        layout: carriers and lengths.
        windows: samples, complex64 (..., fft); overwritten.
    """
    spectrum = fft.fft(windows, axis=-1, norm="ortho", overwrite_x=True)
    idle = spectrum[..., layout.idle_bins]
    return spectrum[..., layout.bins], np.mean(idle.real**2 + idle.imag**2, axis=-1)


def pilot_carriers(layout: Layout, symbols: np.ndarray) -> np.ndarray:
    """Pilot values, float32 (..., pilots), of symbol numbers (...)."""
    count = len(layout.profile.pilots)
    table = signs(layout.config.key, "pilots", KNOWN_PERIOD * count).reshape(KNOWN_PERIOD, count)
    return table[np.asarray(symbols) % KNOWN_PERIOD]


def fill_uses(layout: Layout, begin: int, count: int) -> np.ndarray:
    """Fill of a burst's last symbol.

    Args:
        layout: carriers and lengths.
        begin: number of the first use.
        count: uses, all of one symbol.

    Returns:
        complex64 (count,).
    """
    period = KNOWN_PERIOD * len(layout.data)
    return phases(layout.config.key, "fill", period)[begin % period :][:count]
