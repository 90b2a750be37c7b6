# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts whose label is known because they were made so: faithful and unfaithful copies of sentences."""

from __future__ import annotations

import re

import numpy as np

from semcom_core.text.protected import protected_items

_DIGIT = re.compile(r"\d")
_VERBS = re.compile(r"\b(is|are|was|were|will|would|can|could|should|must|has|have|do|does|did)\b")


def faithful(text: str, rng: np.random.Generator) -> str:
    """A copy that says the same: other punctuation at the end, a polite word, or a contraction written out."""
    forms = [text.rstrip(".!?") + "!", f"Well, {text}", text.replace("'ll", " will").replace("'re", " are"), " ".join(text.split())]
    forms += [text.replace(", ", " ", 1), f"{text} Thank you."]
    changed = [form for form in forms if form != text]
    return changed[rng.integers(len(changed))]


def unfaithful(text: str, rng: np.random.Generator) -> str | None:
    """A copy that says something else: another digit, a negation more or less, another name; None where there is nothing to change."""
    words, ways = text.split(), []
    for item in protected_items(text):
        if item.kind == "number" and _DIGIT.search(item.text):
            ways.append((item.index, _DIGIT.sub(lambda m: str((int(m[0]) + 1 + rng.integers(9)) % 10), words[item.index], count=1)))
        elif item.kind == "negation":
            ways.append((item.index, ""))
        elif item.kind == "name":
            ways.append((item.index, words[item.index].replace(item.text, "Zelda")))
    ways += [(i, f"{word} not") for i, word in enumerate(words) if _VERBS.fullmatch(word)]
    if not ways:
        return None
    index, form = ways[rng.integers(len(ways))]
    other = " ".join([*words[:index], *([form] if form else []), *words[index + 1 :]])
    return other if other != text else None
