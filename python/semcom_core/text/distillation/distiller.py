# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Context distillation: a message is shortened before it is sent, and keeps its meaning.

    text -> abstractive: the language model rewrites it -> check -> shorter text
              | refused
              v
            extractive: edits that save bits -> check -> shorter text, or the text as it is

The check accepts a text that has every protected item (see protected) in its order and no new one,
that is similar enough to the original (see models.sentence), and that costs fewer bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from semcom_core.config import DEVICE_HELP, check_device, from_mapping, setting
from semcom_core.errors import check_choice, check_range
from semcom_core.models.sentence import Embedder, load_embedder
from semcom_core.text.codec import TextCodec, check_text
from semcom_core.text.distillation import MODES
from semcom_core.text.distillation.cost import CostMeter
from semcom_core.text.distillation.extractive import Extractor
from semcom_core.text.distillation.protected import altered
from semcom_core.text.distillation.rewriter import Rewriter
from semcom_core.text.spinal.codec import SpinalCodec


@dataclass(frozen=True)
class DistillConfig:
    """Settings of a distiller."""

    mode: str = setting("extractive", f"one of {', '.join(MODES)}")
    least_similarity: float = setting(
        0.85, "of the shorter text to the original, cosine of sentence embeddings, 0 to 1"
    )
    looks: int = setting(
        20, "edits whose saving is measured before a text counts as short enough, 1 to 1000"
    )
    most_words: int = setting(200, "a longer text is sent as it is, 1 to 10000 words")
    model: str = setting("smollm2-135m", "language model of the codec that is to send the texts")
    adapter: str = setting("", "what that model is adapted to; empty for nothing")
    embedding: str = setting("", "folder of a sentence embedding; empty for all-MiniLM-L6-v2")
    device: str = setting("cpu", f"of the sentence embedding: {DEVICE_HELP}")

    def __post_init__(self) -> None:
        check_choice("mode", self.mode, MODES)
        check_range("least_similarity", self.least_similarity, 0, 1)
        check_range("looks", self.looks, 1, 1000)
        check_range("most_words", self.most_words, 1, 10_000)
        check_device(self.device)


@dataclass(frozen=True)
class Distilled:
    """A message as it is to be sent.

    Args:
        original: the message.
        text: what is to be sent in its place.
        method: how it was made: off, canonical, extractive, abstractive, or unchanged.
        similarity: of the two, -1 to 1.
        bits_before, bits_after: what they cost, bits.
        reason: why the mode that was asked for was not used, in one line; empty where it was.
    """

    original: str
    text: str
    method: str
    similarity: float
    bits_before: float
    bits_after: float
    reason: str = ""

    @property
    def fell_back(self) -> bool:
        """Whether another method than the one asked for made the text."""
        return bool(self.reason)

    @property
    def reduction(self) -> float:
        """Share of the bits that is saved, 0 to 1."""
        return 1 - self.bits_after / self.bits_before if self.bits_before > 0 else 0.0


class Distiller:
    """Makes messages shorter (see the module).

    Args:
        config: settings; model, adapter and embedding are not looked at.
        codec: the token-spinal codec that is to send the texts.
        embedder: sentence embedding; None loads config.embedding on first use.

    Attributes:
        device: what the sentence embedding computes on.
    """

    def __init__(
        self, config: DistillConfig, codec: SpinalCodec, embedder: Embedder | None = None
    ) -> None:
        self.config = config
        self.device = codec.device
        self._meter = CostMeter(codec)
        if config.mode != "off":
            self._embedder = embedder or load_embedder(config.embedding, config.device)
            self.device = self._embedder.device
            self._extractor = Extractor(
                self._meter, self._embedder, config.least_similarity, config.looks
            )
            self._rewriter = Rewriter(codec.model)

    @classmethod
    def from_settings(cls, **settings: Any) -> Distiller:
        """Make a distiller from keyword settings and load its models."""
        config = from_mapping(DistillConfig, settings)
        return cls(config, _default_codec(config))

    def distill(self, text: str) -> Distilled:
        """A message as it is to be sent.

        Raises:
            FrameError: the text has lone surrogates.
        """
        check_text(text)
        if (
            self.config.mode == "off"
            or len(text.split()) > self.config.most_words
            or not text.split()
        ):
            bits = self._meter.bits(text)
            method = "off" if self.config.mode == "off" else "unchanged"
            return Distilled(text, text, method, 1.0, bits, bits)
        reason = ""
        if self.config.mode == "abstractive":
            found, reason = self._abstract(text)
            if found:
                return found
        return self._checked(
            text, self._extractor.shorten(text, leave_out=self.config.mode != "canonical"), reason
        )

    def _abstract(self, text: str) -> tuple[Distilled | None, str]:
        """What the language model made of a text, and why that cannot be sent, if it cannot."""
        shorter = self._rewriter.shorten(text)
        found = self._compared(text, shorter, "abstractive")
        reason = self.refusal(found)
        return (None, f"abstractive: {reason}") if reason else (found, "")

    def _checked(self, text: str, shorter: str, reason: str) -> Distilled:
        """A shorter text where the check accepts it, else the text as it is."""
        method = "canonical" if self.config.mode == "canonical" else "extractive"
        found = self._compared(text, shorter, method, reason)
        refusal = self.refusal(found)
        if not refusal:
            return found
        return Distilled(text, text, "unchanged", 1.0, found.bits_before, found.bits_before, reason)

    def _compared(self, text: str, shorter: str, method: str, reason: str = "") -> Distilled:
        first, second = self._embedder.embed([text, shorter])
        return Distilled(
            text,
            shorter,
            method,
            float(first @ second),
            self._meter.bits(text),
            self._meter.bits(shorter),
            reason,
        )

    def refusal(self, found: Distilled) -> str:
        """Why the check refuses a text, in one line; empty where it accepts it."""
        if not found.text.strip():
            return "nothing is left"
        changed = altered(found.original, found.text)
        if changed:
            return changed
        if not found.similarity >= self.config.least_similarity:
            return (
                f"similarity is {found.similarity:.2f}; at least "
                f"{self.config.least_similarity:g} is needed"
            )
        return "" if found.bits_after < found.bits_before else "it costs no fewer bits"


def load_distiller(mode: str, codec: TextCodec, **settings: Any) -> Distiller:
    """A distiller for what a codec sends.

    Args:
        mode: one of MODES.
        codec: that is to send the texts; the costs are those of a codec of the configuration's
            model where this is no token-spinal one.
        settings: further fields of DistillConfig.

    Raises:
        ConfigError: no such mode, or a setting out of range.
        ModelError: the sentence embedding or the language model is not there.
    """
    config = from_mapping(DistillConfig, {"mode": mode, **settings})
    return Distiller(config, codec if isinstance(codec, SpinalCodec) else _default_codec(config))


def _default_codec(config: DistillConfig) -> SpinalCodec:
    """The token-spinal codec over the configuration's model."""
    return SpinalCodec.from_settings(model=config.model, adapter=config.adapter)
