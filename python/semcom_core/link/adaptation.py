# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate adaptation: smoothed SNR of the far end, less a margin, for the rate of the next message."""

from __future__ import annotations

import math

from semcom_core.errors import check_range

#: Weight of a new measurement in the mean; the first one counts whole.
WEIGHT = 0.25
#: SNR that a codec may be asked to choose a rate for, dB.
LEAST_DB = -20.0
MOST_DB = 60.0
#: Largest margin, either way, dB.
MOST_MARGIN_DB = 30.0


class SnrTracker:
    """Smoothed measurements less a margin.

        mean += (measured - mean) / 4,    SNR to design for = mean - margin_db, within -20 to 60 dB

    A link that can ask for increments needs no margin: what a message lacks is sent when it turns
    out to be lacking. A negative margin then sends less at first.

    Args:
        margin_db: how far below the mean, dB, -30 to 30.

    Raises:
        ConfigError: the margin is out of range.
    """

    def __init__(self, margin_db: float = 0.0) -> None:
        self.set_margin_db(margin_db)
        self.mean_db: float | None = None

    def set_margin_db(self, margin_db: float) -> None:
        """Set the margin, dB."""
        check_range("margin_db", margin_db, -MOST_MARGIN_DB, MOST_MARGIN_DB)
        self.margin_db = float(margin_db)

    def measure(self, snr_db: float) -> None:
        """Enter a measured SNR, dB; one that is not finite says nothing."""
        if math.isfinite(snr_db):
            self.mean_db = (
                snr_db if self.mean_db is None else self.mean_db + WEIGHT * (snr_db - self.mean_db)
            )

    def design_db(self, unmeasured_db: float) -> float:
        """SNR to choose the next rate for, dB; `unmeasured_db` as it is while nothing is
        measured.
        """
        if self.mean_db is None:
            return unmeasured_db
        return min(max(self.mean_db - self.margin_db, LEAST_DB), MOST_DB)
