# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate selection of the text bench: the highest rate that delivers, or the lowest within a budget.

A codec with a channel code has an efficiency, information bits a use over capacity. Without a
budget it runs at the highest efficiency at which enough texts arrive exactly; with a budget of uses
a word at the lowest one that keeps to it, which leaves the most protection.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from semcom_core.bench.jobs import Workers
from semcom_core.bench.text.link import TextLink, Trial, Trials
from semcom_core.bench.text.results import HEADLINE, summarise
from semcom_core.codecs import settings_of
from semcom_core.datasets.corpus import Message
from semcom_core.errors import ConfigError, check_range

#: Efficiencies at which a codec with a channel code is tried, a step of its rate table (5.6 %)
#: apart.
TRIED = tuple(round(0.95 / 1.056**i, 3) for i in range(28))
#: Efficiencies tried when uses have to be measured, because rounds follow each other until a
#: message is decoded: STEP apart.
STEP = 1.08
MEASURED = tuple(round(0.1 * STEP**i, 3) for i in range(33))
#: Highest efficiency of codecs that may exceed 1; the headline codec's own was measured.
HIGHEST_EFFICIENCY = {HEADLINE: 1.2}
#: Messages on which uses are measured before the whole sample, and what is kept of the budget for
#: the difference.
FIRST_MESSAGES = 24
FIRST_SHARE = 0.97


def _all(trials: Iterable[Trial], title: str, count: int) -> Iterable[Trial]:
    """Trials without any sign of progress."""
    return trials


@dataclass(frozen=True)
class Measurement:
    """Measures links over messages, each at the rate that the bench asks for.

    Args:
        workers: who run the trials.
        messages: what is sent, each with the longest context asked for.
        exact: share of exact texts that a codec with a channel code must reach.
        uses_per_word: budget; None leaves the codecs their own rates.
        progress: wraps trials to show that they come: (trials, title, count) → trials.
    """

    workers: Workers
    messages: list[Message]
    exact: float = 0.99
    uses_per_word: float | None = None
    progress: Callable[[Iterable[Trial], str, int], Iterable[Trial]] = _all

    def __post_init__(self) -> None:
        check_range("exact", self.exact, 0.0, 1.0)

    def row(self, link: TextLink, context: int = 0) -> dict:
        """The row of a link, its codec told of `context` texts before each message.

        Without a budget, a codec with a channel code whose efficiency is not set runs at the
        highest that delivers; all others at their own. A budget is met by the lowest efficiency.
        Where rounds follow until a message is decoded, that is the lowest whose uses of all rounds,
        measured on FIRST_MESSAGES messages and then on all, fit; the row's uses are those measured.

        Args:
            link: what is sent over.
            context: texts before each message that both ends know.

        Returns:
            The row, as summarise gives it.

        Raises:
            ConfigError: the codec cannot stay within the budget.
        """
        messages = [message.after(context) for message in self.messages]
        rated = "efficiency" in settings_of(link.codec)
        trials = partial(self._trials, link, messages)
        if self.uses_per_word is not None and rated:
            return self._within_budget(link, messages, context, self.uses_per_word)
        if self.uses_per_word is not None:
            return self._at_fixed_rate(link, messages, context, self.uses_per_word)
        tested = (
            link.design_snr_db is None
            and link.rounds == 1
            and link.codec != HEADLINE
            and "efficiency" not in link.settings
        )
        if rated and tested:
            efficiency, found = highest_passing(trials, len(messages), self.exact)
            return summarise(_at(link, efficiency), found, context)
        return summarise(link, list(trials()), context)

    def _trials(
        self, link: TextLink, messages: list[Message], efficiency: float | None = None
    ) -> Iterable[Trial]:
        """Trials of messages, with the codec's efficiency set unless it is None."""
        chosen = link if efficiency is None else _at(link, efficiency)
        title = f"{link.codec} {link.channel}"
        if efficiency is not None:
            title += f" efficiency {efficiency:g}"
        return self.progress(self.workers.trials(chosen, messages), title, len(messages))

    def _within_budget(
        self, link: TextLink, messages: list[Message], context: int, uses_per_word: float
    ) -> dict:
        """The row of a codec whose rate can be chosen, at the lowest efficiency within the
        budget.
        """
        highest = HIGHEST_EFFICIENCY.get(link.codec, 1.0)
        budget = uses_per_word * _mean_words(messages)
        first_round = partial(_first_uses, link, messages)
        if link.rounds == 1:
            efficiency = lowest_fitting(first_round, budget, hundredths(highest))
            trials = list(self._trials(link, messages, efficiency))
            return summarise(_at(link, efficiency), trials, context)
        choices = [efficiency for efficiency in MEASURED if efficiency <= highest]
        choices = choices[choices.index(lowest_fitting(first_round, budget, choices)) :]
        if len(messages) > FIRST_MESSAGES:
            some = messages[:FIRST_MESSAGES]
            efficiency = first_measured(
                lambda choice: _mean_uses(self._trials(link, some, choice)),
                uses_per_word * _mean_words(some) * FIRST_SHARE,
                choices,
            )
            choices = choices[choices.index(efficiency) :]
        kept: dict[float, list[Trial]] = {}

        def whole(choice: float) -> float:
            kept[choice] = list(self._trials(link, messages, choice))
            return _mean_uses(kept[choice])

        efficiency = first_measured(whole, budget, choices)
        return summarise(_at(link, efficiency), kept[efficiency], context)

    def _at_fixed_rate(
        self, link: TextLink, messages: list[Message], context: int, uses_per_word: float
    ) -> dict:
        """The row of a codec whose rate cannot be chosen."""
        trials = Trials(link)
        mean_uses = float(np.mean([trials.uses(message) for message in messages]))
        uses = mean_uses / _mean_words(messages)
        if uses > uses_per_word:
            raise ConfigError(
                f"uses per word are limited to {uses_per_word:g}; codec {link.codec!r} always "
                f"has {uses:.3g}"
            )
        return summarise(link, list(self._trials(link, messages)), context)


