# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections of a server: a bounded number of threads, one for each."""

from __future__ import annotations

import socket
import threading
import time

from semcom_core.radio.iio.pluto import Pluto
from semcom_core.radio.iio.session import Session
from semcom_core.radio.iio.wire import Wire

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
        self._useful, self._touched = False, time.monotonic()
        self._thread = threading.Thread(target=self._session.run, name="iio-connection", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def worth(self) -> tuple[bool, bool, float]:
        """What is given up first is least: who never completed a command, then who streams nothing, then who was idle longest."""
        return self._session.streaming, self._useful, self._touched

    def end(self) -> None:
        """Hang up, and wait for the thread."""
        self._wire.hang_up()
        self._thread.join(JOIN_S)

    def _touch(self) -> None:
        self._useful, self._touched = True, time.monotonic()


class Connections:
    """All connections of one server.

    Args:
        pluto: what they speak to.
    """

    def __init__(self, pluto: Pluto):
        self._pluto, self._held = pluto, []

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
