# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A codec with increments for tests: it decodes when the frames carry enough information, whatever
rounds they are of.
"""

from __future__ import annotations

import numpy as np

from semcom_core.errors import FrameError
from semcom_core.frame import ROUND_NUMBERS, Frame, FrameHeader, ReceivedFrame
from semcom_core.text import DecodedText
from semcom_core.units import complex_noise, db_to_linear

#: Symbols of the first round of a fragment, and of each increment.
FIRST, MORE = 100, 40
#: `params` is the SNR that is designed for, dB, plus this.
LEAST_DB = 20


def frame_of(message_id=0, round=0, fragment=0, fragments=1, params=9, variant=0) -> Frame:
    """One frame of a message."""
    length = MORE if round else FIRST
    header = FrameHeader(
        ROUND_NUMBERS[1][round], message_id, fragment, fragments - 1, length, params=params
    )
    return Frame(
        header,
        complex_noise(length, 1.0, np.random.default_rng([message_id, round, fragment, variant])),
    )


def message_of(message_id=0, fragments=1, rounds=4, variant=0) -> list[Frame]:
    """The frames of all rounds of a message."""
    return [
        frame_of(message_id, r, k, fragments, variant=variant)
        for r in range(rounds)
        for k in range(fragments)
    ]


def carried_by(frame: ReceivedFrame) -> float:
    """Information in a frame, bits."""
    return float(np.sum(np.log2(1 + 1 / frame.noise_var)))


def bits_of(params: int) -> float:
    """What a fragment needs, bits: what its first round just carries at the SNR that `params`
    states.
    """
    return 0.999 * FIRST * float(np.log2(1 + db_to_linear(params - LEAST_DB)))


class RoundCodec:
    """The only text of message k is "text k"; the rate is such that the first round just decodes at
    the SNR asked for.

    Args:
        fragments: of each message.
    """

    name = "rounds"
    number = 1
    rounds = 4
    modality = "text"

    def __init__(self, fragments: int = 1):
        self.fragments = fragments
        self.decoded_rounds: list[list[tuple[int, int]]] = []

    def encode(self, text, snr_db, message_id=0):
        return self.increments(text, snr_db, message_id)[0]

    def increments(self, text, snr_db, message_id=0):
        if text != f"text {message_id}":
            raise FrameError(f"text is {text!r}; allowed is 'text {message_id}'")
        params = round(snr_db + LEAST_DB)
        return [
            [frame_of(message_id, r, k, self.fragments, params) for k in range(self.fragments)]
            for r in range(4)
        ]

    def decode(self, frames):
        self.decoded_rounds.append([(f.header.round, f.header.fragment) for f in frames])
        found = np.zeros(frames[0].header.fragments)
        for frame in frames:
            found[frame.header.fragment] += carried_by(frame)
        message_id, missing = (
            frames[0].header.message_id,
            bits_of(frames[0].header.params) - found.min(),
        )
        if missing > 0:
            return DecodedText("a guess", False, message_id, -missing, "too little has come")
        return DecodedText(f"text {message_id}", True, message_id, 99.0)


def noisy(snr_db: float, rng=None):
    """What makes of frames those received at an SNR."""
    rng = rng or np.random.default_rng(1)

    variance = float(db_to_linear(-snr_db))

    def receive(frame):
        length = frame.header.length
        noise_var = np.full(length, variance, np.float32)
        return ReceivedFrame(
            frame.header,
            frame.symbols + complex_noise(length, variance, rng),
            noise_var,
            snr_db=snr_db,
        )

    return lambda frames: [receive(frame) for frame in frames]
