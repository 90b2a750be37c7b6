# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encoder of pictures to frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pmt

from semcom_core.codecs import IMAGE
from semcom_core.errors import check_choice
from semcom_core.frame import Frame
from semcom_core.image.transceiver import IMPORTANCES

from .guard import tunable
from .pdu import picture_pdu, read_picture_pdu
from .worker.blocks import encoder_block
from .worker.process import Job


class image_encoder(encoder_block):
    """Encodes each picture by a codec of semcom_core.image, which runs in a process of its own.

    Message inputs:
        in: picture PDUs; they are numbered here where the key message_id is missing. The end PDU is
            passed on in order, also when the queue is full.

    Message outputs:
        out: frame PDUs, one for each fragment; the last of a picture has the key last.
        view: picture PDUs named segments and importance: what was found in a picture; none without
            importance.
        feedback: notices `lost` (queue full, or the codec refused the picture or died over it),
            `refused`, `loading`, `ready`, `restarted` and `failed` (the codec does not load).

    All settings may change at run time; another codec is loaded once the pictures that wait are
    encoded. A flowgraph that is started again loads the codec again; the counts go on.

    Args:
        codec: name of the codec.
        snr_db: SNR for which the codec chooses its rate, dB, -20 to 60.
        options: settings of the codec, a dict, such as {"cbr": "1/16"}.
        importance: what the codec spends its channel uses on: none (everything alike) or sam
            (objects, found by Segment Anything).
        queue_size: pictures that may wait for the codec; more are dropped and counted. 0 is 65536.
        timeout_s: a picture that takes the codec longer is lost and the codec started anew, s.

    Raises:
        ConfigError: unknown codec, or a value out of range.
    """

    def __init__(
        self,
        codec: str = "hybrid",
        snr_db: float = 10.0,
        options: dict | None = None,
        importance: str = "none",
        queue_size: int = 8,
        timeout_s: float = 300.0,
    ) -> None:
        encoder_block.__init__(
            self, "image_encoder", codec, options, queue_size, timeout_s, snr_db, IMAGE
        )
        self.set_importance(importance)
        self.message_port_register_out(pmt.intern("view"))

    @tunable
    def set_importance(self, importance: str) -> None:
        """Set what the codec spends its channel uses on; from the next picture on."""
        check_choice("importance", importance, IMPORTANCES)
        self.importance = str(importance)

    def read(self, message: pmt.pmt_base) -> tuple[dict, np.ndarray]:
        """Metadata and pixels of a message."""
        return read_picture_pdu(message)

    def job(self, content: np.ndarray, message_id: int) -> Job:
        """The call of the codec for a picture."""
        settings = {"snr_db": self.snr_db, "message_id": message_id, "importance": self.importance}
        return Job("encode", (content,), settings, message_id)

    def frames(self, job: Job, result: Any) -> list[Frame]:
        """The frames in a codec's result."""
        return result.frames

    def answer(self, job: Job, result: Any) -> None:
        """Publish the frames of an encoded picture, and what was found in it."""
        encoder_block.answer(self, job, result)
        for name, pixels in result.views.items():
            pdu = picture_pdu(pixels, name=name, message_id=job.message_id)
            self.message_port_pub(pmt.intern("view"), pdu)
