# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Burst transmitter: frames to samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from semcom_core.errors import FrameError
from semcom_core.frame import MAX_LENGTH, Frame
from semcom_core.phy import header as frame_header
from semcom_core.phy.config import PhyConfig
from semcom_core.phy.ofdm import Layout, fill_uses, interleaver, phases, pilot_carriers, to_samples
from semcom_core.phy.synchronization import preamble


class Transmitter:
    """Makes bursts of one or more frames.

    >>> from semcom_core.frame import FrameHeader
    >>> frame = Frame(FrameHeader(codec=3, length=2), np.ones(2, np.complex64))
    >>> Transmitter(PhyConfig()).burst([frame]).shape
    (372,)
    """

    def __init__(self, config: PhyConfig | None = None):
        self.config = config or PhyConfig()
        self.layout = Layout(self.config)
        self.scale = np.float32(self.config.rms / np.sqrt(self.layout.occupancy))
        self._preamble = preamble(self.layout)

    def burst(self, frames: Sequence[Frame]) -> np.ndarray:
        """Samples of one burst, guard included, complex64 (layout.burst_samples(lengths),).

        Args:
            frames: 1 to config.max_frames frames; their headers' `more` bits are set here.

        Raises:
            FrameError: no frame, too many frames, or symbols that are not finite.
        """
        if not 1 <= len(frames) <= self.config.max_frames:
            raise FrameError(
                f"burst has {len(frames)} frames; allowed is 1 to {self.config.max_frames}"
            )
        last = len(frames) - 1
        parts = [self._frame_uses(frame, index < last) for index, frame in enumerate(frames)]
        uses = np.concatenate(parts)
        body = to_samples(self.layout, self._carriers(uses))
        guard = np.zeros(self.layout.profile.guard - self.layout.profile.taper, dtype=np.complex64)
        samples = np.concatenate([self._preamble, body, guard]) * self.scale
        return clip_peaks(samples, self.config.amplitude)

    def _frame_uses(self, frame: Frame, more: bool) -> np.ndarray:
        """Uses of one frame, complex64: its header, then its scrambled and interleaved payload."""
        if not np.isfinite(frame.symbols).all():
            raise FrameError("frame has symbols that are NaN or infinite; allowed is finite values")
        bits = frame_header.pack(replace(frame.header, more=int(more)))
        payload = np.asarray(frame.symbols, dtype=np.complex64)
        if self.config.interleave:
            payload = payload[interleaver(frame.header.length)]
        scrambling = phases(self.config.key, "payload", MAX_LENGTH)[: len(payload)]
        return np.concatenate([frame_header.modulate(bits, self.layout), payload * scrambling])

    def _carriers(self, uses: np.ndarray) -> np.ndarray:
        """Active carriers (S, A) of a burst's uses, the last symbol filled up."""
        layout = self.layout
        count = layout.symbols_for(len(uses))
        filled = np.concatenate([uses, fill_uses(layout, len(uses), -len(uses) % len(layout.data))])
        carriers = np.empty((count, len(layout.carriers)), dtype=np.complex64)
        carriers[:, layout.data] = filled.reshape(count, -1)
        carriers[:, layout.is_pilot] = pilot_carriers(layout, np.arange(count))
        return carriers


def clip_peaks(samples: np.ndarray, limit: float) -> np.ndarray:
    """Samples, complex (n,), with their modulus clipped to `limit`, phase kept; in place."""
    size = np.abs(samples)
    over = size > limit
    if over.any():
        samples[over] *= np.float32(limit) / size[over]
    return samples
