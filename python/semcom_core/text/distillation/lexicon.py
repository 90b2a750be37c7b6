# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Word lists of distillation: short forms of messages, and closed classes of protected words.

Negations, numbers and times are not among the short forms: they are protected (see protected).

- words/common.txt: words that are hardly ever written with a capital inside a sentence, counted by
  train.word_lists.
- words/names.txt: words that are hardly ever written without one, counted likewise;
  words/given_names.txt: frequent given names.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources

#: Short forms and what they stand for.
_TABLE = """
abt about; ard around; b be; bcos because; bcoz because; bcum become; bcums becomes; bcz because;
biz business; btw by the way; c see; congrats congratulations; cos because; coz because; cuz
because; cud could; cum come; d the; da the; dat that; dis this; frm from; frnd friend; frnds
friends; gd good; gonna going to; gotta got to; gud good; hav have; havin having; hv have; hw how;
im I'm; ive I've; juz just; jus just; kinda kind of; lemme let me; lil little; luv love; msg
message; msgs messages; muz must; n and; nd and; oredi already; outta out of; pls please; plz
please; ppl people; probs problems; r are; rite right; shd should; shud should; smth something;
sorta sort of; tat that; tht that; thanx thanks; thru through; thk think; thx thanks; tx thanks;
txt text; u you; ur your; urs yours; urself yourself; v very; wanna want to; wat what; wats
what's; wen when; wif with; wid with; wot what; wud would; wld would; cld could; shld should; ya
you; yup yes; yep yes; yeah yes; ok okay; k okay; info information; pic picture; pics pictures;
tel telephone; asap as soon as possible; fyi for your information; imo in my opinion; tbh to be
honest; omw on my way
"""

#: Short form → what it stands for, both lower case.
SHORT_FORMS: dict[str, str] = {
    entry.split()[0]: " ".join(entry.split()[1:]) for entry in _TABLE.replace("\n", " ").split(";")
}

#: Letters three times or more in a row; a word and the marks around it.
_REPEATED = re.compile(r"([A-Za-z])\1{2,}")
_WORD = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)


def long_form(word: str) -> str:
    """A word with its short form written out; the word itself where it has none.

    >>> long_form("Pls,")
    'Please,'
    """
    parts = _WORD.match(word)
    assert parts is not None  # the pattern matches every word
    before, core, after = parts.groups()
    full = SHORT_FORMS.get(core.lower())
    if full is None:
        return word
    return before + (full[0].upper() + full[1:] if core[0].isupper() else full) + after


def plain_form(word: str) -> str:
    """A word without repetition: one mark of punctuation instead of many, letters at most twice in
    a row.

    >>> plain_form("sooo!!!")
    'soo!'
    """
    word = re.sub(r"([!?.,])[!?.,]*\1", r"\1", word) if re.search(r"[!?.,]{2,}", word) else word
    return _REPEATED.sub(r"\1\1", word)


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: Words of numbers.
NUMBERS = _set(
    """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
    fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty
    ninety hundred hundreds thousand thousands million millions billion billions trillion dozen
    dozens half quarter third thirds double triple both single once twice thrice first second
    fourth fifth sixth seventh eighth ninth tenth eleventh twelfth twentieth hundredth
    thousandth last nil ii iii iv vi vii viii ix xi xii
    """
)
#: Words that negate.
NEGATIONS = _set(
    """
    not no never none nothing nobody noone no-one nowhere neither nor without hardly barely
    scarcely unless except lest nope nah nay din dint dun dnt dnot nt wudnt cudnt shudnt wldnt
    cldnt shldnt hvnt havnt dosent dosnt didt ain't refuse refused deny denied denies unable
    impossible
    """
)
#: Units of measure and of money.
UNITS = _set(
    """
    mm cm km kg mg lb lbs oz ft sqft inch inches foot feet yard yards mile miles metre metres
    meter meters kilometre kilometres kilometer kilometers gram grams kilo kilos kilogram
    kilograms ton tons tonne tonnes litre litres liter liters gallon gallons pint pints degree
    degrees celsius fahrenheit volt volts watt watts kilowatt kilowatts megawatt amp amps ampere
    hertz kilohertz megahertz gigahertz decibel decibels percent per-cent acre acres hectare
    hectares dollar dollars euro euros pound pounds cent cents pence rupee rupees yen yuan rs
    usd eur gbp inr bps knots kph mph
    """
)
#: Days, months, and other words of time.
TIMES = _set(
    """
    monday tuesday wednesday thursday friday saturday sunday mon tue tues thu thur thurs fri
    january february april june july august september october november december jan feb apr jun
    jul aug sept oct nov dec noon midnight midday today tonight tomorrow yesterday tmr tmrw tomo
    tomoro tomorow tomorrw tonite nite morning afternoon evening night am pm a.m p.m o'clock
    oclock second seconds sec secs minute minutes min mins hour hours hr hrs day days week weeks
    wk wks weekend weekends month months mth mths year years yr yrs decade decades century
    centuries fortnight ago later earlier next weekly daily monthly yearly annual easter
    christmas
    """
)
#: Words of addresses, where they have a capital.
STREETS = _set(
    """
    street st road rd avenue ave lane ln drive dr boulevard blvd square sq court ct apartment
    apt suite block blk floor room flat gate platform terminal plaza crescent terrace highway
    hwy place pl park way p.o box zip
    """
)
#: Titles before names.
TITLES = _set("mr mrs ms miss dr prof sir madam")
#: Words too general to be what is negated or counted: the word after them is kept as well.
FUNCTION_WORDS = _set(
    """
    a an the so very really too that this these those such much many more less yet even just
    only quite any some to be been being have had of in on at for with by all always
    """
)
#: Words before a time that change what it means.
RELATIONS = _set(
    """
    before after until till til untill by at since from to between through during within in on
    for over under about around ard almost nearly only past early late mid this that these those
    every each all any some few several many more less same other another previous following
    coming whole than per
    """
)
#: Words that may go from before a number.
LOOSE = _set(
    """
    a an the i you he she it we they me him her us them is are was were be been am and so well
    ok okay oh yes yeah hi hey just also really please pls then now that this of u
    """
)
#: Greetings and the like, which begin messages and are rare in books.
_OPENINGS = _set(
    """
    hello hi hey hiya bye goodbye thanks thank ok okay yes yeah yep yup oh ah ha haha hmm hm wow
    well sorry please sure dear good lol congratulations cheers welcome alright right hurry wait
    look listen guess tell
    """
)
#: Words that are names as often as not, where they have a capital.
_AMBIGUOUS = _set(
    """
    will mark bill rose jack grace hope may frank grant art drew faith joy pat rob sue dean
    chase miles guy ray dawn amber ruby crystal lily daisy ivy violet victor penny ginger jade
    olive heath cliff dale glen rusty sandy summer angel christian eve gene march major carol
    dick don nick ken jean kit
    """
)


@lru_cache(maxsize=1)
def common() -> frozenset[str]:
    """Words that are no names even where they begin a sentence, lower case."""
    return (_file("common.txt") | _OPENINGS) - _AMBIGUOUS


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    """Words that are names even in lower case."""
    return (_file("names.txt") | _file("given_names.txt")) - _AMBIGUOUS


def _file(name: str) -> frozenset[str]:
    return _set(
        resources.files("semcom_core.text.distillation")
        .joinpath("words", name)
        .read_text(encoding="utf-8")
    )
