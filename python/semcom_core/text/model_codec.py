# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the codecs with a language model share: their model's settings, its fingerprints, and the information of a text."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from semcom_core.config import from_mapping, setting
from semcom_core.errors import ModelError, check_choice
from semcom_core.models import load_language_model
from semcom_core.models.language import LanguageModel
from semcom_core.models.loader import PRECISIONS
from semcom_core.phy.frame import FrameHeader
from semcom_core.text.prior import TextPrior


@dataclass(frozen=True)
class ModelConfig:
    """The model, the same at both ends."""

    model: str = setting("smollm2-135m", "language model: a name of `semcom models`, a path or a hub name")
    adapter: str = setting("", "what the model is adapted to: europarl, chat, general, a folder, or empty for nothing")
    precision: str = setting("int8", "numbers the language model computes with: int8 or float32")
    context: str = setting("", "messages before, one a line, the oldest first; empty for none")

    def __post_init__(self):
        check_choice("precision", self.precision, PRECISIONS)


class ModelCodec:
    """A text codec over a language model.

    Args:
        config: settings; its context is not looked at.
        model: language model, the same at both ends, after the messages before.

    Attributes:
        config_type: the codec's configuration, a ModelConfig.
    """

    name: str
    number: int
    config_type: type[ModelConfig]

    def __init__(self, config: ModelConfig, model: LanguageModel):
        self.config = config
        self.model = model
        self.prior = TextPrior(model)

    @classmethod
    def from_settings(cls, **settings) -> Self:
        """Make the codec from keyword settings and load its model."""
        config = from_mapping(cls.config_type, settings)
        try:
            model = load_language_model(config.model, config.adapter, config.precision)
        except ModelError as error:
            raise ModelError(f"{error}; `semcom models` lists the models, `semcom models fetch NAME` gets or checks one") from error
        codec = cls(config, model)
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
        return {"model_fp": int(self.model.fingerprint, 16) % 16, "context_fp": 1 + int(context, 16) % 15 if context else 0}

    def check_fingerprints(self, header: FrameHeader) -> None:
        """Raise ModelError unless the far end uses the same model and has the same messages before."""
        here = self.fingerprints()
        if header.model_fp != here["model_fp"]:
            raise ModelError(
                f"message {header.message_id} was made with a model of fingerprint …{header.model_fp:x};"
                f" the model here is {self.model.name}, fingerprint {self.model.fingerprint}"
            )
        if header.context_fp != here["context_fp"]:
            raise ModelError(
                f"message {header.message_id} was made after other messages, context fingerprint {header.context_fp:x} of 0 to f;"
                f" the context here has {here['context_fp']:x}"
            )
