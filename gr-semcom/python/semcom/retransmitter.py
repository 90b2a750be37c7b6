# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending end of an ARQ link: retransmission of messages until they are acknowledged."""

from __future__ import annotations

import time

import numpy as np
import pmt

from semcom_core.config import from_mapping
from semcom_core.errors import check_range
from semcom_core.link import ACK, Ack, ArqSender, SenderConfig

from .arq_block import arq_block
from .gathering import FragmentGroups
from .guard import guarded_handler, tunable
from .notices import FEEDBACK, notify, read_notice
from .pdu import end_pdu, is_end, is_last, message_pdus, read_frame, rounds_of, snr_pdu


class retransmitter(arq_block):
    """Stop-and-wait or selective-repeat retransmission of messages over a link with a way back.

    Increments of a message (text encoder with `harq`) are held back: the far end gets the next
    round of what it could not decode, and copies after the last round or where there are none. What
    is not answered is sent again as it was.

    A message that is not acknowledged after its last try is reported lost; without a way back that
    is each message, so nothing hangs. The time to wait for an answer is learned from the answers
    (Jacobson 1988).

    Message inputs:
        in: frame PDUs of the encoder, the fragments of a message one after another, round after
            round, and its end PDU.
        ack: frame PDUs of the own burst receiver; acknowledgements are used, all others ignored.
        notices: `feedback` of the own burst transmitter; `transmitted` and `lost` start a message's
            timer, others are passed on.

    Message outputs:
        out: frame PDUs for the burst transmitter, the last of each transmission with the key
            `last`; the end PDU, once every message is acknowledged or given up.
        snr: PDUs with the key snr_db, the SNR measured at the far end, dB, from its
            acknowledgements; for the encoder.
        feedback: notices `lost` (not acknowledged after the last try, or the queue is full),
            `refused`, `failed`, and those passed on.

    Args:
        mode: "stop-and-wait" (one message at a time, repeated as a whole) or "selective-repeat"
            (only the fragments that the far end lacks).
        window: messages on the way at once in selective repeat, 1 to 128; at most the
            acknowledger's.
        max_tries: transmissions of a message before it is given up.
        timeout_s: time from a burst's last sample to its answer, until it is measured, s.
        longest_s: longest time to wait for an answer, s.
        backoff: factor of the time to wait after each unanswered transmission.
        stall_s: time without a word of the transmitter after which a message counts as transmitted,
            s.
        queue_size: messages that may wait for the window; more are dropped and counted.
        seed: seed of the jitter of the waits; two stations need different ones.

    Raises:
        ConfigError: a value is not allowed.
    """

    def __init__(
        self,
        mode: str = "selective-repeat",
        window: int = 16,
        max_tries: int = 10,
        timeout_s: float = 1.0,
        longest_s: float = 4.0,
        backoff: float = 1.5,
        stall_s: float = 20.0,
        queue_size: int = 256,
        seed: int = 1,
    ) -> None:
        check_range("seed", seed, 0, 2**31 - 1)
        self.seed = int(seed)
        settings = {
            "mode": mode,
            "window": window,
            "max_tries": max_tries,
            "timeout_s": timeout_s,
            "longest_s": longest_s,
            "backoff": backoff,
            "stall_s": stall_s,
            "queue_size": queue_size,
        }
        config = from_mapping(SenderConfig, settings)
        inputs = {"in": self.handle_frame, "ack": self.handle_ack, "notices": self.handle_notice}
        arq_block.__init__(self, "retransmitter", config, inputs, ["out", "snr"])

    @tunable
    def set_mode(self, mode: str) -> None:
        """Set the mode."""
        self._configure(mode=mode)

    @tunable
    def set_window(self, window: int) -> None:
        """Set how many messages may be on the way at once in selective repeat."""
        self._configure(window=window)

    @tunable
    def set_max_tries(self, max_tries: int) -> None:
        """Set the most transmissions of a message before it is given up."""
        self._configure(max_tries=max_tries)

    @tunable
    def set_timeout_s(self, timeout_s: float) -> None:
        """Set the time to wait for an answer until it is measured, s."""
        self._configure(timeout_s=timeout_s)

    @tunable
    def set_longest_s(self, longest_s: float) -> None:
        """Set the longest time to wait for an answer, s."""
        self._configure(longest_s=longest_s)

    @tunable
    def set_backoff(self, backoff: float) -> None:
        """Set the factor of the time to wait after each unanswered transmission."""
        self._configure(backoff=backoff)

    @tunable
    def set_stall_s(self, stall_s: float) -> None:
        """Set how long a silent transmitter is waited for, s."""
        self._configure(stall_s=stall_s)

    @tunable
    def set_queue_size(self, queue_size: int) -> None:
        """Set how many messages may wait for the window."""
        self._configure(queue_size=queue_size)

    def _apply(self, config: SenderConfig) -> None:
        self.mode = config.mode
        self.window = config.window
        self.max_tries = config.max_tries
        self.timeout_s = config.timeout_s
        self.longest_s = config.longest_s
        self.backoff = config.backoff
        self.stall_s = config.stall_s
        self.queue_size = config.queue_size

    def _machine(self) -> ArqSender:
        self._groups = FragmentGroups()
        self._ended = False
        return ArqSender(self.config, np.random.default_rng(self.seed))

    @guarded_handler
    def handle_frame(self, message: pmt.pmt_base) -> None:
        """Gather a frame; a complete message is sent as soon as the window allows."""
        if is_end(message):
            self._ended = True
            self._ticker.wake()
            return
        for frames in self._groups.push(read_frame(message), is_last(message), rounds_of(message)):
            with self._lock:
                taken = self.machine.submit(frames)
            if not taken:
                message_id = frames[0].header.message_id
                reason = "the retransmitter's queue is full"
                notify(self, "lost", message_id, reason, cause="dropped")
            self._ticker.wake()

    @guarded_handler
    def handle_ack(self, message: pmt.pmt_base) -> None:
        """Take an acknowledgement."""
        header = read_frame(message).header
        if header.codec != ACK:
            return
        ack = Ack.from_header(header)
        with self._lock:
            self.machine.on_ack(ack, time.monotonic())
        self._ticker.wake()
        if ack.snr_db is not None:
            self.message_port_pub(pmt.intern("snr"), snr_pdu(ack.snr_db, ack.message_id))

    @guarded_handler
    def handle_notice(self, message: pmt.pmt_base) -> None:
        """Start the timer of a message that the transmitter has sent or dropped.

        Other notices are passed on.
        """
        notice = read_notice(message)
        if notice.state not in ("transmitted", "lost"):
            self.message_port_pub(FEEDBACK, message)
            return
        with self._lock:
            self.machine.on_transmitted(notice.message_id, time.monotonic())
        self._ticker.wake()

    def _tick(self, now: float) -> float:
        """Send frames that are due, report lost messages, pass the end PDU on; returns when this is
        due next, s.
        """
        with self._lock:
            sends, settled = self.machine.poll(now)
            due = self.machine.next_time()
            done = self._ended and not self.machine.pending
        for frames in sends:
            for pdu in message_pdus(frames):
                self.message_port_pub(pmt.intern("out"), pdu)
        for message in settled:
            if not message.acknowledged:
                notify(self, "lost", message.message_id, message.reason)
        if done:
            self._ended = False
            self.message_port_pub(pmt.intern("out"), end_pdu())
        return due
