# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text codec "llm-sc": 8QAM symbols a token, decoded by beam search with a language-model prior.

    text -> tokens -> number in binary -> 8QAM, the same symbols a token at every SNR -> channel
         -> beam search over p(token | tokens before) p(y | token) -> text

Three bits a symbol of star-shaped 8QAM: 1+j, -1+j, -1-j, 1-j, and the four points at distance
1 + sqrt(3) on the axes, scaled to unit mean power. Symbols beyond the fewest that hold a token's
number repeat its first ones. A public sequence turns each label into another, so that small numbers
do not use the inner points only. The number of tokens follows from the length in the header. Each
fragment decodes alone.

A hypothesis is scored by log2 prior plus the information density of its symbols,
log2 p(y | label) - log2 p(y). The scores of what was dropped early and of what was kept to the end
compare, and 2^score over the sum of all is the posterior of a text.

Source: Z. Wang et al., "Large language model enabled semantic communication systems" (LLM-SC),
2024, with its constellation and binary labels; the scrambling sequence is the project's own.
Different from it: text that the tokenizer cannot write travels as raw bytes, so the alphabet is
larger by these; the posterior says whether a text counts as decoded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from semcom_core.config import setting
from semcom_core.errors import FrameError, check_range
from semcom_core.fec.scrambling import gold_sequence
from semcom_core.frame import MAX_FRAGMENTS, MAX_LENGTH, Frame, FrameHeader, ReceivedFrame
from semcom_core.models.language import LanguageModel, TokenTree
from semcom_core.text.baselines.separate import common_header
from semcom_core.text.codec import DecodedText, check_fragments, check_text
from semcom_core.text.language_model import ModelCodec, ModelConfig, TextPrior

#: Bits of a symbol.
BITS = 3
#: Star-shaped 8QAM before its scaling: distance of the outer points, and all points by label.
_OUTER = 1 + math.sqrt(3)
_STAR = np.array([1 + 1j, -1 + 1j, -1 - 1j, 1 - 1j, _OUTER, 1j * _OUTER, -1j * _OUTER, -_OUTER])
#: Point of each label, complex64 (8,).
POINTS = (_STAR / np.sqrt(np.mean(np.abs(_STAR) ** 2))).astype(np.complex64)
#: Floor of a noise variance, so that a noise-free symbol has a finite weight.
_LEAST_NOISE = 1e-9
#: Source symbols of one fragment, as long as there are fragments: a longer history costs memory and
#: gains little.
FRAGMENT_SYMBOLS = 192
#: Symbols of a fragment without tokens; they say nothing.
_EMPTY = 1


@dataclass(frozen=True)
class LlmScConfig(ModelConfig):
    """Settings of the codec. The model's and symbols_per_token must be the same at both ends."""

    symbols_per_token: int = setting(
        0, "8QAM symbols a token, up to 16; 0 for the fewest that tell all tokens apart"
    )
    beam: int = setting(8, "hypotheses kept after each token, 1 to 256")
    confidence_bits: float = setting(6.0, "log2 odds from which a text counts as decoded, 0 to 40")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("symbols_per_token", self.symbols_per_token, 0, 16)
        check_range("beam", self.beam, 1, 256)
        check_range("confidence_bits", self.confidence_bits, 0, 40)


