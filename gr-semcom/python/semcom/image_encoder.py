# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures to frames, by an image codec in a worker process."""

from __future__ import annotations

import pmt

from semcom_core.codecs import IMAGE
from semcom_core.errors import check_choice, check_range
from semcom_core.frame import MESSAGE_IDS
from semcom_core.image.transceiver import IMPORTANCES

from .guard import guarded_handler, tunable
from .pdu import end_pdu, is_end, message_pdus, picture_pdu, read_picture_pdu
from .worker.blocks import codec_block
from .worker.process import Job


class image_encoder(codec_block):
    """Encodes each picture with a codec of semcom_core.image.

    Message ports:
        in: picture PDUs; the key message_id is used where there is one. An end PDU is passed on in
        order, also when the queue is full. out: frame PDUs, one for each fragment; the last of a
        picture has the key last. view: picture PDUs of what was seen in a picture, named segments
        and importance; none without importance. feedback (output): notices `lost` (queue full, or
        the codec refused the picture or died over it), `refused`, `loading`,
            `ready`, `restarted` and `failed` (the codec does not load).

    All settings may change at run time; another codec is loaded once the pictures that wait are
    encoded. A flowgraph that is started again loads the codec again; the counts go on.

    Args:
        codec: name of the codec.
        snr_db: SNR for which the codec chooses its rate, dB.
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
        codec="hybrid",
        snr_db=10.0,
        options=None,
        importance="none",
        queue_size=8,
        timeout_s=300.0,
    ):
        codec_block.__init__(
            self, "image_encoder", codec, options, queue_size, timeout_s, IMAGE
        )
        self.set_snr_db(snr_db)
        self.set_importance(importance)
        self.encoded = 0
        self._next_id = 0
        self.message_port_register_out(pmt.intern("view"))

    @tunable
    def set_snr_db(self, snr_db: float) -> None:
        """Set the SNR for which the codec chooses its rate, dB; from the next picture on."""
        check_range("snr_db", snr_db, -20, 60)
        self.snr_db = float(snr_db)

    @tunable
    def set_importance(self, importance: str) -> None:
        """Set what the codec spends its channel uses on; from the next picture on."""
        check_choice("importance", importance, IMPORTANCES)
        self.importance = str(importance)

    @guarded_handler
    def handle_message(self, message):
        """Queue a picture for the codec."""
        if is_end(message):
            self.submit(Job())
            return
        meta, pixels = read_picture_pdu(message)
        message_id = meta.get("message_id", self._next_id) % MESSAGE_IDS
        self._next_id = message_id + 1
        settings = {"snr_db": self.snr_db, "message_id": message_id, "importance": self.importance}
        self.submit(Job("encode", (pixels,), settings, message_id))

    def on_done(self, job: Job, result) -> None:
        """Publish the frames of an encoded picture, or the end."""
        if not job.verb:
            self.message_port_pub(pmt.intern("out"), end_pdu())
            return
        self.encoded += 1
        for pdu in message_pdus(result.frames):
            self.message_port_pub(pmt.intern("out"), pdu)
        for name, pixels in result.views.items():
            self.message_port_pub(
                pmt.intern("view"), picture_pdu(pixels, name=name, message_id=job.message_id)
            )
