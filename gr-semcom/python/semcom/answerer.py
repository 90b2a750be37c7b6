# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answerer: carries out received requests over the semantic memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pmt

from semcom_core.errors import ConfigError
from semcom_core.terminal import visible

from .guard import tunable
from .message_sink import WindowText
from .pdu import picture_pdu, text_pdu
from .worker.blocks import check_memory_file, content_block
from .worker.process import PASS, Job

if TYPE_CHECKING:
    from semcom_core.tasks.router import TaskResult

#: Metadata of a request that the task router has understood.
_UNDERSTOOD = ("task", "item", "confidence", "asked_back")


class answerer(content_block):
    """Answers questions and carries out tasks on received texts and pictures, from the memory file
    that the semantic memory keeps.

    The models run in a process of their own: the intention network, the planner and the detector
    for questions about pictures, and for those about texts a large language model of any family. A
    received text is data: it changes neither the tasks that are allowed nor what an answer may be.

    Message inputs:
        in: text and picture PDUs, of which the requests of the task router are carried out, over
            what the memory held when they passed it (key slot). The end PDU is passed on in order,
            also when the queue is full.

    Message outputs:
        out: the PDUs that came, each once the request has been answered.
        reply: text PDUs with the answer, empty where there is none, and the keys message_id (of the
            request), request, task, item, confidence (0 to 1), steps (of the plan, with their
            results), decoded (whether there is an answer) and reason (why there is none).
        picture: picture PDUs of what was asked to be generated or given back.
        shown: pairs ("reply", symbol) with request, steps and answer, for a widget.
        feedback: notices `lost` (queue full), `refused`, `loading`, `ready`, `restarted` and
            `failed` (a model does not load, or the memory file is damaged or foreign).

    All settings may change at run time; the models are loaded again once the requests that wait are
    done. A flowgraph that is started again loads them again; the counts go on.

    Args:
        memory_file: file of the memory, which the semantic memory keeps.
        model: encoder-only, decoder-only or encoder-decoder for the model of the family that comes
            with the package, or a model's name, folder or hub name.
        options: further settings of semcom_core.tasks.services.AnswerServiceConfig, a dict:
            adapter, device, least_confidence, tasks.
        queue_size: messages that may wait for the models; more are dropped and counted. 0 is 65536.
        timeout_s: a request that takes longer has no answer and the models are loaded anew, s.

    Raises:
        ConfigError: no file or model is named, or a value is out of range.
    """

    def __init__(
        self,
        memory_file: str = "memory.db",
        model: str = "decoder-only",
        options: dict | None = None,
        queue_size: int = 64,
        timeout_s: float = 300.0,
    ) -> None:
        named = {"memory_file": check_memory_file(memory_file), "model": check_model(model)}
        content_block.__init__(self, "answerer", named, options, queue_size, timeout_s)
        self.answered = 0
        self.asked_back = 0
        for port in ("reply", "picture", "shown"):
            self.message_port_register_out(pmt.intern(port))
        self._window = WindowText(self, "shown", "reply")

    @tunable
    def set_memory_file(self, memory_file: str) -> None:
        """Set the file of the memory."""
        self.change(memory_file=check_memory_file(memory_file))

    @tunable
    def set_model(self, model: str) -> None:
        """Set the model that answers; if it does not load, the former one stays."""
        self.change(model=check_model(model))

    @tunable
    def set_options(self, options: dict) -> None:
        """Set further settings; if the models do not load with them, the former ones stay."""
        self.change(options)

    def start(self) -> bool:
        """Start the process of the models."""
        self._window.start()
        return content_block.start(self)

    def stop(self) -> bool:
        """End the process of the models."""
        self._window.stop()
        return content_block.stop(self)

    def call(self, meta: dict, content: str | np.ndarray) -> tuple[str, tuple]:
        """The call of the service for a request; all else passes."""
        if "task" not in meta or not isinstance(content, str):
            return PASS, ()
        understood = None
        if all(name in meta for name in _UNDERSTOOD):
            understood = {name: meta[name] for name in _UNDERSTOOD}
        return "carry_out", (content, understood, meta.get("slot"))

    def answer(self, job: Job, result: TaskResult | None) -> None:
        """Publish the reply to a request, and pass the message on."""
        if result is not None:
            self.answered += not result.asked_back
            self.asked_back += bool(result.asked_back)
            self._reply(job, result.text, result.asked_back, result.confidence, result.steps)
            if result.pixels is not None:
                picture = picture_pdu(result.pixels, message_id=job.message_id, name=result.task)
                self.message_port_pub(pmt.intern("picture"), picture)
        self.pass_on(job)

    def on_lost(self, job: Job, reason: str) -> None:
        """Reply that there is no answer, and pass the message on."""
        if "task" in job.meta["meta"]:
            self._reply(job, "", reason, 0.0, ())
        content_block.on_lost(self, job, reason)

    def _reply(
        self, job: Job, text: str, reason: str, confidence: float, steps: tuple[str, ...]
    ) -> None:
        meta = job.meta["meta"]
        request = job.meta["content"]
        reply = text_pdu(
            text,
            message_id=job.message_id,
            request=request,
            task=meta["task"],
            item=meta.get("item", ""),
            confidence=float(confidence),
            steps="; ".join(steps),
            decoded=not reason,
            reason=reason,
        )
        self.message_port_pub(pmt.intern("reply"), reply)
        lines = [request, *(f"  {step}" for step in steps), text or reason]
        self._window.show("\n".join(map(visible, lines)))


def check_model(model: object) -> str:
    """The name of a model.

    Raises:
        ConfigError: it is empty.
    """
    if not isinstance(model, str) or not model:
        raise ConfigError(
            f"model is {model!r}; allowed is a family, a model's name, a folder or a hub name"
        )
    return model
