# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated air of virtual radios: radios, links, one virtual clock, and logs of settings."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

from semcom_core.radio.virtual.air.plan import AirPlan, RadioSpec
from semcom_core.radio.virtual.air.port import VirtualClock
from semcom_core.radio.virtual.air.receiver import AirLink, AirReceiver, warm_up
from semcom_core.radio.virtual.air.transmitter import AirTransmitter

#: Log entries that are kept of each radio.
KEPT = 10000


class Air:
    """The medium between virtual radios.

        client ─► IIO server ───► transmitter ─► segments ─┐
                                                           ├─► links ─► receiver ─► server ─► client
        client ─► Soapy server ─► transmitter ─► segments ─┘

    Transmitters keep what they send as segments on absolute sample indices. A receiver mixes when
    it is read: the samples of each link's transmitter, through the link's channel terms, plus
    noise, which depends on seed, receiver and sample index alone.

    Args:
        plan: radios, links and pacing.
    """

    def __init__(self, plan: AirPlan):
        warm_up()
        self.plan = plan
        self.clock = VirtualClock(plan.pacing == "elastic", plan.speed)
        transmitters = {name: AirTransmitter(self.clock, spec) for name, spec in plan.radios}
        self.radios: dict[str, AirRadio] = {}
        for name, spec in plan.radios:
            links = [
                AirLink(link, transmitters[link.source], plan.seed)
                for link in plan.links
                if link.target == name
            ]
            receiver = AirReceiver(self.clock, spec, links, (plan.seed, crc32(name.encode())))
            self.radios[name] = AirRadio(
                name, spec, receiver, transmitters[name], WriteLog(self.clock.now)
            )

    def close(self) -> None:
        """Close all streams; waits for them raise RadioClosed."""
        for radio in self.radios.values():
            radio.rx.close()
            radio.tx.close()


@dataclass(frozen=True)
class AirRadio:
    """A radio on the air.

    Args:
        name: its name in the plan.
        spec: its entry in the plan.
        rx: its receiver.
        tx: its transmitter.
        log: what clients have set.
    """

    name: str
    spec: RadioSpec
    rx: AirReceiver
    tx: AirTransmitter
    log: WriteLog


@dataclass(frozen=True)
class LogEntry:
    """One setting by a client.

    Args:
        time_s: virtual time, s.
        client: device or direction that was set.
        attribute: name of the attribute or setting.
        value: the value as text.
    """

    time_s: float
    client: str
    attribute: str
    value: str


class WriteLog:
    """The latest settings of one radio by its clients, in order.

    Args:
        now: returns the virtual time, s.
    """

    def __init__(self, now: Callable[[], float]):
        self._now = now
        self._entries: deque[LogEntry] = deque(maxlen=KEPT)
        self._lock = threading.Lock()

    def add(self, client: str, attribute: str, value: object) -> None:
        """Append an entry.

        Args:
            client: device or direction that was set.
            attribute: name of the attribute or setting.
            value: the value.
        """
        entry = LogEntry(self._now(), client, attribute, str(value))
        with self._lock:
            self._entries.append(entry)

    @property
    def entries(self) -> list[LogEntry]:
        """All entries that are kept, oldest first."""
        with self._lock:
            return list(self._entries)
