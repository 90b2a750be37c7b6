# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vocabulary of the codec "deepsc": text to word tokens and back, without loss.

    "(Dear Colleagues," -> core "dear", form (spaced, "(", "", capital)
                           core "colleagues", form (spaced, "", ",", capital)

A token is a core, a word in lower case, and a form: whether a space goes before it, the punctuation
on both sides, and the case. A word that is not in the vocabulary is spelled by the fewest tokens,
the later ones glued to the first; a character that is not there at all, by its bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from semcom_core.errors import ModelError

#: Cases of a word.
LOWER = "lower"
CAPITAL = "capital"
UPPER = "upper"
CASES = (LOWER, CAPITAL, UPPER)
#: Cores 0 to 255 are bytes, core 256 is the empty word (of two spaces in a row), then come those of
#: the vocabulary.
BYTES = 256
EMPTY = 256
#: First core of the vocabulary.
_FIRST = EMPTY + 1
#: Punctuation before a word, the word, and punctuation after it.
_AFFIXES = re.compile(r"^([^\w]*)(.*?)([^\w]*)$", re.DOTALL)
#: Characters of the longest token that a spelling tries.
_LONGEST_TOKEN = 40


#: Tokens of a word, each a core and a form.
Spelling: TypeAlias = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Form:
    """Written form of a core.

    Args:
        glued: whether no space goes before it.
        prefix: punctuation before it.
        suffix: punctuation after it.
        case: one of CASES.
    """

    glued: bool
    prefix: str
    suffix: str
    case: str

    def write(self, core: str) -> str:
        """The token's text, without the space before it."""
        word = {LOWER: core, CAPITAL: core[:1].upper() + core[1:], UPPER: core.upper()}[self.case]
        return self.prefix + word + self.suffix


#: Forms that every vocabulary has.
PLAIN_FORMS = tuple(Form(glued, "", "", case) for glued in (False, True) for case in CASES)


def readings(text: str, glued: bool) -> list[tuple[str, Form]]:
    """Cores and forms that write a text: its outer punctuation in the form, and all of it in the
    core.
    """
    affixes = _AFFIXES.match(text)
    assert affixes is not None  # the pattern matches every text
    prefix, middle, suffix = affixes.groups()
    found = []
    for before, word, after in dict.fromkeys([(prefix, middle, suffix), ("", text, "")]):
        for case in CASES:
            form = Form(glued, before, after, case)
            if form.write(word.lower()) == text:
                found.append((word.lower(), form))
                break
    return found


@dataclass(frozen=True)
class Words:
    """Vocabulary of cores and forms.

    Args:
        cores: words and parts of words in lower case, at least all that is not to be spelled by
            bytes.
        forms: how a core may be written; PLAIN_FORMS are among them.
    """

    cores: tuple[str, ...]
    forms: tuple[Form, ...]
    _core_ids: dict[str, int] = field(init=False, repr=False, compare=False)
    _form_ids: dict[Form, int] = field(init=False, repr=False, compare=False)
    _spell: Callable[[str], Spelling] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self,
            "_core_ids",
            {"": EMPTY, **{core: _FIRST + i for i, core in enumerate(self.cores)}},
        )
        object.__setattr__(self, "_form_ids", {form: i for i, form in enumerate(self.forms)})
        object.__setattr__(self, "_spell", lru_cache(maxsize=65536)(self._spelling))
        if missing := [form for form in PLAIN_FORMS if form not in self._form_ids]:
            raise ModelError(
                f"vocabulary lacks the form {missing[0]}; it must have all {len(PLAIN_FORMS)} "
                "plain forms"
            )

    @classmethod
    def load(cls, path: Path) -> Words:
        """Read a vocabulary file.

        Raises:
            ModelError: it is not there, or no vocabulary.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return cls(tuple(data["cores"]), tuple(Form(*form) for form in data["forms"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"vocabulary {path} cannot be read: {error!r}; allowed is the file written by the "
                "training"
            ) from error

    def save(self, path: Path) -> None:
        """Write the vocabulary file."""
        forms = [[form.glued, form.prefix, form.suffix, form.case] for form in self.forms]
        path.write_text(
            json.dumps({"forms": forms, "cores": self.cores}, ensure_ascii=False, indent=0) + "\n",
            encoding="utf-8",
        )

    def __len__(self) -> int:
        return _FIRST + len(self.cores)

    def tokens(self, text: str) -> list[tuple[int, int]]:
        """Tokens (core, form) of a text without lone surrogates."""
        return [token for word in text.split(" ") for token in self._spell(word)]

    def data_of(self, tokens: Iterable[Sequence[int]]) -> bytes:
        """UTF-8 of tokens, with a space before each that is not glued; what a receiver made up may
        be no valid UTF-8.
        """
        return b"".join(self._bytes_of(int(core), self.forms[int(form)]) for core, form in tokens)

    def spaced(self, token: tuple[int, int]) -> bool:
        """Whether a space goes before a token."""
        return not self.forms[int(token[1])].glued

    def _bytes_of(self, core: int, form: Form) -> bytes:
        space = b"" if form.glued else b" "
        if core < BYTES:
            return space + form.prefix.encode() + bytes([core]) + form.suffix.encode()
        return space + form.write("" if core == EMPTY else self.cores[core - _FIRST]).encode()

    def _token(self, text: str, glued: bool) -> tuple[int, int] | None:
        """The token that writes a text, or None."""
        for core, form in readings(text, glued):
            if core in self._core_ids and form in self._form_ids:
                return self._core_ids[core], self._form_ids[form]
        return None

    def _spelling(self, word: str) -> Spelling:
        """The fewest tokens of a word; of several equally short ones, that with the longest first
        tokens.
        """
        if whole := self._token(word, False):
            return (whole,)
        best: list[Spelling] = [()] * (len(word) + 1)
        for start in range(len(word) - 1, -1, -1):
            best[start] = min(self._steps(word, start, best), key=len)
        return best[0]

    def _steps(self, word: str, start: int, best: list[Spelling]) -> Iterator[Spelling]:
        """Spellings of word[start:] given the best ones of what follows each first token, the
        longest first token first.
        """
        for stop in range(min(len(word), start + _LONGEST_TOKEN), start, -1):
            if token := self._token(word[start:stop], start > 0):
                yield (token, *best[stop])
        plain = [self._form_ids[Form(glued, "", "", LOWER)] for glued in (False, True)]
        data = word[start].encode()
        yield (
            *((byte, plain[start > 0 or i > 0]) for i, byte in enumerate(data)),
            *best[start + 1],
        )
