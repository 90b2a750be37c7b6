# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notices: events about messages, codecs and radios on the `feedback` ports of blocks.

A notice has a state, the message it is about (-1: none), a reason in one line, the name of the
block that sends it, and of a lost message its cause, where it has one: `dropped` (a queue was
full). One notice may stand for `count` of its kind.

- transmitted:  the last sample of the message's burst has left the burst transmitter; from a
                radio's block: has left the radio.
- resolved:     the link monitor knows the outcome of the message; a paced source may send the next.
- lost:         the message was dropped on the way and will not be delivered.
- refused:      a malformed message, or a setting that is not allowed; it was counted and dropped.
                Of a radio_sink: a tag that promises more samples than come.
- loading:      the block loads its codec, or sets up its radio, which may take long.
- ready:        the codec is loaded, or the radio works.
- restarted:    the process of the block's codec has died; another one is started.
- overrun:      received samples are lost: the flowgraph, or the connection to it, was too slow.
- underrun:     the radio had nothing to transmit in the midst of a stream or burst.
- reconnecting: the radio is gone, or its process has died; another try is made.
- unreadable:   bursts were heard, and could not be read: an offset that is too large, or other
                settings of the modem.
- failed:       the block itself cannot go on; the run is no longer healthy.
- end:          nothing further is to be sent; a source ends its flowgraph.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, fields

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.errors import FrameError

from .pdu import make_pdu, read_meta

#: Name of the port for notices; a class may have another one in NOTICE_PORT.
FEEDBACK = pmt.intern("feedback")
#: States of notices that come from radios only.
RADIO_STATES = ("overrun", "underrun", "reconnecting")
#: Blocks that have a radio.
RADIO_BLOCKS = ("radio_source", "radio_sink")
#: States of notices that tell of no progress, however many come.
STANDSTILL = ("refused", "unreadable", *RADIO_STATES)
#: States that a notice may have.
STATES = (
    "transmitted",
    "resolved",
    "lost",
    "refused",
    "loading",
    "ready",
    "restarted",
    "unreadable",
    "failed",
    "end",
    *RADIO_STATES,
)
#: Causes that a notice about a lost message may have.
CAUSES = ("", "dropped")
#: States that are logged: what they mean in words, and the level.
_LOGGED = {
    "lost": ("message {message_id} is lost", logging.ERROR),
    "refused": ("refused", logging.WARNING),
    "unreadable": ("bursts are heard that cannot be read", logging.WARNING),
    "restarted": ("the codec is started anew", logging.WARNING),
    "failed": ("failed", logging.ERROR),
    "overrun": ("samples received are lost", logging.WARNING),
    "underrun": ("samples to transmit came too late", logging.WARNING),
    "reconnecting": ("the radio is gone, trying again", logging.WARNING),
}


@dataclass(frozen=True)
class Notice:
    """One notice.

    Args:
        state: one of STATES.
        message_id: the message it is about, 0 to 255; -1: none.
        reason: why, in one line.
        block: name of the block that sends it.
        cause: one of CAUSES.
        count: how many events of its kind it stands for, 1 to 2**31 - 1.

    Raises:
        FrameError: a value is not allowed.
    """

    state: str
    message_id: int = -1
    reason: str = ""
    block: str = ""
    cause: str = ""
    count: int = 1

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise FrameError(
                f"notice has the state {self.state!r}; allowed is one of {', '.join(STATES)}"
            )
        if self.cause not in CAUSES:
            raise FrameError(
                f"notice has the cause {self.cause!r}; allowed is one of "
                f"{', '.join(map(repr, CAUSES))}"
            )
        if not isinstance(self.count, int) or not 1 <= self.count < 1 << 31:
            raise FrameError(
                f"notice has the count {self.count!r}; allowed is 1 to {(1 << 31) - 1}"
            )


def notify(
    block: gr.basic_block,
    state: str,
    message_id: int = -1,
    reason: str = "",
    cause: str = "",
    log: bool = True,
    count: int = 1,
) -> None:
    """Publish a notice on a block's notice port, where it has one, and log losses and failures.

    Args:
        block: the block that sends the notice.
        state, message_id, reason, cause, count: see Notice.
        log: False publishes only.
    """
    notice = Notice(state, message_id, reason, block.name(), cause, count)
    if log and state in _LOGGED:
        about, level = _LOGGED[state]
        words = about.format(message_id=message_id)
        logging.getLogger(f"gnuradio.semcom.{notice.block}").log(
            level, "%s: %s: %s", notice.block, words, reason
        )
    port = getattr(type(block), "NOTICE_PORT", FEEDBACK)
    if has_port(block, port):
        block.message_port_pub(port, make_pdu(vars(notice), np.zeros(0, np.uint8)))


def has_port(block: gr.basic_block, port: pmt.pmt_base) -> bool:
    """Whether a block has a message output of this name (a symbol)."""
    ports = block.message_ports_out()
    return any(pmt.eqv(pmt.vector_ref(ports, i), port) for i in range(pmt.length(ports)))


def read_notice(message: pmt.pmt_base) -> Notice:
    """Notice of a notice PDU.

    Raises:
        FrameError: the message is no notice.
    """
    meta = read_meta(message)
    known = {field.name: meta[field.name] for field in fields(Notice) if field.name in meta}
    if "state" not in known:
        raise FrameError(
            f"notice has the keys {', '.join(sorted(meta)) or '(none)'}; a state is needed"
        )
    return Notice(**known)
