# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network server of the virtual Pluto: listener, client connections, one thread each."""

from __future__ import annotations

import socket
import threading
import time

from semcom_core.errors import ConfigError, RadioError, check_choice
from semcom_core.radio.profile import is_loopback
from semcom_core.radio.virtual.air import Air
from semcom_core.radio.virtual.iio.pluto import Pluto
from semcom_core.radio.virtual.iio.session import LineSocket, Session
from semcom_core.radio.virtual.iio.transceiver import find_chip

#: Most connections at once. A client has one, and one more for each buffer.
MAX_CONNECTIONS = 32
#: Longest wait for a thread to end, s.
JOIN_S = 5.0
#: Connections that may wait to be accepted.
BACKLOG = 64
#: Pause after a connection could not be accepted, s.
PAUSE_S = 0.02


class VirtualPluto:
    """Server of one radio of an air for unmodified clients of libiio: iio_info, pyadi-iio, gr-iio
    and others.

        with VirtualPluto(air, "alice") as pluto:
            adi.Pluto(pluto.uri)

    Args:
        air: the medium.
        name: name of the radio, which the plan gives the kind pluto and an address.
        allow_remote: permit an address that other machines can reach; the protocol has no
            passwords.
        chip: "ad9363a", or "ad9364" for the wider ranges of a Pluto set up as one.

    Raises:
        ConfigError: the air has no such pluto, the address is not a loopback address, or the chip
            is not known.
    """

    def __init__(self, air: Air, name: str, allow_remote: bool = False, chip: str = "ad9363a"):
        check_choice("radio", name, air.radios)
        spec = air.radios[name].spec
        if spec.kind != "pluto":
            raise ConfigError(f"radio {name} is of kind {spec.kind!r}; allowed is 'pluto'")
        if not (allow_remote or is_loopback(spec.endpoint[0])):
            raise ConfigError(
                f"address of radio {name} is {spec.address}; allowed is 127.0.0.0/8, unless others "
                "may reach it"
            )
        self._endpoint = spec.endpoint
        self._pluto = Pluto(air.radios[name], find_chip(chip))
        self._connections = ConnectionPool(self._pluto)
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None

    @property
    def endpoint(self) -> tuple[str, int]:
        """Host and port; where the plan's port is 0, the one that was free at start()."""
        return self._listener.getsockname() if self._listener else self._endpoint

    @property
    def uri(self) -> str:
        """The URI by which clients find it."""
        return "ip:{}:{}".format(*self.endpoint)

    def start(self) -> None:
        """Begin to serve.

        Raises:
            RadioError: it is serving already, or the address is taken or not this machine's.
        """
        if self._listener:
            raise RadioError(f"virtual Pluto at {self.uri} is started already")
        try:
            self._listener = socket.create_server(self._endpoint, backlog=BACKLOG)
        except OSError as error:
            raise RadioError(
                error.errno,
                "virtual Pluto cannot listen at {}:{}: {}".format(*self._endpoint, error.strerror),
            ) from error
        self._thread = threading.Thread(
            target=self._accept, args=(self._listener,), name="iio-acceptor", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close all connections and end all threads; start() may follow."""
        listener = self._listener
        if listener is None:
            return
        self._listener = None
        listener.shutdown(socket.SHUT_RDWR)
        if self._thread is not None:
            self._thread.join(JOIN_S)
        listener.close()
        self._connections.end()
        self._pluto.close()

    def __enter__(self) -> VirtualPluto:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _accept(self, listener: socket.socket) -> None:
        """Accept clients until the listener is shut down; a shortage, such as of file descriptors,
        passes.
        """
        while self._listener is listener:
            try:
                self._connections.add(listener.accept()[0])
            except OSError:
                time.sleep(PAUSE_S)


class ConnectionPool:
    """The connections of a server, at most MAX_CONNECTIONS.

    Args:
        pluto: the IIO context they are about.
    """

    def __init__(self, pluto: Pluto):
        self._pluto = pluto
        self._connections: list[ClientConnection] = []

    def add(self, connected: socket.socket) -> None:
        """Serve a new client; where there are too many, the one of lowest priority is closed."""
        self._connections = [one for one in self._connections if one.alive]
        if len(self._connections) >= MAX_CONNECTIONS:
            lowest = min(self._connections, key=lambda one: one.priority)
            self._connections.remove(lowest)
            lowest.end()
        self._connections.append(ClientConnection(connected, self._pluto))

    def end(self) -> None:
        """Close all."""
        for one in self._connections:
            one.end()
        self._connections = []


class ClientConnection:
    """A client's connection, served by a thread of its own.

    Args:
        connected: its socket.
        pluto: the IIO context it is about.
    """

    def __init__(self, connected: socket.socket, pluto: Pluto):
        self._lines = LineSocket(connected)
        self._session = Session(self._lines, pluto, self._command_completed)
        self._completed_command = False
        self._latest_command = time.monotonic()
        self._thread = threading.Thread(
            target=self._session.run, name="iio-connection", daemon=True
        )
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    @property
    def priority(self) -> tuple[bool, bool, float]:
        """Order in which connections are kept: least one that streams nothing, of those one that
        never completed a command, then the one that has been idle longest.
        """
        return self._session.streaming, self._completed_command, self._latest_command

    def end(self) -> None:
        """Close it, and wait for its thread."""
        self._lines.shut_down()
        self._thread.join(JOIN_S)

    def _command_completed(self) -> None:
        self._completed_command = True
        self._latest_command = time.monotonic()
