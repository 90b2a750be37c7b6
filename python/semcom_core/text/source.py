# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fragment of a message as the sender of the token-spinal code sees it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from semcom_core.text.budget import Budget
from semcom_core.text.spine import spine_symbols


class Source(NamedTuple):
    """One fragment as the source sees it.

    Args:
        units: int64 (n + 1,), budget of each symbol and of the end, grid units.
        spines: uint64 (n + 1,), spine after each.
        bits: surprisal of all of them.
    """

    units: np.ndarray
    spines: np.ndarray
    bits: float

    def symbols(self, budget: Budget) -> np.ndarray:
        """Channel symbols of one round."""
        ends = budget.position(np.cumsum(self.units, dtype=np.int64))
        counts = np.diff(ends, prepend=0)
        counts[-1] += budget.tail
        return np.concatenate([spine_symbols(spine, count, budget.round) for spine, count in zip(self.spines, counts)])
