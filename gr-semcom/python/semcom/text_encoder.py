# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text messages to frames, by a text codec in a worker process."""

from __future__ import annotations

import pmt

from semcom_core.codecs import TEXT, find_codec
from semcom_core.errors import check_range
from semcom_core.frame import MESSAGE_IDS
from semcom_core.link import SnrTracker

from .guard import drain, guarded_handler, tunable
from .pdu import end_pdu, is_end, message_pdus, read_snr, read_text
from .worker.blocks import codec_block
from .worker.process import Job


class text_encoder(codec_block):
    """Encodes each text with a codec of semcom_core.text.

    Message ports:
        in: text PDUs; the key message_id is used where there is one. An end PDU is passed on in
        order, also when the queue is full. snr: PDUs with the key snr_db (dB), of which nothing
        else is read: those of a retransmitter's `snr`, or, where the channel is the
            same both ways, the frames of the own burst receiver.
        out: frame PDUs, one for each fragment, and with `harq` of each round; the last of a message
        has the key last. feedback (output): notices `lost` (queue full, or the codec refused the
        text or died over it), `refused`, `loading`, `ready`,
            `restarted` and `failed` (the codec does not load).

    All settings may change at run time; another codec is loaded once the texts that wait are
    encoded. A flowgraph that is started again loads the codec again; the counts go on.

    Args:
        codec: name of the codec.
        snr_db: SNR for which the codec chooses its rate, dB.
        options: settings of the codec, a dict.
        queue_size: texts that may wait for the codec; more are dropped and counted. 0 is 65536.
        timeout_s: a text that takes the codec longer is lost and the codec started anew, s.
        harq: send the increments of each message too, to a retransmitter, which holds them back
            until they are needed. Of a codec that has none, the retransmitter repeats what it has.
        adapt: choose the rate for the SNR that came at `snr`, smoothed, less `margin_db`; for
            `snr_db` until one has come.
        margin_db: how far below the measured SNR, dB, -30 to 30.

    Raises:
        ConfigError: unknown codec, or a value out of range.
    """

    def __init__(
        self,
        codec="spinal",
        snr_db=10.0,
        options=None,
        queue_size=64,
        timeout_s=300.0,
        harq=False,
        adapt=False,
        margin_db=0.0,
    ):
        codec_block.__init__(self, "text_encoder", codec, options, queue_size, timeout_s)
        self._tracker = SnrTracker()
        self.set_snr_db(snr_db)
        self.set_harq(harq)
        self.set_adapt(adapt)
        self.set_margin_db(margin_db)
        self.encoded = 0
        self._next_id = 0
        self.message_port_register_in(pmt.intern("snr"))
        self.set_msg_handler(pmt.intern("snr"), self.handle_snr)

    @property
    def design_db(self) -> float:
        """SNR for which the rate of the next text is chosen, dB."""
        return self._tracker.design_db(self.snr_db) if self.adapt else self.snr_db

    def start(self):
        """Start the worker process; what an earlier run has measured is forgotten."""
        self._tracker = SnrTracker(self.margin_db)
        return codec_block.start(self)

    def stop(self):
        """End the worker process; what waits is dropped and counted."""
        drain(self, "snr")
        return codec_block.stop(self)

    @tunable
    def set_snr_db(self, snr_db: float) -> None:
        """Set the SNR for which the codec chooses its rate, dB; from the next text on."""
        check_range("snr_db", snr_db, -20, 60)
        self.snr_db = float(snr_db)

    @tunable
    def set_harq(self, harq: bool) -> None:
        """Set whether increments are sent too; from the next text on."""
        self.harq = bool(harq)

    @tunable
    def set_adapt(self, adapt: bool) -> None:
        """Set whether the rate follows the measured SNR; from the next text on."""
        self.adapt = bool(adapt)

    @tunable
    def set_margin_db(self, margin_db: float) -> None:
        """Set how far below the measured SNR the rate is chosen, dB; from the next text on."""
        self._tracker.set_margin_db(margin_db)
        self.margin_db = float(margin_db)

    @guarded_handler
    def handle_snr(self, message):
        """Take a measured SNR."""
        self._tracker.measure(read_snr(message))

    @guarded_handler
    def handle_message(self, message):
        """Queue a text for the codec."""
        if is_end(message):
            self.submit(Job())
            return
        meta, text = read_text(message)
        message_id = meta.get("message_id", self._next_id) % MESSAGE_IDS
        self._next_id = message_id + 1
        several = self.harq and find_codec(self.codec, TEXT).rounds > 1
        verb = "increments" if several else "encode"
        self.submit(
            Job(verb, (text,), {"snr_db": self.design_db, "message_id": message_id}, message_id)
        )

    def on_done(self, job: Job, result) -> None:
        """Publish the frames of an encoded text, or the end."""
        if not job.verb:
            self.message_port_pub(pmt.intern("out"), end_pdu())
            return
        self.encoded += 1
        frames = (
            [frame for one_round in result for frame in one_round]
            if job.verb == "increments"
            else result
        )
        for pdu in message_pdus(frames):
            self.message_port_pub(pmt.intern("out"), pdu)
