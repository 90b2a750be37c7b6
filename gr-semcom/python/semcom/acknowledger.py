# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Receiving end of an ARQ link: acknowledgement, combining and delivery of messages."""

from __future__ import annotations

import math
import time

import pmt

from semcom_core.codecs import TEXT, find_codec
from semcom_core.config import from_mapping
from semcom_core.errors import FrameError
from semcom_core.frame import MESSAGE_IDS, ReceivedFrame
from semcom_core.link import POLL, ArqReceiver, Delivery, ReceiverConfig, is_control
from semcom_core.link.ack import control_frame

from .arq_block import arq_block
from .guard import guarded_handler, tunable
from .notices import FEEDBACK, notify, read_notice
from .pdu import frame_pdu, message_pdus, read_frame, read_text


class acknowledger(arq_block):
    """Collects the fragments of messages, combines copies of them, and acknowledges each message
    that decodes.

    Of a message that does not decode it asks for more. Increments go to the decoder together with
    the rounds received before; the symbols of copies are combined (Chase 1985). After the last try
    the best guess is delivered, marked as not decoded. An acknowledgement tells the sender the SNR
    measured here.

    Message inputs:
        in: frame PDUs of the own burst receiver; acknowledgements are ignored, frames of other
            codecs counted and dropped.
        decoded: text PDUs of the decoder.
        notices: `feedback` of the decoder; `lost` counts as undecoded, others are passed on.

    Message outputs:
        out: frame PDUs for the decoder, all rounds of a message received so far, the last with the
            key `last`.
        ack: frame PDUs without payload for the own burst transmitter.
        text: text PDUs of the decoder, each message once, with the key attempts (how often it was
            decoded).
        feedback: notices `lost` (given up without a guess), `refused`, `failed`, and those passed
            on.

    Args:
        codec: name of the decoder's codec; empty: frames of any codec go to the decoder.
        window: messages collected at once, 1 to 128; at least the retransmitter's, and best the
            same (1 for stop-and-wait).
        max_tries: decodings of a message before its best guess is delivered.
        ack_delay_s: how long an answer waits for further fragments and for the decoder, s.
        patience_s: silence after which a message is delivered as it is, s.
        in_order: deliver messages in the order of their numbers.

    Raises:
        ConfigError: a value is not allowed.
    """

    def __init__(
        self,
        codec: str = "",
        window: int = 16,
        max_tries: int = 10,
        ack_delay_s: float = 0.1,
        patience_s: float = 60.0,
        in_order: bool = True,
    ) -> None:
        self.set_codec(codec)
        settings = {
            "window": window,
            "max_tries": max_tries,
            "ack_delay_s": ack_delay_s,
            "patience_s": patience_s,
            "in_order": in_order,
        }
        config = from_mapping(ReceiverConfig, settings)
        inputs = {
            "in": self.handle_frame,
            "decoded": self.handle_decoded,
            "notices": self.handle_notice,
        }
        arq_block.__init__(self, "acknowledger", config, inputs, ["out", "ack", "text"])

    @tunable
    def set_codec(self, codec: str) -> None:
        """Set the codec whose frames go to the decoder; empty: any."""
        self.number = find_codec(codec, TEXT).number if codec else None
        self.codec = codec

    @tunable
    def set_window(self, window: int) -> None:
        """Set how many messages are collected at once."""
        self._configure(window=window)

    @tunable
    def set_max_tries(self, max_tries: int) -> None:
        """Set after how many decodings the best guess is delivered."""
        self._configure(max_tries=max_tries)

    @tunable
    def set_ack_delay_s(self, ack_delay_s: float) -> None:
        """Set how long an answer waits for further fragments and for the decoder, s."""
        self._configure(ack_delay_s=ack_delay_s)

    @tunable
    def set_patience_s(self, patience_s: float) -> None:
        """Set after which silence a message is delivered as it is, s."""
        self._configure(patience_s=patience_s)

    @tunable
    def set_in_order(self, in_order: bool) -> None:
        """Set whether messages are delivered in the order of their numbers."""
        self._configure(in_order=in_order)

    def _apply(self, config: ReceiverConfig) -> None:
        self.window = config.window
        self.max_tries = config.max_tries
        self.ack_delay_s = config.ack_delay_s
        self.patience_s = config.patience_s
        self.in_order = config.in_order

    def _machine(self) -> ArqReceiver:
        self.other_codec = 0
        return ArqReceiver(self.config)

    @guarded_handler
    def handle_frame(self, message: pmt.pmt_base) -> None:
        """Take a frame of the far end."""
        frame = read_frame(message)
        now = time.monotonic()
        if frame.header.codec == POLL:
            with self._lock:
                self.machine.on_poll(frame.header.message_id, now)
        elif is_control(frame.header):
            return
        elif self.number not in (None, frame.header.family):
            self.other_codec += 1
        elif not isinstance(frame, ReceivedFrame):
            raise FrameError("frame PDU has no noise_var; a received frame is needed")
        else:
            with self._lock:
                self.machine.on_frame(frame, now)
        self._ticker.wake()

    @guarded_handler
    def handle_decoded(self, message: pmt.pmt_base) -> None:
        """Take the decoder's answer."""
        meta, _ = read_text(message)
        score = meta.get("score")
        if not isinstance(score, float):
            score = math.nan
        decoded = bool(meta.get("decoded", True))
        self._decoded(meta.get("message_id"), message, decoded, score)

    @guarded_handler
    def handle_notice(self, message: pmt.pmt_base) -> None:
        """Count a message that the decoder has lost as undecoded; other notices are passed on."""
        notice = read_notice(message)
        if notice.state == "lost":
            self._decoded(notice.message_id, None, False)
        else:
            self.message_port_pub(FEEDBACK, message)

    def _decoded(
        self,
        message_id: int | None,
        guess: pmt.pmt_base | None,
        decoded: bool,
        score: float = math.nan,
    ) -> None:
        if type(message_id) is not int or not 0 <= message_id < MESSAGE_IDS:
            raise FrameError(f"message_id is {message_id!r}; allowed is 0 to {MESSAGE_IDS - 1}")
        with self._lock:
            self.machine.on_decoded(message_id, guess, decoded, time.monotonic(), score)
        self._ticker.wake()

    def _tick(self, now: float) -> float:
        """Publish what is to be decoded, acknowledged and delivered; returns when this is due next,
        s.
        """
        with self._lock:
            actions = self.machine.poll(now)
            due = self.machine.next_time()
        for frames in actions.decode:
            for pdu in message_pdus(frames):
                self.message_port_pub(pmt.intern("out"), pdu)
        for ack in actions.acks:
            pdu = frame_pdu(control_frame(ack.to_header()), last=True)
            self.message_port_pub(pmt.intern("ack"), pdu)
        for delivery in actions.deliveries:
            self._deliver(delivery)
        return due

    def _deliver(self, delivery: Delivery) -> None:
        if delivery.guess is None:
            reason = f"nothing of it was decoded in {delivery.attempts} attempts"
            notify(self, "lost", delivery.message_id, reason)
            return
        meta = pmt.car(delivery.guess)
        meta = pmt.dict_add(meta, pmt.intern("decoded"), pmt.from_bool(delivery.decoded))
        meta = pmt.dict_add(meta, pmt.intern("attempts"), pmt.from_long(delivery.attempts))
        self.message_port_pub(pmt.intern("text"), pmt.cons(meta, pmt.cdr(delivery.guess)))
