# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Separate source and channel coding of short sentences: static Huffman code of words, polar, QAM.

    sentence -> words -> Huffman code words -> polar code -> QAM -> 16 channel uses
    16 received symbols -> ratios of the bits -> list decoder -> bits -> words

The Huffman code is one table, or one for each word before (order 1), of the words of the training
part; a word outside the table is an escape and its bytes. The polar code has no CRC, and a list
that is nearly maximum likelihood at this length: what is decoded wrongly goes on as a wrong text.
A message fills its channel uses whatever its bits; the receiver is told how many they are. The
modulation is the one that loses fewest messages of the mean length at the SNR, by simulation.

Sources: D. A. Huffman, Proc. IRE 40, 1952; I. Tal, A. Vardy, "List decoding of polar codes", IEEE
Trans. Inf. Theory 61, 2015.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from semcom_core.errors import FrameError, check_range
from semcom_core.fec.polar import list_decode, polar_match, polar_transform, triangle
from semcom_core.fec.qam import BITS_PER_SYMBOL, demodulate, modulate
from semcom_core.tasks.scenario.network import MOST_WORDS, SYMBOLS
from semcom_core.text.baselines.huffman import code_lengths
from semcom_core.units import complex_noise, db_to_linear

#: Symbol for a word that is spelled in bytes, and what ends its bytes.
_ESCAPE = "\0"
_BYTE_BITS = 8
#: Paths of the list decoder.
_PATHS = 32
#: Ratio of a coded bit that is known to be 0.
_KNOWN_ZERO_LLR = 100.0
#: Modulations that are tried, and simulated messages of each.
_MODULATIONS = ("qpsk", "16qam", "64qam")
_TRIALS = 200


