# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cost of a text under the token-spinal code: budget bits, in all and word by word."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from semcom_core.text.spinal.codec import SpinalCodec


class CostMeter:
    """Counts budget bits, which channel symbols are proportional to.

    Args:
        codec: the token-spinal codec that is to send the texts.
    """

    def __init__(self, codec: SpinalCodec) -> None:
        self.prior = codec.prior
        self._codec = codec
        self._measure = lru_cache(maxsize=64)(self._measured)

    def bits(self, text: str) -> float:
        """Surprisal of a text with its end, and the budget added to each token, bits."""
        _, surprisals = self._measure(text)
        return float(surprisals.sum()) + self._codec.config.delta_bits * len(surprisals)

    def word_bits(self, words: Sequence[str]) -> np.ndarray:
        """Surprisal of each of the words joined by spaces, bits, float (len(words),); a token
        counts for the word it ends in.
        """
        symbols, surprisals = self._measure(" ".join(words))
        ends = np.cumsum([len(word) + 1 for word in words])
        reached = [len(self.prior.text_of(symbols[: k + 1])) for k in range(len(symbols))]
        owners = np.minimum(
            np.searchsorted(ends, np.array(reached) - 1, side="right"), len(words) - 1
        )
        return np.bincount(owners, surprisals[:-1], minlength=len(words))

    def _measured(self, text: str) -> tuple[list[int], np.ndarray]:
        symbols = self.prior.tokenize(text)
        return symbols, self._codec.prior.surprisals(symbols)
