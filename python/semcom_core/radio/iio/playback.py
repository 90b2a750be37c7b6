# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The DAC's side: buffers to be sent, and the tones where there are none."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable

import numpy as np

from semcom_core.errors import RadioError
from semcom_core.radio.air import AirTransmitter
from semcom_core.radio.iio.samples import from_dac_words
from semcom_core.radio.iio.stream import Stream
from semcom_core.radio.iio.tones import PERIOD, Tones


class Playback(Stream):
    """Buffers of samples to be sent; without a stream the tones are.

    Args:
        transmitter: of the radio on the air.
        lock: of all that clients share.
        rate_hz: gives the DAC's rate.
    """

    def __init__(self, transmitter: AirTransmitter, lock: threading.RLock, rate_hz: Callable[[], int]):
        super().__init__(transmitter, lock)
        self.tones = Tones(rate_hz, self._play_tones)
        self._cycle: np.ndarray | None = None

    def check_free(self) -> None:
        """Raise RadioError (EBUSY) where the buffer is cyclic and has been sent."""
        if self._cycle is not None:
            raise RadioError(errno.EBUSY, "cyclic buffer is being sent; it must be closed before another can be")

    def write(self, payload: bytes | bytearray, timeout_s: float) -> None:
        """Send a buffer.

        Args:
            payload: whole samples, at most a buffer of them.
            timeout_s: longest wait for room, s.

        Raises:
            RadioError: the buffer is cyclic and has been sent (EBUSY).
            TimeoutError: there was no room; nothing was taken.
            RadioClosed: the stream was closed.
        """
        self.check_free()
        samples = from_dac_words(payload, self.layout.mask)
        if not self.layout.cyclic:
            self._port.write(samples, timeout_s)
            return
        with self._lock:
            self._cycle = samples
            self._port.repeat(samples)

    def rate_changed(self) -> None:
        """Go on with what is sent over and over, which a change of the rate has ended."""
        if self._cycle is not None and self.layout is not None:
            self._port.repeat(self._cycle)
        self._play_tones()

    def _begin(self, capacity: int) -> None:
        self._cycle = None
        self._port.close()
        super()._begin(capacity)

    def _end(self) -> None:
        super()._end()
        self._play_tones()

    def _play_tones(self) -> None:
        """Send the tones anew where no stream is open."""
        if self.layout is None:
            self._port.close()
            if self.tones.audible:
                self._port.open(PERIOD)
                self._port.repeat(self.tones.period())
