# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate adaptation: SNR of the far end, smoothed or predicted from a memory, for the next message's
rate.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from semcom_core.errors import check_range

if TYPE_CHECKING:
    from semcom_core.memory import MemoryStore

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


class RememberedSnr(SnrTracker):
    """SNR predicted from the measurements in a memory (see memory.measurement), less a margin.

    The memory knows how fast the channel changes and how far a measurement is to be trusted, so
    that no margin is needed where nothing lacking is sent again.

    Args:
        store: holds the measurements, as CSI items; those that it has count from the beginning.
        margin_db: how far below what the memory advises, dB, -30 to 30.
        delay: slots from the last measurement to the message whose rate is chosen, 1 to 1000.

    Raises:
        ConfigError: a value is out of range.
    """

    def __init__(self, store: MemoryStore, margin_db: float = 0.0, delay: int = 1) -> None:
        super().__init__(margin_db)
        check_range("delay", delay, 1, 1000)
        self.store = store
        self.delay = delay

    def measure(self, snr_db: float, slot: int | None = None) -> None:
        """Enter a measured SNR.

        Args:
            snr_db: dB; one that is not finite says nothing.
            slot: of the measurement; None for the one after the last.
        """
        from semcom_core.memory.measurement import Measurement, measurement_item

        super().measure(snr_db)
        slot = self.store.now + 1 if slot is None else slot
        if math.isfinite(snr_db):
            key = self.store.next_key()
            self.store.add(measurement_item(key, Measurement(slot, snr_db)))

    def design_db(self, unmeasured_db: float) -> float:
        """SNR to choose the next rate for, dB; `unmeasured_db` as it is while nothing is
        remembered.
        """
        from semcom_core.memory.measurement import measurements, predict_snr

        if not measurements(self.store.items):
            return unmeasured_db
        found = predict_snr(self.store.items, self.store.now + self.delay).design_db()
        return min(max(found - self.margin_db, LEAST_DB), MOST_DB)
