# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a codec worker tells the block that it works for."""

from __future__ import annotations

from typing import Protocol

from .job_queue import Job


class Listener(Protocol):
    """What a worker calls, always from its own thread."""

    def on_done(self, job: Job, result) -> None:
        """A job is done; None is the result of a marker."""

    def on_lost(self, job: Job, reason: str) -> None:
        """A job was refused, or the process died over it."""

    def on_state(self, state: str, reason: str) -> None:
        """The codec is `loading`, `ready`, `restarted`, `refused` (the former one stays) or `failed` (each job will be lost)."""

    def on_idle(self) -> None:
        """Called a few times a second, also while a job is under way."""
