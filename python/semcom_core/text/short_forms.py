# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spellings of short messages and what they stand for. Negations, numbers and times are left out: they are protected."""

from __future__ import annotations

import re

_TABLE = """
abt about; ard around; b be; bcos because; bcoz because; bcum become; bcums becomes; bcz because; biz business; btw by the way;
c see; congrats congratulations; cos because; coz because; cuz because; cud could; cum come; d the; da the; dat that; dis this;
frm from; frnd friend; frnds friends; gd good; gonna going to; gotta got to; gud good;
hav have; havin having; hv have; hw how; im I'm; ive I've; juz just; jus just; kinda kind of; lemme let me; lil little;
luv love; msg message; msgs messages; muz must; n and; nd and; oredi already; outta out of; pls please;
plz please; ppl people; probs problems; r are; rite right; shd should; shud should; smth something; sorta sort of;
tat that; tht that; thanx thanks; thru through; thk think; thx thanks; tx thanks; txt text; u you; ur your; urs yours; urself yourself;
v very; wanna want to; wat what; wats what's; wen when; wif with; wid with; wot what; wud would; wld would; cld could; shld should;
ya you; yup yes; yep yes; yeah yes; ok okay; k okay; info information; pic picture; pics pictures; tel telephone;
asap as soon as possible; fyi for your information; imo in my opinion; tbh to be honest; omw on my way
"""

#: Short form → what it stands for, both lower case.
SHORT_FORMS: dict[str, str] = {
    entry.split()[0]: " ".join(entry.split()[1:])
    for entry in _TABLE.replace("\n", " ").split(";")
}

_REPEATED = re.compile(r"([A-Za-z])\1{2,}")
_WORD = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)


def long_form(word: str) -> str:
    """A word with its short form written out; the word itself where it has none.

    >>> long_form("Pls,")
    'Please,'
    """
    before, core, after = _WORD.match(word).groups()
    full = SHORT_FORMS.get(core.lower())
    if full is None:
        return word
    return before + (full[0].upper() + full[1:] if core[0].isupper() else full) + after


def plain_form(word: str) -> str:
    """A word without repetition: one mark of punctuation instead of many, letters at most twice in a row.

    >>> plain_form("sooo!!!")
    'soo!'
    """
    word = re.sub(r"([!?.,])[!?.,]*\1", r"\1", word) if re.search(r"[!?.,]{2,}", word) else word
    return _REPEATED.sub(r"\1\1", word)
