# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads frames out of bursts, many bursts at a time: a header, then the payload it announces, until `more` is 0.

A decoded header is known from then on, so it serves as training: the channel, the noise and the phase track of a
payload come from the Zadoff-Chu symbol, the header's carriers, the pilots and the fill together.
"""

from __future__ import annotations

import numpy as np

from semcom_core.phy.burst import Burst, SampleWindow, grouped, predicted_turn, symbol_offsets
from semcom_core.phy.equalise import Equaliser, head_phase, received_frames
from semcom_core.phy.estimate import ChannelSmoother
from semcom_core.phy.heads import HeaderReader
from semcom_core.phy.known import frame_carriers, symbol_numbers
from semcom_core.phy.layout import Layout


class Demodulator:
    """Headers and payloads of bursts."""

    def __init__(self, layout: Layout):
        self.layout = layout
        self.smoother = ChannelSmoother(layout)
        self.read_headers = HeaderReader(layout, self.smoother)
        self.equalise = Equaliser(layout, self.smoother)

    def read_payloads(self, window: SampleWindow, bursts: list[Burst], limit: int) -> None:
        """Read the payload each burst's header announces; symbols that reach beyond sample `limit` count as erased."""
        for shape, alike in grouped(bursts, _shape):
            self._read_payloads(window, alike, *shape, limit)

    def _read_payloads(self, window: SampleWindow, bursts: list[Burst], first: bool, count: int, limit: int) -> None:
        """Read the payloads of bursts of one shape (see _shape). A shorter one's last symbol stands in for those beyond it."""
        layout, reader = self.layout, self.read_headers
        symbols = symbol_numbers(bursts, count)
        known = frame_carriers(layout, bursts, symbols, limit)
        last = np.array([b.first + b.count - 1 for b in bursts])[:, None]
        offsets, times = symbol_offsets(layout, np.minimum(symbols, last)), np.arange(count, dtype=float)
        if first:
            phase = reader.refine_frequency(bursts, known)
            chirps = np.broadcast_to(reader.chirp, (len(bursts), len(reader.chirp_times), len(reader.chirp)))
            known = np.concatenate([chirps, known], axis=1)
            offsets = np.concatenate([np.broadcast_to(reader.chirp_offsets, chirps.shape[:2]), offsets], axis=1)
            times = np.concatenate([reader.chirp_times, times])
        seen = window.observe(layout, bursts, offsets)
        if not first:
            seen.carriers[:] *= predicted_turn(bursts, symbols)
            phase = head_phase(layout, bursts, seen.carriers, known, times)
        received_frames(layout, bursts, self.equalise(bursts, seen, known, times, phase), limit)


def _shape(burst: Burst) -> tuple[bool, int]:
    """Whether it is the first frame, and the symbols read: rounded up, so that bursts of like length go together."""
    step = 2 if burst.count <= 8 else 4 if burst.count <= 32 else 8
    return burst.uses == 0, -(-burst.count // step) * step
