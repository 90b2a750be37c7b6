# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of text from a connection, of bounded length."""

from __future__ import annotations

import select
import socket

from semcom_core.errors import FrameError

#: Longest line, bytes.
LONGEST_LINE = 256


class Lines:
    """Reads lines, each ended by a line feed.

    Args:
        sock: a connected, blocking socket.
    """

    def __init__(self, sock: socket.socket):
        self._sock, self._data = sock, bytearray()

    def waiting(self, timeout_s: float = 0.0) -> bool:
        """Whether something has come, if only that the other side has closed."""
        return bool(self._data) or readable(self._sock, timeout_s)

    def next(self) -> str | None:
        """The next line without its end; None once the other side has closed.

        Raises:
            FrameError: the line is too long, or no ASCII.
        """
        while (end := self._data.find(b"\n")) < 0:
            if len(self._data) > LONGEST_LINE:
                raise FrameError(f"line is longer than {LONGEST_LINE} bytes; allowed is {LONGEST_LINE}")
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
    """Whether something has come on a socket, if only its end, within a time in s; None: wait for ever."""
    watch = select.poll()
    watch.register(sock, select.POLLIN)
    return bool(watch.poll(None if timeout_s is None else 1000 * timeout_s))
