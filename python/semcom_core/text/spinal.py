# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Token-spinal code: joint source-channel coding of text with a language model at both ends.

    text -> tokens t1..tn -> spine s_i = PRF(s_{i-1}, t_i) -> alpha * (-log2 p(t_i | t_1..t_{i-1}) + delta) symbols each

A token gets as many channel symbols as it carries information, so what the model can predict costs nothing.
Source: spinal codes (Perry et al., SIGCOMM 2012) with a language-model prior in place of equally likely bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.config import from_mapping, setting
from semcom_core.errors import FrameError, ModelError, check_range
from semcom_core.models import load_language_model
from semcom_core.models.language import LanguageModel
from semcom_core.phy.frame import MAX_FRAGMENTS, MAX_LENGTH, Frame, FrameHeader, ReceivedFrame
from semcom_core.text.budget import Budget, alpha_for, rate_index, surprisal_units
from semcom_core.text.codec import DecodedText, check_fragments, check_text
from semcom_core.text.constellation import evidence
from semcom_core.text.prior import TextPrior
from semcom_core.text.search import SearchResult, SequentialDecoder
from semcom_core.text.spine import spine_symbols, spines_of, start_spine

#: Source symbols of one fragment at the most: a longer history costs memory and gains little.
FRAGMENT_SYMBOLS = 192
#: Source symbols of a fragment of a text that is too long for the most fragments otherwise.
LONG_FRAGMENT_SYMBOLS = 1024


@dataclass(frozen=True)
class SpinalConfig:
    """Settings of the token-spinal codec. model, key, delta_bits and tail_bits must be the same at both ends."""

    model: str = setting("smollm2-135m", "language model: a name of `semcom models`, a path or a hub name")
    efficiency: float = setting(0.735, "information bits a use over capacity at 0 dB, 0.1 to 1.2")
    beam: int = setting(8, "hypotheses the language model sees at once, 1 to 256")
    expansions: int = setting(2048, "most hypotheses to try for one fragment, 1 to 1000000")
    confidence_bits: float = setting(6.0, "log2 odds from which a text counts as decoded, 0 to 40")
    key: str = setting("", "pre-shared key that scrambles the code; empty for public")
    delta_bits: float = setting(0.25, "budget added to each token, bits, 0 to 4")
    tail_bits: float = setting(12.0, "budget of the tail that confirms a text, bits, 0 to 64")

    def __post_init__(self):
        check_range("efficiency", self.efficiency, 0.1, 1.2)
        check_range("beam", self.beam, 1, 256)
        check_range("expansions", self.expansions, 1, 1_000_000)
        check_range("confidence_bits", self.confidence_bits, 0, 40)
        Budget(0, self.delta_bits, self.tail_bits)


