# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The buffers that one client has open, and the commands about them."""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Callable

from semcom_core.errors import RadioError
from semcom_core.radio.iio.capture import Capture
from semcom_core.radio.iio.playback import Playback
from semcom_core.radio.iio.pluto import Pluto
from semcom_core.radio.iio.samples import sample_bytes
from semcom_core.radio.iio.stream import Layout, Stream
from semcom_core.radio.iio.tree import Device
from semcom_core.radio.iio.wire import Wire

#: How long a client's buffer may take, s, where it has not said so: a little less than clients wait.
USUAL_TIMEOUT_S = 4.0
#: libiio states half of the time that it waits itself; an answer within so much of what it states still reaches it.
STRETCH = 1.8
#: How often a wait looks whether the client is still there, s.
LOOK_S = 0.25
_DECIMAL, _HEX = re.compile(r"\d{1,10}"), re.compile(r"[0-9a-fA-F]{8}")


class SessionStreams:
    """What one client streams.

    Args:
        wire: its connection.
        pluto: what it speaks to.
    """

    def __init__(self, wire: Wire, pluto: Pluto):
        self._wire, self._pluto, self._timeout_s = wire, pluto, USUAL_TIMEOUT_S
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
            raise RadioError(errno.EINVAL, f"device {device.name} receives; a cyclic buffer is for sending")
        stream.open(Layout(int(samples), int(mask, 16), cyclic))
        self._open[device.id] = stream
        return b"0\n"

    def _end(self, words: list[str]) -> bytes:
        (device,) = self._arguments(words)
        self._opened(device, Stream)
        self._open.pop(device.id).close()
        return b"0\n"

    def _read(self, words: list[str]) -> None:
        """Send samples, a buffer of them at a time; a last 0 where a part of a sample was asked for too."""
        device, size = self._arguments(words, _DECIMAL)
        stream, left = self._opened(device, Capture), int(size)
        mask, step = stream.layout.mask, sample_bytes(stream.layout.mask)
        if left < step:
            raise RadioError(errno.EINVAL, f"READBUF asks for {left} bytes; a sample has {step}")
        head = f"{mask:08x}\n".encode()
        while left >= step:
            wanted = left
            data = self._patiently(lambda seconds, wanted=wanted: stream.read(wanted, seconds))
            self._wire.send(b"%d\n" % len(data) + head, data)
            left, head = left - len(data), b""
        if left:
            self._wire.send(b"0\n")

    def _write(self, words: list[str]) -> bytes:
        device, text = self._arguments(words, _DECIMAL)
        stream, size = self._opened(device, Playback), int(text)
        step = sample_bytes(stream.layout.mask)
        if not 0 < size <= stream.layout.bytes or size % step:
            raise RadioError(errno.EINVAL, f"WRITEBUF has {size} bytes; allowed are samples of {step} up to {stream.layout.bytes}")
        stream.check_free()
        self._wire.send(b"0\n")
        payload = self._wire.read_exactly(size)
        self._patiently(lambda seconds: stream.write(payload, seconds))
        return b"%d\n" % size

    def _set_timeout(self, words: list[str]) -> bytes:
        if len(words) != 1 or not _DECIMAL.fullmatch(words[0]):
            raise RadioError(errno.EINVAL, f"TIMEOUT is {' '.join(words)!r}; allowed is a number of milliseconds")
        self._timeout_s = STRETCH * int(words[0]) / 1000 or float("inf")
        return b"0\n"

    def _set(self, words: list[str]) -> bytes:
        device, _, count = self._arguments(words, re.compile("BUFFERS_COUNT"), _DECIMAL)
        self._pluto.stream(device).set_buffers(int(count))
        return b"0\n"

    def _arguments(self, words: list[str], *patterns: re.Pattern) -> tuple[Device, *tuple[str, ...]]:
        """The device that the first word names, and the other words.

        Raises:
            RadioError: a word is missing, too many, or not as it should be.
        """
        if len(words) != len(patterns) + 1 or not all(pattern.fullmatch(word) for pattern, word in zip(patterns, words[1:])):
            raise RadioError(errno.EINVAL, f"arguments are {' '.join(words)!r}; allowed is a device and {len(patterns)} more")
        return self._pluto.device(words[0]), *words[1:]

    def _opened(self, device: Device, kind: type[Stream]) -> Stream:
        """The client's own stream of that device.

        Raises:
            RadioError: it has none, or one of the other direction (EBADF).
        """
        stream = self._open.get(device.id)
        if not isinstance(stream, kind):
            raise RadioError(errno.EBADF, f"device {device.name} has no buffer open that could be used so")
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
