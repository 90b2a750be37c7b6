# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A language model that always says the same."""

from __future__ import annotations

import numpy as np

from tests.core.text.toy_model import ToyModel


class TalkingModel(ToyModel):
    """Answers every request with the same text."""

    def __init__(self, answer: str):
        super().__init__()
        self._answer = [*answer.encode(), 256]

    def with_context(self, context):
        return self

    def tree(self):
        return TalkingTree(self._answer)


class TalkingTree:
    def __init__(self, answer):
        self._answer = answer

    def root(self):
        return 0, self._row(0)

    def extend(self, parents, tokens):
        return [parents[0] + 1], [self._row(parents[0] + 1)]

    def _row(self, k):
        row = np.full(257, -20.0)
        row[self._answer[k]] = 0.0
        return row
