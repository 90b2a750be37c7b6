# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the receiving end share."""

from __future__ import annotations

from semcom_core.link import ArqReceiver, ReceiverConfig


def make(**settings):
    return ArqReceiver(ReceiverConfig(**{"ack_delay_s": 0.1, "patience_s": 10.0, **settings}))


def ids(deliveries):
    return [delivery.message_id for delivery in deliveries]


def receive(receiver, frames, now=0.0):
    """Frames in, what the receiver wants done out."""
    for frame in frames:
        receiver.on_frame(frame, now)
    return receiver.poll(now)
