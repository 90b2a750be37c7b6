# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Client connection of the virtual Soapy radios: commands, until the client asks for a stream."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

from semcom_core.errors import ConfigError, SemcomError, check_choice
from semcom_core.radio.virtual.soapy.protocol import LineReader
from semcom_core.radio.virtual.soapy.settings import SoapyPort, SoapyRadio
from semcom_core.radio.virtual.soapy.streams import ReceiveStream, TransmitStream

#: A connection whose client does not read answers for this long is closed, s.
ANSWER_TIMEOUT_S = 5
#: Send buffer of the kernel, bytes: some milliseconds of samples, so that virtual time cannot run
#: far ahead of the client.
SEND_BUFFER = 1 << 16
#: Commands, and how many words each has.
COMMANDS = {"list": 1, "use": 2, "get": 3, "set": 4, "range": 3, "choices": 3, "stream": 2}


class SoapyConnection(threading.Thread):
    """A client's connection, served by a thread of its own.

    Args:
        sock: the connection.
        radios: the radios by name.
        stopping: set when the server stops.
    """

    def __init__(
        self, sock: socket.socket, radios: dict[str, SoapyRadio], stopping: threading.Event
    ):
        super().__init__(name="soapy-connection", daemon=True)
        self._sock = sock
        self._radios = radios
        self._stopping = stopping
        self._lines = LineReader(sock)
        self._radio: SoapyRadio | None = None
        self._streaming = False
        self.completed_command = False

    def run(self) -> None:
        """Answer until either side closes; an error ends this connection alone."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", ANSWER_TIMEOUT_S, 0)
        )
        with self._sock, contextlib.suppress(OSError):  # the client has gone, or does not read
            try:
                self._serve()
            except SemcomError as error:
                if not self._streaming:  # a stream carries no text
                    self._send_line(f"error {error}")

    def shut(self) -> None:
        """Shut down the socket, which ends the thread."""
        with contextlib.suppress(OSError):  # it has ended already
            self._sock.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        """Answer commands, and then carry a stream."""
        while (line := self._lines.next()) is not None:
            words = line.split(maxsplit=3)
            port = None
            try:
                check_words(words)
                if words[0] == "stream":
                    port = self._claim(words[1])
                answer = f"ok {self._answer(words)}".rstrip()
            except SemcomError as error:
                answer = f"error {error}"
            if port is not None:
                self._stream(words[1], port)
                return
            self.completed_command = True
            self._send_line(answer)

    def _send_line(self, answer: str) -> None:
        self._sock.sendall(f"{answer}\n".encode("ascii", "replace"))

    def _answer(self, words: list[str]) -> str:
        """Carry out a command, and return its value."""
        match words:
            case ["list"]:
                return " ".join(self._radios)
            case ["use", name]:
                check_choice("radio", name, self._radios)
                self._radio = self._radios[name]
            case ["get", where, key]:
                return self._selected().get(where, key)
            case ["set", where, key, value]:
                self._selected().set(where, key, value)
            case ["range", where, key]:
                span = self._selected().range(where, key)
                return f"{span.low} {span.high} {span.step}"
            case ["choices", where, key]:
                return " ".join(self._selected().choices(where, key))
        return ""

    def _selected(self) -> SoapyRadio:
        """The radio that `use` has selected, or ConfigError."""
        if self._radio is None:
            raise ConfigError("no radio is in use; `use NAME` comes first")
        return self._radio

    def _claim(self, direction: str) -> SoapyPort:
        """Reserve a direction of the radio for a stream."""
        check_choice("stream", direction, ("rx", "tx"))
        port = self._selected().ports[direction]
        port.claim()
        return port

    def _stream(self, direction: str, port: SoapyPort) -> None:
        """Carry samples until the client closes."""
        try:
            self.completed_command = True
            self._send_line("ok")
            self._streaming = True
            # no limit of time: a client may read slowly
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 0))
            radio = self._selected()
            if direction == "rx":
                ReceiveStream(self._sock, self._lines, radio, self._stopping).run()
            else:
                TransmitStream(self._sock, radio, self._stopping).run()
        finally:
            port.in_use.release()


def check_words(words: list[str]) -> None:
    """Raise ConfigError unless they are a command with its number of words."""
    check_choice("command", words[0] if words else "", COMMANDS)
    if len(words) != COMMANDS[words[0]]:
        raise ConfigError(
            f"command {words[0]} has {len(words)} words; allowed is {COMMANDS[words[0]]}"
        )
