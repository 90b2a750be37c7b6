# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Semantic memory: keeps received texts and pictures in a bounded memory file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pmt

from semcom_core.terminal import visible

from .guard import tunable
from .message_sink import WindowText
from .worker.blocks import check_memory_file, content_block
from .worker.process import PASS, Job

if TYPE_CHECKING:
    from semcom_core.tasks.services import Kept

#: Lines of the memory that the port `contents` shows, the newest.
_SHOWN_LINES = 12


class semantic_memory(content_block):
    """Keeps what passes in a memory file, each message in a time slot of its own; requests pass.

    The file is written by a process of its own, with the texts' sentence embeddings, before the
    message is passed on: a block behind this one finds it there. It survives a kill at any moment,
    and `semcom memory` shows and edits it.

    Message inputs:
        in: text and picture PDUs. Requests of the task router are not kept, nor are texts that were
            not decoded. The end PDU is passed on in order, also when the queue is full.

    Message outputs:
        out: the PDUs that came; of what was kept with the keys slot and memory_key, of a request
            with the slot of what was kept last, -1 for nothing.
        contents: pairs ("memory", symbol) with what the memory holds, an item a line, at most ten
            times a second.
        feedback: notices `lost` (queue full), `refused`, `loading`, `ready`, `restarted` and
            `failed` (the file is damaged or foreign, or the embedding does not load).

    All settings may change at run time; what the file holds stays, as far as there is room. A
    flowgraph that is started again continues the same memory; the counts go on.

    Args:
        memory_file: file of the memory; made where there is none.
        options: further settings of semcom_core.tasks.services.MemoryServiceConfig, a dict: model
            (fifo, ring or retrieval), capacity, weights of the update rule, embed.
        queue_size: messages that may wait; more are dropped and counted. 0 is 65536.
        timeout_s: a message that takes longer passes without being kept, s.

    Raises:
        ConfigError: no file is named, or a value is out of range.
    """

    def __init__(
        self,
        memory_file: str = "memory.db",
        options: dict | None = None,
        queue_size: int = 64,
        timeout_s: float = 300.0,
    ) -> None:
        named = {"memory_file": check_memory_file(memory_file)}
        content_block.__init__(self, "semantic_memory", named, options, queue_size, timeout_s)
        self.kept = 0
        self.forgotten = 0
        self.message_port_register_out(pmt.intern("contents"))
        self._window = WindowText(self, "contents", "memory")

    @tunable
    def set_memory_file(self, memory_file: str) -> None:
        """Set the file of the memory."""
        self.change(memory_file=check_memory_file(memory_file))

    @tunable
    def set_options(self, options: dict) -> None:
        """Set further settings; what the file holds stays, as far as there is room."""
        self.change(options)

    def start(self) -> bool:
        """Start the process that has the file."""
        self._window.start()
        return content_block.start(self)

    def stop(self) -> bool:
        """End the process; what was passed on is in the file."""
        self._window.stop()
        return content_block.stop(self)

    def call(self, meta: dict, content: str | np.ndarray) -> tuple[str, tuple]:
        """The call of the service for a message."""
        if "task" in meta:
            return "latest_slot", ()
        if not meta.get("decoded", True):
            return PASS, ()
        return ("keep_text" if isinstance(content, str) else "keep_picture"), (content,)

    def answer(self, job: Job, result: Kept | int | None) -> None:
        """Publish a message, with its place in the memory."""
        if result is None:
            self.pass_on(job)
            return
        if isinstance(result, int):
            self.pass_on(job, slot=result)
            return
        self.kept += 1
        self.forgotten += result.left
        self._window.show("\n".join(map(visible, result.contents[-_SHOWN_LINES:])))
        self.pass_on(job, slot=result.slot, memory_key=result.key)
