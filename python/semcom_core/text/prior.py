# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a language model to the source alphabet of the spinal code: text tokens, an end of message, and raw bytes.

A chat model hardly expects a message to end after one sentence (17 bits for the end token, measured on Europarl), so the
end has a rule of its own: likely after a token that ends a sentence, unlikely anywhere else. A model that has learned from an
adapter where messages end is believed, with a little of that rule. Raw bytes carry what a
tokenizer cannot write (some control characters, for one), so that every text comes back byte for byte.
"""

from __future__ import annotations

import copy
import math
from functools import cached_property
from itertools import groupby

import numpy as np

from semcom_core.models.language import LanguageModel

#: Log2-probability of the end of the message after a token that ends a sentence, and after any other.
END_AFTER_SENTENCE = -1.0
END_ELSEWHERE = -7.0
#: Share of that rule where the model itself has learned where messages end.
RULE_SHARE = 0.02
#: Least probability that a model is taken to leave for text.
LEAST_TEXT = 1e-6
#: Log2-probability of each raw byte.
RAW_BYTE = -28.0

_SENTENCE_ENDS = ".?!…。！？।؟"
_CLOSERS = "\"')]}»”’\n "
_BYTES = 256


class TextPrior:
    """Source alphabet and prior over a language model of V tokens: 0..V-1 tokens, V the end, V+1..V+256 raw bytes."""

    def __init__(self, model: LanguageModel):
        self.model = model
        self.end = model.vocabulary
        self.size = model.vocabulary + 1 + _BYTES
        self._hidden = list(model.special_tokens)

    def after(self, model: LanguageModel) -> TextPrior:
        """The same for the same model after other messages; what is known of its tokens is kept."""
        other = copy.copy(self)
        other.model, other._ends_sentence = model, self._ends_sentence
        return other

    def tokenize(self, text: str) -> list[int]:
        """Source symbols of a text; text_of gives exactly the text back."""
        tokens = self.model.tokenize(text)
        if self.text_of(tokens) == text:
            return tokens
        symbols: list[int] = []
        for writable, run in groupby(text, self._is_writable):
            part = "".join(run)
            tokens = self.model.tokenize(part) if writable else []
            exact = writable and self.text_of(tokens) == part
            symbols += tokens if exact else [self.end + 1 + byte for byte in part.encode("utf-8", "surrogatepass")]
        return symbols

    def text_of(self, symbols: list[int]) -> str:
        """Text of source symbols; bytes that are no valid UTF-8 become U+FFFD."""
        pieces = []
        for raw, run in groupby(symbols, lambda symbol: symbol > self.end):
            run = list(run)
            pieces.append(bytes(s - self.end - 1 for s in run) if raw else self.model.detokenize(run).encode("utf-8"))
        return b"".join(pieces).decode("utf-8", "replace")

    def model_token(self, symbol: int) -> int:
        """The token that tells the language model about a source symbol; a raw byte is told as a special token."""
        return symbol if symbol < self.end else self.model.special_tokens[0]

    def surprisals(self, symbols: list[int]) -> np.ndarray:
        """Surprisal of each source symbol and of the end of the message, bits, float (len(symbols) + 1,)."""
        probabilities = self.model.log2_probs([self.model_token(symbol) for symbol in symbols])
        rows = zip(probabilities, [None, *symbols], [*symbols, self.end])
        return -np.array([self.apply(row, before)[symbol] for row, before, symbol in rows], np.float64)

    def apply(self, log2_probs: np.ndarray, previous: int | None) -> np.ndarray:
        """Log2-prior of every source symbol.

        Args:
            log2_probs: float32 (V,), of the language model.
            previous: the source symbol before, None at the start.

        Returns:
            float32 (V + 257,); -inf for special tokens.
        """
        known = 0.0 if self.model.end_token is None else float(np.exp2(log2_probs[self.model.end_token]))
        end = self._end(previous, known)
        prior = np.full(self.size, np.float32(RAW_BYTE))
        prior[: self.end] = log2_probs + np.float32(math.log2((1 - end) / max(1 - known, LEAST_TEXT)))
        prior[self.end] = math.log2(end)
        prior[self._hidden] = -np.inf
        return prior

    def _end(self, previous: int | None, known: float) -> float:
        """Probability that the message ends after `previous` (None: the start), where the model says it is `known`."""
        likely = previous is not None and previous < self.end and self._ends_sentence[previous]
        rule = 2.0 ** (END_AFTER_SENTENCE if likely else END_ELSEWHERE)
        return rule if self.model.end_token is None else (1 - RULE_SHARE) * known + RULE_SHARE * rule

    def _is_writable(self, character: str) -> bool:
        return self.model.detokenize(self.model.tokenize(character)) == character

    @cached_property
    def _ends_sentence(self) -> np.ndarray:
        texts = (self.model.detokenize([token]).rstrip(_CLOSERS) for token in range(self.model.vocabulary))
        return np.array([text.endswith(tuple(_SENTENCE_ENDS)) for text in texts])
