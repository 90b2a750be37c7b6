# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task router: tells requests from content, and which task a request asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from semcom_core.errors import check_range

from .guard import tunable
from .worker.blocks import content_block
from .worker.process import PASS, Job

if TYPE_CHECKING:
    from semcom_core.tasks.intention import Intention


class task_router(content_block):
    """Understands received texts: each is content, or a request for a task on received items.

    All pass in order; a request gets what was understood as metadata. The network runs in a process
    of its own; a text over which that process dies passes as content.

    Message inputs:
        in: text and picture PDUs of the decoders. Pictures, and texts that were not decoded, are
            content. The end PDU is passed on in order, also when the queue is full.

    Message outputs:
        out: the PDUs that came; of a request with the keys task (classify, count, describe, answer,
            reconstruct, generate or none), item (this, last, first, both, content or none),
            confidence (0 to 1) and asked_back (why it is not carried out, empty where it is).
        feedback: notices `lost` (queue full), `refused`, `loading`, `ready`, `restarted` and
            `failed` (the network does not load).

    All settings may change at run time; the network is loaded again once the texts that wait are
    done. A flowgraph that is started again loads it again; the counts go on.

    Args:
        threshold: least confidence with which a request is not asked back, 0 to 1.
        queue_size: messages that may wait for the network; more are dropped and counted. 0 is
            65536.
        timeout_s: a text that takes longer passes as content and the network is loaded anew, s.

    Raises:
        ConfigError: a value is out of range.
    """

    def __init__(
        self, threshold: float = 0.3, queue_size: int = 64, timeout_s: float = 300.0
    ) -> None:
        check_range("threshold", threshold, 0, 1)
        named = {"threshold": float(threshold)}
        content_block.__init__(self, "task_router", named, None, queue_size, timeout_s)
        self.requests = 0

    @tunable
    def set_threshold(self, threshold: float) -> None:
        """Set the least confidence with which a request is not asked back."""
        check_range("threshold", threshold, 0, 1)
        self.change(threshold=float(threshold))

    def call(self, meta: dict, content: str | np.ndarray) -> tuple[str, tuple]:
        """The call of the service for a text; pictures and guesses pass."""
        if not isinstance(content, str) or not meta.get("decoded", True):
            return PASS, ()
        return "sort", (content,)

    def answer(self, job: Job, result: Intention | None) -> None:
        """Publish a message, with its intention where it is a request."""
        if result is None:
            self.pass_on(job)
            return
        self.requests += 1
        self.pass_on(
            job,
            task=result.task,
            item=result.item,
            confidence=float(result.confidence),
            asked_back=result.asked_back,
        )
