# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients have written to a radio's attributes, in order.

The air: radios, the links between them, and one clock.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

from semcom_core.radio.virtual.air.link import AirReceiver, Link, warm_up
from semcom_core.radio.virtual.air.plan import AirPlan, RadioSpec
from semcom_core.radio.virtual.air.port import Clock
from semcom_core.radio.virtual.air.transmitter import AirTransmitter

#: Entries kept of each radio.
KEPT = 10000


@dataclass(frozen=True)
class LogEntry:
    """One write: when in virtual time, to which device or direction, which attribute, and what."""

    time_s: float
    client: str
    attribute: str
    value: str


class WriteLog:
    """The latest writes to one radio.

    Args:
        now: virtual time, s.
    """

    def __init__(self, now: Callable[[], float]):
        self._now = now
        self._entries = deque(maxlen=KEPT)
        self._lock = threading.Lock()

    def add(self, client: str, attribute: str, value) -> None:
        """Enter a write."""
        entry = LogEntry(self._now(), client, attribute, str(value))
        with self._lock:
            self._entries.append(entry)

    @property
    def entries(self) -> list[LogEntry]:
        """All that are kept, oldest first."""
        with self._lock:
            return list(self._entries)


@dataclass(frozen=True)
class AirRadio:
    """A radio on the air: its two directions, and what clients have written to it."""

    name: str
    spec: RadioSpec
    rx: AirReceiver
    tx: AirTransmitter
    log: WriteLog


class Air:
    """The medium.

        client ─► IIO server ──► transmitter ─► segments ─┐
                                                          ├─ links ─► receiver ─► Soapy server ─► client
        client ─► Soapy server ► transmitter ─► segments ─┘

    Transmitters keep what they send as segments on absolute sample indices. Receivers mix when they
    are read: the samples of each link's transmitter, through the link's terms, plus noise, which
    depends on seed, receiver and sample index alone.

    Args:
        plan: radios, links and pacing.
    """

    def __init__(self, plan: AirPlan):
        warm_up()
        self.plan = plan
        self.clock = Clock(plan.pacing == "elastic", plan.speed)
        transmitters = {name: AirTransmitter(self.clock, spec) for name, spec in plan.radios}
        self.radios: dict[str, AirRadio] = {}
        for name, spec in plan.radios:
            links = [
                Link(link, transmitters[link.source], plan.seed)
                for link in plan.links
                if link.target == name
            ]
            receiver = AirReceiver(self.clock, spec, links, (plan.seed, crc32(name.encode())))
            self.radios[name] = AirRadio(
                name, spec, receiver, transmitters[name], WriteLog(self.clock.now)
            )

    def close(self) -> None:
        """Close all streams; who waits gets RadioClosed."""
        for radio in self.radios.values():
            radio.rx.close()
            radio.tx.close()
