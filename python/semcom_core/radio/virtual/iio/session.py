# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of libiio's network protocol (version 0.24): parsing, attributes, buffers.

    client                                  server
    VERSION                                 0.24.TAG
    PRINT                                   LENGTH, XML
    READ DEVICE [WHERE] [ATTRIBUTE]         LENGTH, VALUE; without an attribute all values
    WRITE DEVICE [WHERE] ATTRIBUTE SIZE     (payload follows at once) SIZE
    OPEN DEVICE SAMPLES MASK [CYCLIC]       0
    READBUF DEVICE SIZE                     SIZE, MASK, data
    WRITEBUF DEVICE SIZE                    0, (payload follows) SIZE
    CLOSE DEVICE                            0
    TIMEOUT MS                              0
    SET DEVICE BUFFERS_COUNT N              0
    GETTRIG DEVICE                          -ENOENT: there are no triggers
    SETTRIG DEVICE [TRIGGER]                -ENOENT
    EXIT                                    the connection is closed

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
from functools import partial
from typing import TypeVar

from semcom_core.errors import ConfigError, RadioError
from semcom_core.radio.virtual.air import RadioClosed
from semcom_core.radio.virtual.iio.buffers import (
    AdcStream,
    BufferLayout,
    ConverterStream,
    DacStream,
    sample_bytes,
)
from semcom_core.radio.virtual.iio.context import VERSION, IioDevice
from semcom_core.radio.virtual.iio.pluto import Pluto

#: Stands for the tag of a source tree; clients expect seven characters.
TAG = "virtual"
#: Longest line, bytes; a longer one is read to its end and discarded.
MAX_LINE = 1024
#: Longest value of an attribute, bytes: what the kernel takes at once.
MAX_VALUE = 4096
#: Longest wait for the rest of a payload, or for room to send, s.
STALL_S = 10.0
#: Timeout of a client's buffer before it sets one, s: a little less than clients wait.
DEFAULT_TIMEOUT_S = 4.0
#: A client states half of the time that it waits itself; an answer within this factor of it is in
#: time.
TIMEOUT_FACTOR = 1.8
#: How often a wait checks whether the client is still there, s.
POLL_S = 0.25
#: Bytes received at once while looking for the end of a line.
_RECEIVE_BYTES = 65536
#: Words of commands: decimal number, mask of channels, and the setting of SET.
_DECIMAL = re.compile(r"\d{1,10}")
_HEX = re.compile(r"[0-9a-fA-F]{8}")
_BUFFERS_COUNT = re.compile("BUFFERS_COUNT")

T = TypeVar("T")
StreamType = TypeVar("StreamType", bound=ConverterStream)


