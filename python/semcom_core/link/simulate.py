# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One message over a two-sided link in virtual time: rounds and copies until it decodes, with a way
back that loses nothing.

encode ─► ArqSender ─► carry ─► ArqReceiver ─► decode
              ▲                      │
              └─────── answers ──────┘
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from semcom_core.errors import FrameError, ModelError
from semcom_core.frame import ROUNDS, Frame, ReceivedFrame
from semcom_core.link.ack import is_control
from semcom_core.link.config import ReceiverConfig, SenderConfig
from semcom_core.link.receiver import ArqReceiver
from semcom_core.link.sender import ArqSender
from semcom_core.text.codec import DecodedText, TextCodec

#: Takes the frames of one transmission and gives those that arrive.
Carry = Callable[[list[Frame]], list[ReceivedFrame]]


@dataclass(frozen=True)
class Outcome:
    """What became of a message.

    Args:
        received: what was delivered.
        transmissions: of the first round, of increments and of copies.
        uses: payload symbols of all of them.
        snr_db: mean SNR that was measured on the frames received, dB; None where there was none.
    """

    received: DecodedText
    transmissions: int
    uses: int
    snr_db: float | None


def rounds_of(codec: TextCodec, text: str, snr_db: float, message_id: int = 0) -> list[Frame]:
    """Frames of all rounds that a codec can make of a message: of the first alone where it knows no
    increments.

    Raises:
        FrameError: the codec refuses the text.
    """
    if not hasattr(codec, "increments"):
        return codec.encode(text, snr_db, message_id=message_id)
    return [
        frame
        for frames in codec.increments(text, snr_db, message_id=message_id)
        for frame in frames
    ]


def simulate(
    codec: TextCodec,
    text: str,
    snr_db: float,
    carry: Carry,
    tries: int = ROUNDS,
    message_id: int = 0,
) -> Outcome:
    """Send a message until it decodes.

    Args:
        codec: encodes and decodes.
        snr_db: SNR to choose the rate of the first round for, dB.
        carry: the channel.
        tries: most transmissions, 1 to 1000.

    Raises:
        FrameError: the codec refuses the text.
        ConfigError: tries is out of range.
    """
    sender = ArqSender(SenderConfig(max_tries=tries), np.random.default_rng(message_id))
    sender.submit(rounds_of(codec, text, snr_db, message_id))
    far_end = _FarEnd(codec, tries, message_id)
    now = 0.0
    while now < math.inf:
        for frames in sender.poll(now)[0]:
            sender.on_transmitted(message_id, now)
            far_end.hear(frames if is_control(frames[0].header) else carry(frames), now)
        for ack in far_end.answers(now):
            sender.on_ack(ack, now)
        now = min(sender.next_time(), far_end.receiver.next_time())
    return Outcome(
        far_end.found,
        sender.counts["transmissions"],
        sender.counts["uses"],
        _mean(far_end.levels_db),
    )


def send_once(
    codec: TextCodec, text: str, snr_db: float, carry: Carry, message_id: int = 0
) -> Outcome:
    """Send a message without a way back; arguments as those of `simulate`.

    Raises:
        FrameError: the codec refuses the text.
    """
    frames = codec.encode(text, snr_db, message_id=message_id)
    received = carry(frames)
    found = _decode(codec, received, message_id)
    return Outcome(
        found,
        1,
        sum(len(frame.symbols) for frame in frames),
        _mean([frame.snr_db for frame in received]),
    )


class _FarEnd:
    """Receiver and decoder of one message; `found` is what they deliver, `levels_db` the SNR of
    each frame.
    """

    def __init__(self, codec: TextCodec, tries: int, message_id: int):
        self.receiver = ArqReceiver(ReceiverConfig(max_tries=tries, ack_delay_s=0.0))
        self.found = _decode(codec, [], message_id)
        self.levels_db: list[float] = []
        self._codec = codec
        self._id = message_id

    def hear(self, frames: list[Frame], now: float) -> None:
        for frame in frames:
            if is_control(frame.header):
                self.receiver.on_poll(self._id, now)
            else:
                self.levels_db.append(frame.snr_db)
                self.receiver.on_frame(frame, now)

    def answers(self, now: float) -> list:
        """Decode what is complete, deliver what is settled, and answer."""
        actions = self.receiver.poll(now)
        for frames in actions.decode:
            got = _decode(self._codec, frames, self._id)
            self.receiver.on_decoded(self._id, got, got.decoded, now, got.score)
        for delivery in actions.deliveries:
            self.found = delivery.guess
        return actions.acks


def _decode(codec: TextCodec, frames: list[ReceivedFrame], message_id: int) -> DecodedText:
    """What a codec makes of the frames that came; nothing, with the reason, where it makes nothing
    of them.
    """
    if not frames:
        return DecodedText("", False, message_id, reason="no frame was received")
    try:
        return codec.decode(frames)
    except (FrameError, ModelError) as error:
        return DecodedText("", False, message_id, reason=str(error))


def _mean(levels_db: list[float]) -> float | None:
    measured = [level_db for level_db in levels_db if math.isfinite(level_db)]
    return sum(measured) / len(measured) if measured else None