class WordHuffman:
    """Static Huffman code of words; question marks and full stops are not sent.

    Args:
        texts: training part.
        order: 0 for one table, 1 for a table for each word before.
    """

    def __init__(self, texts: Iterable[str], order: int = 0) -> None:
        check_range("order", order, 0, 1)
        self._order = order
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for text in texts:
            before = ""
            for word in _words(text):
                counts[before if order else ""][word] += 1
                before = word
        self._codes = {before: _code(found) for before, found in counts.items()}
        self._other = _code(Counter())

    def encode(self, text: str) -> np.ndarray:
        """Bits of a sentence, uint8 (n,).

        Raises:
            FrameError: it has no word.
        """
        bits: list[str] = []
        before = ""
        for word in _words(text):
            code, _ = self._table(before)
            if word in code:
                bits.append(code[word])
            else:
                data = word.encode() + b"\0"
                bits += [code[_ESCAPE], *(f"{byte:0{_BYTE_BITS}b}" for byte in data)]
            before = word
        if not bits:
            raise FrameError(f"message is {text!r}; allowed is one with a word")
        return np.array(list("".join(bits)), np.uint8)

    def decode(self, bits: np.ndarray) -> str:
        """Words of bits, with blanks between; the rest after the last whole code word is left."""
        text = "".join(map(str, bits))
        words: list[str] = []
        at = 0
        while at < len(text) and len(words) < MOST_WORDS:
            _, symbols = self._table(words[-1] if words else "")
            for end in range(at + 1, len(text) + 1):
                if text[at:end] in symbols:
                    break
            else:
                break
            word = symbols[text[at:end]]
            at = end
            if word == _ESCAPE:
                word, at = _spelled(text, at)
            words.append(word)
        return " ".join(words)

    def _table(self, before: str) -> tuple[dict[str, str], dict[str, str]]:
        return self._codes.get(before if self._order else "", self._other)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def _code(counts: Counter[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Code words of counted words and the escape, and the way back; canonical, by length and
    word.
    """
    words = sorted(counts)
    if not words:
        return {_ESCAPE: "0"}, {"0": _ESCAPE}
    lengths = code_lengths(np.array([1, *(2 * counts[word] for word in words)]))
    code: dict[str, str] = {}
    value = width = 0
    for length, word in sorted(zip(lengths, [_ESCAPE, *words])):
        value <<= length - width
        width = length
        code[word] = f"{value:0{width}b}"
        value += 1
    return code, {bits: word for word, bits in code.items()}


def _spelled(text: str, at: int) -> tuple[str, int]:
    """A word in bytes and the place after it."""
    data = bytearray()
    while at + _BYTE_BITS <= len(text):
        byte = int(text[at : at + _BYTE_BITS], 2)
        at += _BYTE_BITS
        if byte == 0:
            return data.decode(errors="replace"), at
        data.append(byte)
    return data.decode(errors="replace"), len(text)


class ShortLink:
    """Polar code without a CRC and a modulation, for messages of few bits.

    Args:
        modulation: one of qam.BITS_PER_SYMBOL.
        uses: channel uses of a message.
    """

    def __init__(self, modulation: str, uses: int = SYMBOLS) -> None:
        self.modulation = modulation
        self.uses = uses
        self.coded_bits = uses * BITS_PER_SYMBOL[modulation]

    def encode(self, bits: np.ndarray) -> np.ndarray:
        """Symbols, complex64 (uses,), of 1 to coded_bits bits."""
        match = polar_match(len(bits), self.coded_bits)
        inputs = np.zeros(match.size, np.uint8)
        inputs[match.message] = bits
        coded = polar_transform(inputs)[match.sent][triangle(self.coded_bits)]
        return modulate(coded, self.modulation)

    def decode(self, symbols: np.ndarray, noise_var: np.ndarray, count: int) -> np.ndarray:
        """The most probable message of `count` bits in the decoder's list, uint8 (count,)."""
        match = polar_match(count, self.coded_bits)
        matched = np.empty(self.coded_bits)
        matched[triangle(self.coded_bits)] = demodulate(symbols, noise_var, self.modulation)
        received = np.bincount(match.sent, weights=matched, minlength=match.size)
        received[match.known] = _KNOWN_ZERO_LLR
        inputs, costs = list_decode(received.astype(np.float32), match.message, _PATHS)
        return inputs[int(np.argmin(costs))][match.message]


@lru_cache(maxsize=256)
def best_link(bits: int, snr_db: float, uses: int = SYMBOLS) -> ShortLink:
    """The link that loses fewest messages over AWGN.

    Args:
        bits: of a message.
        snr_db: SNR, dB.
        uses: channel uses of a message.
    """
    links = [ShortLink(name, uses) for name in _MODULATIONS]
    fitting = [link for link in links if link.coded_bits >= bits]
    if not fitting:
        raise FrameError(
            f"message has {bits} bits; allowed in {uses} uses is up to {links[-1].coded_bits}"
        )
    return min(fitting, key=lambda link: _error_rate(link, bits, snr_db))


def _error_rate(link: ShortLink, bits: int, snr_db: float) -> float:
    """Share of wrong messages over AWGN, by simulation."""
    rng = np.random.default_rng([bits, link.uses])
    noise = 1 / db_to_linear(snr_db)
    wrong = 0
    for _ in range(_TRIALS):
        message = rng.integers(0, 2, bits, np.uint8)
        received = link.encode(message) + complex_noise(link.uses, noise, rng)
        wrong += not np.array_equal(link.decode(received, np.full(link.uses, noise), bits), message)
    return wrong / _TRIALS


class SeparateCoder:
    """Sentences over a channel by separate coding.

    Args:
        texts: training part, statements and questions.
        order: of the Huffman code, see WordHuffman.
        uses: channel uses of a message.
    """

    def __init__(self, texts: Iterable[str], order: int = 0, uses: int = SYMBOLS) -> None:
        self._uses = uses
        known = list(texts)
        self.code = WordHuffman(known, order)
        self.mean_bits = math.ceil(np.mean([len(self.code.encode(text)) for text in known]))

    def encode(self, text: str, snr_db: float) -> tuple[np.ndarray, int]:
        """Symbols of a sentence, complex64 (uses,), and its bits; see best_link.

        Raises:
            FrameError: it has no word, or too many bits.
        """
        bits = self.code.encode(text)
        return self._link(len(bits), snr_db).encode(bits), len(bits)

    def decode(self, symbols: np.ndarray, noise_var: np.ndarray, count: int, snr_db: float) -> str:
        """Words of a received sentence.

        Args:
            symbols: complex (uses,).
            noise_var: of each, float (uses,), inf where erased.
            count: its bits.
            snr_db: that the sender chose the link for.
        """
        return self.code.decode(self._link(count, snr_db).decode(symbols, noise_var, count))

    def _link(self, bits: int, snr_db: float) -> ShortLink:
        """The link for messages of the mean length, or a denser one where a message needs it."""
        found = best_link(self.mean_bits, snr_db, self._uses)
        return found if found.coded_bits >= bits else best_link(bits, snr_db, self._uses)
