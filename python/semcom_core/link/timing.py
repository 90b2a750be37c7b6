# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long to wait for an answer, from the answers that came."""

from __future__ import annotations

#: Weights of a new measurement in the mean and in the mean deviation.
_MEAN_WEIGHT, _DEVIATION_WEIGHT = 1 / 8, 1 / 4
#: Deviations to wait above the mean; however steady the answers are, the wait is not below this many means.
_DEVIATIONS, _LEAST_MEANS = 4, 2
#: Measurements before the wait may fall below what was set: the first answers come sooner than those to a full window.
_ENOUGH = 4
#: Least time to wait, s: what fades or is held up for as long as that would use up the tries.
_LEAST_S = 0.25


class RoundTrip:
    """Smoothed round-trip time and its deviation.

    Source: V. Jacobson, "Congestion avoidance and control", SIGCOMM 1988; constants of RFC 6298.
    """

    def __init__(self):
        self._mean_s: float | None = None
        self._deviation_s = 0.0
        self._count = 0

    def measure(self, round_trip_s: float) -> None:
        """Enter the round-trip time of a message that was sent once, s (Karn's rule: others are ambiguous)."""
        self._count += 1
        if self._mean_s is None:
            self._mean_s, self._deviation_s = round_trip_s, round_trip_s / 2
            return
        self._deviation_s += _DEVIATION_WEIGHT * (abs(round_trip_s - self._mean_s) - self._deviation_s)
        self._mean_s += _MEAN_WEIGHT * (round_trip_s - self._mean_s)

    def timeout_s(self, unknown_s: float) -> float:
        """Time to wait for an answer, s; at least `unknown_s` before enough was measured, and never much less than _LEAST_S."""
        if self._mean_s is None:
            return unknown_s
        least_s = _LEAST_MEANS * self._mean_s if self._count >= _ENOUGH else unknown_s
        return max(self._mean_s + _DEVIATIONS * self._deviation_s, least_s, min(_LEAST_S, unknown_s))
