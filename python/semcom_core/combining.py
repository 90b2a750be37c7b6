# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maximum-ratio combining of copies of a frame (Chase 1985): the copies' symbols, weighted by
inverse noise variance.

y = Σ y_i / v_i  /  Σ 1 / v_i,    v = 1 / Σ 1 / v_i
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from semcom_core.errors import FrameError
from semcom_core.frame import ReceivedFrame

#: Floor of a noise variance, so that a noise-free symbol has a finite weight.
LEAST_NOISE = 1e-9
#: Nepers of power a decibel.
_NEPERS = np.log(10) / 10
#: Copies of fewer symbols than these are taken for the same: noise would decide.
FEWEST_SYMBOLS = 64


def combine(first: ReceivedFrame, second: ReceivedFrame) -> ReceivedFrame:
    """Two copies of a frame as one; combining one after another is the same as combining all at
    once.

    A symbol that one copy has erased (noise_var inf, or a value that makes no sense) comes from the
    other. The header, the frequency offset and the start are the second copy's; the SNR is the sum.

    Raises:
        FrameError: the frames are not copies of one fragment.
    """
    if kind(first) != kind(second):
        raise FrameError(
            f"frames are {kind(first)} and {kind(second)} (codec, message, fragment, last, length, "
            "params); one is allowed"
        )
    weights = np.stack([weights_of(first), weights_of(second)])
    symbols = np.where(weights > 0, np.stack([first.symbols, second.symbols]), 0)
    total = weights.sum(axis=0)
    there = total > 0
    mean = np.divide(
        (weights * symbols).sum(axis=0), total, out=np.zeros(len(total), np.complex128), where=there
    )
    noise_var = np.divide(1, total, out=np.full(len(total), np.inf), where=there)
    snr_db = np.logaddexp(first.snr_db * _NEPERS, second.snr_db * _NEPERS) / _NEPERS
    return replace(
        second,
        symbols=mean.astype(np.complex64),
        noise_var=noise_var.astype(np.float32),
        snr_db=float(snr_db),
    )


def same_symbols(first: ReceivedFrame, second: ReceivedFrame) -> bool:
    """Whether two frames carry the same symbols: their correlation exceeds half of what it is for
    copies.

    Symbols of mean power 1 with noise v have the power 1 + v, so copies correlate to 1 / sqrt((1 +
    v1)(1 + v2)); the symbols of different messages to 0, within 1 / sqrt(2 n). Too few symbols to
    tell (FEWEST_SYMBOLS) pass for the same.
    """
    if kind(first) != kind(second):
        return False
    weight = np.sqrt(weights_of(first) * weights_of(second))
    there = weight > 0
    if np.count_nonzero(there) < FEWEST_SYMBOLS:
        return True
    a = first.symbols[there].astype(complex)
    b = second.symbols[there].astype(complex)
    weight = 1 / ((1 + first.noise_var[there]) * (1 + second.noise_var[there]))
    powers = np.sum(weight * np.abs(a) ** 2) * np.sum(weight * np.abs(b) ** 2)
    expected = np.sum(weight * np.sqrt(weight)) / np.sum(weight)
    return bool(np.sum(weight * (a.conj() * b).real) > 0.5 * expected * np.sqrt(powers))


def kind(frame: ReceivedFrame) -> tuple[int, ...]:
    """What copies of a frame have in common."""
    h = frame.header
    return h.codec, h.message_id, h.fragment, h.last_fragment, h.length, h.params


def weights_of(frame: ReceivedFrame) -> np.ndarray:
    """Inverse noise variances, float (length,); 0 where a symbol is erased."""
    good = np.isfinite(frame.symbols) & np.isfinite(frame.noise_var) & (frame.noise_var >= 0)
    return np.where(
        good, 1 / np.maximum(np.where(good, frame.noise_var, 1.0), LEAST_NOISE, dtype=float), 0.0
    )


def same_message(one: ReceivedFrame, other: ReceivedFrame) -> bool:
    """Whether two frames under one number can be of the same message; other rounds have other
    symbols, which tell nothing.
    """
    a = one.header
    b = other.header
    if (a.family, a.last_fragment) != (b.family, b.last_fragment):
        return False
    if a.round != b.round:
        return True
    return a.params == b.params and (a.fragment != b.fragment or same_symbols(one, other))
