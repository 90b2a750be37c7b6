# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of libiio's network protocol that is in the hands of a test, and a server for it."""

from __future__ import annotations

import socket
from contextlib import contextmanager

from semcom_core.radio.virtual.air import Air, air_plan
from semcom_core.radio.virtual.iio import VirtualPluto

PHY, DAC, ADC = "iio:device0", "iio:device2", "iio:device3"
LOOP = {"from": "alice", "to": "alice"}


def plan(**more):
    """One Pluto, which hears itself, at a port that is free."""
    return air_plan(
        {
            "radios": {"alice": {"kind": "pluto", "address": "127.0.0.1:0"}},
            "links": [LOOP],
            "speed": 20,
            **more,
        }
    )


@contextmanager
def serve(**more):
    """A running server; more goes into the plan of its air."""
    air = Air(plan(**more))
    try:
        with VirtualPluto(air, "alice") as pluto:
            yield air, pluto
    finally:
        air.close()


class Client:
    """One connection."""

    def __init__(self, endpoint: tuple[str, int]):
        self.socket = socket.create_connection(endpoint, timeout=10)
        self.replies = self.socket.makefile("rb")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self.replies.close()
        self.socket.close()

    @property
    def ended(self) -> bool:
        """Whether the server hangs up without another word, or with a reset."""
        try:
            return self.replies.read() == b""
        except ConnectionResetError:
            return True

    def send(self, data: bytes | str) -> None:
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def number(self) -> int:
        return int(self.replies.readline())

    def command(self, line: str, payload: bytes = b"") -> int:
        """Send a line, and what belongs to it; the number it is answered with."""
        self.send(line.encode() + b"\r\n" + payload)
        return self.number()

    def read(self, words: str) -> str | int:
        """Value of an attribute, or a negative errno."""
        length = self.command(f"READ {words}")
        if length < 0:
            return length
        value = self.replies.read(length + 1)
        assert value[-2:] == b"\0\n"
        return value[:-2].decode()

    def write(self, words: str, text: str) -> int:
        """Set an attribute; the number of bytes taken, or a negative errno."""
        return self.command(f"WRITE {words} {len(text) + 1}", text.encode() + b"\0")

    def configure(self, rate_hz: int = 4_000_000) -> None:
        """Settings at which what is sent comes back as it was."""
        for words, text in [
            ("INPUT voltage0 "
             "sampling_frequency", str(rate_hz)), ("OUTPUT altvoltage0 frequency", "2450000000"),
            ("INPUT voltage0 gain_control_mode", "manual"), ("INPUT voltage0 hardwaregain", "40"),
        ]:  # fmt: skip
            assert self.write(f"{PHY} {words}", text) == len(text) + 1

    def read_buffer(self, size: int, mask: str = "00000003") -> bytes:
        """One buffer of samples."""
        length = self.command(f"READBUF {ADC} {size}")
        assert length == size and self.replies.readline() == mask.encode() + b"\n"
        return self.replies.read(length)

    def write_buffer(self, data: bytes) -> int:
        code = self.command(f"WRITEBUF {DAC} {len(data)}")
        if code:
            return code
        self.send(data)
        return self.number()
