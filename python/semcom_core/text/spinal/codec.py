# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Token-spinal code: rateless joint source-channel coding of text with a language model.

    text -> tokens t_1..t_n -> spine s_i = h(s_{i-1}, t_i) -> alpha u_i symbols of s_i -> channel
                               u_i = -log2 p(t_i | t_1..t_{i-1}) + delta

A token gets as many channel symbols as it carries information, so what the model can predict costs
nothing. The receiver runs the same model and searches the tree of texts for the one that explains
the symbols best; a tail after the last token, and the posterior, confirm the text. Long texts are
cut into fragments that decode by themselves. Increments are fresh symbols of the same spine.

    rate.py     surprisal -> symbols: grid, budget, alpha for an SNR
    symbols.py  spine, constellation, information density
    decoder.py  sequential decoding with the Fano metric

Source: J. Perry, P. Iannucci, K. Fleming, H. Balakrishnan, D. Shah, "Spinal codes", SIGCOMM 2012,
with a language-model prior in place of equally likely bits, and symbols in proportion to surprisal
in place of a fixed number a pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semcom_core.config import setting
from semcom_core.errors import FrameError, check_range
from semcom_core.frame import (
    MAX_FRAGMENTS,
    MAX_LENGTH,
    ROUND_NUMBERS,
    ROUNDS,
    Frame,
    FrameHeader,
    ReceivedFrame,
)
from semcom_core.models.language import LanguageModel
from semcom_core.phy.ofdm import interleaver
from semcom_core.text.codec import DecodedText, check_text, gather
from semcom_core.text.language_model import ModelCodec, ModelConfig
from semcom_core.text.spinal.decoder import SearchResult, SequentialDecoder, observe
from semcom_core.text.spinal.rate import GRID, Budget, alpha_for, rate_index, surprisal_units
from semcom_core.text.spinal.symbols import SourceFragment, spines_of, start_spine
from semcom_core.units import capacity_bits

#: Source symbols of one fragment at the most: a longer history costs memory and gains little.
FRAGMENT_SYMBOLS = 192
#: Source symbols of a fragment of a text that does not fit the most fragments otherwise.
LONG_FRAGMENT_SYMBOLS = 1024


@dataclass(frozen=True)
class SpinalConfig(ModelConfig):
    """Settings of the token-spinal codec. All but efficiency, increment and the search's must be
    the same at both ends.
    """

    efficiency: float = setting(
        0.73, "information bits a use over capacity at 0 dB, without the tail, 0.1 to 1.2"
    )
    increment: float = setting(
        0.3, "symbols of each further round over those of the first, 0.05 to 2"
    )
    beam: int = setting(8, "hypotheses the language model sees at once, 1 to 256")
    expansions: int = setting(4096, "most hypotheses to try for one fragment, 1 to 1000000")
    confidence_bits: float = setting(6.0, "log2 odds from which a text counts as decoded, 0 to 40")
    key: str = setting("", "pre-shared key that scrambles the code; empty for public")
    delta_bits: float = setting(0.0, "budget added to each token, bits, 0 to 4")
    tail_bits: float = setting(6.0, "budget of the tail that confirms a text, bits, 0 to 64")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("efficiency", self.efficiency, 0.1, 1.2)
        check_range("increment", self.increment, 0.05, 2)
        check_range("beam", self.beam, 1, 256)
        check_range("expansions", self.expansions, 1, 1_000_000)
        check_range("confidence_bits", self.confidence_bits, 0, 40)
        Budget(0, self.delta_bits, self.tail_bits)


