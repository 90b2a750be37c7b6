# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text messages to frames, by a text codec in a worker process."""

from __future__ import annotations

import pmt

from semcom_core.errors import check_range
from semcom_core.phy.frame import MESSAGE_IDS

from .codec_block import codec_block
from .guard import guarded_handler, tunable
from .job_queue import Job
from .pdu import end_pdu, frame_pdu, is_end, read_text


class text_encoder(codec_block):
    """Encodes each text with a codec of semcom_core.text.

    Message ports:
        in: text PDUs; the key message_id is used where there is one. An end PDU is passed on in order, also when the queue is full.
        out: frame PDUs, one for each fragment.
        feedback (output): notices `lost` (queue full, or the codec refused the text or died over it), `refused`, `loading`, `ready`,
            `restarted` and `failed` (the codec does not load).

    All settings may change at run time; another codec is loaded once the texts that wait are encoded. A flowgraph that is started
    again loads the codec again; the counts go on.

    Args:
        codec: name of the codec.
        snr_db: SNR for which the codec chooses its rate, dB.
        options: settings of the codec, a dict.
        queue_size: texts that may wait for the codec; more are dropped and counted. 0 is 65536.
        timeout_s: a text that takes the codec longer is lost and the codec started anew, s.

    Raises:
        ConfigError: unknown codec, or a value out of range.
    """

    def __init__(self, codec="spinal", snr_db=10.0, options=None, queue_size=64, timeout_s=300.0):
        codec_block.__init__(self, "text_encoder", codec, options, queue_size, timeout_s)
        self.set_snr_db(snr_db)
        self.encoded, self._next_id = 0, 0

    @tunable
    def set_snr_db(self, snr_db: float) -> None:
        """Set the SNR for which the codec chooses its rate, dB; from the next text on."""
        check_range("snr_db", snr_db, -20, 60)
        self.snr_db = float(snr_db)

    @guarded_handler
    def handle_message(self, message):
        """Queue a text for the codec."""
        if is_end(message):
            self.submit(Job())
            return
        meta, text = read_text(message)
        message_id = meta.get("message_id", self._next_id) % MESSAGE_IDS
        self._next_id = message_id + 1
        self.submit(Job("encode", (text,), {"snr_db": self.snr_db, "message_id": message_id}, message_id))

    def on_done(self, job: Job, result) -> None:
        """Publish the frames of an encoded text, or the end."""
        if not job.verb:
            self.message_port_pub(pmt.intern("out"), end_pdu())
            return
        self.encoded += 1
        for frame in result:
            self.message_port_pub(pmt.intern("out"), frame_pdu(frame))
