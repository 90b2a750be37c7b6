# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interface of radios: what RadioProcess, FileRadio and SimulationRadio have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from typing import Self

import numpy as np

from semcom_core.errors import RadioError
from semcom_core.radio.profile import RadioProfile

#: Handler of the events of a radio, called with (state, reason, count).
EventHandler = Callable[[str, str, int], None]


def ignore_event(state: str, reason: str, count: int) -> None:
    """Ignore an event.

    Args:
        state: state of the radio, see Radio.
        reason: why, in words.
        count: how many events of this kind.
    """


class Radio(ABC):
    """A radio that is read from and written to, between start() and stop() or in a `with` block.

    Args:
        profile: settings of the radio.
        on_event: called with (state, reason, count). States: "loading" (the radio is being set up),
            "ready", "overrun" and "underrun" (so many more), "reconnecting", "failed" (the radio is
            given up). None: events are ignored.

    Attributes:
        counts: overruns, underruns and reconnects.
        failure: why the radio was given up; empty while it works.
    """

    def __init__(self, profile: RadioProfile, on_event: EventHandler | None) -> None:
        self.profile = profile
        self.counts: Counter[str] = Counter()
        self.failure = ""
        self._on_event = on_event or ignore_event

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def over(self) -> bool:
        """Whether all has been read; only recordings come to an end."""
        return False

    @property
    @abstractmethod
    def sent(self) -> int:
        """How many bursts have left the radio."""

    @abstractmethod
    def start(self) -> None:
        """Set the radio up, or begin to; on_event and wait_ready tell when it is.

        Raises:
            RadioError: it cannot be set up.
        """

    @abstractmethod
    def stop(self) -> None:
        """Close the radio. Queued bursts are dropped: see drain. Does nothing when not started."""

    def wait_ready(self, timeout_s: float = 0.0) -> None:
        """Wait until the radio is set up; by default it is when start() returns.

        Raises:
            TimeoutError: it was not in time.
            RadioError: the radio is given up, or stopped.
        """
        if self.failure:
            raise RadioError(self.failure)

    @abstractmethod
    def read(self, count: int, timeout_s: float) -> np.ndarray:
        """The next samples; lost ones are left out and counted.

        Args:
            count: samples wanted at the most.
            timeout_s: longest wait, s.

        Returns:
            complex64 (1 to count,), full scale 1.

        Raises:
            TimeoutError: none has come in time.
            RadioError: the radio is given up, or stopped, or does not receive.
        """

    @abstractmethod
    def write(self, samples: np.ndarray, timeout_s: float) -> int:
        """Queue samples for transmission, as one burst.

        Args:
            samples: complex (n,), full scale 1; they are scaled by the profile's amplitude.
            timeout_s: longest wait for room in the queue, s.

        Returns:
            Number of the burst.

        Raises:
            TimeoutError: the queue is full; nothing was taken.
            RadioError: the radio is given up, or stopped, or does not transmit.
        """

    @abstractmethod
    def drain(self, timeout_s: float) -> bool:
        """Wait until all that was written has left the radio; False when it has not in time, or
        cannot.
        """

    def set(self, **settings: float) -> None:
        """Change gains (rx_gain_db, tx_gain_db) and frequencies (lo_hz, rx_lo_hz, tx_lo_hz); by
        default they are checked and have no effect.

        Raises:
            ConfigError: a value is not allowed; everything stays as it was.
        """
        self.profile = self.profile.with_settings(**settings)
