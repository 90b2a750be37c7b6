# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rewriting of messages by a language model that is shown a few examples as the turns of a chat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from semcom_core.models.language import LanguageModel

#: Request and answer of each example; the last request has no answer.
SHORTEN = (
    ("Shorten: I just wanted to let you know that I am going to be about 20 minutes late.", "I will be 20 minutes late."),
    ("Shorten: Hey, do you think that you could maybe call Anna when you have a moment?", "Could you call Anna?"),
    ("Shorten: It is really not a problem at all, you can keep the book until Friday.", "Not a problem, keep the book until Friday."),
)
CLARIFY = (
    ("Write clearly: train late 20 min, start w/o me", "The train is 20 min late, start without me."),
    ("Write clearly: call Anna when free", "Call Anna when you are free."),
    ("Write clearly: not happy abt room 12", "I am not happy about room 12."),
)


class Rewriter:
    """Asks a chat model to rewrite a message.

    Args:
        model: language model that can be told of messages before; the most probable token is taken each time.
    """

    def __init__(self, model: LanguageModel):
        self._model = model

    def shorten(self, text: str) -> str:
        """A shorter message; nothing says that it is a good one."""
        return self._answer(SHORTEN, f"Shorten: {text}", 1.0)

    def clarify(self, text: str) -> str:
        """A clearer message; nothing says that it is a good one."""
        return self._answer(CLARIFY, f"Write clearly: {text}", 2.0)

    def _answer(self, examples: Sequence[tuple[str, str]], request: str, growth: float) -> str:
        """First line of the answer, cut at as many tokens as the request has, times `growth`."""
        model = self._model.with_context([*(turn for example in examples for turn in example), request])
        most = int(growth * len(self._model.tokenize(request))) + 4
        tree, tokens = model.tree(), []
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
