# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Safety gate: passes, marks or blocks text messages by their toxicity."""

from __future__ import annotations

from dataclasses import asdict

from semcom_core.errors import check_choice
from semcom_core.safety import ENDS, Verdict, parse_policy

from .guard import settings_in_force, tunable
from .notices import notify
from .worker.blocks import service_block
from .worker.process import Job


class safety_gate(service_block):
    """Classifies each text and applies a link's policy, at the sending or at the receiving end.

    The classifier runs in a process of its own. A text that cannot be classified does not pass: it
    is reported lost.

    Message inputs:
        in: text PDUs. The end PDU is passed on in order, also when the queue is full.

    Message outputs:
        out: text PDUs with the metadata of the input, and the keys safety (pass or mark), toxicity
            (probability, 0 to 1), and of a marked text reason. A blocked text is not published.
        feedback: notices `lost` (blocked, queue full, or the classifier died over it), `refused`,
            `loading`, `ready`, `restarted` and `failed` (the classifier does not load).

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

    def __init__(
        self,
        policy: str = "mark",
        end: str = "receive",
        queue_size: int = 64,
        timeout_s: float = 300.0,
    ) -> None:
        options = asdict(parse_policy(policy))
        service_block.__init__(self, "safety_gate", options, queue_size, timeout_s)
        self.policy = policy
        settings_in_force(self, "policy")
        self.set_end(end)
        self.marked = 0
        self.blocked = 0

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
        """The call of the classifier for a text."""
        return Job("judge", (text, self.end), {}, meta.get("message_id", -1), meta)

    def answer(self, job: Job, result: Verdict) -> None:
        """Publish a text, or report it lost where the policy blocks it."""
        if result.action == "block":
            self.blocked += 1
            notify(self, "lost", job.message_id, result.reason)
            return
        self.marked += result.action == "mark"
        meta = {**job.meta, "safety": result.action, "toxicity": float(result.toxicity)}
        if result.reason:
            meta["reason"] = result.reason
        self.publish(job.arguments[0], meta)

    def on_state(self, state: str, reason: str) -> None:
        """Report the classifier's state; where it does not load, the former policy is in force."""
        service_block.on_state(self, state, reason)
        if state == "refused":
            self.policy = ",".join(
                f"{name}={value}" for name, value in self.options.items() if value != ""
            )
