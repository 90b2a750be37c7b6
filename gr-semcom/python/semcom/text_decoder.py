# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Received frames to text messages, by a text codec in a worker process."""

from __future__ import annotations

import math
import threading

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.errors import FrameError
from semcom_core.phy.frame import ReceivedFrame
from semcom_core.text import TEXT_CODECS, DecodedText

from .codec_worker import CodecWorker, Job
from .fragments import FragmentGroups
from .guard import guarded_handler
from .notices import FEEDBACK, notify
from .pdu import is_last, read_frame, text_pdu


class text_decoder(gr.basic_block):
    """Gathers the fragments of each message and decodes it with a codec of semcom_core.text.

    A message that does not decode is delivered all the same, with decoded = False and the codec's best guess.

    Message ports:
        in: frame PDUs as the burst receiver makes them. Frames of another codec are counted and dropped.
        out: text PDUs with the keys message_id, decoded, reason, snr_db (mean over the fragments, dB), cfo_hz (Hz), and from the
            codec spinal score: log2 of the posterior odds of the text against all others that its search has seen.
        feedback (output): notices `lost` (queue full, or the codec refused the frames) and `failed` (the codec does not load).

    Args:
        codec: name of the codec.
        options: settings of the codec, a dict; they must be the sender's.
        queue_size: messages that may wait for the codec; more are dropped and counted. 0 is any number.
        fragment_timeout_s: how long a message waits for a missing fragment, s; 0 is until the next message.

    Raises:
        ConfigError: unknown codec, or a value out of range.
    """

    def __init__(self, codec="spinal", options=None, queue_size=64, fragment_timeout_s=2.0):
        gr.basic_block.__init__(self, "text_decoder", None, None)
        self.worker = CodecWorker(codec, options or {}, self, queue_size)
        self.number = TEXT_CODECS[codec][0]
        self.decoded = self.marked = self.dropped = self.lost = self.refused = self.other_codec = 0
        self._groups = FragmentGroups(fragment_timeout_s)
        self._lock = threading.Lock()
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self.handle_frame)
        self.message_port_register_out(pmt.intern("out"))
        self.message_port_register_out(FEEDBACK)

    def start(self):
        """Start the worker process."""
        self.worker.start()
        return True

    def stop(self):
        """End the worker process."""
        self.worker.stop()
        return True

    @guarded_handler
    def handle_frame(self, message):
        """Gather a frame; a complete message goes to the codec."""
        frame = read_frame(message)
        if not isinstance(frame, ReceivedFrame):
            raise FrameError("frame PDU has no noise_var; a received frame is needed")
        if frame.header.codec != self.number:
            self.other_codec += 1
            return
        with self._lock:
            groups = self._groups.push(frame, is_last(message))
        self._submit(groups)

    def on_idle(self) -> None:
        """Send a message to the codec that has waited too long for a fragment."""
        with self._lock:
            groups = self._groups.expired()
        self._submit(groups)

    def _submit(self, groups: list[list[ReceivedFrame]]) -> None:
        for frames in groups:
            measured = {name: float(np.mean([getattr(f, name) for f in frames])) for name in ("snr_db", "cfo_hz")}
            job = Job("decode", (frames,), {}, frames[0].header.message_id, measured)
            if not self.worker.submit(job):
                self.dropped += 1
                notify(self, "lost", job.message_id, "the decoder's queue is full")

    def on_done(self, job: Job, result: DecodedText) -> None:
        """Publish a decoded message."""
        self.decoded += result.decoded
        self.marked += not result.decoded
        meta = {"message_id": job.message_id, "decoded": bool(result.decoded), "reason": result.reason, **job.meta}
        if math.isfinite(result.score):
            meta["score"] = float(result.score)
        self.message_port_pub(pmt.intern("out"), text_pdu(result.text, **meta))

    def on_lost(self, job: Job, reason: str) -> None:
        """Count and report a message that could not be decoded at all."""
        self.lost += 1
        notify(self, "lost", job.message_id, reason)

    def on_failed(self, reason: str) -> None:
        """Report that the codec does not load."""
        notify(self, "failed", reason=reason)
