# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two-sided link: acknowledgement, retransmission and increments of frames over a reverse channel.

State machines without clocks or threads: the time is an argument, what is to be done is a result.

Source: S. Lin, D. J. Costello, M. J. Miller, "Automatic-repeat-request error-control schemes", IEEE
Communications Magazine 22 (12), 1984 (stop-and-wait, selective repeat); D. Chase, "Code combining",
IEEE Transactions on Communications 33 (5), 1985.
"""

from semcom_core.combining import combine, same_symbols
from semcom_core.link.ack import ACK, POLL, Ack, is_control, poll_header
from semcom_core.link.adaptation import SnrTracker
from semcom_core.link.config import MODES, ReceiverConfig, SenderConfig
from semcom_core.link.reassembly import Delivery
from semcom_core.link.receiver import ArqReceiver
from semcom_core.link.sender import ArqSender, Settled

__all__ = [
    "ACK",
    "MODES",
    "POLL",
    "Ack",
    "ArqReceiver",
    "ArqSender",
    "Delivery",
    "ReceiverConfig",
    "SenderConfig",
    "Settled",
    "SnrTracker",
    "combine",
    "is_control",
    "poll_header",
    "same_symbols",
]
