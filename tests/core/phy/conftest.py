# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames and bursts for the modem's tests."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.phy import Frame, FrameHeader, PhyConfig, Transmitter
from semcom_core.units import complex_noise


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)


@pytest.fixture
def frame(rng):
    """Makes a frame of Gaussian symbols of mean power 1."""

    def make(length: int, message_id: int = 0, **fields) -> Frame:
        symbols = complex_noise(length, 1.0, rng)
        if length:
            symbols /= np.sqrt(np.mean(np.abs(symbols) ** 2))
        return Frame(FrameHeader(codec=3, message_id=message_id, length=length, **fields), symbols)

    return make


@pytest.fixture
def stream():
    """Makes a stream of bursts, each a list of frames, with silence before, between and after."""

    def make(*bursts: list[Frame], gap: int = 150, config: PhyConfig | None = None) -> np.ndarray:
        transmitter = Transmitter(config)
        quiet = np.zeros(gap, dtype=np.complex64)
        return np.concatenate(
            [quiet, *(part for frames in bursts for part in (transmitter.burst(frames), quiet))]
        )

    return make
