# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One code block of shaped QAM: amplitudes of one composition, signs of data and parity (see shaped)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from semcom_core.fec.basegraph import PUNCTURED_COLUMNS, SHAPES
from semcom_core.fec.decoder import KNOWN_ZERO_LLR
from semcom_core.fec.encoder import ldpc_encoder
from semcom_core.fec.matcher import Matcher
from semcom_core.fec.qam import MAX_LLR

#: The base graph: that of high rates.
GRAPH = 1


@dataclass(frozen=True)
class ShapedBlock:
    """A code block on one axis after the other.

    Args:
        counts: how often each amplitude comes, the smallest first; 2^k of them.
        info_bits: of the code, without filler.
        z: lifting size of the code.
    """

    counts: tuple[int, ...]
    info_bits: int
    z: int

    @property
    def length(self) -> int:
        """Values on axes, each with an amplitude and a sign."""
        return sum(self.counts)

    @property
    def label_bits(self) -> int:
        """Bits that label an amplitude."""
        return len(self.counts).bit_length() - 1

    @property
    def hidden_bits(self) -> int:
        """Information bits of the code that are not sent."""
        return PUNCTURED_COLUMNS * self.z

    @property
    def data_signs(self) -> int:
        """Signs that carry data; the others are parity bits."""
        return self.info_bits - self.hidden_bits - self.label_bits * self.length

    @property
    def parity_bits(self) -> int:
        """Parity bits that are sent."""
        return self.length - self.data_signs

    @cached_property
    def matcher(self) -> Matcher:
        """Bits to amplitudes."""
        return Matcher(self.counts)

    @property
    def data_bits(self) -> int:
        """Bits that the block carries."""
        return self.hidden_bits + self.matcher.bits + self.data_signs

    @cached_property
    def levels(self) -> np.ndarray:
        """Amplitudes, float64, of which the block has mean power 1/2."""
        odd = 2.0 * np.arange(len(self.counts)) + 1
        return odd / np.sqrt(2 * np.average(odd**2, weights=self.counts))

    def encode(self, data: np.ndarray) -> np.ndarray:
        """Values (length,) of data bits, uint8 (data_bits,)."""
        hidden, amplitude_bits, signs = np.split(data, [self.hidden_bits, self.hidden_bits + self.matcher.bits])
        amplitudes = self.matcher.match(amplitude_bits)
        info = np.zeros(SHAPES[GRAPH][2] * self.z, np.uint8)
        info[: self.info_bits] = np.concatenate([hidden, _labels(self.label_bits)[amplitudes].ravel(), signs])
        parity = ldpc_encoder(GRAPH, self.z).encode(info)[info.size : info.size + self.parity_bits]
        return self.levels[amplitudes] * (1.0 - 2.0 * np.concatenate([signs, parity]))

    def ratios(self, values: np.ndarray, noise_var: np.ndarray, bits: int) -> np.ndarray:
        """Log-likelihood ratios of the code word, float64 (bits,), as the decoder takes them.

        Args:
            values: received values (length,).
            noise_var: E|n|^2 of the symbol that each belongs to; where it is inf, the distribution alone speaks.
            bits: of the code word, as far as it was sent.
        """
        levels = np.concatenate([-self.levels[::-1], self.levels])
        prior = np.log(np.maximum([*self.counts[::-1], *self.counts], 1e-3))
        with np.errstate(divide="ignore"):
            inverse = 1 / np.maximum(noise_var, 1e-12)
        metric = prior - (values[:, None] - levels) ** 2 * inverse[:, None]
        negative = np.arange(levels.size) < self.levels.size
        sign = _ratio(metric, ~negative)
        labels = _labels(self.label_bits)
        both = np.concatenate([labels[::-1], labels])
        amplitudes = np.stack([_ratio(metric, both[:, i] == 0) for i in range(self.label_bits)], axis=1)
        found, info = np.zeros(bits), SHAPES[GRAPH][2] * self.z
        sent = np.concatenate([amplitudes.ravel(), sign[: self.data_signs]])
        found[self.hidden_bits : self.info_bits] = sent
        found[self.info_bits : info] = KNOWN_ZERO_LLR
        found[info : info + self.parity_bits] = sign[self.data_signs :]
        return found

    def data(self, word: np.ndarray) -> np.ndarray:
        """Data bits of a decoded code word; zeros for amplitudes that no data become."""
        labels = word[self.hidden_bits : self.hidden_bits + self.label_bits * self.length].reshape(self.length, -1)
        amplitudes = _indices(self.label_bits)[labels @ (1 << np.arange(self.label_bits - 1, -1, -1))]
        matched = self.matcher.unmatch(amplitudes)
        known = np.zeros(self.matcher.bits, np.uint8) if matched is None else matched
        return np.concatenate([word[: self.hidden_bits], known, word[self.info_bits - self.data_signs : self.info_bits]])


def _labels(bits: int) -> np.ndarray:
    """Gray labels of the amplitudes, uint8 (2^bits, bits)."""
    index = np.arange(2**bits)
    return ((index ^ index >> 1)[:, None] >> np.arange(bits - 1, -1, -1) & 1).astype(np.uint8)


def _indices(bits: int) -> np.ndarray:
    """Amplitude of each label read as a number, int (2^bits,)."""
    index = np.arange(2**bits)
    return np.argsort(index ^ index >> 1)


def _ratio(metric: np.ndarray, zero: np.ndarray) -> np.ndarray:
    """Ratio of a bit: the levels where it is 0 against the others."""
    return np.clip(np.logaddexp.reduce(metric[:, zero], axis=1) - np.logaddexp.reduce(metric[:, ~zero], axis=1), -MAX_LLR, MAX_LLR)
