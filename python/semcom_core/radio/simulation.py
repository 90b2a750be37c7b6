# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated radio: a TCP connection from transmitter to receiver, and a simulated channel.

    transmitter ─► TransmitQueue ─► TCP ─► receiver: channel of the profile ─► samples

Time passes as samples come: between two bursts there is nothing, and the transmitter waits while
the receiver does. Transmitter and receiver may be in one process, in two, or on two machines.
"""

from __future__ import annotations

import select
import socket
import threading
import time

import numpy as np

from semcom_core.channel import parse_channel
from semcom_core.errors import ConfigError, RadioError
from semcom_core.phy import PhyConfig
from semcom_core.radio.base import EventHandler, Radio
from semcom_core.radio.process.child import SAMPLE_BYTES, TransmitQueue
from semcom_core.radio.profile import RadioProfile

#: Pause before a transmitter tries again to connect to its receiver, s.
RECONNECT_S = 0.2
#: Longest wait for a burst or for room in the socket before stop() is looked at, s.
POLL_S = 0.1


class SimulationRadio(Radio):
    """A receiver that listens at the profile's address, a transmitter that connects to it, or both.

    Args:
        profile: of the backend simulation; its channel is that of the receiver.
        receive: whether samples are read.
        transmit: whether samples are written.
        on_event: see Radio.

    Raises:
        ConfigError: the address is not HOST:PORT, or the channel does not fit the sample rate.
    """

    def __init__(
        self,
        profile: RadioProfile,
        receive: bool = True,
        transmit: bool = False,
        on_event: EventHandler | None = None,
    ):
        super().__init__(profile, on_event)
        self._endpoint = _parse_endpoint(profile.address)
        self._receives = receive
        self._transmits = transmit
        self._stopping = threading.Event()
        self._queue = TransmitQueue()
        self._sender: threading.Thread | None = None
        self._listener: socket.socket | None = None
        self._peer: socket.socket | None = None
        self._restart_channel()

    def _restart_channel(self) -> None:
        """Begin a new stream through the channel, with the same seed."""
        modem = PhyConfig(rate_hz=self.profile.rate_hz, amplitude=self.profile.amplitude)
        channel = parse_channel(self.profile.channel).for_modem(modem)
        self._channel = channel.stream(np.random.default_rng(self.profile.seed or None))
        self._ready = np.zeros(0, np.complex64)
        self._sample_part = b""

    def start(self) -> None:
        """Listen, and connect to the receiver.

        Raises:
            RadioError: it cannot listen at the address.
        """
        self._stopping.clear()
        self._restart_channel()
        if self._receives:
            try:
                self._listener = socket.create_server(self._endpoint)
            except OSError as error:
                raise RadioError(
                    f"radio {self.profile.name} cannot listen at {self.profile.address}: {error}"
                ) from error
        if self._transmits:
            self._sender = threading.Thread(target=self._send, name="simulated radio", daemon=True)
            self._sender.start()
        self._on_event("ready", "", 1)

    def stop(self) -> None:
        """Close both ends. Queued bursts are dropped: see drain."""
        self._stopping.set()
        if self._sender is not None:
            self._sender.join()
            self._sender = None
        for end in (self._listener, self._peer):
            if end is not None:
                end.close()
        self._listener = None
        self._peer = None
        self._queue = TransmitQueue()

    def read(self, count: int, timeout_s: float) -> np.ndarray:
        """The next samples, behind the channel (see Radio)."""
        deadline = time.monotonic() + timeout_s
        while not len(self._ready):
            sent = self._receive(count, max(0.0, deadline - time.monotonic()))
            self._ready = self._channel.push(sent)
        samples = self._ready[:count]
        self._ready = self._ready[count:]
        return samples

    def _receive(self, count: int, timeout_s: float) -> np.ndarray:
        """Samples from the transmitter, which may be none; one transmitter is served at a time.

        Raises:
            TimeoutError: nothing has come in time.
            RadioError: it is not started as a receiver.
        """
        source = self._peer or self._listener
        if source is None:
            raise RadioError(f"radio {self.profile.name} is not started as a receiver")
        if not select.select([source], [], [], timeout_s)[0]:
            raise TimeoutError(f"no sample within {timeout_s:g} s")
        if self._peer is None:
            self._peer, _ = source.accept()
            return np.zeros(0, np.complex64)
        try:
            data = self._peer.recv(SAMPLE_BYTES * count)
        except OSError:
            data = b""
        if not data:
            self._peer.close()
            self._peer = None
            self._sample_part = b""
        data = self._sample_part + data
        whole = len(data) // SAMPLE_BYTES * SAMPLE_BYTES
        self._sample_part = data[whole:]
        return np.frombuffer(data[:whole], np.complex64)

    def write(self, samples: np.ndarray, timeout_s: float) -> int:
        """Queue samples for transmission (see Radio)."""
        scaled = np.array(samples, np.complex64) * np.float32(self.profile.amplitude)
        return self._queue.put(scaled, timeout_s)

    @property
    def sent(self) -> int:
        """How many bursts have been sent to the receiver."""
        return self._queue.first

    def drain(self, timeout_s: float) -> bool:
        """Wait until all has been sent to the receiver; False when it has not in time."""
        return self._queue.wait_empty(timeout_s)

    def _send(self) -> None:
        """Send what is queued, and connect again when the receiver is gone."""
        while not self._stopping.is_set():
            try:
                with socket.create_connection(self._endpoint, timeout=1.0) as peer:
                    peer.settimeout(POLL_S)
                    self._send_to(peer)
            except OSError:  # not there yet, or gone
                self._stopping.wait(RECONNECT_S)

    def _send_to(self, peer: socket.socket) -> None:
        while not self._stopping.is_set():
            samples = self._queue.get(self._queue.first, POLL_S)
            if samples is None:
                continue
            rest = memoryview(np.ascontiguousarray(samples).tobytes())
            while len(rest) and not self._stopping.is_set():
                try:
                    rest = rest[peer.send(rest) :]
                except TimeoutError:  # the receiver does not read
                    continue
            self._queue.remove_through(self._queue.first)


def _parse_endpoint(address: str) -> tuple[str, int]:
    """Host and port of an address, or ConfigError."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise ConfigError(
            f"address of the simulation is {address!r}; allowed is HOST:PORT, such as "
            "127.0.0.1:5560"
        )
    return host, int(port)
