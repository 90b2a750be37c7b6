# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection as lines and payloads, each of bounded size.

The buffers that one client has open, and the commands about them.

Answers one client in the network protocol of libiio 0.24.

    client                                  server
    VERSION                                 0.24.TAG
    PRINT                                   LENGTH, XML
    READ DEVICE [WHERE] [ATTRIBUTE]         LENGTH, VALUE; without an attribute all values
    WRITE DEVICE [WHERE] ATTRIBUTE SIZE     (payload follows at once) SIZE
    OPEN DEVICE SAMPLES MASK [CYCLIC]       0
    READBUF DEVICE SIZE                     SIZE, MASK, data
    WRITEBUF DEVICE SIZE                    0, (payload follows) SIZE
    CLOSE DEVICE, TIMEOUT MS, SET DEVICE BUFFERS_COUNT N, GETTRIG DEVICE, SETTRIG DEVICE [TRIGGER],
    EXIT

WHERE is INPUT CHANNEL, OUTPUT CHANNEL, DEBUG or BUFFER. Lines end in CR LF, replies in LF; a
negative number is an errno.
"""

from __future__ import annotations

import errno
import re
import select
import socket
import struct
import time
from collections.abc import Callable

from semcom_core.errors import ConfigError, RadioError
from semcom_core.radio.virtual.air import RadioClosed
from semcom_core.radio.virtual.iio.context import VERSION, Device
from semcom_core.radio.virtual.iio.pluto import Pluto
from semcom_core.radio.virtual.iio.streams import Capture, Layout, Playback, Stream, sample_bytes

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
        self._socket = connected
        self._held = bytearray()
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
        return (
            None
            if too_long or len(line) > MAX_LINE or not line.isascii()
            else line.decode("ascii").rstrip("\r")
        )

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
        """Whether the other side has sent something, or hung up, while it should wait for a
        reply.
        """
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


#: How long a client's buffer may take, s, where it has not said so: a little less than clients
#: wait.
USUAL_TIMEOUT_S = 4.0
#: libiio states half of the time that it waits itself; an answer within so much of what it states
#: still reaches it.
STRETCH = 1.8
#: How often a wait looks whether the client is still there, s.
LOOK_S = 0.25
_DECIMAL = re.compile(r"\d{1,10}")
_HEX = re.compile(r"[0-9a-fA-F]{8}")


class SessionStreams:
    """What one client streams.

    Args:
        wire: its connection.
        pluto: what it speaks to.
    """

    def __init__(self, wire: Wire, pluto: Pluto):
        self._wire = wire
        self._pluto = pluto
        self._timeout_s = USUAL_TIMEOUT_S
        self._open: dict[str, Stream] = {}
        self.commands: dict[str, Callable[[list[str]], bytes | None]] = {
            "OPEN": self._begin, "CLOSE": self._end, "READBUF": self._read, "WRITEBUF": self._write, "TIMEOUT": self._set_timeout,
            "SET": self._set,
        }  # fmt: skip

    @property
    def any_open(self) -> bool:
        return bool(self._open)

    def close(self) -> None:
        """End all that is open."""
        while self._open:
            self._open.popitem()[1].close()

    def _begin(self, words: list[str]) -> bytes:
        cyclic = words[3:] == ["CYCLIC"]
        device, samples, mask = self._arguments(words[:3] if cyclic else words, _DECIMAL, _HEX)
        stream = self._pluto.stream(device)
        if cyclic and not isinstance(stream, Playback):
            raise RadioError(
                errno.EINVAL, f"device {device.name} receives; a cyclic buffer is for sending"
            )
        stream.open(Layout(int(samples), int(mask, 16), cyclic))
        self._open[device.id] = stream
        return b"0\n"

    def _end(self, words: list[str]) -> bytes:
        (device,) = self._arguments(words)
        self._opened(device, Stream)
        self._open.pop(device.id).close()
        return b"0\n"

    def _read(self, words: list[str]) -> None:
        """Send samples, a buffer of them at a time; a last 0 where a part of a sample was asked for
        too.
        """
        device, size = self._arguments(words, _DECIMAL)
        stream = self._opened(device, Capture)
        left = int(size)
        mask, step = stream.layout.mask, sample_bytes(stream.layout.mask)
        if left < step:
            raise RadioError(errno.EINVAL, f"READBUF asks for {left} bytes; a sample has {step}")
        head = f"{mask:08x}\n".encode()
        while left >= step:
            wanted = left
            data = self._patiently(lambda seconds, wanted=wanted: stream.read(wanted, seconds))
            self._wire.send(b"%d\n" % len(data) + head, data)
            left = left - len(data)
            head = b""
        if left:
            self._wire.send(b"0\n")

    def _write(self, words: list[str]) -> bytes:
        device, text = self._arguments(words, _DECIMAL)
        stream = self._opened(device, Playback)
        size = int(text)
        step = sample_bytes(stream.layout.mask)
        if not 0 < size <= stream.layout.bytes or size % step:
            raise RadioError(
                errno.EINVAL,
                f"WRITEBUF has {size} bytes; allowed are samples of {step} up to "
                f"{stream.layout.bytes}",
            )
        stream.check_free()
        self._wire.send(b"0\n")
        payload = self._wire.read_exactly(size)
        self._patiently(lambda seconds: stream.write(payload, seconds))
        return b"%d\n" % size

    def _set_timeout(self, words: list[str]) -> bytes:
        if len(words) != 1 or not _DECIMAL.fullmatch(words[0]):
            raise RadioError(
                errno.EINVAL, f"TIMEOUT is {' '.join(words)!r}; allowed is a number of milliseconds"
            )
        self._timeout_s = STRETCH * int(words[0]) / 1000 or float("inf")
        return b"0\n"

    def _set(self, words: list[str]) -> bytes:
        device, _, count = self._arguments(words, re.compile("BUFFERS_COUNT"), _DECIMAL)
        self._pluto.stream(device).set_buffers(int(count))
        return b"0\n"

    def _arguments(
        self, words: list[str], *patterns: re.Pattern
    ) -> tuple[Device, *tuple[str, ...]]:
        """The device that the first word names, and the other words.

        Raises:
            RadioError: a word is missing, too many, or not as it should be.
        """
        if len(words) != len(patterns) + 1 or not all(
            pattern.fullmatch(word) for pattern, word in zip(patterns, words[1:])
        ):
            raise RadioError(
                errno.EINVAL,
                f"arguments are {' '.join(words)!r}; allowed is a device and {len(patterns)} more",
            )
        return self._pluto.device(words[0]), *words[1:]

    def _opened(self, device: Device, kind: type[Stream]) -> Stream:
        """The client's own stream of that device.

        Raises:
            RadioError: it has none, or one of the other direction (EBADF).
        """
        stream = self._open.get(device.id)
        if not isinstance(stream, kind):
            raise RadioError(
                errno.EBADF, f"device {device.name} has no buffer open that could be used so"
            )
        return stream

    def _patiently(self, attempt: Callable[[float], object]):
        """Try for as long as the client waits.

        Raises:
            RadioError: it took too long, or the client has left (ETIMEDOUT).
        """
        deadline = time.monotonic() + self._timeout_s
        while True:
            left = deadline - time.monotonic()
            try:
                return attempt(min(left, LOOK_S))
            except TimeoutError as error:
                if left <= LOOK_S or self._wire.impatient():
                    raise RadioError(errno.ETIMEDOUT, str(error)) from error


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
        self._wire = wire
        self._pluto = pluto
        self._completed = completed
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
        device = self._pluto.device(words[0] if words else "")
        words = words[1:]
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
