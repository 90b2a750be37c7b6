# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the channel symbols of a message go, by cause."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from semcom_core.text.budget import GRID, Budget, surprisal_units
from semcom_core.units import capacity_bits


def gap(surprisals: np.ndarray, budgets: Sequence[Budget], uses: int, snr_db: float) -> dict[str, float]:
    """Channel uses of a message by cause; they add up to `uses`.

    Args:
        surprisals: of each source symbol and of the end, bits.
        budgets: of each fragment.
        uses: channel symbols of the message.

    Returns:
        source: the text's bits at capacity; end: those of its end; grid: what rounding the surprisals adds, of either sign; delta: what is
        added to each symbol; tail: what confirms each fragment; margin: all the rest, which protects from noise.
    """
    capacity = float(capacity_bits(snr_db))
    units = np.array([surprisal_units(-bits) for bits in surprisals])
    causes = {
        "source": surprisals[:-1].sum() / capacity,
        "end": surprisals[-1] / capacity,
        "grid": (units.sum() * GRID - surprisals.sum()) / capacity,
        "delta": len(surprisals) * budgets[0].delta_units * GRID / capacity,
        "tail": float(sum(budget.tail for budget in budgets)),
    }
    return {**{cause: float(value) for cause, value in causes.items()}, "margin": uses - float(sum(causes.values()))}
