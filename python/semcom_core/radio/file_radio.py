# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SigMF recording used as a radio: a receiver reads it, a transmitter writes it.

It has the methods of semcom_core.radio.process.supervisor.RadioProcess.
"""

from __future__ import annotations

import time
from collections import Counter

import numpy as np

from semcom_core.errors import ConfigError, RadioError
from semcom_core.radio.process.supervisor import EventHandler, ignore_event
from semcom_core.radio.profile import RadioProfile
from semcom_core.radio.recording import Recorder, Recording, read_recording

#: Zeros after the end of a recording, samples: they flush the receiver's pipeline.
SILENCE = 1 << 16


class FileRadio:
    """A recording that is read, or one that is written.

    Args:
        profile: of the backend file; its address is the recording.
        receive: whether the recording is read.
        transmit: whether it is written.
        on_event: see RadioProcess.

    Raises:
        ConfigError: there is no such recording, it has another sample rate, or it is to be read and
            written.
    """

    def __init__(
        self,
        profile: RadioProfile,
        receive: bool = True,
        transmit: bool = False,
        on_event: EventHandler | None = None,
    ):
        profile.notice_for(receive, transmit)
        self.profile = profile
        self.counts: Counter[str] = Counter()
        self.failure = ""
        self.sent = 0
        self._on_event = on_event or ignore_event
        self._transmits = transmit
        self._recorder: Recorder | None = None
        self._recording: Recording | None = None
        self._position = 0
        if receive:
            self._recording = read_recording(profile.address)
            rate_hz = self._recording.rate_hz
            if rate_hz != profile.rate_hz:
                raise ConfigError(
                    f"rate_hz is {profile.rate_hz:.10g}; allowed is that of {profile.address}, "
                    f"{rate_hz:.10g}"
                )

    def start(self) -> None:
        """Begin with the first sample; a recording that is written is begun anew."""
        self._position = 0
        if self._transmits:
            self._recorder = Recorder(
                self.profile.address,
                self.profile.rate_hz,
                self.profile.tx_lo_hz,
                "transmitted",
                self.profile.name,
            )
        self._on_event("ready", "", 1)

    def stop(self) -> None:
        """Close a recording that is written."""
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None

    def wait_ready(self, timeout_s: float = 0.0) -> None:
        """Return at once: it is ready when started."""

    def read(self, count: int, timeout_s: float) -> np.ndarray:
        """The next samples.

        Args:
            count: samples wanted at the most.
            timeout_s: how long a read after the end takes, s.

        Returns:
            complex64 (1 to count,), full scale 1.

        Raises:
            TimeoutError: the recording and the silence after it are over.
            RadioError: the recording cannot be read.
        """
        if self._recording is None or self.over:
            time.sleep(timeout_s)
            raise TimeoutError(f"recording {self.profile.address} is over")
        recorded = self._recording.count - self._position
        if recorded > 0:
            samples = self._recording.read(self._position, min(count, recorded))
        else:
            samples = np.zeros(min(count, recorded + SILENCE), np.complex64)
        self._position += len(samples)
        return samples

    @property
    def over(self) -> bool:
        """Whether all has been read."""
        return self._recording is None or self._position == self._recording.count + SILENCE

    def write(self, samples: np.ndarray, timeout_s: float) -> int:
        """Append samples, complex (n,), to the recording; returns the number of the burst.

        Raises:
            RadioError: the recording is not open, or cannot be written.
        """
        if self._recorder is None:
            raise RadioError(f"recording {self.profile.address} is not open for writing")
        self._recorder.write(np.asarray(samples) * np.float32(self.profile.amplitude))
        self.sent += 1
        return self.sent - 1

    def drain(self, timeout_s: float) -> bool:
        """Whether all has been written: it always has."""
        return True

    def set(self, **settings: float) -> None:
        """Check gains and frequencies; they have no effect here."""
        self.profile = self.profile.with_settings(**settings)
