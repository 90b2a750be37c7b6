# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PDUs of a whole message, of one round or several, and of what was measured on one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from semcom_core.errors import FrameError
from semcom_core.phy.frame import ROUNDS, Frame

from .pdu import frame_pdu, has_keys, make_pdu, read_meta


def message_pdus(frames: Sequence[Frame]) -> list:
    """PDUs of frames that are handed on together: of one message, one round or several."""
    rounds = len({frame.header.round for frame in frames})
    return [frame_pdu(frame, frame is frames[-1], rounds) for frame in frames]


def rounds_of(message) -> int:
    """Of how many rounds the frames of a frame PDU's message are.

    Raises:
        FrameError: it is no number of rounds.
    """
    if not has_keys(message, "rounds"):
        return 1
    rounds = read_meta(message)["rounds"]
    if not 1 <= rounds <= ROUNDS:
        raise FrameError(f"rounds is {rounds}; allowed is 1 to {ROUNDS}")
    return rounds


def snr_pdu(snr_db: float, message_id: int):
    """PDU of a measured SNR, dB."""
    return make_pdu({"snr_db": float(snr_db), "message_id": message_id}, np.zeros(0, np.uint8))


def read_snr(message) -> float:
    """SNR that a PDU tells, dB: any PDU with the key snr_db.

    Raises:
        FrameError: the message is no PDU, or has no such key.
    """
    meta = read_meta(message)
    if "snr_db" not in meta:
        raise FrameError(f"PDU has the keys {', '.join(sorted(meta)) or '(none)'}; snr_db is needed")
    return float(meta["snr_db"])
