# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the decoders of texts and of pictures have in common."""

from __future__ import annotations

import threading

import numpy as np
import pmt

from semcom_core.errors import FrameError
from semcom_core.phy.frame import ReceivedFrame

from .codec_block import codec_block
from .guard import guarded_handler
from .job_queue import Job
from .pdu import end_pdu, is_end, read_frame


class decoder_block(codec_block):
    """Gathers received frames in groups, has a codec decode each, and hands the end PDU on once all before it is decoded.

    A derived class has `is_own(frame)`, `push(frame, message)`, which gives the groups that a frame completes, and `publish(job, result)`.

    Args:
        name, codec, options, queue_size, timeout_s: see worker_block.
        groups: with the methods expired() and flush().
        known: codecs, see CodecWorker.
    """

    def __init__(self, name, codec, options, queue_size, timeout_s, groups, *known):
        codec_block.__init__(self, name, codec, options, queue_size, timeout_s, *known)
        self._groups, self._lock = groups, threading.Lock()
        self.decoded = self.marked = self.other_codec = 0

    @guarded_handler
    def handle_message(self, message):
        """Gather a frame; a complete group goes to the codec. At the end, what is there of the last ones does."""
        if is_end(message):
            with self._lock:
                groups = self._groups.flush()
            self._submit(groups)
            self.submit(Job())
            return
        frame = read_frame(message)
        if not isinstance(frame, ReceivedFrame):
            raise FrameError("frame PDU has no noise_var; a received frame is needed")
        if not self.is_own(frame):
            self.other_codec += 1
            return
        with self._lock:
            groups = self.push(frame, message)
        self._submit(groups)

    def on_idle(self) -> None:
        """Send a group to the codec that has waited too long for a fragment."""
        with self._lock:
            groups = self._groups.expired()
        self._submit(groups)

    def _submit(self, groups: list[list[ReceivedFrame]]) -> None:
        for frames in groups:
            measured = {name: float(np.mean([getattr(f, name) for f in frames])) for name in ("snr_db", "cfo_hz")}
            measured["uses"] = sum(len(frame.symbols) for frame in frames)
            self.submit(Job("decode", (frames,), {}, frames[0].header.message_id, measured))

    def on_done(self, job: Job, result) -> None:
        """Count and publish what was decoded, or the end."""
        if not job.verb:
            self.message_port_pub(pmt.intern("out"), end_pdu())
            return
        self.decoded += result.decoded
        self.marked += not result.decoded
        self.publish(job, result)
