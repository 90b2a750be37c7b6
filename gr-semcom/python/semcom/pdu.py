# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each key of the project's PDUs holds.

What travels over the message ports: PDUs of texts, of frames, and notices about messages.

Every PDU is a pair (metadata, payload):

- text:   payload u8vector, the UTF-8 text. Keys message_id; from the decoder also decoded, score,
  reason, snr_db (dB), cfo_hz (Hz).
- frame:  payload c32vector, the symbols. Keys codec, message_id, fragment, fragments, params,
  model_fp, context_fp; from the
          receiver also noise_var (f32vector, one for each symbol), snr_db (dB), cfo_hz (Hz),
          level_db (dB), crc_ok, start_sample, more (whether another frame of the burst follows).
          The key last (true) closes a message, whatever fragments it lacks; of a message of more
          than one round, rounds says how many follow one another.
- picture: see picture_pdu.
- snr:    payload u8vector, empty. Keys snr_db (dB), message_id: what the far end has measured.
- notice: payload u8vector, empty. Keys state (see notices), message_id (-1: none), reason, block,
  cause.
- end:    payload u8vector, empty. Key eof (true): no further message follows.

The PDUs of a whole message, of one round or several, and of what was measured on one.

PDUs of pictures.

Payload u8vector, the pixels row by row, each as red, green, blue: H * W * 3 bytes. Keys height,
width (pixels), message_id, name; from the decoder also decoded, reason, missing, fragments (of the
picture, not those that came), snr_db (dB), cfo_hz (Hz).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pmt

from semcom_core.errors import FrameError
from semcom_core.frame import MESSAGE_IDS, ROUNDS, Frame, FrameHeader, ReceivedFrame
from semcom_core.image.picture import check_pixels

_WHOLE = (pmt.is_integer, "a whole number")
_NUMBER = (lambda value: pmt.is_integer(value) or pmt.is_real(value), "a number")
_TRUTH = (pmt.is_bool, "true or false")
_STRING = (pmt.is_symbol, "a symbol")
#: Key → (whether a PMT is of its kind, the kind in words).
KEYS = {
    **dict.fromkeys(
        (
            "codec",
            "message_id",
            "fragment",
            "fragments",
            "params",
            "model_fp",
            "context_fp",
            "start_sample",
            "rounds",
        ),
        _WHOLE,
    ),
    **dict.fromkeys(("height", "width", "missing", "uses"), _WHOLE),
    **dict.fromkeys(("snr_db", "cfo_hz", "level_db", "score"), _NUMBER),
    **dict.fromkeys(("decoded", "crc_ok", "eof", "last", "more"), _TRUTH),
    **dict.fromkeys(("state", "reason", "block", "cause", "name"), _STRING),
    "noise_var": (pmt.is_f32vector, "an f32vector"),
}


#: Makers of PMTs, by type and by the character of an array's type. pmt.to_pmt tries one type after
#: another and takes several times as long, which counts at each burst.
SCALARS = {bool: pmt.from_bool, int: pmt.from_long, float: pmt.from_double, str: pmt.intern}
VECTORS = {"B": pmt.init_u8vector, "f": pmt.init_f32vector, "F": pmt.init_c32vector}
#: Readers of PMTs: (whether one is of this kind, its value).
READERS = (
    (pmt.is_bool, pmt.to_bool),
    (pmt.is_integer, pmt.to_long),
    (pmt.is_uint64, pmt.to_uint64),
    (pmt.is_real, pmt.to_double),
    (pmt.is_symbol, lambda value: read_symbol(value)),
    (pmt.is_u8vector, lambda value: np.asarray(pmt.u8vector_elements(value), np.uint8)),
    (pmt.is_f32vector, lambda value: np.asarray(pmt.f32vector_elements(value), np.float32)),
    (pmt.is_c32vector, lambda value: np.asarray(pmt.c32vector_elements(value), np.complex64)),
)


def make_pdu(meta: dict, payload: np.ndarray):
    """PDU of a dictionary with str keys and a uint8 or complex64 array."""
    table = pmt.make_dict()
    for name, value in meta.items():
        table = pmt.dict_add(
            table,
            pmt.intern(name),
            vector(value) if isinstance(value, np.ndarray) else SCALARS[type(value)](value),
        )
    return pmt.cons(table, vector(payload))


def vector(array: np.ndarray):
    """Uniform vector of a uint8, float32 or complex64 array."""
    return VECTORS[array.dtype.char](len(array), array.tolist())


