# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PDUs of the message ports: metadata keys, frames, texts and pictures.

Every PDU is a pair (metadata, payload). The keys and their units are listed in KEYS.

- frame:   payload c32vector, symbols of unit mean power. Keys codec, message_id, fragment,
  fragments, params, model_fp, context_fp; from the receiver also noise_var, snr_db, cfo_hz,
  level_db, crc_ok, start_sample, more, channel. `last` closes a message, whatever fragments it
  lacks; `rounds` says over how many rounds of HARQ increments a message extends (1 where it is
  missing).
- text:    payload u8vector, the UTF-8 text. Key message_id; from the decoder also decoded, reason,
  score, snr_db, cfo_hz, uses.
- picture: payload u8vector, the pixels row by row, each as red, green, blue: H * W * 3 bytes. Keys
  height, width, message_id, name; from the decoder also decoded, reason, missing, fragments (of
  the picture, not those received), snr_db, cfo_hz, uses.
- snr:     payload u8vector, empty. Keys snr_db (measured at the far end), message_id.
- notice:  payload u8vector, empty. Keys state, message_id, reason, block, cause; see notices.
- end:     payload u8vector, empty. Key eof: no further message follows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pmt

from semcom_core.errors import FrameError
from semcom_core.frame import MESSAGE_IDS, ROUNDS, Frame, FrameHeader, ReceivedFrame
from semcom_core.image.picture import check_pixels

#: Kinds of metadata: (whether a PMT is of the kind, the kind in words).
_INTEGER = (pmt.is_integer, "a whole number")
_NUMBER = (lambda value: pmt.is_integer(value) or pmt.is_real(value), "a number")
_BOOL = (pmt.is_bool, "true or false")
_SYMBOL = (pmt.is_symbol, "a symbol")
#: Metadata key → (whether a PMT is of its kind, the kind in words).
KEYS = {
    "codec": _INTEGER,  # codec number in the frame header
    "message_id": _INTEGER,  # 0 to 255; -1 in a notice about no message
    "fragment": _INTEGER,  # index of the frame in its message, from 0
    "fragments": _INTEGER,  # frames of the message, of one round
    "params": _INTEGER,  # the codec's parameters in the frame header
    "model_fp": _INTEGER,  # fingerprint of the sender's model
    "context_fp": _INTEGER,  # fingerprint of the sender's context
    "start_sample": _INTEGER,  # first sample of the burst in the received stream
    "rounds": _INTEGER,  # rounds of HARQ increments that the message's frames are of
    "height": _INTEGER,  # of a picture, pixels
    "width": _INTEGER,  # of a picture, pixels
    "missing": _INTEGER,  # fragments of a picture that were not received
    "uses": _INTEGER,  # symbols received
    "snr_db": _NUMBER,  # SNR, dB
    "cfo_hz": _NUMBER,  # carrier frequency offset, Hz
    "level_db": _NUMBER,  # level of the preamble, dB over full scale
    "score": _NUMBER,  # log2 of the posterior odds of a decoded text (spinal), bits
    "decoded": _BOOL,  # false: the codec's best guess, or a degraded picture
    "crc_ok": _BOOL,  # whether the checksum of the frame header fits
    "eof": _BOOL,  # no further message follows
    "last": _BOOL,  # the frame closes its message, whatever is missing
    "more": _BOOL,  # another frame of the same burst follows
    "state": _SYMBOL,  # of a notice
    "reason": _SYMBOL,  # why something was not decoded, was lost or refused, in one line
    "block": _SYMBOL,  # the block that sends a notice
    "cause": _SYMBOL,  # of a lost message
    "name": _SYMBOL,  # file name or title of a picture
    "task": _SYMBOL,  # that a request asks for
    "item": _SYMBOL,  # received item that a request means
    "confidence": _NUMBER,  # that a request is understood, or of an answer, 0 to 1
    "asked_back": _SYMBOL,  # why a request is not carried out
    "request": _SYMBOL,  # that a reply answers
    "steps": _SYMBOL,  # of the plan that a reply comes from, with their results
    "slot": _INTEGER,  # time slot of an item in the memory; of a request, of what was kept last
    "memory_key": _INTEGER,  # key of an item in the memory
    "noise_var": (pmt.is_f32vector, "an f32vector"),  # noise variance a symbol; inf where erased
    "channel": (pmt.is_c32vector, "a c32vector"),  # estimated gains of the active carriers
}
#: PMT's serialization of a u8vector: tag of a uniform vector, kind u8; then come the length (32
#: bits, big-endian), one byte of padding and the bytes. Pixels pass in a hundredth of the time that
#: a list of them takes.
_U8VECTOR = b"\x0a\x00"
_PADDING = b"\x01\x00"


def _read_symbol(symbol: pmt.pmt_base) -> str:
    try:
        return pmt.symbol_to_string(symbol)
    except UnicodeDecodeError as error:
        raise FrameError(f"symbol is not UTF-8: {error}") from error


