# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Source model of text: alphabet and prior over a language model, and the base of codecs with one.

Alphabet: the tokens of the model, an end of message, and raw bytes.

A chat model hardly expects a message to end after one sentence (17 bits for the end token, measured
on Europarl), so the end has a rule of its own: likely after a token that ends a sentence, unlikely
anywhere else. Where an adapter has taught the model where messages end, its probability is taken,
with a share of that rule:

    p(end) = (1 - RULE_SHARE) p_model(end) + RULE_SHARE p_rule(end)

Raw bytes carry what a tokenizer cannot write (some control characters, for one), so that every text
comes back byte for byte.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any, ClassVar, Self

import numpy as np

from semcom_core.config import DEVICE_HELP, check_device, from_mapping, setting
from semcom_core.errors import ModelError, check_choice
from semcom_core.frame import FrameHeader
from semcom_core.models import load_language_model
from semcom_core.models.language import LanguageModel
from semcom_core.models.loader import PRECISIONS
from semcom_core.text.codec import TextCodec

#: Log2-probability of the end of the message after a token that ends a sentence, and after any
#: other.
END_AFTER_SENTENCE = -1.0
END_ELSEWHERE = -7.0
#: Share of that rule where the model itself has learned where messages end.
RULE_SHARE = 0.02
#: Least probability that a model is taken to leave for text.
LEAST_TEXT = 1e-6
#: Log2-probability of each raw byte.
RAW_BYTE = -28.0

#: Marks that end a sentence, what may stand after them, and values of a byte.
_SENTENCE_ENDS = ".?!…。！？।؟"
_CLOSERS = "\"')]}»”’\n "
_BYTES = 256


class TextPrior:
    """Source alphabet and prior over a language model of V tokens: 0..V-1 tokens, V the end,
    V+1..V+256 raw bytes.
    """

    def __init__(self, model: LanguageModel) -> None:
        self.model = model
        self.end = model.vocabulary
        self.size = model.vocabulary + 1 + _BYTES
        self._hidden = list(model.special_tokens)

    def after(self, model: LanguageModel) -> TextPrior:
        """The same for the same model after other messages; what is known of its tokens is kept."""
        other = copy.copy(self)
        other.model = model
        other._ends_sentence = self._ends_sentence
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
            symbols += (
                tokens
                if exact
                else [self.end + 1 + byte for byte in part.encode("utf-8", "surrogatepass")]
            )
        return symbols

    def text_of(self, symbols: list[int]) -> str:
        """Text of source symbols; bytes that are no valid UTF-8 become U+FFFD."""
        pieces = []
        for raw, run in groupby(symbols, lambda symbol: symbol > self.end):
            if raw:
                pieces.append(bytes(symbol - self.end - 1 for symbol in run))
            else:
                pieces.append(self.model.detokenize(list(run)).encode("utf-8"))
        return b"".join(pieces).decode("utf-8", "replace")

    def model_token(self, symbol: int) -> int:
        """The token that tells the language model about a source symbol; a raw byte is told as a
        special token.
        """
        return symbol if symbol < self.end else self.model.special_tokens[0]

    def surprisals(self, symbols: list[int]) -> np.ndarray:
        """Surprisal of each source symbol and of the end of the message, bits, float (len(symbols)
        + 1,).
        """
        probabilities = self.model.log2_probs([self.model_token(symbol) for symbol in symbols])
        rows = zip(probabilities, [None, *symbols], [*symbols, self.end])
        return -np.array(
            [self.apply(row, before)[symbol] for row, before, symbol in rows], np.float64
        )

    def apply(self, log2_probs: np.ndarray, previous: int | None) -> np.ndarray:
        """Log2-prior of every source symbol.

        Args:
            log2_probs: float32 (V,), of the language model.
            previous: the source symbol before, None at the start.

        Returns:
            float32 (V + 257,); -inf for special tokens.
        """
        known = (
            0.0
            if self.model.end_token is None
            else float(np.exp2(log2_probs[self.model.end_token]))
        )
        end = self._end(previous, known)
        prior = np.full(self.size, np.float32(RAW_BYTE))
        prior[: self.end] = log2_probs + np.float32(
            math.log2((1 - end) / max(1 - known, LEAST_TEXT))
        )
        prior[self.end] = math.log2(end)
        prior[self._hidden] = -np.inf
        return prior

    def _end(self, previous: int | None, known: float) -> float:
        """Probability that the message ends after `previous` (None: the start), where the model
        says it is `known`.
        """
        likely = previous is not None and previous < self.end and self._ends_sentence[previous]
        rule = 2.0 ** (END_AFTER_SENTENCE if likely else END_ELSEWHERE)
        return (
            rule if self.model.end_token is None else (1 - RULE_SHARE) * known + RULE_SHARE * rule
        )

    def _is_writable(self, character: str) -> bool:
        return self.model.detokenize(self.model.tokenize(character)) == character

    @cached_property
    def _ends_sentence(self) -> np.ndarray:
        texts = (
            self.model.detokenize([token]).rstrip(_CLOSERS)
            for token in range(self.model.vocabulary)
        )
        return np.array([text.endswith(tuple(_SENTENCE_ENDS)) for text in texts])


