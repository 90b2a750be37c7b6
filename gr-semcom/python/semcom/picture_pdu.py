# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PDUs of pictures.

Payload u8vector, the pixels row by row, each as red, green, blue: H * W * 3 bytes. Keys height, width (pixels), message_id, name; from the
decoder also decoded, reason, missing, fragments (of the picture, not those that came), snr_db (dB), cfo_hz (Hz).
"""

from __future__ import annotations

import numpy as np
import pmt

from semcom_core.errors import FrameError
from semcom_core.image.picture import check_pixels

from .pdu import describe, has_keys, make_pdu, read_meta

#: How PMT serializes a u8vector: tag of a uniform vector, kind u8; then come the length (32 bits, big-endian), one byte of padding
#: and the bytes. A picture passes in a hundredth of the time that a list of its bytes takes.
_U8VECTOR, _PADDING = b"\x0a\x00", b"\x01\x00"


def picture_pdu(pixels: np.ndarray, **meta):
    """PDU of a picture, uint8 (H, W, 3); keyword arguments become metadata.

    Raises:
        FrameError: it is no picture.
    """
    check_pixels(pixels)
    table = make_pdu({"height": pixels.shape[0], "width": pixels.shape[1], **meta}, np.zeros(0, np.uint8))
    return pmt.cons(pmt.car(table), bytes_vector(np.ascontiguousarray(pixels).tobytes()))


def is_picture(message) -> bool:
    """Whether a message bears the size of a picture."""
    return has_keys(message, "height", "width")


def read_picture_pdu(message) -> tuple[dict, np.ndarray]:
    """Metadata and pixels, uint8 (H, W, 3), of a picture PDU.

    Raises:
        FrameError: the message is no PDU of a picture, or its payload is not as large as it says.
    """
    meta, payload = read_meta(message), pmt.cdr(message)
    if "height" not in meta or "width" not in meta:
        raise FrameError(f"picture PDU has the keys {', '.join(sorted(meta)) or '(none)'}; height and width are needed")
    height, width = meta.pop("height"), meta.pop("width")
    if not pmt.is_u8vector(payload):
        raise FrameError(f"picture PDU has as payload {describe(payload)}; a u8vector is needed")
    if min(height, width) < 1 or pmt.length(payload) != 3 * height * width:
        raise FrameError(f"picture PDU has {pmt.length(payload)} bytes; {width}x{height} pixels of 3 bytes are needed")
    pixels = np.frombuffer(vector_bytes(payload), np.uint8).reshape(height, width, 3)
    check_pixels(pixels)
    return meta, pixels


def bytes_vector(data: bytes):
    """u8vector of some bytes."""
    return pmt.deserialize_str(_U8VECTOR + len(data).to_bytes(4, "big") + _PADDING + data)


def vector_bytes(vector) -> bytes:
    """Bytes of a u8vector."""
    data = pmt.serialize_str(vector)
    return data[len(data) - pmt.length(vector) :]
