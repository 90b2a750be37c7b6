# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text codec "llm-sc": a fixed number of 8QAM symbols for each token, found again by a beam search with a language model as prior.

    text ─► tokens ─► number in binary ─► 8QAM, the same symbols a token at every SNR ─► beam search, p(token | before) p(y | token)

The number of tokens follows from the length in the header. Each fragment decodes alone.

Source: Z. Wang et al., "Large language model enabled semantic communication systems" (LLM-SC), 2024. Different from it: text that the
tokenizer cannot write travels as raw bytes, so the alphabet is larger by these; the posterior says whether a text counts as decoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from semcom_core.config import setting
from semcom_core.errors import FrameError, check_range
from semcom_core.models.language import LanguageModel
from semcom_core.phy.frame import MAX_FRAGMENTS, MAX_LENGTH, Frame, FrameHeader, ReceivedFrame
from semcom_core.text.codec import DecodedText, check_fragments, check_text
from semcom_core.text.llm_sc_search import BeamResult, beam_search
from semcom_core.text.llm_sc_symbols import POINTS, evidence, fewest_symbols, masks, token_labels
from semcom_core.text.model_codec import ModelCodec, ModelConfig
from semcom_core.text.separate import common_header

#: Source symbols of one fragment, as long as there are fragments: a longer history costs memory and gains little.
FRAGMENT_SYMBOLS = 192
#: A fragment without tokens has one symbol, which says nothing.
_EMPTY = 1


@dataclass(frozen=True)
class LlmScConfig(ModelConfig):
    """Settings of the codec. The model's and symbols_per_token must be the same at both ends."""

    symbols_per_token: int = setting(0, "8QAM symbols a token, up to 16; 0 for the fewest that tell all tokens apart")
    beam: int = setting(8, "hypotheses kept after each token, 1 to 256")
    confidence_bits: float = setting(6.0, "log2 odds from which a text counts as decoded, 0 to 40")

    def __post_init__(self):
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
    number = 6
    config_type = LlmScConfig

    def __init__(self, config: LlmScConfig, model: LanguageModel):
        super().__init__(config, model)
        fewest = fewest_symbols(self.prior.size)
        self.per_token = config.symbols_per_token or fewest
        check_range(f"symbols_per_token for {self.prior.size} tokens", self.per_token, fewest, 16)

    def encode(self, text: str, snr_db: float, message_id: int = 0) -> list[Frame]:
        """Frames of one message, one for each fragment; the rate is the same at every SNR.

        Raises:
            FrameError: the text does not fit the largest number of fragments, or is not Unicode text.
        """
        check_text(text)
        symbols = self.prior.tokenize(text)
        longest = MAX_LENGTH // self.per_token
        if len(symbols) > MAX_FRAGMENTS * longest:
            raise FrameError(f"text has {len(symbols)} tokens; allowed is up to {MAX_FRAGMENTS * longest}")
        parts = min(max(1, -(-len(symbols) // FRAGMENT_SYMBOLS)), MAX_FRAGMENTS)
        payloads = [self._payload(part, i) for i, part in enumerate(np.array_split(np.array(symbols, np.int64), parts))]
        common = {"codec": self.number, "message_id": message_id, "last_fragment": parts - 1, **self.fingerprints()}
        return [Frame(FrameHeader(fragment=i, length=len(p), **common), p) for i, p in enumerate(payloads)]

    def decode(self, frames: list[ReceivedFrame]) -> DecodedText:
        """Decode the fragments of one message, in any order; a missing fragment leaves the message undecoded.

        Raises:
            FrameError: no frames, frames of another codec or of more than one message, or a length that no text has.
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
            reason = f"confidence is {confidence:.1f} bits; {self.config.confidence_bits:g} are needed"
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
            raise FrameError(f"message {header.message_id} has {header.length} symbols; allowed is 1 or a multiple of {self.per_token}")
        bits = evidence(frame.symbols, frame.noise_var)
        return beam_search(self.prior, self.model.tree(), bits, self._labels, masks(header.length, header.fragment), self.config.beam)
