# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the blocks have in common that work through a worker process.

What the blocks have in common whose codec runs in a worker process.

What blocks have in common that change or judge texts with a service in a worker process.

What the decoders of texts and of pictures have in common.
"""

from __future__ import annotations

import logging
import threading

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.errors import FrameError
from semcom_core.frame import ReceivedFrame
from semcom_core.text import TEXT_CODECS
from semcom_core.worker import SERVICES

from ..guard import begin_again, drain, guarded_handler, tunable
from ..notices import FEEDBACK, notify
from ..pdu import end_pdu, is_end, read_frame, read_text, text_pdu
from .process import CodecWorker, Job


class worker_block(gr.basic_block):
    """A block of messages around a codec worker: its queue, its losses and its states.

    A derived class has `handle_message` for its port `in` and `on_done` for what the codec answers.
    """

    def __init__(self, name, codec, options, queue_size, timeout_s, known=TEXT_CODECS):
        gr.basic_block.__init__(self, name, None, None)
        self.worker = CodecWorker(codec, options or {}, self, queue_size, timeout_s, known)
        self.codec = self.worker.codec
        self.options = self.worker.options
        self.queue_size = self.worker.jobs.size
        self.timeout_s = self.worker.timeout_s
        self.dropped = self.lost = self.refused = 0
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self.handle_message)
        self.message_port_register_out(pmt.intern("out"))
        self.message_port_register_out(FEEDBACK)

    @tunable
    def set_queue_size(self, queue_size: int) -> None:
        """Set how many messages may wait for the codec."""
        self.worker.jobs.resize(queue_size)
        self.queue_size = int(queue_size)

    @tunable
    def set_timeout_s(self, timeout_s: float) -> None:
        """Set how long the codec may work on a message, s; from the next message on."""
        self.worker.set_timeout_s(timeout_s)
        self.timeout_s = float(timeout_s)

    def start(self):
        """Start the worker process."""
        begin_again(self)
        self.worker.start()
        return True

    def stop(self):
        """End the worker process; what waits is dropped and counted."""
        discarded = self.worker.stop()
        drain(self, "in")
        if discarded:
            self.dropped += discarded
            logging.getLogger(f"gnuradio.semcom.{self.name()}").warning(
                "%s: %d messages wait at the end", self.name(), discarded
            )
        return True

    def submit(self, job: Job) -> None:
        """Queue a job; a message for which there is no room is dropped, counted and reported."""
        if not self.worker.jobs.put(job):
            self.dropped += 1
            notify(
                self, "lost", job.message_id, f"the queue of {self.name()} is full", cause="dropped"
            )

    def on_lost(self, job: Job, reason: str) -> None:
        """Count and report a message that the codec refused or died over."""
        self.lost += 1
        notify(self, "lost", job.message_id, reason)

    def on_state(self, state: str, reason: str) -> None:
        """Report what the codec does; where it refused other settings, the former ones are in
        force.
        """
        if state == "refused":
            self.codec, self.options = self.worker.codec, dict(self.worker.options)
        notify(self, state, reason=reason)

    def on_idle(self) -> None:
        """Called several times a second; nothing waits for time here."""


class codec_block(worker_block):
    """A block of messages around a codec: the settings of both.

    A derived class has `handle_message` for its port `in` and `on_done` for what the codec answers.
    """

    @tunable
    def set_codec(self, codec: str) -> None:
        """Load another codec, with the settings that are set, once what waits is done; if it does
        not load, the former one stays.
        """
        if codec != self.codec:
            self.worker.reload(codec, self.options)
            self.codec = codec

    @tunable
    def set_options(self, options: dict) -> None:
        """Load the codec with other settings once what waits is done; if it does not load, the
        former settings stay.
        """
        if options != self.options:
            self.worker.reload(self.codec, options)
            self.options = dict(options)


class service_block(worker_block):
    """A block of texts around one service of semcom_core.worker.

    A derived class has `job` for a text that came, and `answer` for what the service says of it.
    """

    def __init__(self, service, options, queue_size, timeout_s):
        worker_block.__init__(self, service, service, options, queue_size, timeout_s, SERVICES)

    @guarded_handler
    def handle_message(self, message):
        """Queue a text for the service."""
        if is_end(message):
            self.submit(Job())
            return
        meta, text = read_text(message)
        self.submit(self.job(text, meta))

    def on_done(self, job: Job, result) -> None:
        """Publish what the service made of a text, or the end."""
        if job.verb:
            self.answer(job, result)
        else:
            self.message_port_pub(pmt.intern("out"), end_pdu())

    def publish(self, text: str, meta: dict) -> None:
        """Publish a text."""
        self.message_port_pub(pmt.intern("out"), text_pdu(text, **meta))


class decoder_block(codec_block):
    """Gathers received frames in groups, has a codec decode each, and hands the end PDU on once all
    before it is decoded.

    A derived class has `is_own(frame)`, `push(frame, message)`, which gives the groups that a frame
    completes, and `publish(job, result)`.

    Args:
        name, codec, options, queue_size, timeout_s: see worker_block.
        groups: with the methods expired() and flush().
        known: codecs, see CodecWorker.
    """

    def __init__(self, name, codec, options, queue_size, timeout_s, groups, *known):
        codec_block.__init__(self, name, codec, options, queue_size, timeout_s, *known)
        self._groups = groups
        self._lock = threading.Lock()
        self.decoded = self.marked = self.other_codec = 0

    @guarded_handler
    def handle_message(self, message):
        """Gather a frame; a complete group goes to the codec. At the end, what is there of the last
        ones does.
        """
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
            measured = {
                name: float(np.mean([getattr(f, name) for f in frames]))
                for name in ("snr_db", "cfo_hz")
            }
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
