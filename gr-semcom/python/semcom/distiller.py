# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Distiller: shortens text messages before they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semcom_core.errors import check_choice
from semcom_core.text.distillation import MODES

from .guard import settings_in_force, tunable
from .worker.blocks import service_block
from .worker.process import Job

if TYPE_CHECKING:
    from semcom_core.text.distillation.distiller import Distilled


class distiller(service_block):
    """Shortens each text so that it says the same with fewer channel symbols; numbers, names and
    negations stay.

    The models run in a process of their own. A text that cannot be shortened, or over which that
    process dies, is sent unchanged.

    Message inputs:
        in: text PDUs. The end PDU is passed on in order, also when the queue is full.

    Message outputs:
        out: text PDUs with the metadata of the input, and the keys original_length (characters),
            reduction (share of the bits that is saved, 0 to 1), similarity (to the original, cosine
            of sentence embeddings), method (off, canonical, extractive, abstractive or unchanged)
            and reason (why the mode that is set was not applied, empty where it was).
        feedback: notices `lost` (queue full), `refused`, `loading`, `ready`, `restarted` and
            `failed` (a model does not load).

    All settings may change at run time; the models are loaded again once the texts that wait are
    done. A flowgraph that is started again loads them again; the counts go on.

    Args:
        mode: off, canonical (spelling only), extractive (leaves words out) or abstractive (the
            language model rewrites).
        options: further settings of semcom_core.text.distillation.distiller.DistillConfig, a dict;
            model and adapter should be the encoder's.
        queue_size: texts that may wait for the models; more are dropped and counted. 0 is 65536.
        timeout_s: a text that takes longer is sent unchanged and the models are loaded anew, s.

    Raises:
        ConfigError: unknown mode, or a value out of range.
    """

    def __init__(
        self,
        mode: str = "extractive",
        options: dict | None = None,
        queue_size: int = 64,
        timeout_s: float = 300.0,
    ) -> None:
        check_choice("mode", mode, MODES)
        settings = {**(options or {}), "mode": mode}
        service_block.__init__(self, "distiller", settings, queue_size, timeout_s)
        self.mode = mode
        settings_in_force(self, "mode")
        self.options = dict(options or {})
        self.shortened = 0

    @tunable
    def set_mode(self, mode: str) -> None:
        """Set how texts are made shorter."""
        check_choice("mode", mode, MODES)
        if mode != self.mode:
            self._reload(mode, self.options)
            self.mode = mode

    @tunable
    def set_options(self, options: dict) -> None:
        """Set further settings; if the models do not load with them, the former ones stay."""
        if options != self.options:
            self._reload(self.mode, options)
            self.options = dict(options)

    def job(self, text: str, meta: dict) -> Job:
        """The call of the service for a text."""
        return Job("distill", (text,), {}, meta.get("message_id", -1), meta)

    def answer(self, job: Job, result: Distilled) -> None:
        """Publish a distilled text."""
        self.shortened += result.text != result.original
        meta = {
            **job.meta,
            "original_length": len(result.original),
            "reduction": float(result.reduction),
            "similarity": float(result.similarity),
            "method": result.method,
            "reason": result.reason,
        }
        self.publish(result.text, meta)

    def on_lost(self, job: Job, reason: str) -> None:
        """Publish a text unchanged where the service refused it or died over it."""
        (text,) = job.arguments
        meta = {
            **job.meta,
            "original_length": len(text),
            "reduction": 0.0,
            "similarity": 1.0,
            "method": "unchanged",
            "reason": reason,
        }
        self.publish(text, meta)

    def on_state(self, state: str, reason: str) -> None:
        """Report the service's state; where it refused other settings, the former are in force."""
        service_block.on_state(self, state, reason)
        if state == "refused":
            self.mode = self.options["mode"]
            self.options = {name: value for name, value in self.options.items() if name != "mode"}

    def _reload(self, mode: str, options: dict) -> None:
        self.worker.reload("distiller", {**options, "mode": mode})
