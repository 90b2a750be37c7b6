# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ADC's side: buffers of what is received."""

from __future__ import annotations

import threading

import numpy as np

from semcom_core.radio.air import AirReceiver
from semcom_core.radio.iio.front import ReceiveFront
from semcom_core.radio.iio.samples import adc_words, sample_bytes
from semcom_core.radio.iio.stream import Stream


class Capture(Stream):
    """Buffers of samples received.

    Args:
        receiver: of the radio on the air.
        front: is told how strong they are.
        lock: of all that clients share.
    """

    def __init__(self, receiver: AirReceiver, front: ReceiveFront, lock: threading.RLock):
        super().__init__(receiver, lock)
        self._front = front

    def read(self, size: int, timeout_s: float) -> memoryview:
        """Bytes of the next samples, at most a buffer of them.

        Args:
            size: bytes wanted at the most.
            timeout_s: longest wait, s.

        Raises:
            TimeoutError: they have not come; none are lost by asking again.
            RadioClosed: the stream was closed.
        """
        layout = self.layout
        count = min(size, layout.bytes) // sample_bytes(layout.mask)
        samples = self._port.read(count, timeout_s).samples
        with self._lock:
            self._front.heard(float(np.vdot(samples, samples).real) / count)
        return memoryview(adc_words(samples, layout.mask)).cast("B")
