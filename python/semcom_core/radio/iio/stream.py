# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the buffers of both converters have in common: one client at a time, and bounded sizes."""

from __future__ import annotations

import errno
import threading
from dataclasses import dataclass

from semcom_core.errors import RadioError
from semcom_core.radio.air import AirReceiver, AirTransmitter
from semcom_core.radio.air.port import KEEP_S
from semcom_core.radio.iio.samples import BOTH, sample_bytes

#: Buffers a client can ask for, and how many there are where it does not ask.
MAX_BUFFERS, USUAL_BUFFERS = 64, 4
#: Samples of a buffer at the most.
MAX_SAMPLES = 1 << 23


@dataclass(frozen=True)
class Layout:
    """A buffer as a client opened it: samples in it, which channels, and whether it is sent over and over."""

    samples: int
    mask: int = BOTH
    cyclic: bool = False

    def __post_init__(self):
        if not 0 < self.samples <= MAX_SAMPLES:
            raise RadioError(errno.EINVAL, f"samples of a buffer are {self.samples}; allowed is 1 to {MAX_SAMPLES}")
        if not 0 < self.mask <= BOTH:
            raise RadioError(errno.EINVAL, f"mask of channels is {self.mask:#x}; allowed is 1 to {BOTH}")

    @property
    def bytes(self) -> int:
        """Bytes of a full buffer."""
        return self.samples * sample_bytes(self.mask)


class Stream:
    """A converter's buffers.

    Args:
        port: direction of the radio on the air.
        lock: of all that clients share.
    """

    def __init__(self, port: AirReceiver | AirTransmitter, lock: threading.RLock):
        self._port, self._lock = port, lock
        self._buffers, self.layout = USUAL_BUFFERS, None

    def set_buffers(self, count: int) -> None:
        """How many buffers the next stream has.

        Raises:
            RadioError: out of range (EINVAL), or a stream is open (EBUSY).
        """
        with self._lock:
            if self.layout is not None:
                raise RadioError(errno.EBUSY, "number of buffers cannot change while a stream is open")
            if not 0 < count <= MAX_BUFFERS:
                raise RadioError(errno.EINVAL, f"number of buffers is {count}; allowed is 1 to {MAX_BUFFERS}")
            self._buffers = count

    def open(self, layout: Layout) -> None:
        """Begin a stream.

        Raises:
            RadioError: another client has one (EBUSY), a buffer lasts longer than the air remembers (ENOMEM).
        """
        with self._lock:
            if self.layout is not None:
                raise RadioError(errno.EBUSY, "buffer is open already; one client can have it")
            most = int(KEEP_S * self._port.rate_hz)
            if layout.samples > most:
                raise RadioError(errno.ENOMEM, f"samples of a buffer are {layout.samples}; allowed at this rate is up to {most}")
            self._begin(min(layout.samples * self._buffers, most))
            self.layout = layout

    def close(self) -> None:
        """End the stream; who waits for it gets RadioClosed."""
        with self._lock:
            if self.layout is not None:
                self.layout = None
                self._end()

    def _begin(self, capacity: int) -> None:
        self._port.open(capacity)

    def _end(self) -> None:
        self._port.close()
