# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control frames of the link, headers without payload: acknowledgements and polls for them.

    codec 5 | message 8 | fragment 4 | last 4 | length 12 | params 6 | model 4 | context 4
    30      | message   | done, again, word 15-14 | 15 | 0 | word 13-8 | word 7-4 | word 3-0

    word    neither done nor again   bitmap of the fragments that are there
            done or again            attempts 8 | SNR 8: 0 unknown, else -20 dB + 0.25 dB (n - 1)

An acknowledgement costs the air a preamble and a header, nothing else.

Rounds: a fragment is there when any round of it is, the first transmission or an increment, so the
bitmap says nothing of rounds. The decoder is asked only once every fragment is there; with `done`
and `again` the bitmap would say nothing new, and its place holds what the sender needs then: the
SNR to choose a rate by, and the number of decodings, by which it tells a second request for more
from a repetition of the first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from semcom_core.errors import ConfigError, FrameError, check_range
from semcom_core.frame import ACK, MAX_FRAGMENTS, MESSAGE_IDS, POLL, Frame, FrameHeader

#: Numbers of attempts that can be told apart.
ATTEMPTS = 256
#: SNR that an acknowledgement can hold, dB, and the step between two.
LEAST_SNR_DB = -20.0
MOST_SNR_DB = 43.5
SNR_STEP_DB = 0.25


@dataclass(frozen=True)
class Ack:
    """State of a message at the receiving station.

    Args:
        message_id: number of the message, 0 to 255.
        bitmap: bit k is set when fragment k is there, 0 to 65535; 0 with `done` or `again`.
        done: the message is settled; nothing more of it is needed.
        again: the fragments did not decode: more of each is wanted, an increment or a copy. With
            `done`: the message was delivered undecoded.
        attempts: how often it was decoded, modulo 256, 0 to 255; 0 without `done` and `again`.
        snr_db: SNR of the frames that were decoded last, dB; travels in steps of 0.25 dB from -20
            to 43.5. None where it is not known, and without `done` and `again`.

    Raises:
        ConfigError: a value is out of range, or goes with other flags.
    """

    message_id: int
    bitmap: int = 0
    done: bool = False
    again: bool = False
    attempts: int = 0
    snr_db: float | None = None

    def __post_init__(self) -> None:
        settled = self.done or self.again
        check_range("message_id", self.message_id, 0, MESSAGE_IDS - 1)
        check_range("bitmap", self.bitmap, 0, 0 if settled else 2**MAX_FRAGMENTS - 1)
        check_range("attempts", self.attempts, 0, ATTEMPTS - 1 if settled else 0)
        if not settled and self.snr_db is not None:
            raise ConfigError(f"snr_db is {self.snr_db}; allowed is None without done and again")

    def lacking(self, fragments: Iterable[int]) -> set[int]:
        """Which of these fragments are not there; none with `done` or `again`."""
        return (
            set() if self.done or self.again else {k for k in fragments if not self.bitmap >> k & 1}
        )

    def to_header(self) -> FrameHeader:
        """The header that carries this acknowledgement."""
        word = (
            self.attempts << 8 | _snr_code(self.snr_db) if self.done or self.again else self.bitmap
        )
        word |= self.again << 16 | self.done << 17
        return FrameHeader(
            codec=ACK,
            message_id=self.message_id,
            fragment=word >> 14,
            last_fragment=MAX_FRAGMENTS - 1,
            params=word >> 8 & 63,
            model_fp=word >> 4 & 15,
            context_fp=word & 15,
        )

    @classmethod
    def from_header(cls, header: FrameHeader) -> Ack:
        """The acknowledgement in a header.

        Raises:
            FrameError: the header is that of another frame.
        """
        kind = (header.codec, header.last_fragment, header.length)
        if kind != (ACK, MAX_FRAGMENTS - 1, 0):
            raise FrameError(
                f"header has (codec, last fragment, length) {kind}; an acknowledgement has "
                f"{(ACK, MAX_FRAGMENTS - 1, 0)}"
            )
        word = header.fragment << 14 | header.params << 8 | header.model_fp << 4 | header.context_fp
        done = bool(word >> 17)
        again = bool(word >> 16 & 1)
        value = word & 0xFFFF
        if not (done or again):
            return cls(header.message_id, value)
        return cls(header.message_id, 0, done, again, value >> 8, _snr_of(value & 255))


def _snr_code(snr_db: float | None) -> int:
    """An SNR as 8 bits; one beyond what these can hold is the nearest they can."""
    if snr_db is None or math.isnan(snr_db):
        return 0
    return 1 + round((min(max(snr_db, LEAST_SNR_DB), MOST_SNR_DB) - LEAST_SNR_DB) / SNR_STEP_DB)


def _snr_of(code: int) -> float | None:
    return LEAST_SNR_DB + SNR_STEP_DB * (code - 1) if code else None


def poll_header(message_id: int) -> FrameHeader:
    """The header that asks the far end for an acknowledgement of a message."""
    return FrameHeader(codec=POLL, message_id=message_id)


def control_frame(header: FrameHeader) -> Frame:
    """A frame without payload."""
    return Frame(header, np.zeros(0, np.complex64))


def is_control(header: FrameHeader) -> bool:
    """Whether a frame belongs to the link itself, not to a codec."""
    return header.codec in (POLL, ACK)
