# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server of the virtual Soapy radios."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from pathlib import Path

from semcom_core.errors import ConfigError, RadioError, check_choice
from semcom_core.radio.virtual.soapy.connection import Connection
from semcom_core.radio.virtual.soapy.protocol import default_socket, listen
from semcom_core.radio.virtual.soapy.settings import SoapyRadio

#: Most connections at once.
MAX_CONNECTIONS = 64


class SoapyServer:
    """Serves the radios of kind "soapy" of an air on a Unix socket that only its owner can use.

    >>> with SoapyServer(air) as server:
    ...     print(server.path)

    Args:
        air: where the radios are.
        socket_path: None: default_socket().
        names: of the radios that are served; None: all of kind soapy.

    Raises:
        ConfigError: no radio is left to serve, a name is not that of a soapy radio, or cannot be a
            word.
    """

    def __init__(self, air, socket_path: str | Path | None = None, names: list[str] | None = None):
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
        self._connections: list[Connection] = []
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

    def __exit__(self, *_) -> None:
        self.stop()

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                self._stopping.wait(
                    0.05
                )  # it was shut down, or there are no more file descriptors for now
                continue
            self._take(sock)

    def _take(self, sock: socket.socket) -> None:
        """Serve a connection, in the place of one that never said anything sensible if there are
        too many.
        """
        alive = self._alive()
        if len(alive) >= MAX_CONNECTIONS:
            idle = next((one for one in alive if not one.answered), None)
            if idle is None:
                with sock, contextlib.suppress(OSError):
                    sock.send(
                        f"error connections are {MAX_CONNECTIONS}; allowed is no more\n".encode(),
                        socket.MSG_DONTWAIT,
                    )
                return
            idle.shut()
            idle.join()
        connection = Connection(sock, self._radios, self._stopping)
        with self._lock:
            self._connections.append(connection)
        connection.start()

    def _alive(self) -> list[Connection]:
        """Connections, oldest first; those that have ended are forgotten."""
        with self._lock:
            self._connections = [
                one for one in self._connections if one.is_alive() or one.ident is None
            ]
            return list(self._connections)
