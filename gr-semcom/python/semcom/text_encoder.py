# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encoder of text messages to frames."""

from __future__ import annotations

from typing import Any

import pmt

from semcom_core.codecs import TEXT, find_codec
from semcom_core.frame import Frame
from semcom_core.link import SnrTracker

from .guard import drain, guarded_handler, tunable
from .pdu import read_snr, read_text
from .worker.blocks import encoder_block
from .worker.process import Job


class text_encoder(encoder_block):
    """Encodes each text by a codec of semcom_core.text, which runs in a process of its own.

    Message inputs:
        in: text PDUs; they are numbered here where the key message_id is missing. The end PDU is
            passed on in order, also when the queue is full.
        snr: PDUs with the key snr_db (dB), of which nothing else is read: those of a
            retransmitter's `snr`, or, where the channel is the same both ways, the frames of the
            own burst receiver.

    Message outputs:
        out: frame PDUs, one for each fragment, and with `harq` of each round; the last of a message
            has the key last.
        feedback: notices `lost` (queue full, or the codec refused the text or died over it),
            `refused`, `loading`, `ready`, `restarted` and `failed` (the codec does not load).

    All settings may change at run time; another codec is loaded once the texts that wait are
    encoded. A flowgraph that is started again loads the codec again; the counts go on.

    Args:
        codec: name of the codec.
        snr_db: SNR for which the codec chooses its rate, dB, -20 to 60.
        options: settings of the codec, a dict.
        queue_size: texts that may wait for the codec; more are dropped and counted. 0 is 65536.
        timeout_s: a text that takes the codec longer is lost and the codec started anew, s.
        harq: send the increments of each message too, to a retransmitter, which holds them back
            until they are needed. Of a codec that has none, the retransmitter sends copies.
        adapt: choose the rate for the SNR received on `snr`, smoothed, less `margin_db`; for
            `snr_db` until one has come.
        margin_db: how far below the measured SNR, dB, -30 to 30.

    Raises:
        ConfigError: unknown codec, or a value out of range.
    """

    def __init__(
        self,
        codec: str = "spinal",
        snr_db: float = 10.0,
        options: dict | None = None,
        queue_size: int = 64,
        timeout_s: float = 300.0,
        harq: bool = False,
        adapt: bool = False,
        margin_db: float = 0.0,
    ) -> None:
        encoder_block.__init__(self, "text_encoder", codec, options, queue_size, timeout_s, snr_db)
        self._tracker = SnrTracker()
        self.set_harq(harq)
        self.set_adapt(adapt)
        self.set_margin_db(margin_db)
        self.message_port_register_in(pmt.intern("snr"))
        self.set_msg_handler(pmt.intern("snr"), self.handle_snr)

    @property
    def design_db(self) -> float:
        """SNR for which the rate of the next text is chosen, dB."""
        return self._tracker.design_db(self.snr_db) if self.adapt else self.snr_db

    def start(self) -> bool:
        """Start the worker process; what an earlier run has measured is forgotten."""
        self._tracker = SnrTracker(self.margin_db)
        return encoder_block.start(self)

    def stop(self) -> bool:
        """End the worker process; what waits is dropped and counted."""
        drain(self, "snr")
        return encoder_block.stop(self)

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
    def handle_snr(self, message: pmt.pmt_base) -> None:
        """Take a measured SNR."""
        self._tracker.measure(read_snr(message))

    def read(self, message: pmt.pmt_base) -> tuple[dict, str]:
        """Metadata and text of a message."""
        return read_text(message)

    def job(self, content: str, message_id: int) -> Job:
        """The call of the codec for a text, with increments where they are wanted."""
        in_rounds = self.harq and find_codec(self.codec, TEXT).rounds > 1
        verb = "increments" if in_rounds else "encode"
        settings = {"snr_db": self.design_db, "message_id": message_id}
        return Job(verb, (content,), settings, message_id)

    def frames(self, job: Job, result: Any) -> list[Frame]:
        """The frames in a codec's result, round after round."""
        if job.verb == "increments":
            return [frame for one_round in result for frame in one_round]
        return result