#: Makers of PMTs, by Python type and by the type character of an array. pmt.to_pmt tries one type
#: after another and takes several times as long, which counts at each burst.
_SCALARS = {bool: pmt.from_bool, int: pmt.from_long, float: pmt.from_double, str: pmt.intern}
_VECTORS = {"B": pmt.init_u8vector, "f": pmt.init_f32vector, "F": pmt.init_c32vector}
#: Readers of PMTs: (whether one is of this kind, its value).
_READERS = (
    (pmt.is_bool, pmt.to_bool),
    (pmt.is_integer, pmt.to_long),
    (pmt.is_uint64, pmt.to_uint64),
    (pmt.is_real, pmt.to_double),
    (pmt.is_symbol, _read_symbol),
    (pmt.is_u8vector, lambda value: np.asarray(pmt.u8vector_elements(value), np.uint8)),
    (pmt.is_f32vector, lambda value: np.asarray(pmt.f32vector_elements(value), np.float32)),
    (pmt.is_c32vector, lambda value: np.asarray(pmt.c32vector_elements(value), np.complex64)),
)


def make_pdu(meta: dict, payload: np.ndarray) -> pmt.pmt_base:
    """PDU of metadata and payload.

    Args:
        meta: values by str keys: bool, int, float, str, or an array (uint8, float32, complex64).
        payload: uint8 or complex64 (N,).
    """
    table = pmt.make_dict()
    for name, value in meta.items():
        if isinstance(value, np.ndarray):
            entry = _vector(value)
        else:
            entry = _SCALARS[type(value)](value)
        table = pmt.dict_add(table, pmt.intern(name), entry)
    return pmt.cons(table, _vector(payload))


def _vector(array: np.ndarray) -> pmt.pmt_base:
    """Uniform vector of a uint8, float32 or complex64 array."""
    return _VECTORS[array.dtype.char](len(array), array.tolist())


def read_meta(message: pmt.pmt_base) -> dict:
    """Metadata of a PDU: numbers, truth values, strings and uniform vectors (arrays) by str keys.

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
            name = _read_symbol(key)
            if name in KEYS and not KEYS[name][0](value):
                raise FrameError(f"{name} is {describe(value)}; allowed is {KEYS[name][1]}")
            reader = next((read for fits, read in _READERS if fits(value)), None)
            if reader is not None:
                meta[name] = reader(value)
    if not -1 <= meta.get("message_id", 0) < MESSAGE_IDS:
        raise FrameError(
            f"message_id is {meta['message_id']}; allowed is 0 to {MESSAGE_IDS - 1}, or -1 for none"
        )
    return meta


def has_keys(message: pmt.pmt_base, *names: str) -> bool:
    """Whether the metadata of a PDU has all of these keys."""
    return (
        pmt.is_pair(message)
        and pmt.is_dict(pmt.car(message))
        and all(pmt.dict_has_key(pmt.car(message), pmt.intern(n)) for n in names)
    )


def describe(message: pmt.pmt_base) -> str:
    """A PMT in a few words, for error messages.

    pmt's own text of a long vector is long, and of deeply nested pairs recursive.
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


def end_pdu() -> pmt.pmt_base:
    """PDU that says that no further message follows."""
    return make_pdu({"eof": True}, np.zeros(0, np.uint8))


def is_end(message: pmt.pmt_base) -> bool:
    """Whether a message is the PDU of end_pdu."""
    return pmt.is_pair(message) and pmt.is_dict(pmt.car(message)) and "eof" in read_meta(message)


def frame_pdu(frame: Frame, last: bool = False, rounds: int = 1) -> pmt.pmt_base:
    """PDU of a frame, sent or received.

    Args:
        frame: the frame; of a ReceivedFrame the measured values become metadata too.
        last: whether no further frame of its message follows.
        rounds: over how many rounds the message extends.
    """
    header = frame.header
    meta = {
        "codec": header.codec,
        "message_id": header.message_id,
        "fragment": header.fragment,
        "fragments": header.fragments,
        "params": header.params,
        "model_fp": header.model_fp,
        "context_fp": header.context_fp,
    }
    if isinstance(frame, ReceivedFrame):
        meta["noise_var"] = np.asarray(frame.noise_var, np.float32)
        meta["snr_db"] = float(frame.snr_db)
        meta["cfo_hz"] = float(frame.cfo_hz)
        meta["level_db"] = float(frame.level_db)
        meta["crc_ok"] = bool(frame.crc_ok)
        meta["start_sample"] = int(frame.start_sample)
        meta["more"] = bool(header.more)
        if len(frame.channel):
            meta["channel"] = np.asarray(frame.channel, np.complex64)
    if last:
        meta["last"] = True
    if rounds > 1:
        meta["rounds"] = rounds
    return make_pdu(meta, np.asarray(frame.symbols, np.complex64))


def message_pdus(frames: Sequence[Frame]) -> list[pmt.pmt_base]:
    """PDUs of the frames of one message, of one round or several; the last has the key `last`."""
    rounds = len({frame.header.round for frame in frames})
    return [frame_pdu(frame, frame is frames[-1], rounds) for frame in frames]


