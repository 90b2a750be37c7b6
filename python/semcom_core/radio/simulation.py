# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The radio that is none: a socket from a transmitter to a receiver, and a simulated channel before
the receiver.

It has the methods of semcom_core.radio.process.supervisor.RadioProcess. Time passes as samples
come: between two bursts there is nothing, and the transmitter waits while the receiver does.
Transmitter and receiver may be in one process, in two, or on two machines.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections import Counter

import numpy as np

from semcom_core.channel import parse_channel
from semcom_core.errors import ConfigError, RadioError
from semcom_core.phy import PhyConfig
from semcom_core.radio.process.child import Outbox
from semcom_core.radio.profile import RadioProfile

#: How often a transmitter looks for its receiver, and the longest wait for a socket before a look
#: whether to stop, s.
AGAIN_S = 0.2
TURN_S = 0.1


class SimulationRadio:
    """A receiver that listens at the profile's address, a transmitter that looks for one there, or
    both.

    Args:
        profile: of the backend simulation; its channel is that of the receiver.
        receive, transmit: what it is to do.
        on_event: see RadioProcess.

    Raises:
        ConfigError: the address is not HOST:PORT, or the channel does not fit the sample rate.
    """

    over = False  # only recordings come to an end

    def __init__(self, profile: RadioProfile, receive=True, transmit=False, on_event=None):
        self.profile, self._place = profile, _place(profile.address)
        self._receives = receive
        self._transmits = transmit
        self._on_event = on_event
        self._begin()
        self.counts = Counter()
        self.failure = ""
        self._stopping = threading.Event()
        self._outbox = Outbox()
        self._listener = self._peer = self._thread = None

    def _begin(self) -> None:
        """Begin a new stream, with the same seed."""
        modem = PhyConfig(rate_hz=self.profile.rate_hz, amplitude=self.profile.amplitude)
        channel = parse_channel(self.profile.channel).for_modem(modem)
        self._channel = channel.stream(np.random.default_rng(self.profile.seed or None))
        self._ready = np.zeros(0, np.complex64)
        self._bytes = b""

    def start(self) -> None:
        """Listen, and look for the receiver.

        Raises:
            RadioError: nobody can listen at the address.
        """
        self._stopping.clear()
        self._begin()
        if self._receives:
            try:
                self._listener = socket.create_server(self._place)
            except OSError as error:
                raise RadioError(
                    f"radio {self.profile.name} cannot listen at {self.profile.address}: {error}"
                ) from error
        if self._transmits:
            self._thread = threading.Thread(
                target=self._send_all, name="simulated radio", daemon=True
            )
            self._thread.start()
        self._on_event("ready", "", 1)

    def stop(self) -> None:
        """Close everything."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        for end in filter(None, (self._listener, self._peer)):
            end.close()
        self._listener = self._peer = None
        self._outbox = Outbox()

    def wait_ready(self, timeout_s: float = 0.0) -> None:
        """It is ready once started."""

    def read(self, count: int, timeout_s: float) -> np.ndarray:
        """The next samples, complex64, 1 to `count` of them.

        Raises:
            TimeoutError: none has come in time.
        """
        end = time.monotonic() + timeout_s
        while not len(self._ready):
            self._ready = self._channel.push(self._heard(count, max(0.0, end - time.monotonic())))
        out = self._ready[:count]
        self._ready = self._ready[count:]
        return out

    def _heard(self, count: int, timeout_s: float) -> np.ndarray:
        """Samples from the transmitter, one at a time; raises TimeoutError."""
        ends = [self._peer or self._listener]
        if not select.select(ends, [], [], timeout_s)[0]:
            raise TimeoutError(f"no sample within {timeout_s:g} s")
        if self._peer is None:
            self._peer, _ = self._listener.accept()
            return np.zeros(0, np.complex64)
        try:
            data = self._peer.recv(8 * count)
        except OSError:
            data = b""
        if not data:
            self._peer.close()
            self._peer = None
            self._bytes = b""
        data = self._bytes + data
        whole = len(data) // 8 * 8
        self._bytes = data[whole:]
        return np.frombuffer(data[:whole], np.complex64)

    def write(self, samples: np.ndarray, timeout_s: float) -> int:
        """Transmit samples, complex64 (n,); raises TimeoutError when too much waits already."""
        return self._outbox.put(
            np.array(samples, np.complex64) * np.float32(self.profile.amplitude), timeout_s
        )

    @property
    def sent(self) -> int:
        """How many pieces have left."""
        return self._outbox.first

    def drain(self, timeout_s: float) -> bool:
        """Wait until all has left; False when it has not in time."""
        return self._outbox.wait_empty(timeout_s)

    def set(self, **settings) -> None:
        """Gains and frequencies mean nothing here; they are checked all the same."""
        self.profile = self.profile.with_settings(**settings)

    def _send_all(self) -> None:
        """Look for the receiver, again when it is gone, and send it what waits."""
        while not self._stopping.is_set():
            try:
                with socket.create_connection(self._place, timeout=1.0) as peer:
                    peer.settimeout(TURN_S)
                    self._send_to(peer)
            except OSError:  # not there yet, or gone
                self._stopping.wait(AGAIN_S)

    def _send_to(self, peer: socket.socket) -> None:
        while not self._stopping.is_set():
            samples = self._outbox.get(self._outbox.first, TURN_S)
            if samples is None:
                continue
            rest = memoryview(np.ascontiguousarray(samples)).cast("B")
            while len(rest) and not self._stopping.is_set():
                try:
                    rest = rest[peer.send(rest) :]
                except TimeoutError:  # the receiver is late
                    continue
            self._outbox.left(self._outbox.first)


def _place(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise ConfigError(
            f"address of the simulation is {address!r}; allowed is HOST:PORT, such as "
            "127.0.0.1:5560"
        )
    return host, int(port)
