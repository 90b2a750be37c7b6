# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocol of the virtual Soapy radios: lines of text, and packets of samples.

The commands and the packets are described in the package's docstring.
"""

from __future__ import annotations

import enum
import select
import socket
import struct

import numpy as np

from semcom_core.errors import FrameError

#: Longest line, bytes.
LONGEST_LINE = 256
#: Header of a packet: count of samples, flags, time in ns; little-endian.
HEADER = struct.Struct("<IIq")
#: Most samples in a packet.
MAX_SAMPLES = 8192
#: Full scale of the int16 parts of a sample.
FULL_SCALE = 32768


class LineReader:
    """Reader of lines, each ended by a line feed.

    Args:
        sock: a connected, blocking socket.
    """

    def __init__(self, sock: socket.socket):
        self._sock = sock
        self._data = bytearray()

    def waiting(self, timeout_s: float = 0.0) -> bool:
        """Whether data has come, or the other side has closed, within timeout_s."""
        return bool(self._data) or readable(self._sock, timeout_s)

    def next(self) -> str | None:
        """The next line without its end; None once the other side has closed.

        Raises:
            FrameError: the line is too long, or no ASCII.
        """
        while (end := self._data.find(b"\n")) < 0:
            if len(self._data) > LONGEST_LINE:
                raise FrameError(
                    f"line is longer than {LONGEST_LINE} bytes; allowed is {LONGEST_LINE}"
                )
            got = self._sock.recv(LONGEST_LINE)
            if not got:
                return None
            self._data += got
        line = bytes(self._data[:end])
        del self._data[: end + 1]
        if len(line) > LONGEST_LINE or not line.isascii():
            raise FrameError(f"line has {len(line)} bytes; allowed is {LONGEST_LINE} of ASCII")
        return line.decode("ascii").rstrip("\r")


def readable(sock: socket.socket, timeout_s: float | None) -> bool:
    """Whether data has come on a socket, or its other side has closed.

    Args:
        sock: the socket.
        timeout_s: longest wait, s; None: without limit.
    """
    watch = select.poll()
    watch.register(sock, select.POLLIN)
    return bool(watch.poll(None if timeout_s is None else 1000 * timeout_s))


class Flag(enum.IntFlag):
    """Flags of a packet."""

    TIME = 1  # its time is that of its first sample, or of the event
    LOST = 2  # receiving: samples were lost before these
    END = 4  # end of a burst, or of COUNT samples; from the server to a transmitter: burst was sent
    STOPPED = 8  # receiving: the answer to `stop`
    LATE = 16  # the time asked for has passed
    UNDERFLOW = 32  # transmitting: samples came too late to follow those before


#: All flags; others are ignored.
KNOWN = int(~Flag(0))


def packet(flags: Flag, time_ns: int, samples: np.ndarray | None = None) -> bytes:
    """Bytes of a packet.

    Args:
        flags: its flags.
        time_ns: its time by the radio's clock, ns.
        samples: complex64 (count,), full scale 1, clipped; None: no samples.
    """
    body = b"" if samples is None else to_wire(samples).tobytes()
    return HEADER.pack(len(body) // 4, flags, time_ns) + body


def to_wire(samples: np.ndarray) -> np.ndarray:
    """Convert complex64 (n,), full scale 1, to int16 (2 n,), clipped."""
    scaled = np.ascontiguousarray(samples).view(np.float32) * np.float32(FULL_SCALE)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1, out=scaled)
    return scaled.astype(np.int16)


def from_wire(values: bytes | bytearray | memoryview) -> np.ndarray:
    """Convert n pairs of int16 to complex64 (n,), full scale 1."""
    scaled = np.frombuffer(values, "<i2").astype(np.float32)
    scaled *= np.float32(1 / FULL_SCALE)
    return scaled.view(np.complex64)


def receive_packet(sock: socket.socket) -> tuple[Flag, int, np.ndarray] | None:
    """Receive a packet.

    Returns:
        (flags, time in ns, samples complex64 (count,)); None once the other side has closed.

    Raises:
        FrameError: it states more samples than a packet may have.
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
    """The next `size` bytes; None once the other side has closed."""
    data = bytearray(size)
    view = memoryview(data)
    done = 0
    while done < size:
        try:
            got = sock.recv_into(view[done:])
        except ConnectionResetError:  # it has closed before it has read everything
            return None
        if not got:
            return None
        done += got
    return data
