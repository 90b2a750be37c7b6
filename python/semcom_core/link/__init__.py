# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARQ link layer: acknowledgement, retransmission and incremental redundancy over a way back.

    sender    submit -> waiting -> sent -> transmitted -> answer or timeout -> what is lacking ...
    receiver  frames -> combine copies -> decode -> deliver, acknowledge | ask for more

A message is one fragment or several, each in a first round and, of codecs that can, in increments
of fresh symbols. The sender keeps up to a window of messages on the way (selective repeat; one in
stop-and-wait) and waits for an answer after each transmission:

    answer                           the sender's next transmission
    bitmap of the fragments there    the first round of those that are lacking
    again: all there, undecoded      the next round of all; after the last round copies from the
                                     first round on (Chase combining)
    done                             none: the message is settled
    none until the timeout           a poll that asks for the answer, where all is known to be
                                     there; else what was sent last

The timeout follows the measured round-trip time, grows after each silence, and has a random share.
The receiver combines copies of a frame, hands a message to the decoder when every fragment of it is
there in any round, answers after a delay that gathers further fragments, and delivers each message
once and in order: decoded, or after max_tries decodings or patience_s of silence its best guess,
marked. The answer carries the SNR that was measured, by which the sender chooses the rate of the
next message.

State machines without clocks or threads: the time is an argument, what is to be done is a result.

    ack          acknowledgements and polls: frames without payload
    sender       retransmission, round-trip time          receiver     answers, delivery
    reassembly   fragments, rounds, order of messages     adaptation   SNR for the next rate

Source: S. Lin, D. J. Costello, M. J. Miller, "Automatic-repeat-request error-control schemes", IEEE
Communications Magazine 22 (12), 1984 (stop-and-wait, selective repeat); D. Chase, "Code combining",
IEEE Transactions on Communications 33 (5), 1985; D. M. Mandelbaum, "An adaptive-feedback coding
scheme using incremental redundancy", IEEE Trans. Inf. Theory 20, 1974; V. Jacobson, "Congestion
avoidance and control", SIGCOMM 1988 (round-trip time).
"""

from semcom_core.combining import combine, same_symbols
from semcom_core.link.ack import ACK, POLL, Ack, is_control, poll_header
from semcom_core.link.adaptation import RememberedSnr, SnrTracker
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
    "RememberedSnr",
    "SenderConfig",
    "Settled",
    "SnrTracker",
    "combine",
    "is_control",
    "poll_header",
    "same_symbols",
]