def _mean_words(messages: list[Message]) -> float:
    return float(np.mean([len(message.text.split()) for message in messages]))


def _at(link: TextLink, efficiency: float) -> TextLink:
    return replace(link, settings={**link.settings, "efficiency": efficiency})


def _mean_uses(trials: Iterable[Trial]) -> float:
    return float(np.mean([trial.uses for trial in trials]))


def _first_uses(link: TextLink, messages: list[Message], efficiency: float) -> float:
    """Mean channel uses of the first round of a message."""
    trials = Trials(_at(link, efficiency))
    return float(np.mean([trials.uses(message) for message in messages]))


def highest_passing(
    measure: Callable[[float], Iterable[Trial]], count: int, exact: float
) -> tuple[float, list[Trial]]:
    """The highest efficiency of TRIED at which a share of the texts arrives exactly, and its
    trials; the lowest, where none does.

    Args:
        measure: gives the trials of an efficiency one by one; it is left when too many are wrong.
        count: how many trials there are.
        exact: share that must be right.
    """
    most = int(count * (1 - exact) + 1e-9)
    for efficiency in TRIED[:-1]:
        trials = while_few_wrong(measure(efficiency), most)
        if trials is not None:
            return efficiency, trials
    return TRIED[-1], list(measure(TRIED[-1]))


def while_few_wrong(trials: Iterable[Trial], most: int) -> list[Trial] | None:
    """All trials, or None as soon as more than `most` of them are wrong."""
    kept = []
    wrong = 0
    source = iter(trials)
    for trial in source:
        kept.append(trial)
        wrong += trial.received.text != trial.sent
        if wrong > most:
            if isinstance(source, Generator):
                source.close()  # what it has begun is stopped
            return None
    return kept


def lowest_fitting(
    uses_of: Callable[[float], float], budget: float, choices: Sequence[float]
) -> float:
    """Lowest efficiency of rising `choices` whose mean uses stay within a budget.

    Args:
        uses_of: mean uses at an efficiency, falling.
        budget: most uses.
        choices: efficiencies.

    Raises:
        ConfigError: no efficiency is high enough.
    """
    found = bisect.bisect_left(choices, True, key=lambda efficiency: uses_of(efficiency) <= budget)
    if found == len(choices):
        raise ConfigError(
            f"mean uses of a sentence are limited to {budget:g}; even the highest rate of the "
            "codec needs more"
        )
    return choices[found]


def first_measured(
    measure: Callable[[float], float], budget: float, choices: Sequence[float]
) -> float:
    """The first efficiency of rising `choices` whose measured uses stay within a budget; far above
    it, steps are longer.

    Where rounds are whole copies, uses rise again with the efficiency, so the choices are tried
    from the lowest on.

    Args:
        measure: mean uses at an efficiency.
        budget: most uses.
        choices: efficiencies.

    Raises:
        ConfigError: none fits.
    """
    place = 0
    while place < len(choices):
        excess = measure(choices[place]) / budget
        if excess <= 1:
            return choices[place]
        place += max(1, int(math.log(excess) / math.log(STEP) / 2))
    raise ConfigError(
        f"mean uses of a sentence are limited to {budget:g}; with all its rounds the codec needs "
        "more at any rate"
    )


def hundredths(highest: float) -> list[float]:
    """Efficiencies from 0.1 to `highest`, 0.01 apart."""
    return [round(0.01 * i, 2) for i in range(10, round(100 * highest) + 1)]
