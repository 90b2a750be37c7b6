# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the two-sided link share: messages of random symbols, and frames as
received.
"""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.frame import Frame, FrameHeader, ReceivedFrame
from semcom_core.units import complex_noise


@pytest.fixture
def message():
    """message(message_id, fragments, length, variant): the frames of a message."""

    def make(message_id=0, fragments=1, length=100, variant=0):
        rng = np.random.default_rng([message_id, variant])
        headers = [
            FrameHeader(2, message_id, k, fragments - 1, length, params=9) for k in range(fragments)
        ]
        return [Frame(header, complex_noise(length, 1.0, rng)) for header in headers]

    return make


@pytest.fixture
def heard():
    """heard(frame, noise_var, rng): a frame as received in noise."""

    def make(frame, noise_var=0.1, rng=None):
        noise = complex_noise(frame.header.length, noise_var, rng or np.random.default_rng(1))
        variances = np.full(frame.header.length, noise_var, np.float32)
        return ReceivedFrame(
            frame.header, frame.symbols + noise, variances, snr_db=float(-10 * np.log10(noise_var))
        )

    return make


@pytest.fixture
def deliver(message, heard):
    """deliver(receiver, message_id, now, variant): the receiver gets a message of one fragment that
    decodes at once; returns what it then wants done.
    """

    def run(receiver, message_id, now=0.0, variant=0):
        for frame in message(message_id, variant=variant):
            receiver.on_frame(heard(frame), now)
        receiver.on_decoded(message_id, f"text {message_id}", True, now)
        return receiver.poll(now)

    return run