def text_pdu(text: str, **meta):
    """PDU of a text; keyword arguments become metadata."""
    return make_pdu(meta, np.frombuffer(text.encode("utf-8"), np.uint8))


def end_pdu():
    """PDU that says that no further message follows."""
    return make_pdu({"eof": True}, np.zeros(0, np.uint8))


def is_end(message) -> bool:
    """Whether a message is the PDU of end_pdu."""
    return pmt.is_pair(message) and pmt.is_dict(pmt.car(message)) and "eof" in read_meta(message)


def describe(message) -> str:
    """A PMT in a few words. pmt's own text of a long vector is long, and of deeply nested pairs
    recursive.
    """
    if (
        pmt.is_symbol(message)
        or pmt.is_number(message)
        or pmt.is_bool(message)
        or pmt.is_null(message)
    ):
        return repr(str(message)[:60])
    if pmt.is_uniform_vector(message):
        return f"a uniform vector of {pmt.length(message)}"
    names = {
        "a dictionary": pmt.is_dict,
        "a pair": pmt.is_pair,
        "a vector": pmt.is_vector,
        "a tuple": pmt.is_tuple,
    }
    return next((name for name, fits in names.items() if fits(message)), "no value of a PDU")


def read_meta(message) -> dict:
    """Metadata of a PDU as a dictionary: numbers, truth values, strings and uniform vectors
    (arrays) under str keys.

    Other entries are left out, so that a block may pass on what it has from elsewhere.

    Raises:
        FrameError: the message is not a PDU, or a key of this project has a value of another kind.
    """
    if not pmt.is_pair(message) or not (
        pmt.is_dict(pmt.car(message)) or pmt.is_null(pmt.car(message))
    ):
        raise FrameError(f"message is {describe(message)}; a PDU (metadata, payload) is needed")
    meta = {}
    items = pmt.dict_items(pmt.car(message))
    while pmt.is_pair(items):
        key = pmt.car(pmt.car(items))
        value = pmt.cdr(pmt.car(items))
        items = pmt.cdr(items)
        if pmt.is_symbol(key):
            name = read_symbol(key)
            if name in KEYS and not KEYS[name][0](value):
                raise FrameError(f"{name} is {describe(value)}; allowed is {KEYS[name][1]}")
            reader = next((read for fits, read in READERS if fits(value)), None)
            if reader is not None:
                meta[name] = reader(value)
    if not -1 <= meta.get("message_id", 0) < MESSAGE_IDS:
        raise FrameError(
            f"message_id is {meta['message_id']}; allowed is 0 to {MESSAGE_IDS - 1}, or -1 for none"
        )
    return meta


def read_symbol(symbol) -> str:
    """String of a symbol.

    Raises:
        FrameError: it is not UTF-8.
    """
    try:
        return pmt.symbol_to_string(symbol)
    except UnicodeDecodeError as error:
        raise FrameError(f"symbol is not UTF-8: {error}") from error


