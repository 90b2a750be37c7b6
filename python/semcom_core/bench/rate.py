# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the bench chooses a codec's rate: the highest that still delivers, or the lowest that fits a budget of uses."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from semcom_core.bench.text import Trial
from semcom_core.errors import ConfigError

#: Efficiencies at which a codec with a channel code is tried, a step of its rate table (5.6 %) apart.
TRIED = tuple(round(0.95 / 1.056**i, 3) for i in range(28))
#: Efficiencies tried when uses have to be measured, because rounds follow each other until a message is decoded: STEP apart.
STEP = 1.08
MEASURED = tuple(round(0.1 * STEP**i, 3) for i in range(33))


def highest_passing(measure: Callable[[float], Iterable[Trial]], count: int, exact: float) -> tuple[float, list[Trial]]:
    """The highest efficiency of TRIED at which a share of the texts arrives exactly, and its trials; the lowest, where none does.

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
    kept, wrong, source = [], 0, iter(trials)
    for trial in source:
        kept.append(trial)
        wrong += trial.received.text != trial.sent
        if wrong > most:
            _close(source)
            return None
    return kept


def lowest_fitting(uses_of: Callable[[float], float], budget: float, choices: Sequence[float]) -> float:
    """Lowest efficiency of rising `choices` whose mean uses stay within a budget.

    Args:
        uses_of: mean uses at an efficiency, falling.
        budget: most uses.

    Raises:
        ConfigError: no efficiency is high enough.
    """
    found = bisect.bisect_left(choices, True, key=lambda efficiency: uses_of(efficiency) <= budget)
    if found == len(choices):
        raise ConfigError(f"mean uses of a sentence are limited to {budget:g}; even the highest rate of the codec needs more")
    return choices[found]


def first_measured(measure: Callable[[float], float], budget: float, choices: Sequence[float]) -> float:
    """The first efficiency of rising `choices` whose measured uses stay within a budget; far above it, steps are longer.

    Where rounds are whole copies, uses rise again with the efficiency, so the choices are tried from the lowest on.

    Args:
        measure: mean uses at an efficiency.
        budget: most uses.

    Raises:
        ConfigError: none fits.
    """
    place = 0
    while place < len(choices):
        excess = measure(choices[place]) / budget
        if excess <= 1:
            return choices[place]
        place += max(1, int(math.log(excess) / math.log(STEP) / 2))
    raise ConfigError(f"mean uses of a sentence are limited to {budget:g}; with all its rounds the codec needs more at any rate")


def hundredths(highest: float) -> list[float]:
    """Efficiencies from 0.1 to `highest`, 0.01 apart."""
    return [round(0.01 * i, 2) for i in range(10, round(100 * highest) + 1)]


def _close(source: Iterator) -> None:
    """End a generator early, so that what it has begun is stopped."""
    if hasattr(source, "close"):
        source.close()
