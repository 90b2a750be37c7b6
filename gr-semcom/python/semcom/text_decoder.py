# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoder of received frames to text messages."""

from __future__ import annotations

import math

import pmt

from semcom_core.codecs import TEXT, find_codec
from semcom_core.frame import ReceivedFrame
from semcom_core.text import DecodedText

from .gathering import FragmentGroups
from .pdu import is_last, rounds_of, text_pdu
from .worker.blocks import decoder_block
from .worker.process import Job


class text_decoder(decoder_block):
    """Gathers the fragments of each message, of one round or several, and decodes it by a codec of
    semcom_core.text.

    The codec runs in a process of its own. A message that does not decode is delivered all the
    same, with decoded = False and the codec's best guess.

    Message inputs:
        in: frame PDUs of the burst receiver or the acknowledger. Frames of another codec are
            counted and dropped. The end PDU is passed on once all messages before it are decoded.

    Message outputs:
        out: text PDUs with the keys message_id, decoded, reason, snr_db (mean over the fragments,
            dB), cfo_hz (Hz), uses (symbols received), and from the codec spinal score: log2 of the
            posterior odds of the text against all others that its search has seen.
        feedback: notices `lost` (queue full, or the codec refused the frames or died over them),
            `refused`, `loading`, `ready`, `restarted` and `failed` (the codec does not load).

    All settings may change at run time; another codec is loaded once the messages that wait are
    decoded. A flowgraph that is started again loads the codec again and forgets fragments; the
    counts go on.

    Args:
        codec: name of the codec.
        options: settings of the codec, a dict; they must be the sender's.
        queue_size: messages that may wait for the codec; more are dropped and counted. 0 is 65536.
        fragment_timeout_s: how long a message waits for a missing fragment, s; 0 is until the next
            message.
        timeout_s: a message that takes the codec longer is lost and the codec started anew, s.

    Raises:
        ConfigError: unknown codec, or a value out of range.
    """

    def __init__(
        self,
        codec: str = "spinal",
        options: dict | None = None,
        queue_size: int = 64,
        fragment_timeout_s: float = 2.0,
        timeout_s: float = 300.0,
    ) -> None:
        decoder_block.__init__(
            self,
            "text_decoder",
            codec,
            options,
            queue_size,
            timeout_s,
            FragmentGroups(),
            fragment_timeout_s,
        )

    @property
    def number(self) -> int:
        """Number in the frame header of the codec that is set."""
        return find_codec(self.codec, TEXT).number

    def is_own(self, frame: ReceivedFrame) -> bool:
        """Whether a frame is of the codec that is set."""
        return frame.header.family == self.number

    def push(self, frame: ReceivedFrame, message: pmt.pmt_base) -> list[list[ReceivedFrame]]:
        """Gather a frame; returns the messages that it completes."""
        return self._groups.push(frame, is_last(message), rounds_of(message))

    def forget(self) -> None:
        """Discard the open message."""
        self._groups = FragmentGroups(self.fragment_timeout_s)

    def publish(self, job: Job, result: DecodedText) -> None:
        """Publish a decoded message."""
        meta = {
            "message_id": job.message_id,
            "decoded": bool(result.decoded),
            "reason": result.reason,
            **job.meta,
        }
        if math.isfinite(result.score):
            meta["score"] = float(result.score)
        self.message_port_pub(pmt.intern("out"), text_pdu(result.text, **meta))
