# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Automatic gain of a radio's receiver, by the power of the preambles.

The modem itself works at any level; the converter does not: too low and its steps are the noise, too high and it clips.
A radio's own control follows the power of the moment and so changes the gain within bursts, which an analog payload does
not survive. This one acts between bursts, on what their preambles measured: down at once, up only when several bursts in
a row were weak, so that fading does not pump the gain; and it searches while nothing is received.
"""

from __future__ import annotations

from dataclasses import dataclass

from semcom_core.config import setting
from semcom_core.errors import ConfigError, check_range


@dataclass(frozen=True)
class GainConfig:
    """Settings of the automatic gain.

    Raises:
        ConfigError: a value is outside what is allowed.
    """

    least_db: float = setting(0.0, "least gain of the radio, dB")
    most_db: float = setting(60.0, "most gain of the radio, dB")
    target_db: float = setting(-18.0, "level of the preamble that is aimed at, dB over full scale")
    tolerance_db: float = setting(6.0, "how far the level may be from the target, dB")
    patience: int = setting(4, "weak bursts in a row until the gain goes up")
    search_s: float = setting(2.0, "time without a burst until the gain takes a step, s")
    step_db: float = setting(10.0, "step of the search, dB")

    def __post_init__(self):
        if not self.least_db <= self.most_db:
            raise ConfigError(f"least_db is {self.least_db}; allowed is at most most_db = {self.most_db}")
        check_range("target_db", self.target_db, -80.0, 0.0)
        check_range("tolerance_db", self.tolerance_db, 0.5, 40.0)
        check_range("patience", self.patience, 1, 1000)
        check_range("search_s", self.search_s, 0.01, 3600.0)
        check_range("step_db", self.step_db, 0.5, 60.0)


class AutomaticGain:
    """Follows the preambles' level with a gain. Each call returns the new gain in dB, or None where it stays.

    >>> gain = AutomaticGain(GainConfig(), 30.0)
    >>> gain.burst(-3.0)
    15.0
    """

    def __init__(self, config: GainConfig, gain_db: float):
        self.config = config
        self.gain_db = min(max(float(gain_db), config.least_db), config.most_db)
        self._weak: list[float] = []
        self._quiet_s = 0.0

    def burst(self, level_db: float) -> float | None:
        """Take the level of a burst received with the present gain, dB over full scale."""
        self._quiet_s = 0.0
        wrong_db = self.config.target_db - level_db
        if abs(wrong_db) <= self.config.tolerance_db:
            self._weak.clear()
            return None
        if wrong_db < 0:
            return self._move(wrong_db)
        self._weak.append(wrong_db)
        return self._move(min(self._weak)) if len(self._weak) >= self.config.patience else None

    def quiet(self, seconds: float) -> float | None:
        """Take note of a time without a burst; after the search time the gain goes up a step, and from the most to the least."""
        self._quiet_s += seconds
        if self._quiet_s < self.config.search_s:
            return None
        self._quiet_s = 0.0
        top = self.gain_db >= self.config.most_db
        return self._move(self.config.least_db - self.gain_db if top else self.config.step_db)

    def _move(self, change_db: float) -> float | None:
        """Change the gain within its limits."""
        self._weak.clear()
        before = self.gain_db
        self.gain_db = min(max(before + change_db, self.config.least_db), self.config.most_db)
        return self.gain_db if self.gain_db != before else None