class SpinalCodec(ModelCodec):
    """Text codec "spinal" (see the module)."""

    name = "spinal"
    config_class = SpinalConfig
    config: SpinalConfig

    def __init__(self, config: SpinalConfig, model: LanguageModel):
        super().__init__(config, model)

    def gap(self, text: str, snr_db: float) -> dict[str, float]:
        """Channel uses of a text by cause (see uses_by_cause)."""
        frames = self.encode(text, snr_db)
        budgets = [self._budget(frame.header.params, 0) for frame in frames]
        return uses_by_cause(
            self.prior.surprisals(self.prior.tokenize(text)),
            budgets,
            sum(frame.header.length for frame in frames),
            snr_db,
        )

    def encode(self, text: str, snr_db: float, message_id: int = 0) -> list[Frame]:
        """Frames of the first round of a message (see TextCodec)."""
        return self.increments(text, snr_db, message_id, 1)[0]

    def increments(
        self, text: str, snr_db: float, message_id: int = 0, rounds: int = ROUNDS
    ) -> list[list[Frame]]:
        """Frames of each round of a message: those of `encode`, then fresh symbols of the same
        text, to be sent if it does not decode.

        Args:
            text: the message.
            snr_db: SNR to choose the rate of the first round for, dB.
            message_id: number of the message, 0 to 255.
            rounds: how many, 1 to 4.

        Returns:
            for each round its frames, one for each fragment; an increment leaves out a fragment
            whose symbols would not fit a frame.

        Raises:
            FrameError: as encode.
        """
        check_range("rounds", rounds, 1, ROUNDS)
        check_text(text)
        symbols = self.prior.tokenize(text)
        parts = min(max(1, -(-len(symbols) // FRAGMENT_SYMBOLS)), MAX_FRAGMENTS)
        while parts <= MAX_FRAGMENTS and len(symbols) <= parts * LONG_FRAGMENT_SYMBOLS:
            sources = [
                self._source(list(part), message_id, k)
                for k, part in enumerate(np.array_split(symbols, parts))
            ]
            frames = [
                [
                    self._frame(source, snr_db, r, message_id, k, parts)
                    for k, source in enumerate(sources)
                ]
                for r in range(rounds)
            ]
            if None not in frames[0]:
                return [[frame for frame in one if frame] for one in frames]
            parts = MAX_FRAGMENTS if parts < MAX_FRAGMENTS < 2 * parts else 2 * parts
        raise FrameError(
            f"text has {len(text)} characters, {len(symbols)} tokens; allowed is what fits "
            f"{MAX_FRAGMENTS} fragments of {LONG_FRAGMENT_SYMBOLS} tokens and {MAX_LENGTH} channel "
            "symbols"
        )

    def decode(self, frames: list[ReceivedFrame]) -> DecodedText:
        """Decode the fragments of one message, each from whatever rounds of it are there."""
        message, fragments = gather(frames)
        if frames[0].header.family != self.number:
            raise FrameError(
                f"frame has codec number {frames[0].header.codec}; the spinal codec takes "
                f"{ROUND_NUMBERS[self.number]}"
            )
        results = [
            self._search(rounds) if rounds else SearchResult([], False, -np.inf, 0)
            for rounds in fragments
        ]
        text = self.prior.text_of([symbol for result in results for symbol in result.symbols])
        confidence = min(result.confidence_bits for result in results)
        reason = ""
        if [] in fragments:
            reason = f"fragment {fragments.index([]) + 1} of {len(fragments)} is missing"
        elif not all(result.complete for result in results):
            reason = "no text was found that ends where the message ends"
        elif not confidence >= self.config.confidence_bits:
            reason = (
                f"confidence is {confidence:.1f} bits; {self.config.confidence_bits:g} are needed"
            )
        return DecodedText(text, not reason, message, confidence, reason)

    def _source(self, symbols: list[int], message_id: int, fragment: int) -> SourceFragment:
        delta = self._budget(0, 0).delta_units
        surprisals = self.prior.surprisals(symbols)
        units = np.array([surprisal_units(-bits) + delta for bits in surprisals], np.int64)
        spines = spines_of(
            self._start(message_id, fragment), np.array([*symbols, self.prior.end], np.int64)
        )
        return SourceFragment(units, spines, float(surprisals.sum()))

    def _budget(self, index: int, round: int) -> Budget:
        return Budget(index, self.config.delta_bits, self.config.tail_bits, round)

    def _frame(
        self,
        source: SourceFragment,
        snr_db: float,
        round: int,
        message_id: int,
        fragment: int,
        parts: int,
    ) -> Frame | None:
        """Frame of one round of one fragment; None where it is too long."""
        share = self.config.increment if round else 1.0
        alpha = share * alpha_for(snr_db, self.config.efficiency, source.bits)
        budget = self._budget(rate_index(alpha, round), round)
        symbols = source.symbols(budget)
        if len(symbols) > MAX_LENGTH:
            return None
        header = FrameHeader(
            codec=ROUND_NUMBERS[self.number][round],
            message_id=message_id,
            fragment=fragment,
            last_fragment=parts - 1,
            length=len(symbols),
            params=budget.index,
            **self.fingerprints(),
        )
        return Frame(header, symbols[interleaver(len(symbols))])

    def _search(self, frames: list[ReceivedFrame]) -> SearchResult:
        """Decode one fragment from its rounds."""
        header = frames[0].header
        rounds = []
        for frame in frames:
            self.check_fingerprints(frame.header)
            budget = self._budget(frame.header.params, frame.header.round)
            if frame.header.length < budget.tail:
                raise FrameError(
                    f"message {header.message_id} has {frame.header.length} symbols; at least "
                    f"{budget.tail} are needed"
                )
            back = np.argsort(interleaver(frame.header.length))
            rounds.append((budget, frame.symbols[back], frame.noise_var[back]))
        start = self._start(header.message_id, header.fragment)
        decoder = SequentialDecoder(
            self.prior, self.model.tree(), observe(rounds), budget.delta_units, start
        )
        return decoder.search(self.config.beam, self.config.expansions, self.config.confidence_bits)

    def _start(self, message_id: int, fragment: int) -> np.uint64:
        return start_spine(
            self.config.key,
            message_id,
            fragment,
            self.model.fingerprint,
            self.model.context_fingerprint,
        )


def uses_by_cause(
    surprisals: np.ndarray, budgets: Sequence[Budget], uses: int, snr_db: float
) -> dict[str, float]:
    """Channel uses of a message by cause; they add up to `uses`.

    Args:
        surprisals: float (n + 1,), of each source symbol and of the end, bits.
        budgets: of each fragment.
        uses: channel symbols of the message.
        snr_db: SNR, dB.

    Returns:
        source: the text's bits at capacity; end: those of its end; grid: what rounding the
        surprisals adds, of either sign; delta: what is added to each symbol; tail: what confirms
        each fragment; margin: all the rest, which protects from noise.
    """
    capacity = float(capacity_bits(snr_db))
    units = np.array([surprisal_units(-bits) for bits in surprisals])
    causes = {
        "source": surprisals[:-1].sum() / capacity,
        "end": surprisals[-1] / capacity,
        "grid": (units.sum() * GRID - surprisals.sum()) / capacity,
        "delta": len(surprisals) * budgets[0].delta_units * GRID / capacity,
        "tail": float(sum(budget.tail for budget in budgets)),
    }
    return {
        **{cause: float(value) for cause, value in causes.items()},
        "margin": uses - float(sum(causes.values())),
    }