def read_frame(message: pmt.pmt_base) -> Frame:
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
            "channel": meta.get("channel", np.zeros(0, np.complex64)),
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
    if not np.isfinite(frame.channel).all():
        raise FrameError("frame PDU has a channel that is not finite; allowed are finite gains")
    return frame


def _header(meta: dict, length: int) -> FrameHeader:
    return FrameHeader(
        codec=meta["codec"],
        message_id=meta["message_id"],
        fragment=meta["fragment"],
        params=meta["params"],
        model_fp=meta.get("model_fp", 0),
        context_fp=meta.get("context_fp", 0),
        last_fragment=meta["fragments"] - 1,
        length=length,
    )


def is_last(message: pmt.pmt_base) -> bool:
    """Whether a frame PDU closes its message, whatever fragments are missing."""
    return has_keys(message, "last")


def rounds_of(message: pmt.pmt_base) -> int:
    """Over how many rounds the message of a frame PDU extends.

    Raises:
        FrameError: it is no number of rounds.
    """
    if not has_keys(message, "rounds"):
        return 1
    rounds = read_meta(message)["rounds"]
    if not 1 <= rounds <= ROUNDS:
        raise FrameError(f"rounds is {rounds}; allowed is 1 to {ROUNDS}")
    return rounds


def snr_pdu(snr_db: float, message_id: int) -> pmt.pmt_base:
    """PDU of an SNR, dB, measured on a message."""
    return make_pdu({"snr_db": float(snr_db), "message_id": message_id}, np.zeros(0, np.uint8))


def read_snr(message: pmt.pmt_base) -> float:
    """SNR, dB, of any PDU with the key snr_db.

    Raises:
        FrameError: the message is no PDU, or has no such key.
    """
    meta = read_meta(message)
    if "snr_db" not in meta:
        raise FrameError(
            f"PDU has the keys {', '.join(sorted(meta)) or '(none)'}; snr_db is needed"
        )
    return float(meta["snr_db"])


def text_pdu(text: str, **meta: object) -> pmt.pmt_base:
    """PDU of a text; keyword arguments become metadata."""
    return make_pdu(meta, np.frombuffer(text.encode("utf-8"), np.uint8))


def read_text(message: pmt.pmt_base) -> tuple[dict, str]:
    """Metadata and text of a text PDU, a symbol, or a pair (key, symbol) as sent by Qt entries.

    Raises:
        FrameError: the message is none of these, or its payload is not UTF-8.
    """
    if pmt.is_symbol(message):
        return {}, _read_symbol(message)
    if pmt.is_pair(message) and pmt.is_symbol(pmt.cdr(message)):
        return {}, _read_symbol(pmt.cdr(message))
    meta = read_meta(message)
    payload = pmt.cdr(message)
    if not pmt.is_u8vector(payload):
        raise FrameError(f"text PDU has as payload {describe(payload)}; a u8vector is needed")
    try:
        return meta, bytes(pmt.u8vector_elements(payload)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise FrameError(f"text PDU is not UTF-8: {error}") from error


def with_meta(message: pmt.pmt_base, **meta: object) -> pmt.pmt_base:
    """A text or picture PDU with further metadata; a symbol of a Qt entry becomes a text PDU.

    Args:
        message: a PDU or symbol that read_text or read_picture_pdu takes.
        meta: values as of make_pdu; those of keys that are there are replaced.
    """
    if not (pmt.is_pair(message) and pmt.is_uniform_vector(pmt.cdr(message))):
        message = text_pdu(read_text(message)[1])
    table = pmt.car(message) if pmt.is_dict(pmt.car(message)) else pmt.make_dict()
    further = pmt.car(make_pdu(meta, np.zeros(0, np.uint8)))
    return pmt.cons(pmt.dict_update(table, further), pmt.cdr(message))


def picture_pdu(pixels: np.ndarray, **meta: object) -> pmt.pmt_base:
    """PDU of a picture; keyword arguments become metadata.

    Args:
        pixels: uint8 (H, W, 3), red, green, blue.
        meta: metadata besides height and width.

    Raises:
        FrameError: the array is no picture.
    """
    check_pixels(pixels)
    size = {"height": pixels.shape[0], "width": pixels.shape[1]}
    empty = make_pdu({**size, **meta}, np.zeros(0, np.uint8))
    return pmt.cons(pmt.car(empty), bytes_vector(np.ascontiguousarray(pixels).tobytes()))


def is_picture(message: pmt.pmt_base) -> bool:
    """Whether a message bears the size of a picture."""
    return has_keys(message, "height", "width")


def read_picture_pdu(message: pmt.pmt_base) -> tuple[dict, np.ndarray]:
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


def bytes_vector(data: bytes) -> pmt.pmt_base:
    """u8vector of some bytes."""
    return pmt.deserialize_str(_U8VECTOR + len(data).to_bytes(4, "big") + _PADDING + data)


def vector_bytes(vector: pmt.pmt_base) -> bytes:
    """Bytes of a u8vector."""
    data = pmt.serialize_str(vector)
    return data[len(data) - pmt.length(vector) :]