def read_text(message) -> tuple[dict, str]:
    """Metadata and text of a text PDU, of a symbol, or of a pair (key, symbol) as Qt entries send
    them.

    Raises:
        FrameError: the message is none of these, or its payload is not UTF-8.
    """
    if pmt.is_symbol(message):
        return {}, read_symbol(message)
    if pmt.is_pair(message) and pmt.is_symbol(pmt.cdr(message)):
        return {}, read_symbol(pmt.cdr(message))
    meta = read_meta(message)
    payload = pmt.cdr(message)
    if not pmt.is_u8vector(payload):
        raise FrameError(f"text PDU has as payload {describe(payload)}; a u8vector is needed")
    try:
        return meta, bytes(pmt.u8vector_elements(payload)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise FrameError(f"text PDU is not UTF-8: {error}") from error


def frame_pdu(frame: Frame, last: bool = False, rounds: int = 1):
    """PDU of a frame, sent or received; with `last`, no further frame of its message follows;
    `rounds` as in the module.
    """
    h = frame.header
    meta = {
        "codec": h.codec,
        "message_id": h.message_id,
        "fragment": h.fragment,
        "fragments": h.fragments,
    }
    meta |= {"params": h.params, "model_fp": h.model_fp, "context_fp": h.context_fp}
    if isinstance(frame, ReceivedFrame):
        meta |= {
            "noise_var": np.asarray(frame.noise_var, np.float32),
            "snr_db": float(frame.snr_db),
            "cfo_hz": float(frame.cfo_hz),
        }
        meta |= {
            "level_db": float(frame.level_db),
            "crc_ok": bool(frame.crc_ok),
            "start_sample": int(frame.start_sample),
        }
        meta["more"] = bool(h.more)
    closing = ({"last": True} if last else {}) | ({"rounds": rounds} if rounds > 1 else {})
    return make_pdu(meta | closing, np.asarray(frame.symbols, np.complex64))


def has_keys(message, *names: str) -> bool:
    """Whether the metadata of a PDU has all of these keys."""
    return (
        pmt.is_pair(message)
        and pmt.is_dict(pmt.car(message))
        and all(pmt.dict_has_key(pmt.car(message), pmt.intern(n)) for n in names)
    )


def is_last(message) -> bool:
    """Whether a PDU closes its message, whatever fragments are missing."""
    return has_keys(message, "last")


def read_frame(message) -> Frame:
    """Frame of a frame PDU; a ReceivedFrame where the metadata has noise_var.

    Raises:
        FrameError: the message is no frame PDU, lacks a key, or a value does not fit the header.
    """
    meta = read_meta(message)
    payload = pmt.cdr(message)
    if not pmt.is_c32vector(payload):
        raise FrameError(f"frame PDU has as payload {describe(payload)}; a c32vector is needed")
    symbols = np.asarray(pmt.c32vector_elements(payload), np.complex64)
    try:
        header = _header(meta, len(symbols))
        if "noise_var" not in meta:
            return Frame(header, symbols)
        measured = {
            "snr_db": meta["snr_db"],
            "cfo_hz": meta["cfo_hz"],
            "crc_ok": meta["crc_ok"],
            "level_db": meta.get("level_db", 0.0),
        }
    except KeyError as error:
        raise FrameError(
            f"frame PDU has the keys {', '.join(sorted(meta))}; missing is {error}"
        ) from error
    frame = ReceivedFrame(
        header, symbols, meta["noise_var"], start_sample=meta.get("start_sample", 0), **measured
    )
    if not (np.isfinite(symbols).all() and (frame.noise_var >= 0).all()):
        raise FrameError(
            "frame PDU has symbols that are not finite, or a noise_var that is negative or NaN"
        )
    if not np.isfinite(frame.level_db):
        raise FrameError(f"frame PDU has level_db {frame.level_db}; allowed is a finite level")
    return frame


def _header(meta: dict, length: int) -> FrameHeader:
    values = {name: meta[name] for name in ("codec", "message_id", "fragment", "params")}
    prints = {name: meta.get(name, 0) for name in ("model_fp", "context_fp")}
    return FrameHeader(**values, **prints, last_fragment=meta["fragments"] - 1, length=length)


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
        raise FrameError(
            f"PDU has the keys {', '.join(sorted(meta)) or '(none)'}; snr_db is needed"
        )
    return float(meta["snr_db"])


#: How PMT serializes a u8vector: tag of a uniform vector, kind u8; then come the length (32 bits,
#: big-endian), one byte of padding and the bytes. A picture passes in a hundredth of the time that
#: a list of its bytes takes.
_U8VECTOR = b"\x0a\x00"
_PADDING = b"\x01\x00"


def picture_pdu(pixels: np.ndarray, **meta):
    """PDU of a picture, uint8 (H, W, 3); keyword arguments become metadata.

    Raises:
        FrameError: it is no picture.
    """
    check_pixels(pixels)
    table = make_pdu(
        {"height": pixels.shape[0], "width": pixels.shape[1], **meta}, np.zeros(0, np.uint8)
    )
    return pmt.cons(pmt.car(table), bytes_vector(np.ascontiguousarray(pixels).tobytes()))


def is_picture(message) -> bool:
    """Whether a message bears the size of a picture."""
    return has_keys(message, "height", "width")


def read_picture_pdu(message) -> tuple[dict, np.ndarray]:
    """Metadata and pixels, uint8 (H, W, 3), of a picture PDU.

    Raises:
        FrameError: the message is no PDU of a picture, or its payload is not as large as it says.
    """
    meta = read_meta(message)
    payload = pmt.cdr(message)
    if "height" not in meta or "width" not in meta:
        raise FrameError(
            f"picture PDU has the keys {', '.join(sorted(meta)) or '(none)'}; height and width are "
            "needed"
        )
    height, width = meta.pop("height"), meta.pop("width")
    if not pmt.is_u8vector(payload):
        raise FrameError(f"picture PDU has as payload {describe(payload)}; a u8vector is needed")
    if min(height, width) < 1 or pmt.length(payload) != 3 * height * width:
        raise FrameError(
            f"picture PDU has {pmt.length(payload)} bytes; {width}x{height} pixels of 3 bytes are "
            "needed"
        )
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
