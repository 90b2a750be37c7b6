# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SigMF recording used as a radio: a receiver reads it, a transmitter writes it."""

from __future__ import annotations

import time

import numpy as np

from semcom_core.errors import ConfigError, RadioError
from semcom_core.radio.base import EventHandler, Radio
from semcom_core.radio.profile import RadioProfile
from semcom_core.radio.recording import Recorder, Recording, read_recording

#: Zeros after the end of a recording, samples: they flush the receiver's pipeline.
SILENCE = 1 << 16


class FileRadio(Radio):
    """A recording that is read, or one that is written.

    Args:
        profile: of the backend file; its address is the recording.
        receive: whether the recording is read.
        transmit: whether it is written.
        on_event: see Radio.

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
        super().__init__(profile, on_event)
        self._written = 0
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

    def read(self, count: int, timeout_s: float) -> np.ndarray:
        """The next samples; a read after the end takes timeout_s (see Radio).

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
        """Whether the recording and the silence after it have been read."""
        return self._recording is None or self._position == self._recording.count + SILENCE

    def write(self, samples: np.ndarray, timeout_s: float) -> int:
        """Append samples to the recording (see Radio).

        Raises:
            RadioError: the recording is not open, or cannot be written.
        """
        if self._recorder is None:
            raise RadioError(f"recording {self.profile.address} is not open for writing")
        self._recorder.write(np.asarray(samples) * np.float32(self.profile.amplitude))
        self._written += 1
        return self._written - 1

    @property
    def sent(self) -> int:
        """How many bursts have been written."""
        return self._written

    def drain(self, timeout_s: float) -> bool:
        """Whether all has been written: it always has."""
        return True
