# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection as lines and payloads, each of bounded size."""

from __future__ import annotations

import select
import socket

from semcom_core.errors import RadioError

#: Longest line; a longer one is read to its end and forgotten.
MAX_LINE = 1024
#: Longest wait for the rest of a payload, or for room to send, s.
STALL_S = 10.0
_PIECE = 65536


class Hangup(RadioError):
    """The other side is gone, or does not go on."""


class Wire:
    """A socket that is read by lines.

    Args:
        connected: the socket; it is closed by close() alone.
    """

    def __init__(self, connected: socket.socket):
        self._socket, self._held = connected, bytearray()
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read_line(self) -> str | None:
        """The next line without its end; None for one that is too long or not ASCII.

        Raises:
            Hangup: the connection has ended.
        """
        too_long = False
        while (end := self._held.find(b"\n")) < 0:
            too_long |= len(self._held) > MAX_LINE
            if too_long:
                self._held.clear()
            self._receive(None)
        line = bytes(self._held[:end])
        del self._held[: end + 1]
        return None if too_long or len(line) > MAX_LINE or not line.isascii() else line.decode("ascii").rstrip("\r")

    def read_exactly(self, count: int) -> bytearray:
        """The next bytes.

        Raises:
            Hangup: the connection has ended, or they do not come.
        """
        data = self._held[:count]
        del self._held[:count]
        have = len(data)
        data.extend(bytes(count - have))
        view = memoryview(data)
        while have < count:
            have += self._checked(lambda room: self._socket.recv_into(room), view[have:])
        return data

    def send(self, *parts: bytes | memoryview) -> None:
        """Send one after the other.

        Raises:
            Hangup: the connection has ended, or nobody reads.
        """
        try:
            self._socket.settimeout(STALL_S)
            for part in parts:
                self._socket.sendall(part)
        except OSError as error:
            raise Hangup(f"connection ended while sending: {error}") from error

    def impatient(self) -> bool:
        """Whether the other side has sent something, or hung up, while it should wait for a reply."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(self._held) or bool(poll.poll(0))

    def hang_up(self) -> None:
        """Have whoever waits here get Hangup; may be called by any thread."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended already

    def close(self) -> None:
        self._socket.close()

    def _receive(self, timeout_s: float | None) -> None:
        """Hold more bytes."""
        self._held += self._checked(self._socket.recv, _PIECE, timeout_s)

    def _checked(self, receive, argument, timeout_s: float | None = STALL_S):
        """What was received, unless that is nothing."""
        try:
            self._socket.settimeout(timeout_s)
            got = receive(argument)
        except OSError as error:
            raise Hangup(f"connection ended: {error}") from error
        if not got:
            raise Hangup("connection was closed by the other side")
        return got
