# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Few-shot rewriting of messages by a chat model: shortening and clarifying.

The model is shown a few examples as the turns of a chat. Clarifying a received message, on request:

    decoded text -> short forms written out -> check -> language model -> check -> clearer text

The check accepts a text that has every protected item in its order and no new one, and that is
similar enough to the decoded text. The decoded text is always kept beside the clearer one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from semcom_core.config import DEVICE_HELP, check_device, from_mapping, setting
from semcom_core.errors import check_range
from semcom_core.models import load_language_model
from semcom_core.models.language import LanguageModel
from semcom_core.models.sentence import Embedder, load_embedder, similarity
from semcom_core.text.distillation.lexicon import long_form, plain_form
from semcom_core.text.distillation.protected import altered, protected_items

#: Request and answer of each example.
SHORTEN = (
    (
        "Shorten: I just wanted to let you know that I am going to be about 20 minutes late.",
        "I will be 20 minutes late.",
    ),
    (
        "Shorten: Hey, do you think that you could maybe call Anna when you have a moment?",
        "Could you call Anna?",
    ),
    (
        "Shorten: It is really not a problem at all, you can keep the book until Friday.",
        "Not a problem, keep the book until Friday.",
    ),
)
CLARIFY = (
    (
        "Write clearly: train late 20 min, start w/o me",
        "The train is 20 min late, start without me.",
    ),
    ("Write clearly: call Anna when free", "Call Anna when you are free."),
    ("Write clearly: not happy abt room 12", "I am not happy about room 12."),
)


class Rewriter:
    """Asks a chat model to rewrite a message.

    Args:
        model: language model that can be told of messages before; the most probable token is taken
            each time.
    """

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    def shorten(self, text: str) -> str:
        """A shorter message; nothing says that it is a good one."""
        return self._answer(SHORTEN, f"Shorten: {text}", 1.0)

    def clarify(self, text: str) -> str:
        """A clearer message; nothing says that it is a good one."""
        return self._answer(CLARIFY, f"Write clearly: {text}", 2.0)

    def _answer(self, examples: Sequence[tuple[str, str]], request: str, growth: float) -> str:
        """First line of the answer, cut at as many tokens as the request has, times `growth`."""
        model = self._model.with_context(
            [*(turn for example in examples for turn in example), request]
        )
        most = int(growth * len(self._model.tokenize(request))) + 4
        tree = model.tree()
        tokens: list[int] = []
        node, log2_probs = tree.root()
        while len(tokens) < most:
            token = int(np.argmax(log2_probs))
            if token in model.special_tokens:
                break
            tokens.append(token)
            (node,), rows = tree.extend([node], [token])
            log2_probs = rows[0]
        lines = model.detokenize(tokens).strip().splitlines()
        return lines[0].strip() if lines else ""


@dataclass(frozen=True)
class ExpandConfig:
    """Settings of an Expander."""

    least_similarity: float = setting(
        0.8, "of the clearer text to the decoded one, cosine of sentence embeddings, 0 to 1"
    )
    rewrite: bool = setting(
        True, "whether the language model rewrites; else only short forms are written out"
    )
    most_words: int = setting(200, "a longer text is left as it is, 1 to 10000 words")
    model: str = setting("smollm2-135m", "language model that rewrites")
    embedding: str = setting("", "folder of a sentence embedding; empty for all-MiniLM-L6-v2")
    device: str = setting("cpu", f"of the sentence embedding: {DEVICE_HELP}")

    def __post_init__(self) -> None:
        check_range("least_similarity", self.least_similarity, 0, 1)
        check_range("most_words", self.most_words, 1, 10_000)
        check_device(self.device)


@dataclass(frozen=True)
class Expanded:
    """A message written more clearly.

    Args:
        raw: the text as it was decoded.
        text: the clearer text; the raw one where the check accepted nothing else.
        method: unchanged, spelled or rewritten.
        reason: why it is not rewritten, in one line; empty where it is.
    """

    raw: str
    text: str
    method: str
    reason: str = ""


class Expander:
    """Clarifies received messages (see the module).

    Args:
        config: settings; model and embedding are not looked at where the arguments below are given.
        model: language model that rewrites; None where nothing is to be rewritten.
        embedder: sentence embedding.
    """

    def __init__(
        self, config: ExpandConfig, model: LanguageModel | None, embedder: Embedder
    ) -> None:
        self.config = config
        self._embedder = embedder
        self._rewriter = Rewriter(model) if model is not None and config.rewrite else None

    @classmethod
    def from_settings(cls, **settings: Any) -> Expander:
        """Make an expander from keyword settings and load its models."""
        config = from_mapping(ExpandConfig, settings)
        return cls(
            config,
            load_language_model(config.model) if config.rewrite else None,
            load_embedder(config.embedding, config.device),
        )

    def expand(self, raw: str) -> Expanded:
        """A decoded text and a clearer one of the same meaning."""
        if not raw.split() or len(raw.split()) > self.config.most_words:
            return Expanded(
                raw,
                raw,
                "unchanged",
                f"it has {len(raw.split())} words; allowed is 1 to {self.config.most_words}",
            )
        kept = {item.index for item in protected_items(raw)}
        spelled = " ".join(
            word if i in kept else long_form(plain_form(word)) for i, word in enumerate(raw.split())
        )
        if spelled == " ".join(raw.split()) or self._refusal(raw, spelled):
            spelled = raw
        method = "unchanged" if spelled == raw else "spelled"
        if self._rewriter is None:
            return Expanded(raw, spelled, method, "the language model was not asked")
        rewritten = self._rewriter.clarify(spelled)
        reason = self._refusal(raw, rewritten)
        return (
            Expanded(raw, spelled, method, f"rewriting: {reason}")
            if reason
            else Expanded(raw, rewritten, "rewritten")
        )

    def _refusal(self, raw: str, clearer: str) -> str:
        """Why the check refuses a text, in one line; empty where it accepts it."""
        if not clearer.strip():
            return "nothing is left"
        changed = altered(raw, clearer)
        if changed:
            return changed
        near = similarity(self._embedder, raw, clearer)
        least = self.config.least_similarity
        return "" if near >= least else f"similarity is {near:.2f}; at least {least:g} is needed"
