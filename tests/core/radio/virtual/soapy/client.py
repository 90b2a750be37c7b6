# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of the Soapy server that speaks its protocol by hand."""

from __future__ import annotations

import os
import socket

import numpy as np

from semcom_core.radio.virtual.soapy.protocol import Flag, packet, receive_packet

LIMIT_S = 5.0


class Client:
    """One connection.

    Args:
        path: socket of the server.
        radio: the radio that is used; "": none yet.
    """

    def __init__(self, path, radio: str = ""):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(
            os.fspath(path)
        )  # waits for its turn, as a socket with a time limit does not
        self.sock.settimeout(LIMIT_S)
        if radio:
            assert self.ask(f"use {radio}") == "ok"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_) -> None:
        self.sock.close()

    def line(self) -> str:
        """The next line; "" once the server has closed."""
        data = b""
        while not data.endswith(b"\n"):
            got = self.sock.recv(1)
            if not got:
                break
            data += got
        return data.decode().rstrip("\n")

    def ask(self, line: str) -> str:
        """Send a line and return the answer."""
        self.sock.sendall(line.encode() + b"\n")
        return self.line()

    def stream(self, direction: str) -> Client:
        """Turn the connection into a stream."""
        assert self.ask(f"stream {direction}") == "ok"
        return self

    def start(self, *words) -> None:
        """Begin to receive."""
        self.sock.sendall(" ".join(map(str, ("start", *words))).encode() + b"\n")

    def send(self, samples, flags: int = 0, time_ns: int = 0) -> None:
        """Send a packet."""
        self.sock.sendall(packet(Flag(flags), time_ns, np.asarray(samples, np.complex64)))

    def packet(self) -> tuple[Flag, int, np.ndarray]:
        """The next packet."""
        received = receive_packet(self.sock)
        assert received is not None, "the server has closed"
        return received

    def samples(self, count: int) -> tuple[np.ndarray, int]:
        """So many samples or a few more, and the time of the first, ns; fails where one is missing
        between packets.
        """
        parts, first_ns = [], None
        while sum(map(len, parts)) < count:
            flags, time_ns, part = self.packet()
            assert not flags & Flag.LOST
            first_ns = time_ns if first_ns is None else first_ns
            parts.append(part)
        return np.concatenate(parts), first_ns