class SpinalCodec:
    """Text codec "spinal" (see the module).

    Args:
        config: settings.
        model: language model, the same at both ends.
    """

    name = "spinal"
    number = 1

    def __init__(self, config: SpinalConfig, model: LanguageModel):
        self.config = config
        self.model = model
        self.prior = TextPrior(model)
        self._model_fp = int(model.fingerprint, 16) % 16

    @classmethod
    def from_settings(cls, **settings) -> SpinalCodec:
        """Make the codec from keyword settings and load its model."""
        config = from_mapping(SpinalConfig, settings)
        try:
            return cls(config, load_language_model(config.model))
        except ModelError as error:
            raise ModelError(f"{error}; `semcom models` lists the models, `semcom models fetch NAME` gets or checks one") from error

    def surprisals(self, symbols: list[int]) -> np.ndarray:
        """Surprisal of each source symbol and of the end of the message, bits, float (len(symbols) + 1,)."""
        probabilities = self.model.log2_probs([self.prior.model_token(s) for s in symbols])
        rows = zip(probabilities, [None, *symbols], [*symbols, self.prior.end])
        return -np.array([self.prior.apply(row, before)[symbol] for row, before, symbol in rows], np.float64)

    def source_bits(self, text: str) -> float:
        """Surprisal of a text with its end, as one fragment, bits."""
        return float(self.surprisals(self.prior.tokenize(text)).sum())

    def encode(self, text: str, snr_db: float, message_id: int = 0) -> list[Frame]:
        index = rate_index(alpha_for(snr_db, self.config.efficiency))
        budget = Budget(index, self.config.delta_bits, self.config.tail_bits)
        check_text(text)
        symbols = self.prior.tokenize(text)
        parts = min(max(1, -(-len(symbols) // FRAGMENT_SYMBOLS)), MAX_FRAGMENTS)
        while parts <= MAX_FRAGMENTS and len(symbols) <= parts * LONG_FRAGMENT_SYMBOLS:
            payloads = [
                self._fragment(list(part), budget, message_id, k) for k, part in enumerate(np.array_split(symbols, parts))
            ]
            if max(len(p) for p in payloads) <= MAX_LENGTH:
                return [self._frame(p, budget, message_id, k, parts) for k, p in enumerate(payloads)]
            parts = MAX_FRAGMENTS if parts < MAX_FRAGMENTS < 2 * parts else 2 * parts
        raise FrameError(
            f"text has {len(text)} characters, {len(symbols)} tokens; allowed is what fits {MAX_FRAGMENTS} fragments of"
            f" {LONG_FRAGMENT_SYMBOLS} tokens and {MAX_LENGTH} channel symbols"
        )

    def decode(self, frames: list[ReceivedFrame]) -> DecodedText:
        message, fragments = check_fragments(frames)
        results = [self._search(f) if f else SearchResult([], False, -np.inf, 0) for f in fragments]
        text = self.prior.text_of([symbol for result in results for symbol in result.symbols])
        confidence = min(result.confidence_bits for result in results)
        reason = ""
        if None in fragments:
            reason = f"fragment {fragments.index(None) + 1} of {len(fragments)} is missing"
        elif not all(result.complete for result in results):
            reason = "no text was found that ends where the message ends"
        elif confidence < self.config.confidence_bits:
            reason = f"confidence is {confidence:.1f} bits; {self.config.confidence_bits:g} are needed"
        return DecodedText(text, not reason, message, confidence, reason)

    def _fragment(self, symbols: list[int], budget: Budget, message_id: int, fragment: int) -> np.ndarray:
        """Channel symbols of one fragment."""
        units = [surprisal_units(-s) + budget.delta_units for s in self.surprisals(symbols)]
        ends = budget.position(np.cumsum(units, dtype=np.int64))
        counts = np.diff(ends, prepend=0)
        counts[-1] += budget.tail
        spines = spines_of(self._start(message_id, fragment), np.array([*symbols, self.prior.end], np.int64))
        return np.concatenate([spine_symbols(spine, count) for spine, count in zip(spines, counts)])

    def _frame(self, payload: np.ndarray, budget: Budget, message_id: int, fragment: int, parts: int) -> Frame:
        header = FrameHeader(
            codec=self.number,
            message_id=message_id,
            fragment=fragment,
            last_fragment=parts - 1,
            length=len(payload),
            params=budget.index,
            model_fp=self._model_fp,
        )
        return Frame(header, payload)

    def _search(self, frame: ReceivedFrame) -> SearchResult:
        header = frame.header
        if header.model_fp != self._model_fp:
            raise ModelError(
                f"message {header.message_id} was made with a model of fingerprint …{header.model_fp:x};"
                f" the model here is {self.model.name}, fingerprint {self.model.fingerprint}"
            )
        budget = Budget(header.params, self.config.delta_bits, self.config.tail_bits)
        if header.length < budget.tail:
            raise FrameError(f"message {header.message_id} has {header.length} symbols; at least {budget.tail} are needed")
        bits = evidence(frame.symbols, frame.noise_var)
        start = self._start(header.message_id, header.fragment)
        decoder = SequentialDecoder(self.prior, self.model.tree(), bits, budget, start)
        return decoder.search(self.config.beam, self.config.expansions, self.config.confidence_bits)

    def _start(self, message_id: int, fragment: int) -> np.uint64:
        return start_spine(self.config.key, message_id, fragment, self.model.fingerprint)
