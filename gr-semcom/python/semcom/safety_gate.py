# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets text messages pass, marks them or blocks them by how toxic they are, in a worker process."""

from __future__ import annotations

from dataclasses import asdict

from semcom_core.errors import check_choice
from semcom_core.safety import ENDS, parse_policy

from .guard import tunable
from .notices import notify
from .worker.blocks import service_block
from .worker.process import Job


class safety_gate(service_block):
    """Judges each text by a link's policy, at the sending or at the receiving end.

    A text that cannot be judged does not pass: it is reported lost.

    Message ports:
        in: text PDUs. An end PDU is passed on in order, also when the queue is full.
        out: text PDUs with the metadata that came, and the keys safety (pass or mark), toxicity
        (probability, 0 to 1), and where it is
            marked, reason. A text that is blocked does not come out.
        feedback (output): notices `lost` (blocked, queue full, or the classifier died over it),
        `refused`, `loading`, `ready`,
            `restarted` and `failed` (the classifier does not load).

    All settings may change at run time; the classifier is loaded again once the texts that wait are
    done. A flowgraph that is started again loads it again; the counts go on.

    Args:
        policy: pass, mark or block, or settings such as
            "send=block,receive=mark,threshold=0.8,classifier=minilm".
        end: where this gate stands, send or receive.
        queue_size: texts that may wait for the classifier; more are dropped and counted. 0 is
            65536.
        timeout_s: a text that takes the classifier longer is lost and the classifier loaded anew,
            s.

    Raises:
        ConfigError: no such policy or end, or a value out of range.
    """

    def __init__(self, policy="mark", end="receive", queue_size=64, timeout_s=300.0):
        service_block.__init__(
            self, "safety_gate", asdict(parse_policy(policy)), queue_size, timeout_s
        )
        self.policy = policy
        self.set_end(end)
        self.marked = self.blocked = 0

    @tunable
    def set_policy(self, policy: str) -> None:
        """Set the policy; if its classifier does not load, the former one stays."""
        self.worker.reload("safety_gate", asdict(parse_policy(policy)))
        self.policy = policy

    @tunable
    def set_end(self, end: str) -> None:
        """Set where this gate stands, from the next text on."""
        check_choice("end", end, ENDS)
        self.end = end

    def job(self, text: str, meta: dict) -> Job:
        """What to ask of the service."""
        return Job("judge", (text, self.end), {}, meta.get("message_id", -1), meta)

    def answer(self, job: Job, result) -> None:
        """Publish a text that may pass, or report that it may not."""
        if result.action == "block":
            self.blocked += 1
            notify(self, "lost", job.message_id, result.reason)
            return
        self.marked += result.action == "mark"
        meta = {"safety": result.action, "toxicity": float(result.toxicity)}
        self.publish(
            job.arguments[0],
            {**job.meta, **meta, **({"reason": result.reason} if result.reason else {})},
        )

    def on_state(self, state: str, reason: str) -> None:
        """Report what the classifier does; where it does not load, the former policy is in
        force.
        """
        service_block.on_state(self, state, reason)
        if state == "refused":
            self.policy = ",".join(
                f"{name}={value}" for name, value in self.options.items() if value != ""
            )
