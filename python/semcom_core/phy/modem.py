# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Burst modem on raw samples: frames to complex baseband and back, whole or as a stream.

The frames of texts share a burst; each fragment of a picture has a burst of its own, so that a fade
or a collision takes one of them and not all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from semcom_core.config import from_mapping
from semcom_core.errors import ConfigError, check_range, check_type, printable
from semcom_core.frame import WIDE_CODECS, Frame, ReceivedFrame
from semcom_core.phy.config import PhyConfig
from semcom_core.phy.receiver import Receiver, ReceiverStats
from semcom_core.phy.transmitter import Transmitter

#: Silence before and after each burst, samples.
SILENCE = 400
#: Most silence that `modulate` takes, samples.
MOST_SILENCE = 1 << 26


class Modem:
    """Burst modem on raw samples: frames to complex baseband and back.

    Args:
        profile: "standard", or "long-range" for SNR below 0 dB.
        settings: further fields of PhyConfig: rate_hz, max_cfo_hz, amplitude, headroom_db, key,
            interleave, max_frames.

    Raises:
        ConfigError: unknown profile or setting, or one out of range.

    >>> import semcom_core as sc
    >>> modem = sc.Modem()
    >>> frames = sc.load_text_codec("deflate").encode("Good morning.", snr_db=8)
    >>> samples = modem.modulate(frames)
    >>> samples.dtype, len(samples)
    (dtype('complex64'), 1316)
    >>> received = modem.demodulate(sc.apply_channel(samples, "awgn:8+cfo:5khz", modem=modem))
    >>> sc.load_text_codec("deflate").decode(received).text
    'Good morning.'

    A stream comes in pieces; a frame is returned with the piece that completes it:

    >>> received = []
    >>> for begin in range(0, len(samples), 500):
    ...     received += modem.push(samples[begin : begin + 500])
    >>> received += modem.flush()
    >>> [frame.header.length for frame in received] == [len(frame.symbols) for frame in frames]
    True
    """

    def __init__(self, profile: str = "standard", **settings: Any):
        self.config: PhyConfig = from_mapping(PhyConfig, {"profile": profile, **settings})
        self._transmitter = Transmitter(self.config)
        self._receiver: Receiver | None = None

    @property
    def rate_hz(self) -> float:
        """Sample rate, Hz."""
        return self.config.rate_hz

    @property
    def stats(self) -> ReceiverStats:
        """Counts of the stream that goes through `push`: bursts detected, headers, frames."""
        return self._stream().stats

    def burst(self, frames: Sequence[Frame]) -> np.ndarray:
        """One burst, from the first sample of the preamble to the end of the guard.

        Args:
            frames: 1 to config.max_frames frames.

        Returns:
            complex64 (n,).

        Raises:
            FrameError: no frame, too many frames, or symbols that are not finite.
            ConfigError: what is given is no sequence of frames.
        """
        check_frames(frames)
        return self._transmitter.burst(frames)

    def modulate(self, frames: Sequence[Frame], silence: int = SILENCE) -> np.ndarray:
        """Samples of frames: one burst, or of a picture one for each fragment.

        Args:
            frames: one or more.
            silence: samples of silence before the first burst and after each.

        Returns:
            complex64 (n,) at `rate_hz`.

        Raises:
            FrameError: as of `burst`.
            ConfigError: what is given is no sequence of frames, or no count of samples.
        """
        check_frames(frames)
        check_type("silence", silence, int, "a whole number of samples")
        check_range("silence", silence, 0, MOST_SILENCE)
        gap = np.zeros(silence, np.complex64)
        parts = [gap]
        for together in bursts_of(frames):
            parts += [self.burst(together), gap]
        return np.concatenate(parts)

    def demodulate(self, samples: np.ndarray) -> list[ReceivedFrame]:
        """Frames of a whole recording.

        Args:
            samples: complex (n,) at `rate_hz`.

        Returns:
            Frames with a good header in the order in which they were sent; a frame that the
            recording cuts off has its missing symbols erased.

        Raises:
            ConfigError: what is given is no vector of numbers.
        """
        check_samples(samples)
        receiver = Receiver(self.config)
        return receiver.push(samples) + receiver.flush()

    def push(self, samples: np.ndarray) -> list[ReceivedFrame]:
        """Take the next samples of a stream, complex (n,); returns the frames completed by them.

        Raises:
            ConfigError: what is given is no vector of numbers.
        """
        check_samples(samples)
        return self._stream().push(samples)

    def flush(self) -> list[ReceivedFrame]:
        """End the stream; returns the frames that were still on their way."""
        return self._stream().flush()

    def _stream(self) -> Receiver:
        if self._receiver is None:
            self._receiver = Receiver(self.config)
        return self._receiver


def bursts_of(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Frames as they share bursts: each fragment of a picture has one of its own, all else is
    together in one.
    """
    if any(frame.header.codec in WIDE_CODECS for frame in frames):
        return [[frame] for frame in frames]
    return [list(frames)]


def check_samples(samples: Any) -> None:
    """Raise ConfigError unless something is a vector of numbers, (n,)."""
    vector = np.asarray(samples) if isinstance(samples, list | tuple | np.ndarray) else None
    if vector is None or vector.ndim != 1 or vector.dtype.kind not in "iufc":
        raise ConfigError(f"samples are {printable(samples)}; allowed is complex (n,)")


def check_frames(frames: Any) -> None:
    """Raise ConfigError unless something is a sequence of frames."""
    if not isinstance(frames, list | tuple):
        raise ConfigError(f"frames are {printable(frames)}; allowed is a list of frames")
    for frame in frames:
        check_type("frame", frame, Frame, "a Frame, such as `encode` of a codec gives")
