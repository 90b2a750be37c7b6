# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frame header code: 48 bits and a CRC-16, rate 1/4 tail-biting convolutional code, QPSK.

That is 128 uses, sent as often as the profile says. The decoder makes a list of likely words and
the CRC picks among them, a short list first. The CRC-16 is that of X.25's polynomial 0x1021,
started at 0xFFFF so that the all-zero word is no header.
"""

from __future__ import annotations

import binascii

import numpy as np

from semcom_core.errors import FrameError
from semcom_core.fec.convolutional import decode as decode_convolutional
from semcom_core.fec.convolutional import encode as encode_convolutional
from semcom_core.frame import HEADER_FIELDS, WIDE_HEADER_FIELDS, FrameHeader, header_fields
from semcom_core.phy.ofdm import HEADER_COPY_USES, Layout, interleaver, phases

#: Bits of all fields, and of the CRC over them.
INFO_BITS = sum(HEADER_FIELDS.values())
CRC_BITS = 16
#: Initial state of the CRC register.
CRC_START = 0xFFFF
#: (end states, detours) of the decoder's lists, tried in turn until the CRC holds.
LISTS = ((4, 0), (16, 3))


def crc16(bits: np.ndarray) -> int:
    """CRC-16 of bits (multiple of 8,), first bit first."""
    return binascii.crc_hqx(np.packbits(bits).tobytes(), CRC_START)


def to_bits(value: int, width: int) -> np.ndarray:
    """Bits (width,) of a number, highest first."""
    return (value >> np.arange(width - 1, -1, -1)) & 1


def pack(header: FrameHeader) -> np.ndarray:
    """Header as bits (64,), uint8: the fields in their order, then the CRC."""
    fields = header_fields(header.codec).items()
    info = np.concatenate([to_bits(getattr(header, name), width) for name, width in fields])
    return np.concatenate([info, to_bits(crc16(info), CRC_BITS)]).astype(np.uint8)


def unpack(bits: np.ndarray) -> FrameHeader:
    """Header of bits (64,).

    Raises:
        FrameError: the CRC does not hold, or a field is not allowed.
    """
    if not np.array_equal(to_bits(crc16(bits[:INFO_BITS]), CRC_BITS), bits[INFO_BITS:]):
        raise FrameError(
            f"header CRC-16 of bits {''.join(map(str, bits))} does not hold; allowed is the CRC of "
            "the first 48"
        )
    return read_fields(bits)


def read_fields(bits: np.ndarray) -> FrameHeader:
    """Header of bits (64,) whose CRC is known to hold; raises FrameError when a field is not
    allowed.
    """
    codec = int(_PLACES[0][0] @ bits[:INFO_BITS])
    fields = header_fields(codec)
    places = _PLACES[fields is WIDE_HEADER_FIELDS]
    return FrameHeader(**dict(zip(fields, (places @ bits[:INFO_BITS]).tolist(), strict=True)))


def _field_places(fields: dict[str, int]) -> np.ndarray:
    """Matrix (fields, 48) that turns header bits into the fields' values."""
    places = np.zeros((len(fields), INFO_BITS), dtype=np.int64)
    at = 0
    for row, width in zip(places, fields.values(), strict=True):
        row[at : at + width] = 1 << np.arange(width - 1, -1, -1)
        at += width
    return places


_PLACES = (_field_places(HEADER_FIELDS), _field_places(WIDE_HEADER_FIELDS))


def _crc_tables() -> tuple[np.ndarray, int]:
    """Tables (8, 256), uint16, and a constant: a word's CRC holds when its bytes' entries and the
    constant XOR to 0.
    """
    constant = crc16(np.zeros(INFO_BITS, dtype=np.uint8))
    tables = np.zeros((8, 256), dtype=np.uint16)
    for place in range(INFO_BITS // 8):
        for value in range(256):
            info = bytes(value if i == place else 0 for i in range(INFO_BITS // 8))
            tables[place, value] = binascii.crc_hqx(info, CRC_START) ^ constant
    tables[6] = np.arange(256) << 8
    tables[7] = np.arange(256)
    return tables, constant


_TABLES, _CONSTANT = _crc_tables()


def modulate(bits: np.ndarray, layout: Layout) -> np.ndarray:
    """QPSK uses (..., layout.header_uses), complex64, of header bits (..., 64)."""
    coded = encode_convolutional(bits).take(interleaver(2 * HEADER_COPY_USES), axis=-1)
    signs = np.float32(np.sqrt(0.5)) * (1 - 2 * coded.astype(np.float32))
    copies = np.tile(signs.view(np.complex64), layout.profile.header_copies)
    return copies * phases(layout.config.key, "header", layout.header_uses)


def decode(symbols: np.ndarray, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Decode header uses.

    Args:
        symbols: complex (B, layout.header_uses), matched-filtered: conj(channel) times what was
            received, over the noise.
        layout: carriers and lengths.

    Returns:
        Bits (B, 64), uint8, and whether the CRC holds, bool (B,).
    """
    plain = symbols * phases(layout.config.key, "header", layout.header_uses).conj()
    plain = plain.reshape(len(plain), -1, HEADER_COPY_USES).sum(axis=1)
    soft = np.empty((len(plain), 2 * HEADER_COPY_USES), dtype=np.float32)
    order = interleaver(2 * HEADER_COPY_USES)
    soft[:, order[0::2]] = plain.real
    soft[:, order[1::2]] = plain.imag
    bits = np.zeros((len(soft), INFO_BITS + CRC_BITS), dtype=np.uint8)
    good = np.zeros(len(soft), dtype=bool)
    for ends, detours in LISTS:
        left = np.flatnonzero(~good)
        if left.size:
            bits[left], good[left] = _pick(decode_convolutional(soft[left], ends, detours))
    return bits, good


def _pick(lists: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First word of each list (B, choices, 64) whose CRC holds, else the first; and whether it
    holds.
    """
    octets = np.packbits(lists, axis=2)
    checks = np.full(octets.shape[:2], _CONSTANT, dtype=np.uint16)
    for place, table in enumerate(_TABLES):
        checks ^= table.take(octets[:, :, place])
    holds = checks == 0
    return lists[np.arange(len(lists)), holds.argmax(axis=1)], holds.any(axis=1)
