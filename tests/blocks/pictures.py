# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small pictures and their frames for the tests of image blocks and flowgraphs."""

from __future__ import annotations

import numpy as np

from semcom_core.frame import ReceivedFrame
from semcom_core.image import load_image_codec
from semcom_core.units import complex_noise

#: Channel uses enough for a file of a small picture.
OPTIONS = {"cbr": "1/6"}


def picture(seed: int = 0, height: int = 96, width: int = 128) -> np.ndarray:
    """A smooth picture, uint8 (height, width, 3), another one for each seed."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    phases = np.random.default_rng(seed).uniform(0, 6, (3, 1, 1))
    return (127 + 120 * np.sin(5 * x + 3 * y + phases)).astype(np.uint8).transpose(1, 2, 0).copy()


def received(pixels: np.ndarray, message_id: int = 0, snr_db: float = 10.0) -> list[ReceivedFrame]:
    """Frames of a picture by the codec jpeg as a receiver hands them on, 3 dB better than their
    rate was chosen for.
    """
    rng, noise_var = np.random.default_rng(message_id), 10 ** (-(snr_db + 3) / 10)
    frames = load_image_codec("jpeg", **OPTIONS).encode(pixels, snr_db, message_id)
    noisy = [
        (f.header, (f.symbols + complex_noise(len(f.symbols), noise_var, rng)).astype(np.complex64))
        for f in frames
    ]
    return [
        ReceivedFrame(h, s, np.full(len(s), noise_var, np.float32), snr_db=snr_db + 3, cfo_hz=50.0)
        for h, s in noisy
    ]
