# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoder of received frames to pictures."""

from __future__ import annotations

import pmt

from semcom_core.codecs import IMAGE
from semcom_core.frame import ReceivedFrame
from semcom_core.image.codec import DecodedImage, numbers_of

from .gathering import PictureGroups
from .pdu import picture_pdu
from .worker.blocks import decoder_block
from .worker.process import Job


class image_decoder(decoder_block):
    """Gathers the fragments of each picture, in any order, and decodes it by a codec of
    semcom_core.image.

    The codec runs in a process of its own. A picture that lacks fragments, or does not decode, is
    delivered all the same, with decoded = False, the reason, and what the codec makes of the
    fragments received.

    Message inputs:
        in: frame PDUs of the burst receiver. Frames of another codec are counted and dropped. The
            end PDU is passed on once all pictures before it are decoded.

    Message outputs:
        out: picture PDUs with the keys message_id, decoded, reason, missing, fragments, snr_db
            (mean over the fragments, dB), cfo_hz (Hz) and uses (symbols received).
        feedback: notices `lost` (queue full, or the codec refused the frames or died over them),
            `refused`, `loading`, `ready`, `restarted` and `failed` (the codec does not load).

    All settings may change at run time; another codec is loaded once the pictures that wait are
    decoded. A flowgraph that is started again loads the codec again and forgets fragments; the
    counts go on.

    Args:
        codec: name of the codec.
        options: settings of the codec, a dict; they must be the sender's.
        queue_size: pictures that may wait for the codec; more are dropped and counted. 0 is 65536.
        fragment_timeout_s: how long a picture waits for its next fragment, s; 0 is until four later
            pictures have begun.
        timeout_s: a picture that takes the codec longer is lost and the codec started anew, s.

    Raises:
        ConfigError: unknown codec, or a value out of range.
    """

    def __init__(
        self,
        codec: str = "hybrid",
        options: dict | None = None,
        queue_size: int = 8,
        fragment_timeout_s: float = 2.0,
        timeout_s: float = 300.0,
    ) -> None:
        decoder_block.__init__(
            self,
            "image_decoder",
            codec,
            options,
            queue_size,
            timeout_s,
            PictureGroups(),
            fragment_timeout_s,
            IMAGE,
        )

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers in the frame header of the codec that is set."""
        return numbers_of(self.codec)

    @property
    def late(self) -> int:
        """Fragments that came after their picture was closed."""
        return self._groups.late

    def is_own(self, frame: ReceivedFrame) -> bool:
        """Whether a frame is of the codec that is set."""
        return frame.header.codec in self.numbers

    def push(self, frame: ReceivedFrame, message: pmt.pmt_base) -> list[list[ReceivedFrame]]:
        """Gather a fragment; returns the pictures that this closes."""
        return self._groups.push(frame)

    def forget(self) -> None:
        """Discard all open pictures; the count of late fragments stays."""
        self._groups.forget()

    def publish(self, job: Job, result: DecodedImage) -> None:
        """Publish a decoded picture."""
        meta = {
            "message_id": job.message_id,
            "decoded": bool(result.decoded),
            "reason": result.reason,
            "missing": int(result.missing),
            "fragments": int(result.fragments),
            **job.meta,
        }
        self.message_port_pub(pmt.intern("out"), picture_pdu(result.pixels, **meta))
