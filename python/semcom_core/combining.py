# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maximum-ratio combining of copies of a symbol, weighted by inverse noise variance.

    y = Σ y_i / v_i  /  Σ 1 / v_i,    v = 1 / Σ 1 / v_i

A copy that is erased (v_i infinite) or not finite has weight 0; a symbol without any other copy is
erased itself: y = 0, v = inf.

Source: D. Chase, "Code combining - A maximum-likelihood decoding approach for combining an
arbitrary number of noisy packets", IEEE Trans. Communications 33(5), 1985.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    """Combine two copies of a frame; combining one after another gives the same as all at once.

    A symbol that is erased or not finite in one copy comes from the other. The header, the
    frequency offset and the start are the second copy's; the SNR is the sum.

    Raises:
        FrameError: the frames are not copies of one fragment.
    """
    if kind(first) != kind(second):
        raise FrameError(
            f"frames are {kind(first)} and {kind(second)} (codec, message, fragment, last, length, "
            "params); one is allowed"
        )
    weights = weights_of(first), weights_of(second)
    weighted = weights[0] * _known(first, weights[0]) + weights[1] * _known(second, weights[1])
    mean, noise_var = _mean(weighted, weights[0] + weights[1])
    snr_db = np.logaddexp(first.snr_db * _NEPERS, second.snr_db * _NEPERS) / _NEPERS
    return replace(
        second,
        symbols=mean.astype(np.complex64),
        noise_var=noise_var.astype(np.float32),
        snr_db=float(snr_db),
    )


def combine_fragments(
    frames: Sequence[ReceivedFrame], precision: type[np.floating] = np.float64
) -> tuple[np.ndarray, np.ndarray]:
    """Symbols of all fragments of a message, each the mean of its copies.

    Args:
        frames: one or more of one message, in any order; all have the same length.
        precision: in which the weights are computed.

    Returns:
        Symbols, complex128 (fragments, length), and their noise variances, float64 of the same
        shape; 0 and inf where nothing arrived.
    """
    header = frames[0].header
    weighted = np.zeros((header.fragments, header.length), np.complex128)
    total = np.zeros(weighted.shape)
    for frame in frames:
        weights = weights_of(frame, precision)
        weighted[frame.header.fragment] += weights * _known(frame, weights)
        total[frame.header.fragment] += weights
    return _mean(weighted, total)


def same_symbols(first: ReceivedFrame, second: ReceivedFrame) -> bool:
    """Whether two frames carry the same symbols, by their correlation: at least half of that of
    copies.

    Symbols of mean power 1 with noise v have the power 1 + v, so copies correlate to 1 / sqrt((1 +
    v1)(1 + v2)); the symbols of different messages to 0, within 1 / sqrt(2 n). Too few symbols to
    tell (FEWEST_SYMBOLS) pass for the same.
    """
    if kind(first) != kind(second):
        return False
    weight = np.sqrt(weights_of(first) * weights_of(second))
    present = weight > 0
    if np.count_nonzero(present) < FEWEST_SYMBOLS:
        return True
    a = first.symbols[present].astype(complex)
    b = second.symbols[present].astype(complex)
    weight = 1 / ((1 + first.noise_var[present]) * (1 + second.noise_var[present]))
    powers = np.sum(weight * np.abs(a) ** 2) * np.sum(weight * np.abs(b) ** 2)
    expected = np.sum(weight * np.sqrt(weight)) / np.sum(weight)
    return bool(np.sum(weight * (a.conj() * b).real) > 0.5 * expected * np.sqrt(powers))


def same_message(one: ReceivedFrame, other: ReceivedFrame) -> bool:
    """Whether two frames with one message number can be of the same message.

    Frames of different rounds have different symbols, so their headers alone decide.
    """
    a = one.header
    b = other.header
    if (a.family, a.last_fragment) != (b.family, b.last_fragment):
        return False
    if a.round != b.round:
        return True
    return a.params == b.params and (a.fragment != b.fragment or same_symbols(one, other))


def kind(frame: ReceivedFrame) -> tuple[int, ...]:
    """Header fields in which copies of a frame agree."""
    h = frame.header
    return h.codec, h.message_id, h.fragment, h.last_fragment, h.length, h.params


def weights_of(frame: ReceivedFrame, precision: type[np.floating] = np.float64) -> np.ndarray:
    """Inverse noise variances, float64 (length,), rounded to a precision; 0 where a symbol is
    erased or not finite.
    """
    known = np.isfinite(frame.symbols) & np.isfinite(frame.noise_var) & (frame.noise_var >= 0)
    weights = np.zeros(known.shape)
    noise_var = frame.noise_var[known].astype(precision)
    weights[known] = 1 / np.maximum(noise_var, precision(LEAST_NOISE))
    return weights


def _known(frame: ReceivedFrame, weights: np.ndarray) -> np.ndarray:
    """Symbols of a frame, 0 where their weight is."""
    return np.where(weights > 0, frame.symbols, 0)


def _mean(weighted: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and their noise variances, of sums of weighted symbols and sums of weights."""
    known = total > 0
    symbols = np.divide(weighted, total, out=np.zeros(total.shape, np.complex128), where=known)
    noise_var = np.divide(1.0, total, out=np.full(total.shape, np.inf), where=known)
    return symbols, noise_var