class Session:
    """One client: its commands, and the buffers that it has open.

    Args:
        lines: its connection; it is closed at the end.
        pluto: the IIO context that the commands are about.
        completed: called after each command that was carried out.
    """

    def __init__(self, lines: LineSocket, pluto: Pluto, completed: Callable[[], None]):
        self._lines = lines
        self._pluto = pluto
        self._completed = completed
        self._timeout_s = DEFAULT_TIMEOUT_S
        self._open_streams: dict[str, ConverterStream] = {}
        self._commands: dict[str, Callable[[list[str]], bytes | None]] = {
            "VERSION": self._version,
            "PRINT": self._print,
            "READ": self._read_attribute,
            "WRITE": self._write_attribute,
            "OPEN": self._open_buffer,
            "CLOSE": self._close_buffer,
            "READBUF": self._read_buffer,
            "WRITEBUF": self._write_buffer,
            "TIMEOUT": self._set_timeout,
            "SET": self._set_buffers_count,
            "GETTRIG": self._trigger,
            "SETTRIG": self._trigger,
        }

    @property
    def streaming(self) -> bool:
        """Whether the client has a buffer open."""
        return bool(self._open_streams)

    def run(self) -> None:
        """Answer commands until the client leaves."""
        try:
            while (line := self._lines.read_line()) is None or line.split() != ["EXIT"]:
                if line is None:
                    self._lines.send(_number(-errno.EINVAL))
                elif words := line.split():
                    self._answer(words)
        except ConnectionClosed:
            return
        finally:
            while self._open_streams:
                self._open_streams.popitem()[1].close()
            self._lines.close()

    def _answer(self, words: list[str]) -> None:
        """Carry out one command, and reply with its result or an errno."""
        try:
            if words[0] not in self._commands:
                raise RadioError(errno.EINVAL, f"command {words[0]!r} is not known")
            reply = self._commands[words[0]](words[1:])
        except ConnectionClosed:
            raise
        except (RadioError, ConfigError) as error:
            self._lines.send(_number(-error_code(error)))
        else:
            self._completed()
            if reply is not None:
                self._lines.send(reply)

    # Context and attributes

    def _version(self, words: list[str]) -> bytes:
        return f"{VERSION[0]}.{VERSION[1]}.{TAG}\n".encode()

    def _print(self, words: list[str]) -> bytes:
        return _number(len(self._pluto.xml)) + self._pluto.xml + b"\n"

    def _read_attribute(self, words: list[str]) -> bytes:
        device = self._pluto.device(words[0] if words else "")
        words = words[1:]
        if device.table(words)[1]:
            value = self._pluto.read(device, words).encode() + b"\0"
        else:
            value = b"".join(map(_packed, self._pluto.read_all(device, words)))
        return _number(len(value)) + value + b"\n"

    def _write_attribute(self, words: list[str]) -> bytes:
        if not words or not words[-1].isdigit():
            raise RadioError(errno.EINVAL, f"WRITE {' '.join(words)} lacks the size of its value")
        size = int(words[-1][:10])
        if size > MAX_VALUE:
            self._lines.send(_number(-errno.EINVAL))
            raise ConnectionClosed(f"value has {size} bytes; allowed is up to {MAX_VALUE}")
        payload = bytes(self._lines.read_exactly(size))
        text = payload.partition(b"\0")[0]
        if not text.isascii():
            raise RadioError(errno.EINVAL, f"value is {text!r}; allowed is ASCII")
        self._pluto.write(self._pluto.device(words[0]), words[1:-1], text.decode().strip())
        return _number(size)

    def _trigger(self, words: list[str]) -> bytes:
        device = self._pluto.device(words[0] if words else "")
        raise RadioError(errno.ENOENT, f"device {device.name} has no trigger")

    # Buffers

    def _open_buffer(self, words: list[str]) -> bytes:
        cyclic = words[3:] == ["CYCLIC"]
        device, (samples, mask) = self._arguments(words[:3] if cyclic else words, _DECIMAL, _HEX)
        stream = self._pluto.stream(device)
        if cyclic and not isinstance(stream, DacStream):
            raise RadioError(
                errno.EINVAL, f"device {device.name} receives; a cyclic buffer is for sending"
            )
        stream.open(BufferLayout(int(samples), int(mask, 16), cyclic))
        self._open_streams[device.id] = stream
        return b"0\n"

    def _close_buffer(self, words: list[str]) -> bytes:
        device, _ = self._arguments(words)
        self._open_stream(device, ConverterStream)
        self._open_streams.pop(device.id).close()
        return b"0\n"

    def _read_buffer(self, words: list[str]) -> None:
        """Send samples, a buffer of them at a time; a last 0 where a part of a sample was asked
        for.
        """
        device, (size,) = self._arguments(words, _DECIMAL)
        stream = self._open_stream(device, AdcStream)
        left = int(size)
        mask = stream.layout.mask
        step = sample_bytes(mask)
        if left < step:
            raise RadioError(errno.EINVAL, f"READBUF asks for {left} bytes; a sample has {step}")
        header = f"{mask:08x}\n".encode()
        while left >= step:
            data = self._within_timeout(partial(stream.read, left))
            self._lines.send(_number(len(data)) + header, data)
            left -= len(data)
            header = b""  # the mask is sent once
        if left:
            self._lines.send(_number(0))

    def _write_buffer(self, words: list[str]) -> bytes:
        device, (text,) = self._arguments(words, _DECIMAL)
        stream = self._open_stream(device, DacStream)
        size = int(text)
        layout = stream.layout
        step = sample_bytes(layout.mask)
        if not 0 < size <= layout.bytes or size % step:
            raise RadioError(
                errno.EINVAL,
                f"WRITEBUF has {size} bytes; allowed are samples of {step} up to {layout.bytes}",
            )
        stream.check_free()
        self._lines.send(_number(0))
        payload = self._lines.read_exactly(size)
        self._within_timeout(partial(stream.write, payload))
        return _number(size)

    def _set_timeout(self, words: list[str]) -> bytes:
        if len(words) != 1 or not _DECIMAL.fullmatch(words[0]):
            raise RadioError(
                errno.EINVAL, f"TIMEOUT is {' '.join(words)!r}; allowed is a number of milliseconds"
            )
        self._timeout_s = TIMEOUT_FACTOR * int(words[0]) / 1000 or float("inf")
        return b"0\n"

    def _set_buffers_count(self, words: list[str]) -> bytes:
        device, (_, count) = self._arguments(words, _BUFFERS_COUNT, _DECIMAL)
        self._pluto.stream(device).set_buffers(int(count))
        return b"0\n"

    def _arguments(
        self, words: list[str], *patterns: re.Pattern[str]
    ) -> tuple[IioDevice, list[str]]:
        """The device that the first word names, and the other words.

        Raises:
            RadioError: a word is missing, too many, or does not match its pattern (EINVAL).
        """
        if len(words) != len(patterns) + 1 or not all(
            pattern.fullmatch(word) for pattern, word in zip(patterns, words[1:])
        ):
            raise RadioError(
                errno.EINVAL,
                f"arguments are {' '.join(words)!r}; allowed is a device and {len(patterns)} more",
            )
        return self._pluto.device(words[0]), words[1:]

    def _open_stream(self, device: IioDevice, kind: type[StreamType]) -> StreamType:
        """The stream of a device that this client has open.

        Raises:
            RadioError: it has none, or one of the other direction (EBADF).
        """
        stream = self._open_streams.get(device.id)
        if not isinstance(stream, kind):
            raise RadioError(
                errno.EBADF, f"device {device.name} has no buffer open that could be used so"
            )
        return stream

    def _within_timeout(self, attempt: Callable[[float], T]) -> T:
        """Repeat an attempt, which takes a timeout in s, for as long as the client waits.

        Raises:
            RadioError: it took too long, or the client has left (ETIMEDOUT).
        """
        deadline = time.monotonic() + self._timeout_s
        while True:
            left_s = deadline - time.monotonic()
            try:
                return attempt(min(left_s, POLL_S))
            except TimeoutError as error:
                if left_s <= POLL_S or self._lines.has_input():
                    raise RadioError(errno.ETIMEDOUT, str(error)) from error


