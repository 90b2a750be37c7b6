# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Received frames to pictures, by an image codec in a worker process."""

from __future__ import annotations

import threading

import numpy as np
import pmt

from semcom_core.errors import FrameError, check_range
from semcom_core.image.codec import IMAGE_CODECS, DecodedImage, numbers_of
from semcom_core.phy.frame import ReceivedFrame

from .codec_block import codec_block
from .guard import guarded_handler, tunable
from .job_queue import Job
from .pdu import end_pdu, is_end, read_frame
from .picture_groups import PictureGroups
from .picture_pdu import picture_pdu


class image_decoder(codec_block):
    """Gathers the fragments of each picture, in any order, and decodes it with a codec of semcom_core.image.

    A picture that lacks fragments, or does not decode, is delivered all the same, with decoded = False, the reason, and what the codec
    makes of what came.

    Message ports:
        in: frame PDUs as the burst receiver makes them. Frames of another codec are counted and dropped.
            The end PDU is handed on once all pictures before it are decoded.
        out: picture PDUs with the keys message_id, decoded, reason, missing, fragments, snr_db (mean over the fragments, dB),
            cfo_hz (Hz) and uses (symbols received).
        feedback (output): notices `lost` (queue full, or the codec refused the frames or died over them), `refused`, `loading`,
            `ready`, `restarted` and `failed` (the codec does not load).

    All settings may change at run time; another codec is loaded once the pictures that wait are decoded. A flowgraph that is started
    again loads the codec again and forgets fragments; the counts go on.

    Args:
        codec: name of the codec.
        options: settings of the codec, a dict; they must be the sender's.
        queue_size: pictures that may wait for the codec; more are dropped and counted. 0 is 65536.
        fragment_timeout_s: how long a picture waits for its next fragment, s; 0 is until four later pictures have begun.
        timeout_s: a picture that takes the codec longer is lost and the codec started anew, s.

    Raises:
        ConfigError: unknown codec, or a value out of range.
    """

    def __init__(self, codec="hybrid", options=None, queue_size=8, fragment_timeout_s=2.0, timeout_s=300.0):
        codec_block.__init__(self, "image_decoder", codec, options, queue_size, timeout_s, IMAGE_CODECS)
        self._groups, self._lock = PictureGroups(), threading.Lock()
        self.set_fragment_timeout_s(fragment_timeout_s)
        self.decoded = self.marked = self.other_codec = 0

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers in the frame header of the codec that is set."""
        return numbers_of(self.codec)

    @property
    def late(self) -> int:
        """Fragments that came after their picture was handed on."""
        return self._groups.late

    @tunable
    def set_fragment_timeout_s(self, fragment_timeout_s: float) -> None:
        """Set how long a picture waits for its next fragment, s; 0 is until four later pictures have begun."""
        check_range("fragment_timeout_s", fragment_timeout_s, 0, 86400)
        self.fragment_timeout_s = self._groups.timeout_s = float(fragment_timeout_s)

    def stop(self):
        """End the worker process; what waits is discarded."""
        with self._lock:
            self._groups.forget()
        return codec_block.stop(self)

    @guarded_handler
    def handle_message(self, message):
        """Gather a fragment; a complete picture goes to the codec. At the end, what is there of the last ones does."""
        if is_end(message):
            with self._lock:
                groups = self._groups.flush()
            self._submit(groups)
            self.submit(Job())
            return
        frame = read_frame(message)
        if not isinstance(frame, ReceivedFrame):
            raise FrameError("frame PDU has no noise_var; a received frame is needed")
        if frame.header.codec not in self.numbers:
            self.other_codec += 1
            return
        with self._lock:
            groups = self._groups.push(frame)
        self._submit(groups)

    def on_idle(self) -> None:
        """Send a picture to the codec that has waited too long for a fragment."""
        with self._lock:
            groups = self._groups.expired()
        self._submit(groups)

    def _submit(self, groups: list[list[ReceivedFrame]]) -> None:
        for frames in groups:
            measured = {name: float(np.mean([getattr(f, name) for f in frames])) for name in ("snr_db", "cfo_hz")}
            measured["uses"] = sum(len(frame.symbols) for frame in frames)
            self.submit(Job("decode", (frames,), {}, frames[0].header.message_id, measured))

    def on_done(self, job: Job, result: DecodedImage) -> None:
        """Publish a decoded picture, or the end."""
        if not job.verb:
            self.message_port_pub(pmt.intern("out"), end_pdu())
            return
        self.decoded += result.decoded
        self.marked += not result.decoded
        meta = {"message_id": job.message_id, "decoded": bool(result.decoded), "reason": result.reason}
        meta |= {"missing": int(result.missing), "fragments": int(result.fragments), **job.meta}
        self.message_port_pub(pmt.intern("out"), picture_pdu(result.pixels, **meta))
