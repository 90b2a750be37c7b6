# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text codec "llm-ac": arithmetic coding with a language model, then a channel code.

    text -> tokens -> arithmetic coder, p(token | tokens before) -> CRC -> polar or LDPC code -> QAM

The strongest separate design over the same language model. A sentence is 40 to 250 bits, so the
code is the polar code of separate.ShortRule by default: at equal loss it needs about 0.85 of the
uses of the LDPC code that the other separate codecs send with (setting fec=ldpc).

The decoder must compute the very same probabilities as the encoder, bit by bit: one frequency that
differs by one makes everything after it another text. So both ends run the model token by token, by
the same calls with the same shapes, and the log2-probabilities become whole frequencies before
anything else. That holds for two ends with the same machine, libraries and number of threads; it
does not hold across processors, library versions or batch sizes, which the fingerprint in the
header cannot see. A receiver that rounds otherwise gets another text although the CRC holds. It is
marked, because that text would have been sent by other bits, but it is lost.

Source: arithmetic coding by a language model as in G. Deletang et al., "Language modeling is
compression", ICLR 2024.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.config import setting
from semcom_core.entropy.arithmetic import SLACK, ArithmeticDecoder, ArithmeticEncoder
from semcom_core.errors import FrameError, check_choice
from semcom_core.frame import FrameHeader, ReceivedFrame
from semcom_core.models.language import LanguageModel, TokenTree
from semcom_core.text.baselines.separate import LongRule, Rule, SeparateCodec, ShortRule, check_rate
from semcom_core.text.codec import check_text
from semcom_core.text.language_model import ModelCodec, ModelConfig, TextPrior

#: Frequencies are probabilities in units of 2^-FREQUENCY_BITS; whatever is possible has one unit at
#: least.
FREQUENCY_BITS = 32
#: Source symbols after which the model starts anew: a longer history costs memory and gains little.
HISTORY = 192
#: Source symbols of the longest message, and of the longest guess where the CRC does not hold.
MOST_SYMBOLS = 16_384
GUESSED_SYMBOLS = 256
#: Channel codes to choose from.
RULES: dict[str, Rule] = {"polar": ShortRule(), "ldpc": LongRule(grain=1)}


@dataclass(frozen=True)
class LlmArithmeticConfig(ModelConfig):
    """Settings of the codec. The model's must be the same at both ends."""

    efficiency: float = setting(
        0.9, "capacity at the SNR that a frame is made for over that of the channel, 0.05 to 1"
    )
    fec: str = setting(
        "polar", "channel code, the same at both ends: polar (LDPC from 600 bits on), or ldpc"
    )
    margin_db: float = setting(
        0.0, "how far below the stated SNR the channel may fall, dB, 0 to 30"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_rate(self.efficiency, self.margin_db)
        check_choice("fec", self.fec, RULES)


class LlmArithmeticCodec(ModelCodec, SeparateCodec):
    """Arithmetic coding with a language model, polar code and QAM with a rate fit for the SNR (see
    TextCodec and the module).
    """

    name = "llm-ac"
    config_class = LlmArithmeticConfig

    def __init__(self, config: LlmArithmeticConfig, model: LanguageModel):
        super().__init__(config, model)
        self.rule = RULES[config.fec]

    def compress(self, text: str) -> np.ndarray:
        """Arithmetic code of a text's tokens and of the end, uint8 (n,)."""
        check_text(text)
        symbols = self.prior.tokenize(text)
        if len(symbols) >= MOST_SYMBOLS:
            raise FrameError(f"text has {len(symbols)} tokens; allowed is up to {MOST_SYMBOLS - 1}")
        encoder = ArithmeticEncoder()
        frequencies = Frequencies(self.prior)
        for symbol in symbols:
            encoder.add(*_share(frequencies.shares(), symbol))
            frequencies.follow(symbol)
        encoder.add(*_share(frequencies.shares(), self.prior.end))
        return encoder.finish()

    def expand(self, bits: np.ndarray, sure: bool) -> tuple[str, bool]:
        """Text of a stream, and whether it is whole and valid (see SeparateCodec.expand)."""
        decoder = ArithmeticDecoder(bits)
        encoder = ArithmeticEncoder()
        frequencies = Frequencies(self.prior)
        symbols: list[int] = []
        most = MOST_SYMBOLS if sure else GUESSED_SYMBOLS
        while len(symbols) < most and encoder.information <= len(bits) + SLACK:
            shares = frequencies.shares()
            symbol = int(np.searchsorted(shares, decoder.target(int(shares[-1])), side="right")) - 1
            share = _share(shares, symbol)
            decoder.take(*share)
            encoder.add(*share)
            if symbol == self.prior.end:
                return self.prior.text_of(symbols), _is_padded(encoder.finish(), bits)
            symbols.append(symbol)
            frequencies.follow(symbol)
        return self.prior.text_of(symbols), False

    def _fingerprints(self) -> dict[str, int]:
        return self.fingerprints()

    def _common_header(self, frames: list[ReceivedFrame]) -> FrameHeader:
        header = super()._common_header(frames)
        self.check_fingerprints(header)
        return header


class Frequencies:
    """The frequencies of the next source symbol along one text, the same at both ends.

    Args:
        prior: source alphabet over the language model.
    """

    _tree: TokenTree
    _node: int
    _log2_probs: np.ndarray

    def __init__(self, prior: TextPrior):
        self._prior = prior
        self._last: int | None = None
        self._seen = 0
        self._restart()

    def shares(self) -> np.ndarray:
        """Where the share of each symbol begins, and the total, int64 (alphabet + 1,)."""
        prior = self._prior.apply(self._log2_probs, self._last).astype(np.float64)
        counts = np.where(
            np.isfinite(prior), np.floor(np.exp2(prior + FREQUENCY_BITS)) + 1, 0
        ).astype(np.int64)
        return np.concatenate([[0], np.cumsum(counts)])

    def follow(self, symbol: int) -> None:
        """Go on after a source symbol."""
        self._last = symbol
        self._seen += 1
        if self._seen % HISTORY == 0:
            self._restart()
        else:
            (self._node,), (self._log2_probs,) = self._tree.extend(
                [self._node], [self._prior.model_token(symbol)]
            )

    def _restart(self) -> None:
        self._tree = self._prior.model.tree()
        self._node, self._log2_probs = self._tree.root()


def _share(shares: np.ndarray, symbol: int) -> tuple[int, int, int]:
    """Start and width of a symbol's share, and the total."""
    return int(shares[symbol]), int(shares[symbol + 1] - shares[symbol]), int(shares[-1])


def _is_padded(stream: np.ndarray, bits: np.ndarray) -> bool:
    """Whether the bits are the stream with zeros after it."""
    return (
        len(stream) <= len(bits)
        and np.array_equal(stream, bits[: len(stream)])
        and not bits[len(stream) :].any()
    )
