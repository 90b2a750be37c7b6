# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text messages to frames, by a text codec in a worker process."""

from __future__ import annotations

import pmt
from gnuradio import gr

from semcom_core.errors import check_range
from semcom_core.phy.frame import MESSAGE_IDS

from .codec_worker import CodecWorker, Job
from .guard import guarded_handler
from .notices import FEEDBACK, notify
from .pdu import end_pdu, frame_pdu, is_end, read_text


class text_encoder(gr.basic_block):
    """Encodes each text with a codec of semcom_core.text.

    Message ports:
        in: text PDUs; the key message_id is used where there is one. An end PDU is passed on in order, also when the queue is full.
        out: frame PDUs, one for each fragment.
        feedback (output): notices `lost` (queue full, or the codec refused the text) and `failed` (the codec does not load).

    Args:
        codec: name of the codec.
        snr_db: SNR for which the codec chooses its rate, dB.
        options: settings of the codec, a dict.
        queue_size: texts that may wait for the codec; more are dropped and counted. 0 is any number.

    Raises:
        ConfigError: unknown codec, or a value out of range.
    """

    def __init__(self, codec="spinal", snr_db=10.0, options=None, queue_size=64):
        gr.basic_block.__init__(self, "text_encoder", None, None)
        self.worker = CodecWorker(codec, options or {}, self, queue_size)
        self.set_snr_db(snr_db)
        self.encoded = self.dropped = self.lost = self.refused = 0
        self._next_id = 0
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self.handle_text)
        self.message_port_register_out(pmt.intern("out"))
        self.message_port_register_out(FEEDBACK)

    def set_snr_db(self, snr_db: float) -> None:
        """Set the SNR for which the codec chooses its rate, dB."""
        check_range("snr_db", snr_db, -20, 60)
        self.snr_db = float(snr_db)

    def start(self):
        """Start the worker process."""
        self.worker.start()
        return True

    def stop(self):
        """End the worker process."""
        self.worker.stop()
        return True

    @guarded_handler
    def handle_text(self, message):
        """Queue a text for the codec."""
        if is_end(message):
            self._submit(Job())
            return
        meta, text = read_text(message)
        message_id = meta.get("message_id", self._next_id) % MESSAGE_IDS
        self._next_id = message_id + 1
        self._submit(Job("encode", (text,), {"snr_db": self.snr_db, "message_id": message_id}, message_id))

    def _submit(self, job: Job) -> None:
        if not self.worker.submit(job):
            self.dropped += 1
            notify(self, "lost", job.message_id, "the encoder's queue is full")

    def on_done(self, job: Job, result) -> None:
        """Publish the frames of an encoded text, or the end."""
        if not job.verb:
            self.message_port_pub(pmt.intern("out"), end_pdu())
            return
        self.encoded += 1
        for frame in result:
            self.message_port_pub(pmt.intern("out"), frame_pdu(frame))

    def on_lost(self, job: Job, reason: str) -> None:
        """Count and report a text that could not be encoded."""
        self.lost += 1
        notify(self, "lost", job.message_id, reason)

    def on_failed(self, reason: str) -> None:
        """Report that the codec does not load."""
        notify(self, "failed", reason=reason)

    def on_idle(self) -> None:
        """Nothing waits for time here."""
