# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins for the models of tasks: they need no weights, and what they say is easy to foresee."""

from __future__ import annotations

import re

import numpy as np

from semcom_core.tasks.answerer import Answerer
from semcom_core.tasks.intention import Intention


class WordIntentions:
    """Takes the task of a request from its first word, and the item "last" where it is named."""

    def understand(self, request: str) -> Intention:
        """The intention of one request."""
        item = "last" if "last" in request else "this"
        task = {"Where": "answer", "Show": "reconstruct", "Draw": "generate"}.get(
            re.split(r"\W", request)[0]
        )
        if task is None:
            return Intention("none", "none", 0.9, "the request fits none of the tasks")
        return Intention(task, item, 0.8)


class LastWordAnswerer(Answerer):
    """Answers with the last word of the latest message that shares a name with the question."""

    family = "test"

    def _read(self, question: str, messages: list[str]) -> tuple[str, float]:
        names = {word.strip("?") for word in question.split() if word[0].isupper()} - {"Where"}
        for message in reversed(messages):
            if names & set(message.split()):
                return message.rstrip(".").split()[-1], 0.75
        return "", 0.0

    def _scores(self, text: str, labels: list[str]) -> np.ndarray:
        return np.array([float(label in text) for label in labels])
