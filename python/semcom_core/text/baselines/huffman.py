# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text codec "huffman": UTF-8, fixed Huffman code over bytes, CRC-16, 5G NR LDPC, QAM.

The code is for the byte counts of English prose that come with the package. Code words are
canonical, in the order of (length, symbol), so that the lengths alone define them. For the channel
code see separate.

Source: D. A. Huffman, "A method for the construction of minimum-redundancy codes", Proc. IRE 40,
1952.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

import numpy as np

from semcom_core.text.baselines.separate import LongRule, Rule, SeparateCodec
from semcom_core.text.codec import check_text

#: The symbol after the bytes 0 to 255.
END = 256


class HuffmanCodec(SeparateCodec):
    """Huffman code of English prose, CRC, LDPC and QAM with a rate fit for the SNR (see
    TextCodec).
    """

    name = "huffman"
    rule: Rule = LongRule(grain=1)

    def compress(self, text: str) -> np.ndarray:
        """Code words of a text and of the end, uint8 (n,)."""
        check_text(text)
        return shipped_code().encode(text)

    def expand(self, bits: np.ndarray, sure: bool) -> tuple[str, bool]:
        """Text of a stream, and whether it is whole and valid (see SeparateCodec.expand)."""
        return shipped_code().decode(bits)


@lru_cache(maxsize=1)
def shipped_code() -> HuffmanCode:
    """The code for the counts that come with the package (data/huffman_counts.csv says of what)."""
    source = files("semcom_core.text.baselines") / "data" / "huffman_counts.csv"
    return HuffmanCode(
        np.loadtxt(
            source.read_text(encoding="utf-8").splitlines(),
            dtype=np.int64,
            delimiter=",",
            comments="#",
        )[:, 1]
    )


class HuffmanCode:
    """Texts to bits and back.

    Args:
        counts: int (257,), see count_bytes.
    """

    def __init__(self, counts: np.ndarray):
        self._words: list[np.ndarray] = [np.zeros(0, np.uint8)] * (END + 1)
        self._symbols: dict[tuple[int, int], int] = {}
        lengths = code_lengths(counts)
        code = width = 0
        for symbol in sorted(range(END + 1), key=lambda symbol: (lengths[symbol], symbol)):
            code <<= lengths[symbol] - width
            width = lengths[symbol]
            self._words[symbol] = np.array(
                [code >> i & 1 for i in range(width - 1, -1, -1)], np.uint8
            )
            self._symbols[width, code] = symbol
            code += 1

    def encode(self, text: str) -> np.ndarray:
        """Code words of a text's UTF-8 and of the end, uint8 (n,)."""
        return np.concatenate([self._words[symbol] for symbol in (*text.encode("utf-8"), END)])

    def decode(self, bits: np.ndarray) -> tuple[str, bool]:
        """Text of bits (n,), and whether they have an end, only zeros after it, and valid UTF-8."""
        data = bytearray()
        width = 0
        code = 0
        for position, bit in enumerate(bits.tolist()):
            width = width + 1
            code = 2 * code + bit
            symbol = self._symbols.get((width, code))
            if symbol == END:
                text = data.decode("utf-8", "replace")
                return text, text.encode("utf-8") == data and not bits[position + 1 :].any()
            if symbol is not None:
                data.append(symbol)
                width = code = 0
        return data.decode("utf-8", "replace"), False


def count_bytes(texts: Iterable[str]) -> np.ndarray:
    """How often each byte and the end occur in the UTF-8 of some texts, int64 (257,)."""
    found: Counter[int] = Counter()
    for text in texts:
        found.update(text.encode("utf-8"))
        found[END] += 1
    return np.array([found[symbol] for symbol in range(END + 1)], np.int64)


def code_lengths(counts: np.ndarray) -> list[int]:
    """Length of each symbol's code word, bits, of counts, int (n,); a symbol that never occurred
    counts as one that occurred once.
    """
    queue: list[tuple[int, int, tuple[int, ...]]] = [
        (max(1, int(count)), symbol, (symbol,)) for symbol, count in enumerate(counts)
    ]
    heapq.heapify(queue)
    lengths = [0] * len(counts)
    while len(queue) > 1:
        first = heapq.heappop(queue)
        second = heapq.heappop(queue)
        joined = first[2] + second[2]
        for symbol in joined:
            lengths[symbol] += 1
        heapq.heappush(queue, (first[0] + second[0], min(first[1], second[1]), joined))
    return lengths
