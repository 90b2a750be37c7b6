# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections of a server: a bounded number of threads, one for each.

The virtual Pluto on the network.
"""

from __future__ import annotations

import socket
import threading
import time

from semcom_core.errors import ConfigError, RadioError, check_choice
from semcom_core.radio.profile import is_loopback
from semcom_core.radio.virtual.air import Air
from semcom_core.radio.virtual.iio.pluto import Pluto
from semcom_core.radio.virtual.iio.session import Session, Wire
from semcom_core.radio.virtual.iio.transceiver import find_chip

#: Connections at the most. A client has one, and one more for each buffer.
MAX_CONNECTIONS = 32
#: Longest wait for the thread of a connection that was hung up, s.
JOIN_S = 5.0


class Connection:
    """One client and its thread.

    Args:
        connected: its socket.
        pluto: what it speaks to.
    """

    def __init__(self, connected: socket.socket, pluto: Pluto):
        self._wire = Wire(connected)
        self._session = Session(self._wire, pluto, self._touch)
        self._useful = False
        self._touched = time.monotonic()
        self._thread = threading.Thread(
            target=self._session.run, name="iio-connection", daemon=True
        )
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def worth(self) -> tuple[bool, bool, float]:
        """What is given up first is least: who never completed a command, then who streams nothing,
        then who was idle longest.
        """
        return self._session.streaming, self._useful, self._touched

    def end(self) -> None:
        """Hang up, and wait for the thread."""
        self._wire.hang_up()
        self._thread.join(JOIN_S)

    def _touch(self) -> None:
        self._useful = True
        self._touched = time.monotonic()


class Connections:
    """All connections of one server.

    Args:
        pluto: what they speak to.
    """

    def __init__(self, pluto: Pluto):
        self._pluto = pluto
        self._held = []

    def add(self, connected: socket.socket) -> None:
        """Serve a new client; where there are too many, an old one has to go."""
        self._held = [one for one in self._held if one.alive]
        if len(self._held) >= MAX_CONNECTIONS:
            least = min(self._held, key=lambda one: one.worth)
            self._held.remove(least)
            least.end()
        self._held.append(Connection(connected, self._pluto))

    def end(self) -> None:
        """Hang up on all."""
        for one in self._held:
            one.end()
        self._held = []


BACKLOG = 64
#: Pause before the next client after one could not be taken, s.
PAUSE_S = 0.02


class VirtualPluto:
    """Serves one radio of an air to clients of libiio: iio_info, pyadi-iio, gr-iio and others, as
    they are.

        with VirtualPluto(air, "alice") as pluto:
            adi.Pluto(pluto.uri)

    Args:
        air: the medium.
        name: of the radio; its plan says pluto, and the address.
        allow_remote: permit an address that other machines can reach. The protocol knows no
            passwords.
        chip: "ad9363a", or "ad9364" for the wider ranges of a Pluto set up so.

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
        self._connections = Connections(self._pluto)
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None

    @property
    def endpoint(self) -> tuple[str, int]:
        """Host and port; where the plan's port is 0, the one that was free at start()."""
        return self._listener.getsockname() if self._listener else self._endpoint

    @property
    def uri(self) -> str:
        """What clients are told to find it."""
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
        """Hang up on all clients and end all threads; start() may follow."""
        if not self._listener:
            return
        listener = self._listener
        self._listener = None
        listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(JOIN_S)
        listener.close()
        self._connections.end()
        self._pluto.close()

    def __enter__(self) -> VirtualPluto:
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def _accept(self, listener: socket.socket) -> None:
        """Take new clients until the listener is shut down; a shortage, of files for instance,
        passes.
        """
        while self._listener is listener:
            try:
                self._connections.add(listener.accept()[0])
            except OSError:
                time.sleep(PAUSE_S)
