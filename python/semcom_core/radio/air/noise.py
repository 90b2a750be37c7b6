# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""White noise that is the same for the same sample, however the stream is cut."""

from __future__ import annotations

import numpy as np

from semcom_core.units import complex_noise

#: Samples drawn at once.
BLOCK = 8192


class Noise:
    """Complex noise by sample index.

    Args:
        seed: any number of integers.
    """

    def __init__(self, seed: tuple[int, ...]):
        self._key = np.random.SeedSequence(seed).generate_state(2, np.uint64)
        self._number, self._block = -1, np.zeros(0, np.complex64)

    def pull(self, first: int, count: int, power: float) -> np.ndarray:
        """Noise of samples first to first + count - 1 with E|n|^2 = power, complex64 (count,)."""
        last = first + count
        numbers = range(first // BLOCK, -(-last // BLOCK))
        whole = np.concatenate([np.zeros(0, np.complex64), *map(self._drawn, numbers)])
        return whole[first - numbers.start * BLOCK :][:count] * np.float32(np.sqrt(power))

    def _drawn(self, number: int) -> np.ndarray:
        """One block of unit power; the last one is kept, since the next piece of a stream begins in it."""
        if number != self._number:
            generator = np.random.Generator(np.random.Philox(key=self._key, counter=[0, 0, number, 0]))
            self._number, self._block = number, complex_noise(BLOCK, 1.0, generator)
        return self._block
