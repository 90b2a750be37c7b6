# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Automatic gain control of a radio's receiver, by the power of the preambles.

The modem itself works at any level; the converter does not: at a low level its quantisation is the
noise, at a high one it clips. A radio's own control follows the instantaneous power and so changes
the gain within bursts, which distorts an analog payload. This one acts on the power of preambles:
down at once, up only when several bursts in a row were weak, so that fading does not pump the gain.
A gain once found is held through silence. The search goes over all gains, repeatedly while none was
found yet; afterwards only when the silence is long, once over all of them and back to the one held.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from semcom_core.config import setting
from semcom_core.errors import ConfigError, check_range

#: Gains that a radio may have, dB; some count down from their most sensitive setting.
GAINS_DB = (-200.0, 200.0)


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
    search_s: float = setting(2.0, "time without a burst until the search takes a step, s")
    step_db: float = setting(10.0, "step of the search, dB")
    hold_s: float = setting(
        60.0, "time without a burst until a gain once found is left for a search, s"
    )
    # Three strides of 131,072 samples: in the receiver, in the buffer before it, and in the radio.
    settle_samples: int = setting(
        3 * 131072,
        "samples that may still come with the former gain after the newest burst, when it changes",
    )

    def __post_init__(self) -> None:
        check_range("least_db", self.least_db, *GAINS_DB)
        check_range("most_db", self.most_db, *GAINS_DB)
        if self.least_db > self.most_db:
            raise ConfigError(
                f"least_db is {self.least_db}; allowed is at most most_db = {self.most_db}"
            )
        check_range("target_db", self.target_db, -80.0, 0.0)
        check_range("tolerance_db", self.tolerance_db, 0.5, 40.0)
        check_range("search_s", self.search_s, 0.01, 3600.0)
        check_range("step_db", self.step_db, 0.5, 60.0)
        check_range("hold_s", self.hold_s, 0.01, 86400.0)
        for name, least, most in (("patience", 1, 1000), ("settle_samples", 0, 10**9)):
            check_range(name, getattr(self, name), least, most)
            if getattr(self, name) % 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; allowed is a whole number")


class AutomaticGain:
    """Follows the preambles' level with a gain.

    burst() and quiet() return the new gain in dB, or None where it stays, be it right or at its
    limit. After a change, bursts that begin less than settle_samples after the newest one then
    known may have been received with the former gain, and do not count.

    Args:
        config: settings.
        gain_db: gain to begin with, dB; brought within the limits.

    Raises:
        ConfigError: gain_db is none that a radio may have.

    >>> gain = AutomaticGain(GainConfig(), 30.0)
    >>> gain.burst(-3.0, start_sample=1000)
    15.0
    """

    def __init__(self, config: GainConfig, gain_db: float):
        check_range("gain_db", gain_db, *GAINS_DB)
        self.config = config
        self.gain_db = min(max(float(gain_db), config.least_db), config.most_db)
        # gains that the last bursts, all weak, should have had, dB
        self._wanted: list[float] = []
        # gain that the last good burst had, or was found to need, dB
        self._held: float | None = None
        self._quiet_s = 0.0
        self._searching = True
        self.new_stream()

    def new_stream(self) -> None:
        """Take note that the samples count from 0 again; the gain stays what it is."""
        self._newest = -math.inf
        self._settled = -math.inf

    def burst(self, level_db: float, start_sample: int) -> float | None:
        """Take the level of a burst; returns the new gain, dB, or None where it stays.

        Args:
            level_db: level of its preamble, dB over full scale; one that is not finite says
                nothing.
            start_sample: where it begins. The same as before is another frame of the same burst;
                less is a new stream.
        """
        if not math.isfinite(level_db):
            return None
        if start_sample < self._newest:
            self.new_stream()
        again = start_sample == self._newest
        self._newest = start_sample
        self._quiet_s = 0.0
        if again or start_sample < self._settled:
            return None
        return self._adjust(self.gain_db + self.config.target_db - level_db)

    def _adjust(self, wanted_db: float) -> float | None:
        """Go to the gain that a burst should have had, or to what the last ones, all weak, should
        have had at least.
        """
        if wanted_db > self.gain_db + self.config.tolerance_db:
            self._wanted.append(wanted_db)
            if len(self._wanted) < self.config.patience:
                return self._return_to_held(wanted_db)
            wanted_db = min(self._wanted)
        self._wanted.clear()
        change = None
        if abs(wanted_db - self.gain_db) > self.config.tolerance_db:
            change = self._set(wanted_db)
        self._held = self.gain_db
        self._searching = False
        return change

    def _return_to_held(self, wanted_db: float) -> float | None:
        """Go from a step of the search back to the held gain when a burst that was weak is better
        received there.
        """
        if self._held is None or not self.gain_db < self._held <= wanted_db:
            return None
        self._searching = False
        return self._set(self._held)

    def quiet(self, seconds: float) -> float | None:
        """Take note of a time without a burst, s; returns the new gain, dB, or None where it stays.

        The search goes up in steps, and on from the most to the least gain.
        """
        self._quiet_s += seconds
        if self._quiet_s < (self.config.search_s if self._searching else self.config.hold_s):
            return None
        self._quiet_s = 0.0
        next_db = min(self.gain_db + self.config.step_db, self.config.most_db)
        if self.gain_db >= self.config.most_db:
            next_db = self.config.least_db
        held = self._held
        if held is not None and (self.gain_db < held <= next_db or held == next_db):
            self._searching = False
            return self._set(held)
        self._searching = True
        return self._set(next_db)

    def _set(self, gain_db: float) -> float | None:
        """Change the gain within its limits; bursts count again when the change has taken
        effect.
        """
        before = self.gain_db
        self.gain_db = min(max(gain_db, self.config.least_db), self.config.most_db)
        if self.gain_db == before:
            return None
        self._settled = self._newest + self.config.settle_samples
        return self.gain_db
