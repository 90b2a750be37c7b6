# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What travels over the message ports: PDUs of texts, of frames, and notices about messages.

Every PDU is a pair (metadata, payload):

- text:   payload u8vector, the UTF-8 text. Keys message_id; from the decoder also decoded, score, reason, snr_db (dB), cfo_hz (Hz).
- frame:  payload c32vector, the symbols. Keys codec, message_id, fragment, fragments, params, model_fp, context_fp; from the
          receiver also noise_var (f32vector, one for each symbol), snr_db (dB), cfo_hz (Hz), crc_ok, start_sample. The key last
          (true) closes a message that is sent without all of its fragments.
- notice: payload u8vector, empty. Keys state (see notices), message_id (-1: none), reason, block.
- end:    payload u8vector, empty. Key eof (true): no further message follows.
"""

from __future__ import annotations

import numpy as np
import pmt

from semcom_core.errors import FrameError
from semcom_core.phy.frame import Frame, FrameHeader, ReceivedFrame

#: Makers of PMTs, by type and by the character of an array's type. pmt.to_pmt tries one type after another and takes several
#: times as long, which counts at each burst.
SCALARS = {bool: pmt.from_bool, int: pmt.from_long, float: pmt.from_double, str: pmt.intern}
VECTORS = {"B": pmt.init_u8vector, "f": pmt.init_f32vector, "F": pmt.init_c32vector}


def make_pdu(meta: dict, payload: np.ndarray):
    """PDU of a dictionary with str keys and a uint8 or complex64 array."""
    table = pmt.make_dict()
    for name, value in meta.items():
        table = pmt.dict_add(table, pmt.intern(name), vector(value) if isinstance(value, np.ndarray) else SCALARS[type(value)](value))
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


def read_meta(message) -> dict:
    """Metadata of a PDU as a dictionary.

    Raises:
        FrameError: the message is not a PDU.
    """
    if not pmt.is_pair(message) or not (pmt.is_dict(pmt.car(message)) or pmt.is_null(pmt.car(message))):
        raise FrameError(f"message is {str(message)[:60]!r}; a PDU (metadata, payload) is needed")
    return {} if pmt.is_null(pmt.car(message)) else pmt.to_python(pmt.car(message))


def read_text(message) -> tuple[dict, str]:
    """Metadata and text of a text PDU, of a symbol, or of a pair (key, symbol) as Qt entries send them.

    Raises:
        FrameError: the message is none of these, or its payload is not UTF-8.
    """
    if pmt.is_symbol(message):
        return {}, pmt.symbol_to_string(message)
    if pmt.is_pair(message) and pmt.is_symbol(pmt.cdr(message)):
        return {}, pmt.symbol_to_string(pmt.cdr(message))
    meta, payload = read_meta(message), pmt.cdr(message)
    if not pmt.is_u8vector(payload):
        raise FrameError(f"text PDU has the payload {str(payload)[:60]!r}; a u8vector is needed")
    try:
        return meta, bytes(pmt.u8vector_elements(payload)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise FrameError(f"text PDU is not UTF-8: {error}") from error


def frame_pdu(frame: Frame, last: bool = False):
    """PDU of a frame, sent or received; with `last`, no further frame of its message follows."""
    h = frame.header
    meta = {"codec": h.codec, "message_id": h.message_id, "fragment": h.fragment, "fragments": h.fragments}
    meta |= {"params": h.params, "model_fp": h.model_fp, "context_fp": h.context_fp}
    if isinstance(frame, ReceivedFrame):
        meta |= {"noise_var": np.asarray(frame.noise_var, np.float32), "snr_db": float(frame.snr_db), "cfo_hz": float(frame.cfo_hz)}
        meta |= {"crc_ok": bool(frame.crc_ok), "start_sample": int(frame.start_sample)}
    return make_pdu(meta | ({"last": True} if last else {}), np.asarray(frame.symbols, np.complex64))


def is_last(message) -> bool:
    """Whether a PDU closes its message, whatever fragments are missing."""
    return pmt.is_pair(message) and pmt.is_dict(pmt.car(message)) and pmt.dict_has_key(pmt.car(message), pmt.intern("last"))


def read_frame(message) -> Frame:
    """Frame of a frame PDU; a ReceivedFrame where the metadata has noise_var.

    Raises:
        FrameError: the message is no frame PDU, lacks a key, or a value does not fit the header.
    """
    meta, payload = read_meta(message), pmt.cdr(message)
    if not pmt.is_c32vector(payload):
        raise FrameError(f"frame PDU has the payload {str(payload)[:60]!r}; a c32vector is needed")
    symbols = np.asarray(pmt.c32vector_elements(payload), np.complex64)
    try:
        header = _header(meta, len(symbols))
        if "noise_var" not in meta:
            return Frame(header, symbols)
        noise_var = np.asarray(meta["noise_var"], np.float32)
        measured = {"snr_db": meta["snr_db"], "cfo_hz": meta["cfo_hz"], "crc_ok": meta["crc_ok"]}
    except (KeyError, TypeError) as error:
        raise FrameError(f"frame PDU has the keys {', '.join(sorted(meta))}; missing or wrong is {error}") from error
    return ReceivedFrame(header, symbols, noise_var, start_sample=meta.get("start_sample", 0), **measured)


def _header(meta: dict, length: int) -> FrameHeader:
    names = ("codec", "message_id", "fragment", "params")
    values = {name: meta[name] for name in names}
    prints = {name: meta.get(name, 0) for name in ("model_fp", "context_fp")}
    return FrameHeader(**values, **prints, last_fragment=meta["fragments"] - 1, length=length)
