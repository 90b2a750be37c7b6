# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What blocks have in common that change or judge texts with a service in a worker process."""

from __future__ import annotations

import pmt

from semcom_core.safety.services import SERVICES

from .guard import guarded_handler
from .job_queue import Job
from .pdu import end_pdu, is_end, read_text, text_pdu
from .worker_block import worker_block


class service_block(worker_block):
    """A block of texts around one service of semcom_core.safety.services.

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
