# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One client's connection: lines of text until it asks for a stream."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

from semcom_core.errors import ConfigError, SemcomError, check_choice
from semcom_core.radio.virtual.soapy.protocol import Lines
from semcom_core.radio.virtual.soapy.settings import SoapyPort, SoapyRadio
from semcom_core.radio.virtual.soapy.streams import ReceiveStream, TransmitStream

#: A client that takes no answers for this long is closed, s.
ANSWER_TIMEOUT_S = 5
#: Send buffer of the kernel, bytes: some milliseconds of samples, so that time cannot run far ahead
#: of the client.
SEND_BUFFER = 1 << 16
#: Words of each command.
COMMANDS = {"list": 1, "use": 2, "get": 3, "set": 4, "range": 3, "choices": 3, "stream": 2}


class Connection(threading.Thread):
    """Serves a client in a thread of its own.

    Args:
        sock: the connection.
        radios: by name.
        stopping: set when the server stops.
    """

    def __init__(
        self, sock: socket.socket, radios: dict[str, SoapyRadio], stopping: threading.Event
    ):
        super().__init__(name="soapy-connection", daemon=True)
        self._sock = sock
        self._radios = radios
        self._stopping = stopping
        self._lines = Lines(sock)
        self._radio = None
        self._streaming = False
        self.answered = False

    def run(self) -> None:
        """Answer until either side closes; whatever comes, only this connection suffers."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", ANSWER_TIMEOUT_S, 0)
        )
        with self._sock, contextlib.suppress(OSError):  # the client has gone, or takes no answers
            try:
                self._serve()
            except SemcomError as error:
                if not self._streaming:  # there is no place for words among samples
                    self._say(f"error {error}")

    def shut(self) -> None:
        """End it from outside; the thread notices."""
        with contextlib.suppress(OSError):  # it has ended already
            self._sock.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        while (line := self._lines.next()) is not None:
            words = line.split(maxsplit=3)
            port = None
            try:
                check_words(words)
                if words[0] == "stream":
                    port = self._claimed(words[1])
                answer = f"ok {self._answer(words)}".rstrip()
            except SemcomError as error:
                answer = f"error {error}"
            if port is not None:
                return self._stream(words[1], port)
            self.answered = True
            self._say(answer)

    def _say(self, answer: str) -> None:
        self._sock.sendall(f"{answer}\n".encode("ascii", "replace"))

    def _answer(self, words: list[str]) -> str:
        match words:
            case ["list"]:
                return " ".join(self._radios)
            case ["use", name]:
                check_choice("radio", name, self._radios)
                self._radio = self._radios[name]
            case ["get", where, key]:
                return self._used().get(where, key)
            case ["set", where, key, value]:
                self._used().set(where, key, value)
            case ["range", where, key]:
                span = self._used().range(where, key)
                return f"{span.low} {span.high} {span.step}"
            case ["choices", where, key]:
                return " ".join(self._used().choices(where, key))
        return ""

    def _used(self) -> SoapyRadio:
        if self._radio is None:
            raise ConfigError("no radio is in use; `use NAME` comes first")
        return self._radio

    def _claimed(self, direction: str) -> SoapyPort:
        check_choice("stream", direction, ("rx", "tx"))
        port = self._used().ports[direction]
        port.claim()
        return port

    def _stream(self, direction: str, port: SoapyPort) -> None:
        """Carry samples until the client closes."""
        try:
            self.answered = True
            self._say("ok")
            self._streaming = True
            self._sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 0)
            )  # a slow reader is no fault
            if direction == "rx":
                ReceiveStream(self._sock, self._lines, self._radio, self._stopping).run()
            else:
                TransmitStream(self._sock, self._radio, self._stopping).run()
        finally:
            port.in_use.release()


def check_words(words: list[str]) -> None:
    """Raise ConfigError unless it is a command with as many words as it needs."""
    check_choice("command", words[0] if words else "", COMMANDS)
    if len(words) != COMMANDS[words[0]]:
        raise ConfigError(
            f"command {words[0]} has {len(words)} words; allowed is {COMMANDS[words[0]]}"
        )
