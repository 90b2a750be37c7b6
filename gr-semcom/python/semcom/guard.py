# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of a Python block: an exception must neither hang the flowgraph nor pass unseen.

In GNU Radio 3.10 an exception that leaves work() hangs run(); one that leaves a message handler is logged and the run goes on
as if nothing had happened.
"""

from __future__ import annotations

import functools
import logging

from semcom_core.errors import FrameError

from .notices import notify

WORK_DONE = -1


def guarded_work(work):
    """Make a work() that, on an exception, sends a `failed` notice and ends its stream."""

    @functools.wraps(work)
    def run(self, input_items, output_items):
        try:
            return work(self, input_items, output_items)
        except Exception as error:  # noqa: BLE001 (whatever leaves work() hangs the flowgraph)
            logging.getLogger("gnuradio.semcom").exception("%s: work() failed", self.name())
            notify(self, "failed", reason=f"{type(error).__name__}: {error}")
            return WORK_DONE

    return run


def guarded_handler(handler):
    """Make a message handler that counts, logs and drops what is not a message of the project (self.refused counts)."""

    @functools.wraps(handler)
    def run(self, message):
        try:
            handler(self, message)
        except FrameError as error:
            self.refused += 1
            logging.getLogger("gnuradio.semcom").warning("%s: message dropped: %s", self.name(), error)

    return run