def error_code(error: RadioError | ConfigError) -> int:
    """The errno of an error for a client."""
    if isinstance(error, RadioClosed):
        return errno.EBADF
    if isinstance(error, RadioError):
        return error.errno or errno.EIO
    return errno.EINVAL


def _number(value: int) -> bytes:
    return f"{value}\n".encode()


def _packed(value: str | int) -> bytes:
    """A value among several: its length, or an errno, and the text padded to a multiple of four."""
    if isinstance(value, int):
        return struct.pack(">i", value)
    data = value.encode() + b"\0"
    return struct.pack(">i", len(data)) + data + bytes(-len(data) % 4)


class ConnectionClosed(RadioError):
    """The client has closed the connection, or does not go on."""


class LineSocket:
    """A socket that is read by lines and payloads, each of bounded size.

    Args:
        connected: the socket; it is closed by close() alone.
    """

    def __init__(self, connected: socket.socket):
        self._socket = connected
        self._received = bytearray()
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read_line(self) -> str | None:
        """The next line without its end; None for one that is too long or not ASCII.

        Raises:
            ConnectionClosed: the connection has ended.
        """
        too_long = False
        while (end := self._received.find(b"\n")) < 0:
            too_long |= len(self._received) > MAX_LINE
            if too_long:
                self._received.clear()
            self._received += self._checked(partial(self._socket.recv, _RECEIVE_BYTES), None)
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        if too_long or len(line) > MAX_LINE or not line.isascii():
            return None
        return line.decode("ascii").rstrip("\r")

    def read_exactly(self, count: int) -> bytearray:
        """The next `count` bytes.

        Raises:
            ConnectionClosed: the connection has ended, or they do not come.
        """
        data = self._received[:count]
        del self._received[:count]
        have = len(data)
        data.extend(bytes(count - have))
        view = memoryview(data)
        while have < count:
            have += self._checked(partial(self._socket.recv_into, view[have:]), STALL_S)
        return data

    def send(self, *parts: bytes | memoryview) -> None:
        """Send one part after the other.

        Raises:
            ConnectionClosed: the connection has ended, or the client does not read.
        """
        try:
            self._socket.settimeout(STALL_S)
            for part in parts:
                self._socket.sendall(part)
        except OSError as error:
            raise ConnectionClosed(f"connection ended while sending: {error}") from error

    def has_input(self) -> bool:
        """Whether the client has sent something, or has closed the connection."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(self._received) or bool(poll.poll(0))

    def shut_down(self) -> None:
        """End the connection: whoever waits for it gets ConnectionClosed. For any thread."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended already

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _checked(self, receive: Callable[[], T], timeout_s: float | None) -> T:
        """The result of a receive call, unless it is empty."""
        try:
            self._socket.settimeout(timeout_s)
            result = receive()
        except OSError as error:
            raise ConnectionClosed(f"connection ended: {error}") from error
        if not result:
            raise ConnectionClosed("connection was closed by the other side")
        return result
