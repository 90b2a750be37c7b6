# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vocabulary of the codec "deepsc", counted in training texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from semcom_core.text.deepsc_words import PLAIN_FORMS, Form, Words, readings

_PART_LENGTHS = range(1, 9)


def count_words(texts: Iterable[str], least: int, parts: int, forms: int) -> Words:
    """Vocabulary of texts: all frequent cores, the most useful parts of words, and the most frequent forms.

    Args:
        texts: training texts.
        least: a core is in the vocabulary from this count on.
        parts: how many parts of words to add, to spell rarer words with.
        forms: how many forms at the most, beside the plain ones.
    """
    cores, seen = Counter(), Counter()
    for word, count in Counter(word for text in texts for word in text.split(" ")).items():
        for core, form in readings(word, False)[:1]:
            cores[core] += count
            seen[form] += count
    frequent = [core for core, count in cores.most_common() if count >= least and core]
    known = set(frequent)
    added = [part for part in _parts(cores, parts + len(known)) if part not in known][:parts]
    chosen = [form for form, _ in seen.most_common(forms) if form not in PLAIN_FORMS]
    glued = [Form(True, prefix, form.suffix, form.case) for prefix in ("", "-") for form in (*PLAIN_FORMS[:3], *chosen) if not form.prefix]
    return Words(tuple(frequent + added), tuple(dict.fromkeys([*PLAIN_FORMS, *chosen, *glued])))


def _parts(cores: Sequence[str], most: int) -> list[str]:
    """Parts of distinct words by how many characters they would stand for beyond one a token; single characters first."""
    counts = Counter(core[i : i + n] for core in cores for n in _PART_LENGTHS for i in range(len(core) - n + 1))
    weight = {part: count * (len(part) - 1) for part, count in counts.items() if count > 2}
    single = [part for part in weight if len(part) == 1]
    return [*single, *sorted((part for part in weight if len(part) > 1), key=lambda part: -weight[part])][:most]
