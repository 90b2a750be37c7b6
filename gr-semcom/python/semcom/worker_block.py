# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the blocks have in common that work through a worker process."""

from __future__ import annotations

import logging

import pmt
from gnuradio import gr

from semcom_core.text import TEXT_CODECS

from .codec_worker import CodecWorker
from .guard import tunable
from .job_queue import Job
from .notices import FEEDBACK, notify
from .restart import begin_again, drain


class worker_block(gr.basic_block):
    """A block of messages around a codec worker: its queue, its losses and its states.

    A derived class has `handle_message` for its port `in` and `on_done` for what the codec answers.
    """

    def __init__(self, name, codec, options, queue_size, timeout_s, known=TEXT_CODECS):
        gr.basic_block.__init__(self, name, None, None)
        self.worker = CodecWorker(codec, options or {}, self, queue_size, timeout_s, known)
        self.codec, self.options = self.worker.codec, self.worker.options
        self.queue_size, self.timeout_s = self.worker.jobs.size, self.worker.timeout_s
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
            logging.getLogger(f"gnuradio.semcom.{self.name()}").warning("%s: %d messages wait at the end", self.name(), discarded)
        return True

    def submit(self, job: Job) -> None:
        """Queue a job; a message for which there is no room is dropped, counted and reported."""
        if not self.worker.jobs.put(job):
            self.dropped += 1
            notify(self, "lost", job.message_id, f"the queue of {self.name()} is full", cause="dropped")

    def on_lost(self, job: Job, reason: str) -> None:
        """Count and report a message that the codec refused or died over."""
        self.lost += 1
        notify(self, "lost", job.message_id, reason)

    def on_state(self, state: str, reason: str) -> None:
        """Report what the codec does; where it refused other settings, the former ones are in force."""
        if state == "refused":
            self.codec, self.options = self.worker.codec, dict(self.worker.options)
        notify(self, state, reason=reason)

    def on_idle(self) -> None:
        """Called several times a second; nothing waits for time here."""
