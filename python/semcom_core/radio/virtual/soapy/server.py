# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server of the virtual Soapy radios on a Unix socket: listener and connections."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import threading
from pathlib import Path

from semcom_core.errors import ConfigError, RadioError, check_choice
from semcom_core.radio.virtual.air import Air
from semcom_core.radio.virtual.soapy.connection import SoapyConnection
from semcom_core.radio.virtual.soapy.settings import SoapyRadio

#: Most connections at once.
MAX_CONNECTIONS = 64
#: Connections that may wait to be accepted.
BACKLOG = 128
#: Pause after a connection could not be accepted, s.
PAUSE_S = 0.05
#: Longest path of a Unix socket, bytes (sizeof sun_path less the NUL that ends it).
LONGEST_PATH = 107


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
        # before listen(): until then nobody can connect
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