class LlmScCodec(ModelCodec):
    """Fixed symbols a token (see TextCodec and the module).

    Raises:
        ConfigError: symbols_per_token is too small for the model's tokens.
    """

    name = "llm-sc"
    config_class = LlmScConfig
    config: LlmScConfig

    def __init__(self, config: LlmScConfig, model: LanguageModel):
        super().__init__(config, model)
        fewest = fewest_symbols(self.prior.size)
        self.per_token = config.symbols_per_token or fewest
        check_range(f"symbols_per_token for {self.prior.size} tokens", self.per_token, fewest, 16)

    def encode(self, text: str, snr_db: float, message_id: int = 0) -> list[Frame]:
        """Frames of one message, of one rate at every SNR (see TextCodec)."""
        check_text(text)
        symbols = self.prior.tokenize(text)
        longest = MAX_LENGTH // self.per_token
        if len(symbols) > MAX_FRAGMENTS * longest:
            raise FrameError(
                f"text has {len(symbols)} tokens; allowed is up to {MAX_FRAGMENTS * longest}"
            )
        parts = min(max(1, -(-len(symbols) // FRAGMENT_SYMBOLS)), MAX_FRAGMENTS)
        payloads = [
            self._payload(part, i)
            for i, part in enumerate(np.array_split(np.array(symbols, np.int64), parts))
        ]
        common = {
            "codec": self.number,
            "message_id": message_id,
            "last_fragment": parts - 1,
            **self.fingerprints(),
        }
        return [
            Frame(FrameHeader(fragment=i, length=len(p), **common), p)
            for i, p in enumerate(payloads)
        ]

    def decode(self, frames: list[ReceivedFrame]) -> DecodedText:
        """Decode the fragments of one message, in any order; a missing fragment leaves the message
        undecoded.

        Raises:
            FrameError: no frames, frames of another codec or of more than one message, or a length
                that no text has.
            ModelError: the frames were made with another model or context.
        """
        message_id, fragments = check_fragments(frames)
        results = [self._search(frame) if frame else BeamResult([], -np.inf) for frame in fragments]
        text = self.prior.text_of([symbol for result in results for symbol in result.symbols])
        confidence = min(result.confidence_bits for result in results)
        reason = ""
        if None in fragments:
            reason = f"fragment {fragments.index(None) + 1} of {len(fragments)} is missing"
        elif not confidence >= self.config.confidence_bits:
            reason = (
                f"confidence is {confidence:.1f} bits; {self.config.confidence_bits:g} are needed"
            )
        return DecodedText(text, not reason, message_id, confidence, reason)

    @cached_property
    def _labels(self) -> np.ndarray:
        return token_labels(self.prior.size, self.per_token)

    def _payload(self, symbols: np.ndarray, fragment: int) -> np.ndarray:
        """Channel symbols of one fragment, complex64."""
        labels = self._labels[:, symbols].T.ravel() if symbols.size else np.zeros(_EMPTY, np.uint8)
        return POINTS[labels ^ masks(labels.size, fragment)]

    def _search(self, frame: ReceivedFrame) -> BeamResult:
        """Decode one fragment."""
        header = common_header([frame], self.number, self.name)
        self.check_fingerprints(header)
        if header.length == _EMPTY:
            return BeamResult([], np.inf)
        if header.length % self.per_token or not header.length:
            raise FrameError(
                f"message {header.message_id} has {header.length} symbols; allowed is 1 or a "
                f"multiple of {self.per_token}"
            )
        density = label_density(frame.symbols, frame.noise_var)
        return beam_search(
            self.prior,
            self.model.tree(),
            density,
            self._labels,
            masks(header.length, header.fragment),
            self.config.beam,
        )


def fewest_symbols(alphabet: int) -> int:
    """Symbols that hold the number of one of `alphabet` tokens."""
    return -(-math.ceil(math.log2(alphabet)) // BITS)


def token_labels(alphabet: int, count: int) -> np.ndarray:
    """Labels of the symbols of each token before scrambling, uint8 (count, alphabet)."""
    fewest = fewest_symbols(alphabet)
    places = BITS * (fewest - 1 - np.arange(count) % fewest)
    return (np.arange(alphabet) >> places[:, None] & (1 << BITS) - 1).astype(np.uint8)


def masks(count: int, fragment: int) -> np.ndarray:
    """What the label of each symbol of a fragment is combined with by exclusive or, uint8
    (count,).
    """
    return gold_sequence(BITS * count, seed=1 + fragment).reshape(count, BITS) @ np.array(
        [4, 2, 1], np.uint8
    )


def label_density(symbols: np.ndarray, noise_var: np.ndarray) -> np.ndarray:
    """Information density of each received symbol and label: log2 p(y | label) - log2 p(y), bits.

    Args:
        symbols: complex (n,), received as y = x + n.
        noise_var: float (n,), E|n|^2 of each; inf marks an erasure.

    Returns:
        float32 (n, 8); exactly 0 for erased symbols.
    """
    erased = ~np.isfinite(noise_var)
    variance = np.where(erased, 1.0, np.maximum(noise_var, _LEAST_NOISE)).astype(float)
    exponent = -(np.abs(symbols.astype(complex)[:, None] - POINTS) ** 2) / variance[:, None]
    peak = exponent.max(axis=1, keepdims=True)
    density = (
        exponent - peak - np.log(np.mean(np.exp(exponent - peak), axis=1, keepdims=True))
    ) / np.log(2)
    density[erased] = 0.0
    return density.astype(np.float32)


@dataclass(frozen=True)
class BeamResult:
    """Result of the beam search.

    Args:
        symbols: source symbols of the most probable text.
        confidence_bits: log2 of its posterior odds against all others.
    """

    symbols: list[int]
    confidence_bits: float


def beam_search(
    prior: TextPrior,
    tree: TokenTree,
    density: np.ndarray,
    labels: np.ndarray,
    masks: np.ndarray,
    beam: int,
) -> BeamResult:
    """Decode one fragment.

    Args:
        prior, tree: source alphabet and a fresh token tree of the language model.
        density: float32 (n, 8), information density of n symbols for each label, bits.
        labels: uint8 (symbols a token, alphabet).
        masks: uint8 (n,).
        beam: hypotheses kept after each token.
    """
    per_token = len(labels)
    node, log2_probs = tree.root()
    nodes = [node]
    rows = log2_probs[None]
    texts: list[list[int]] = [[]]
    scores = np.zeros(1)
    rivals = -np.inf
    for first in range(0, len(density), per_token):
        gain = sum(density[first + j][labels[j] ^ masks[first + j]] for j in range(per_token))
        gain[prior.end] = -np.inf  # the end is not sent: the length of the frame tells it
        priors = (prior.apply(row, text[-1] if text else None) for row, text in zip(rows, texts))
        extended = np.concatenate(
            [score + one + gain for score, one in zip(scores, priors)]
        ).astype(np.float64)
        kept = np.argpartition(extended, -beam)[-beam:]
        kept = kept[np.argsort(-extended[kept])]
        scores = extended[kept]
        extended[kept] = -np.inf
        rivals = np.logaddexp2(rivals, _log2_sum(extended))
        parents, tokens = np.divmod(kept, prior.size)
        texts = [[*texts[parent], int(token)] for parent, token in zip(parents, tokens)]
        if first + per_token < len(density):
            nodes, rows = tree.extend(
                [nodes[parent] for parent in parents],
                [prior.model_token(text[-1]) for text in texts],
            )
    return BeamResult(texts[0], float(scores[0] - np.logaddexp2(rivals, _log2_sum(scores[1:]))))


def _log2_sum(values: np.ndarray) -> float:
    """log2 of the sum of 2^values; -inf where there is nothing to add up."""
    peak = values.max(initial=-np.inf)
    return peak if peak == -np.inf else peak + np.log2(np.exp2(values - peak).sum())
