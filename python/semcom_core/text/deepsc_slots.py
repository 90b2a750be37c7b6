# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which symbols of which token a frame of the codec "deepsc" carries.

A token has at most 8 symbols. A frame of `words` words has 8 symbols for each; where rare words are spelled, its `tokens` are more than
its words, and then it carries

    8 words - (tokens - words)

symbols, evenly taken from the tokens. The receiver finds both numbers from the length alone. A token's symbols are spread over the whole
frame: first the first symbols of all tokens, then the second ones, and so on, so that a fade takes a little of each.
"""

from __future__ import annotations

import numpy as np

from semcom_core.errors import FrameError
from semcom_core.phy.frame import MAX_LENGTH
from semcom_core.text.deepsc_network import TOKEN_SYMBOLS

#: Tokens of a frame at the most.
MAX_TOKENS = MAX_LENGTH // TOKEN_SYMBOLS
#: More tokens than that beyond the words would make the length one of fewer words.
_MOST_EXTRA = TOKEN_SYMBOLS - 1
#: A token gets at least 5 symbols on the average, if need be by counting more words than there are: 8 w - e >= 5 (w + e).
_WORDS_OF_TOKENS = (2, 3)


def length_of(tokens: int, words: int) -> int:
    """Symbols of a frame of so many tokens, 1 to MAX_TOKENS, that make so many words."""
    times, over = _WORDS_OF_TOKENS
    counted = max(min(words, tokens), tokens - _MOST_EXTRA, -(-times * tokens // over))
    return TOKEN_SYMBOLS * counted - (tokens - counted)


def tokens_of(length: int) -> int:
    """Tokens of a frame of so many symbols.

    Raises:
        FrameError: no frame has that length.
    """
    words = -(-length // TOKEN_SYMBOLS)
    tokens = words + TOKEN_SYMBOLS * words - length
    if not 1 <= tokens <= MAX_TOKENS or length_of(tokens, words) != length:
        raise FrameError(f"frame has {length} symbols; allowed is 8 for each word less one for each further token")
    return tokens


def slots(tokens: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Token and index within the token of each symbol of a frame in the order on air, two int arrays (length,)."""
    counts = np.diff(np.arange(tokens + 1) * length // tokens)
    index, token = np.nonzero(np.arange(TOKEN_SYMBOLS)[:, None] < counts)
    return token, index
