# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The air between the two ends of `semcom sim`: a channel, with the burst modem or without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from semcom_core.bench.text.link import receive
from semcom_core.channel import Channel
from semcom_core.frame import Frame, ReceivedFrame
from semcom_core.phy import PhyConfig, Receiver, Transmitter
from semcom_core.units import linear_to_db

#: Silence before and after each burst, samples.
_GAP = 400


class Air:
    """Carries frames, and counts the samples that this takes.

    Args:
        channel: what they pass.
        modem: settings of the burst modem; None carries bare symbols.
        rng: draws noise and fading.
    """

    def __init__(self, channel: Channel, modem: PhyConfig | None, rng: np.random.Generator):
        self.uses = 0
        self._channel = channel
        self._modem = modem
        self._rng = rng

    def carry(self, frames: list[Frame]) -> list[ReceivedFrame]:
        """The frames that arrive of one transmission."""
        if self._modem is None:
            return [_measured(receive(frame, self._channel, self._rng)) for frame in frames]
        burst = Transmitter(self._modem).burst(frames)
        self.uses += len(burst)
        gap = np.zeros(_GAP, np.complex64)
        receiver = Receiver(self._modem)
        received = receiver.push(
            self._channel.through_samples(np.concatenate([gap, burst, gap]), self._rng)
        )
        return received + receiver.flush()


def _measured(frame: ReceivedFrame) -> ReceivedFrame:
    """A frame with the SNR that its own noise variances tell."""
    return (
        replace(frame, snr_db=float(linear_to_db(np.mean(1 / frame.noise_var))))
        if frame.header.length
        else frame
    )
