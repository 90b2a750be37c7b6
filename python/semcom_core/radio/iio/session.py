# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers one client in the network protocol of libiio 0.24.

    client                                  server
    VERSION                                 0.24.TAG
    PRINT                                   LENGTH, XML
    READ DEVICE [WHERE] [ATTRIBUTE]         LENGTH, VALUE; without an attribute all values
    WRITE DEVICE [WHERE] ATTRIBUTE SIZE     (payload follows at once) SIZE
    OPEN DEVICE SAMPLES MASK [CYCLIC]       0
    READBUF DEVICE SIZE                     SIZE, MASK, data
    WRITEBUF DEVICE SIZE                    0, (payload follows) SIZE
    CLOSE DEVICE, TIMEOUT MS, SET DEVICE BUFFERS_COUNT N, GETTRIG DEVICE, SETTRIG DEVICE [TRIGGER], EXIT

WHERE is INPUT CHANNEL, OUTPUT CHANNEL, DEBUG or BUFFER. Lines end in CR LF, replies in LF; a negative number is an errno.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable

from semcom_core.errors import ConfigError, RadioError
from semcom_core.radio.air import RadioClosed
from semcom_core.radio.iio.context_xml import VERSION
from semcom_core.radio.iio.pluto import Pluto
from semcom_core.radio.iio.session_streams import SessionStreams
from semcom_core.radio.iio.wire import Hangup, Wire

#: Longest value of an attribute, bytes: what the kernel takes at once.
MAX_VALUE = 4096
#: Stands for the tag of a source tree; clients expect seven characters.
TAG = "virtual"


class Session:
    """One client.

    Args:
        wire: its connection; it is closed at the end.
        pluto: what it speaks to.
        completed: is called after each command that was carried out.
    """

    def __init__(self, wire: Wire, pluto: Pluto, completed: Callable[[], None]):
        self._wire, self._pluto, self._completed = wire, pluto, completed
        self._streams = SessionStreams(wire, pluto)
        self._commands: dict[str, Callable[[list[str]], bytes | None]] = {
            "VERSION": self._version, "PRINT": self._print, "READ": self._read, "WRITE": self._write, "GETTRIG": self._trigger,
            "SETTRIG": self._trigger, **self._streams.commands,
        }  # fmt: skip

    @property
    def streaming(self) -> bool:
        """Whether the client has a buffer open."""
        return self._streams.any_open

    def run(self) -> None:
        """Answer until the client leaves."""
        try:
            while (line := self._wire.read_line()) is None or line.split() != ["EXIT"]:
                if line is None:
                    self._wire.send(_number(-errno.EINVAL))
                elif words := line.split():
                    self._answer(words)
        except Hangup:
            return
        finally:
            self._streams.close()
            self._wire.close()

    def _answer(self, words: list[str]) -> None:
        """Carry out one command."""
        try:
            if words[0] not in self._commands:
                raise RadioError(errno.EINVAL, f"command {words[0]!r} is not known")
            reply = self._commands[words[0]](words[1:])
        except Hangup:
            raise
        except (RadioError, ConfigError) as error:
            self._wire.send(_number(-error_code(error)))
        else:
            self._completed()
            if reply is not None:
                self._wire.send(reply)

    def _version(self, words: list[str]) -> bytes:
        return f"{VERSION[0]}.{VERSION[1]}.{TAG}\n".encode()

    def _print(self, words: list[str]) -> bytes:
        return _number(len(self._pluto.xml)) + self._pluto.xml + b"\n"

    def _read(self, words: list[str]) -> bytes:
        device, words = self._pluto.device(words[0] if words else ""), words[1:]
        if device.table(words)[1]:
            value = self._pluto.read(device, words).encode() + b"\0"
        else:
            value = b"".join(map(_packed, self._pluto.read_all(device, words)))
        return _number(len(value)) + value + b"\n"

    def _write(self, words: list[str]) -> bytes:
        if not words or not words[-1].isdigit():
            raise RadioError(errno.EINVAL, f"WRITE {' '.join(words)} lacks the size of its value")
        size = int(words[-1][:10])
        if size > MAX_VALUE:
            self._wire.send(_number(-errno.EINVAL))
            raise Hangup(f"value has {size} bytes; allowed is up to {MAX_VALUE}")
        payload = bytes(self._wire.read_exactly(size))
        text = payload.partition(b"\0")[0]
        if not text.isascii():
            raise RadioError(errno.EINVAL, f"value is {text!r}; allowed is ASCII")
        self._pluto.write(self._pluto.device(words[0]), words[1:-1], text.decode().strip())
        return _number(size)

    def _trigger(self, words: list[str]) -> bytes:
        device = self._pluto.device(words[0] if words else "")
        raise RadioError(errno.ENOENT, f"device {device.name} has no trigger")


def error_code(error: RadioError | ConfigError) -> int:
    """The errno that tells a client of an error."""
    if isinstance(error, RadioClosed):
        return errno.EBADF
    return (error.errno or errno.EIO) if isinstance(error, RadioError) else errno.EINVAL


def _number(value: int) -> bytes:
    return f"{value}\n".encode()


def _packed(value: str | int) -> bytes:
    """A value among several: its length, or an errno, and the text padded to a multiple of four."""
    if isinstance(value, int):
        return struct.pack(">i", value)
    data = value.encode() + b"\0"
    return struct.pack(">i", len(data)) + data + bytes(-len(data) % 4)
