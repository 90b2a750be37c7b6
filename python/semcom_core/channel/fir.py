# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixed filters on a stream, and the windowed sinc that delays by fractions of a sample."""

from __future__ import annotations

import numpy as np

from semcom_core.channel.base import Processor


def windowed_sinc(at: np.ndarray, half: int, beta: float) -> np.ndarray:
    """Kaiser-windowed sinc at times in samples (any shape); it is 0 from half + 1 samples on.

    Source: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", IEEE ISCAS 1974.
    """
    window = np.i0(beta * np.sqrt(np.maximum(1 - (at / (half + 1)) ** 2, 0))) / np.i0(beta)
    return np.sinc(at) * np.where(np.abs(at) < half + 1, window, 0.0)


class Fir(Processor):
    """A filter with taps that do not change.

    Args:
        taps: complex or float (K,), at least one.
        ahead: how many of them come before time 0; that many samples are held back.
    """

    def __init__(self, taps: np.ndarray, ahead: int = 0):
        kind = np.complex64 if np.iscomplexobj(taps) else np.float32
        self._taps, self._skip = np.asarray(taps, kind), ahead
        self._memory = np.zeros(len(taps) - 1, np.complex64)
        self._given = self._taken = 0
        self.tail, self.latency = len(taps) - 1 - ahead, ahead

    @property
    def held(self):
        return self._taken - self._given

    def __call__(self, samples):
        self._taken += len(samples)
        if not len(samples):
            return samples
        work = np.concatenate([self._memory, samples])
        self._memory = work[len(work) - len(self._memory) :]
        out = np.convolve(work, self._taps, "valid")
        skip = min(self._skip, len(out))
        self._skip -= skip
        self._given += len(out) - skip
        return out[skip:].astype(np.complex64)
