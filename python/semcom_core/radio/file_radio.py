# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A SigMF recording in the place of a radio: a receiver reads it, a transmitter writes it.

It has the methods of semcom_core.radio.process.supervisor.RadioProcess.
"""

from __future__ import annotations

import time
from collections import Counter

import numpy as np

from semcom_core.errors import ConfigError
from semcom_core.radio.profile import RadioProfile
from semcom_core.radio.recording import Recorder, Recording, read_recording

#: Silence after the end of a recording, samples: what the receiver works on ahead of it comes out.
SILENCE = 1 << 16


class FileRadio:
    """A recording that is read, or one that is written.

    Args:
        profile: of the backend file; its address is the recording.
        receive, transmit: which of both.
        on_event: see RadioProcess.

    Raises:
        ConfigError: there is no such recording, it has another sample rate, or it is to be read and
            written.
    """

    def __init__(self, profile: RadioProfile, receive=True, transmit=False, on_event=None):
        profile.notice_for(receive, transmit)
        self.profile = profile
        self._on_event = on_event
        self.counts = Counter()
        self.failure = ""
        self.sent = 0
        self._recording: Recording | None = None
        self._recorder: Recorder | None = None
        self._position = 0
        if receive:
            self._recording = read_recording(profile.address)
            rate_hz = self._recording.rate_hz
            if rate_hz != profile.rate_hz:
                raise ConfigError(
                    f"rate_hz is {profile.rate_hz:.10g}; allowed is that of {profile.address}, "
                    f"{rate_hz:.10g}"
                )
        self._transmits = transmit

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
        """End a recording that is written."""
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None

    def wait_ready(self, timeout_s: float = 0.0) -> None:
        """It is ready once started."""

    def read(self, count: int, timeout_s: float) -> np.ndarray:
        """The next samples, complex64, 1 to `count` of them.

        Raises:
            TimeoutError: the recording and the silence after it are over.
            RadioError: the recording cannot be read.
        """
        if self.over:
            time.sleep(timeout_s)
            raise TimeoutError(f"recording {self.profile.address} is over")
        recorded = self._recording.count - self._position
        if recorded > 0:
            out = self._recording.read(self._position, min(count, recorded))
        else:
            out = np.zeros(min(count, recorded + SILENCE), np.complex64)
        self._position += len(out)
        return out

    @property
    def over(self) -> bool:
        """Whether all has been read."""
        return self._recording is None or self._position == self._recording.count + SILENCE

    def write(self, samples: np.ndarray, timeout_s: float) -> int:
        """Write samples, complex64 (n,)."""
        self._recorder.write(np.asarray(samples) * np.float32(self.profile.amplitude))
        self.sent += 1
        return self.sent - 1

    def drain(self, timeout_s: float) -> bool:
        """All that was written has been written."""
        return True

    def set(self, **settings) -> None:
        """Gains and frequencies mean nothing here; they are checked all the same."""
        self.profile = self.profile.with_settings(**settings)
