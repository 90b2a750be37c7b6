# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server of the virtual Soapy radios on a Unix socket: listener, connections and their commands."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import struct
import threading
from pathlib import Path

from semcom_core.errors import ConfigError, RadioError, SemcomError, check_choice
from semcom_core.radio.virtual.air import Air
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
#: Most connections at once.
MAX_CONNECTIONS = 64
#: Connections that may wait to be accepted.
BACKLOG = 128
#: Pause after a connection could not be accepted, s.
PAUSE_S = 0.05
#: Longest path of a Unix socket, bytes (sizeof sun_path less the NUL that ends it).
LONGEST_PATH = 107


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


class SoapyServer:
    """Server of the soapy radios of an air, on a Unix socket that only its owner can use.

    >>> with SoapyServer(air) as server:
    ...     print(server.path)

    Args:
        air: the medium.
        socket_path: path of the socket; None: default_socket().
        names: names of the radios that are served; None: all of kind soapy.

    Raises:
        ConfigError: no radio is left to serve, a name is not that of a soapy radio, or cannot be a
            word.
    """

    def __init__(
        self,
        air: Air,
        socket_path: str | Path | None = None,
        names: list[str] | None = None,
    ):
        self.path = Path(socket_path) if socket_path is not None else default_socket()
        soapy = {name: radio for name, radio in air.radios.items() if radio.spec.kind == "soapy"}
        for name in names or ():
            check_choice("soapy radio", name, soapy)
        self._radios = {
            name: SoapyRadio(radio, air.clock)
            for name, radio in soapy.items()
            if names is None or name in names
        }
        if not self._radios:
            raise ConfigError("air has no radio of kind soapy; one at least is needed")
        for name in self._radios:
            if not name.isascii() or any(one.isspace() or one in ",=" for one in name):
                raise ConfigError(
                    f"name of a soapy radio is {name!r}; allowed is ASCII without spaces, commas "
                    "and equals signs"
                )
        self._listener: socket.socket | None = None
        self._accepting: threading.Thread | None = None
        self._connections: list[SoapyConnection] = []
        self._stopping = threading.Event()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to serve.

        Raises:
            RadioError: the socket cannot be made, or it serves already.
        """
        if self._listener is not None:
            raise RadioError(f"socket {self.path} is served already; stop() comes first")
        self._listener = listen(self.path)
        self._identity = os.lstat(self.path).st_ino
        self._stopping.clear()
        self._accepting = threading.Thread(
            target=self._accept, args=(self._listener,), name="soapy-server", daemon=True
        )
        self._accepting.start()

    def stop(self) -> None:
        """Close all connections and the socket; all threads have ended then."""
        if self._listener is None:
            return
        self._stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        if self._accepting is not None:
            self._accepting.join()
        self._listener.close()
        self._listener = None
        for connection in self._alive():
            connection.shut()
        for connection in self._alive():
            connection.join()
        if os.path.lexists(self.path) and os.lstat(self.path).st_ino == self._identity:
            self.path.unlink()

    def __enter__(self) -> SoapyServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:  # it was shut down, or there are no more file descriptors for now
                self._stopping.wait(PAUSE_S)
                continue
            self._take(sock)

    def _take(self, sock: socket.socket) -> None:
        """Serve a connection; where there are too many, one that has completed no command is closed
        for it.
        """
        alive = self._alive()
        if len(alive) >= MAX_CONNECTIONS:
            idle = next((one for one in alive if not one.completed_command), None)
            if idle is None:
                with sock, contextlib.suppress(OSError):
                    sock.send(
                        f"error connections are {MAX_CONNECTIONS}; allowed is no more\n".encode(),
                        socket.MSG_DONTWAIT,
                    )
                return
            idle.shut()
            idle.join()
        connection = SoapyConnection(sock, self._radios, self._stopping)
        with self._lock:
            self._connections.append(connection)
        connection.start()

    def _alive(self) -> list[SoapyConnection]:
        """Connections that have not ended, oldest first."""
        with self._lock:
            self._connections = [
                one for one in self._connections if one.is_alive() or one.ident is None
            ]
            return list(self._connections)


def default_socket() -> Path:
    """Path of the socket: $SEMCOM_AIR_SOCKET, else semcom-air.sock in $XDG_RUNTIME_DIR, else
    /tmp/semcom-air-UID.sock. The SoapySDR module has the same default.
    """
    if named := os.environ.get("SEMCOM_AIR_SOCKET"):
        return Path(named)
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(runtime) / "semcom-air.sock"
    return Path(f"/tmp/semcom-air-{os.getuid()}.sock")


def listen(path: Path) -> socket.socket:
    """Open a listening socket that only its owner may connect to; one without a listener is
    replaced.

    Raises:
        ConfigError: the path is too long for a socket.
        RadioError: another server listens there, a file of another kind is there, or it cannot be
            made.
    """
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise ConfigError(
            f"socket is {str(path)!r}, {len(os.fsencode(path))} bytes; allowed is {LONGEST_PATH}"
        )
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_stale(path)
        made.bind(os.fspath(path))
        # before listen(): until then no client can connect
        os.chmod(path, stat.S_IRUSR | stat.S_IWUSR)
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        if isinstance(error, RadioError):
            raise
        raise RadioError(f"socket {path} cannot be made: {error.strerror or error}") from error
    return made


def _remove_stale(path: Path) -> None:
    """Remove a socket that a server has left behind; raise RadioError for anything else."""
    if not os.path.lexists(path):
        return
    if not stat.S_ISSOCK(os.lstat(path).st_mode):
        raise RadioError(f"socket {path} is a file of another kind; allowed is a free path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2.0)
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink()
        except OSError as error:
            raise RadioError(
                f"socket {path} belongs to somebody else: {error.strerror or error}"
            ) from error
        else:
            raise RadioError(f"socket {path} is served by another air; allowed is one at a time")