@dataclass(frozen=True)
class ModelConfig:
    """The model, the same at both ends."""

    model: str = setting(
        "smollm2-135m", "language model: a name of `semcom models`, a path or a hub name"
    )
    adapter: str = setting(
        "",
        "what the model is adapted to: europarl, chat, general, stories, a folder, or empty for "
        "nothing",
    )
    precision: str = setting("int8", "numbers the language model computes with: int8 or float32")
    context: str = setting("", "messages before, one a line, the oldest first; empty for none")
    device: str = setting("cpu", DEVICE_HELP)

    def __post_init__(self) -> None:
        check_choice("precision", self.precision, PRECISIONS)
        check_device(self.device)


class ModelCodec(TextCodec):
    """A text codec over a language model.

    Args:
        config: settings; its context is not looked at.
        model: language model, the same at both ends, after the messages before.

    Attributes:
        config_class: the codec's configuration, a ModelConfig.
    """

    config_class: ClassVar[type[ModelConfig]]
    takes_context = True
    config: ModelConfig
    model: LanguageModel

    def __init__(self, config: ModelConfig, model: LanguageModel) -> None:
        self.config = config
        self.model = model
        self.prior = TextPrior(model)

    @classmethod
    def from_settings(cls, **settings: Any) -> Self:
        """Make the codec from keyword settings and load its model."""
        config = from_mapping(cls.config_class, settings)
        try:
            model = load_language_model(
                config.model, config.adapter, config.precision, config.device
            )
        except ModelError as error:
            raise ModelError(
                f"{error}; `semcom models` lists the models, `semcom models fetch NAME` gets or "
                "checks one"
            ) from error
        codec = cls(config, model)
        codec.device = model.device
        return codec.with_context(config.context.splitlines()) if config.context else codec

    def with_context(self, context: Sequence[str]) -> Self:
        """The same codec after some messages, the oldest first, that both ends have."""
        other = copy.copy(self)
        other.model = self.model.with_context(context)
        other.prior = self.prior.after(other.model)
        return other

    def source_bits(self, text: str) -> float:
        """Surprisal of a text with its end, bits."""
        return float(self.prior.surprisals(self.prior.tokenize(text)).sum())

    def fingerprints(self) -> dict[str, int]:
        """Header fields that name the model and the messages before."""
        context = self.model.context_fingerprint
        return {
            "model_fp": int(self.model.fingerprint, 16) % 16,
            "context_fp": 1 + int(context, 16) % 15 if context else 0,
        }

    def check_fingerprints(self, header: FrameHeader) -> None:
        """Raise ModelError unless the far end uses the same model and has the same messages
        before.
        """
        here = self.fingerprints()
        if header.model_fp != here["model_fp"]:
            raise ModelError(
                f"message {header.message_id} was made with a model of fingerprint "
                f"…{header.model_fp:x}; the model here is {self.model.name}, fingerprint "
                f"{self.model.fingerprint}"
            )
        if header.context_fp != here["context_fp"]:
            raise ModelError(
                f"message {header.message_id} was made after other messages, context fingerprint "
                f"{header.context_fp:x} of 0 to f; the context here has {here['context_fp']:x}"
            )
