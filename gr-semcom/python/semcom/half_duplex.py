# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transmit-receive switch: mutes the receiver while the own transmitter is on."""

from __future__ import annotations

import numpy as np
from gnuradio import gr

from semcom_core.errors import check_range

from .guard import begin_again, guarded_work, tunable
from .notices import FEEDBACK


class half_duplex(gr.sync_block):
    """Mutes the receiver while the transmitter of the same station sends, and for a while after.

        own samples  ──► on? ──┐
        air samples  ───────── × ──► air samples, 0 while on and `hold_samples` after

    The transmitter is on where its samples are not 0. Both streams must be of one timeline: sample
    k of the air is received while sample k of the transmitter is sent, so the transmitter fills
    with zeros while it has nothing to send.

    Stream inputs:
        0: complex samples of the own transmitter.
        1: complex samples from the air.

    Stream output:
        complex samples from the air, 0 where muted.

    Message outputs:
        feedback: the notice `failed`.

    Args:
        hold_samples: how long the receiver stays muted after the transmitter's last sample,
            samples.

    Raises:
        ConfigError: the value is out of range.
    """

    def __init__(self, hold_samples: int = 256) -> None:
        gr.sync_block.__init__(self, "half_duplex", [np.complex64, np.complex64], [np.complex64])
        self.set_hold_samples(hold_samples)
        self.muted = 0
        self._since_on = np.inf
        self.message_port_register_out(FEEDBACK)

    @tunable
    def set_hold_samples(self, hold_samples: int) -> None:
        """Set how long the receiver stays muted after the transmitter's last sample, samples."""
        check_range("hold_samples", hold_samples, 0, 1 << 30)
        self.hold_samples = int(hold_samples)

    def start(self) -> bool:
        """Begin with the transmitter off."""
        begin_again(self)
        self.muted = 0
        self._since_on = np.inf
        return True

    @guarded_work
    def work(self, input_items: list[np.ndarray], output_items: list[np.ndarray]) -> int:
        """Copy the air where the transmitter has been off for long enough."""
        own, air = input_items
        out = output_items[0]
        on = np.flatnonzero(own)
        if on.size == 0 and self._since_on >= self.hold_samples:
            out[:] = air
            self._since_on += len(out)
            return len(out)
        index = np.arange(len(own))
        latest = np.full(len(own), -1 - self._since_on)  # index of the last sample that was on
        latest[on] = on
        muted = index - np.maximum.accumulate(latest) <= self.hold_samples
        out[:] = np.where(muted, 0, air)
        self.muted += int(np.count_nonzero(muted))
        if on.size:
            self._since_on = index[-1] - max(latest[0], on[-1])
        else:
            self._since_on += len(out)
        return len(out)
