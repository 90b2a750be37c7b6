# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notices: what a block says on its `feedback` port about the messages it handles.

A notice has a state, the message it is about (-1: none), a reason in one line and the name of the block that says it:

- transmitted: the last sample of the message's burst has left the transmitter.
- resolved:    the link monitor has seen the fate of the message; a paced source may send the next one.
- lost:        the message was dropped on the way and nothing more will come of it.
- failed:      the block itself cannot go on; the run is no longer healthy.
- end:         nothing further is to be sent; a source ends its flowgraph.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import pmt

from semcom_core.errors import FrameError

from .pdu import make_pdu, read_meta

FEEDBACK = pmt.intern("feedback")
STATES = ("transmitted", "resolved", "lost", "failed", "end")


@dataclass(frozen=True)
class Notice:
    """One notice; see the module."""

    state: str
    message_id: int = -1
    reason: str = ""
    block: str = ""

    def __post_init__(self):
        if self.state not in STATES:
            raise FrameError(f"notice has the state {self.state!r}; allowed is one of {', '.join(STATES)}")


def notify(block, state: str, message_id: int = -1, reason: str = "") -> None:
    """Publish a notice on a block's `feedback` port; losses and failures are logged too."""
    notice = Notice(state, message_id, reason, block.name())
    if state in ("lost", "failed"):
        about = f"message {message_id} is lost" if state == "lost" else "failed"
        logging.getLogger(f"gnuradio.semcom.{notice.block}").error("%s: %s: %s", notice.block, about, reason)
    block.message_port_pub(FEEDBACK, make_pdu(vars(notice), np.zeros(0, np.uint8)))


def read_notice(message) -> Notice:
    """Notice of a message.

    Raises:
        FrameError: the message is no notice.
    """
    meta = read_meta(message)
    known = {name: meta[name] for name in ("state", "message_id", "reason", "block") if name in meta}
    if "state" not in known:
        raise FrameError(f"notice has the keys {', '.join(sorted(meta))}; a state is needed")
    return Notice(**known)
