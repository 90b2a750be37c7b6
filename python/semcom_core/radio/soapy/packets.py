# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets of samples on a stream connection, and the conversion of the samples."""

from __future__ import annotations

import enum
import socket
import struct

import numpy as np

from semcom_core.errors import FrameError

HEADER = struct.Struct("<IIq")
#: Most samples in a packet.
MAX_SAMPLES = 8192
FULL_SCALE = 32768


class Flag(enum.IntFlag):
    """What a packet says besides its samples."""

    TIME = 1  # its time is that of its first sample, or of the event
    LOST = 2  # receiving: samples were lost before these
    END = 4  # the last of a burst or of COUNT samples; from the server to a transmitter: a burst has been sent
    STOPPED = 8  # receiving: the answer to `stop`
    LATE = 16  # the time asked for has passed
    UNDERFLOW = 32  # transmitting: samples came too late to follow those before


KNOWN = int(~Flag(0))


def packet(flags: Flag, time_ns: int, samples: np.ndarray | None = None) -> bytes:
    """Bytes of a packet; samples are complex64 (count,), full scale 1, clipped."""
    body = b"" if samples is None else to_wire(samples).tobytes()
    return HEADER.pack(len(body) // 4, flags, time_ns) + body


def to_wire(samples: np.ndarray) -> np.ndarray:
    """int16 (2 n,) of complex64 (n,)."""
    scaled = np.ascontiguousarray(samples).view(np.float32) * np.float32(FULL_SCALE)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1, out=scaled)
    return scaled.astype(np.int16)


def from_wire(values: bytes | bytearray | memoryview) -> np.ndarray:
    """complex64 (n,) of n pairs of int16."""
    scaled = np.frombuffer(values, "<i2").astype(np.float32)
    scaled *= np.float32(1 / FULL_SCALE)
    return scaled.view(np.complex64)


def receive_packet(sock: socket.socket) -> tuple[Flag, int, np.ndarray] | None:
    """The next packet: flags, time in ns, samples complex64 (count,); None once the other side has closed.

    Raises:
        FrameError: it claims more samples than a packet may have.
    """
    header = _receive_exactly(sock, HEADER.size)
    if header is None:
        return None
    count, flags, time_ns = HEADER.unpack(header)
    if count > MAX_SAMPLES:
        raise FrameError(f"packet has {count} samples; allowed is {MAX_SAMPLES}")
    body = _receive_exactly(sock, 4 * count)
    return None if body is None else (Flag(flags & KNOWN), time_ns, from_wire(body))


def _receive_exactly(sock: socket.socket, size: int) -> bytearray | None:
    data = bytearray(size)
    view, done = memoryview(data), 0
    while done < size:
        try:
            got = sock.recv_into(view[done:])
        except ConnectionResetError:  # it has closed without reading all that it was told
            return None
        if not got:
            return None
        done += got
    return data
