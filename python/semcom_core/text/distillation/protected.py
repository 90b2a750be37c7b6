# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protected items of a text: numbers, times, units, addresses, links, negations and names.

A text that is made shorter or clearer must keep them. A word is an item when it is one of these, or
when it says what one of these means: the noun that is counted, the preposition before a time, what
is negated. Where it is not clear whether a word is a name, it is taken for one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from semcom_core.text.distillation import lexicon as lists
from semcom_core.text.distillation.lexicon import SHORT_FORMS

#: Punctuation around a word.
_EDGES = "\"'“”‘’()[]{}<>*_~.,;:!?…-–—"
#: Ends of a sentence and of a part of one, with the quotes and brackets after them.
_SENTENCE_END = re.compile(r"[.!?…:]+[\"'”’)\]]*$")
_PAUSE = re.compile(r"[.!?…:,;]+[\"'”’)\]]*$")
#: Addresses, units and negations.
_LINK = re.compile(
    r"@|://|^www\.|^#\w|\w\.(?:com|org|net|edu|gov|info|eu|uk|de|fr|io)\b", re.IGNORECASE
)
_UNIT = re.compile(
    r"[%€$£¥°℃℉Ω]|^(?:[kmg]?hz|db[mi]?|[kmcµ]m|kg|mg|[kmg]i?b|[kmg]bps|[kmµ][vw]|µ[as]|ml|km/h|kmh)$",
    re.IGNORECASE,
)
_NEGATED_VERB = (
    "(?:do|does|did|di|is|are|was|were|has|have|had|ca|can|wo|would|could|should|might|must|need"
    "|sha|dare|ai|may)"
)
_NEGATION = re.compile(
    rf"^(?:{_NEGATED_VERB}n['’]?t|{_NEGATED_VERB}nt|cannot|non-\w+|un-\w+)$", re.IGNORECASE
)


@dataclass(frozen=True)
class Item:
    """One protected word.

    Args:
        kind: number, time, unit, address, link, negation, name, or bound (a word that says what a
            neighbour means).
        text: the word without punctuation around it; lower case unless it is a name or a link.
        index: which word of the text it is, counted from 0.
    """

    kind: str
    text: str
    index: int


def protected_items(text: str) -> list[Item]:
    """The protected words of a text, in their order; words are what whitespace separates."""
    words = text.split()
    kinds = [_kind(i, words) for i in range(len(words))]
    for i in _bound(words, kinds):
        kinds[i] = kinds[i] or "bound"
    return [Item(kind, _normal(words[i], kind), i) for i, kind in enumerate(kinds) if kind]


def altered(original: str, rewritten: str) -> str:
    """First difference of a rewritten text in its protected items, in a few words; empty where all
    are there, in order, and none is new.
    """
    words = [_forms(word) for word in rewritten.split()]
    at = 0
    for item in protected_items(original):
        place = next((i for i in range(at, len(words)) if item.text in words[i]), None)
        if place is None:
            moved = any(item.text in forms for forms in words)
            return f"{item.text!r} {'changed its place' if moved else 'is lost'}"
        at = place + 1
    known = Counter(form for word in original.split() for form in _forms(word))
    found = Counter(item.text for item in protected_items(rewritten) if item.kind != "bound")
    return next(
        (
            f"{text!r} is new"
            for text in found
            if found[text] > max(known[text], known[text.lower()])
        ),
        "",
    )


def kept_items(original: str, rewritten: str) -> tuple[int, int]:
    """How many protected items of the original the rewritten text still has, and how many the
    original has, bound words left out.
    """
    left = [_forms(word) for word in rewritten.split()]
    wanted = [item.text for item in protected_items(original) if item.kind != "bound"]
    kept = 0
    for text in wanted:
        match = next((forms for forms in left if text in forms), None)
        if match is not None:
            left.remove(match)
            kept += 1
    return kept, len(wanted)


def _forms(word: str) -> set[str]:
    """What a word may be called as an item."""
    return {_normal(word, "name"), _normal(word, "number")}


def _core(word: str) -> str:
    """A word without punctuation around it; of a word that is nothing else, the word."""
    return word.strip(_EDGES) or word


def _normal(word: str, kind: str) -> str:
    core = _core(word)
    return core if kind in ("name", "link") else core.lower().replace("’", "'")


def _kind(i: int, words: Sequence[str]) -> str:
    """Kind of a word by itself, empty for none."""
    core = _core(words[i])
    plain = core.lower().replace("’", "'")
    if _LINK.search(words[i]):
        return "link"
    if any(c.isnumeric() for c in core) or any(part in lists.NUMBERS for part in plain.split("-")):
        return "number"
    if plain in lists.NEGATIONS or _NEGATION.match(core):
        return "negation"
    if _UNIT.search(core) or plain in lists.UNITS:
        return "unit"
    if plain in lists.TIMES:
        return "time"
    if core[:1].isupper() and plain in lists.STREETS:
        return "address"
    return "name" if _is_name(i, words) else ""


def _is_name(i: int, words: Sequence[str]) -> bool:
    core = re.sub(r"['’]s$", "", _core(words[i]))
    plain = core.lower()
    if plain in lists.names() or plain in lists.TITLES:
        return True
    if (
        not any(c.isupper() for c in core)
        or re.fullmatch(r"I(?:['’]\w+)?", core)
        or plain in SHORT_FORMS
    ):
        return False
    shouted = sum(c.isupper() for c in "".join(words)) > 0.6 * sum(
        c.isalpha() for c in "".join(words)
    )
    begins = i == 0 or bool(_SENTENCE_END.search(words[i - 1]))
    if (begins and not core[1:].isupper()) or shouted or len(core) == 1:
        return plain not in lists.common() and re.sub(r"['’].*", "", plain) not in lists.common()
    return True


def _bound(words: Sequence[str], kinds: Sequence[str]) -> set[int]:
    """Words that say what a neighbouring item means."""
    found = set()
    ends = [bool(_PAUSE.search(word)) for word in words]
    for i, kind in enumerate(kinds):
        after = i
        while kind in ("number", "negation") and not ends[after] and after + 1 < len(words):
            after += 1
            found.add(after)
            if _core(words[after]).lower() not in lists.FUNCTION_WORDS:
                break
        before = i - 1
        if i and not ends[before] and _tells_about(_core(words[before]).lower(), kind):
            found.add(before)
    return found


def _tells_about(word: str, kind: str) -> bool:
    """Whether a word before an item of a kind says what the item means."""
    return (
        word in lists.RELATIONS
        if kind == "time"
        else kind in ("number", "unit", "address") and word not in lists.LOOSE
    )
