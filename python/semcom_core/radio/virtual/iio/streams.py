# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The four tone generators of the DAC core, two each for I and Q.

    channel I or Q = sum over its two tones of scale sin(2 pi step i / 65536 + phase)

Samples as the converters' words and as complex numbers of full scale 1.

The ADC has 12 bits in the low part of 16 (le:S12/16>>0), the DAC takes 16 (le:S16/16>>0); a mask
says which of I (1) and Q (2) are there.

What the buffers of both converters have in common: one client at a time, and bounded sizes.

The ADC's side: buffers of what is received.

The DAC's side: buffers to be sent, and the tones where there are none.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from semcom_core.errors import RadioError
from semcom_core.radio.virtual.air import AirReceiver, AirTransmitter
from semcom_core.radio.virtual.air.port import KEEP_S
from semcom_core.radio.virtual.iio import attributes
from semcom_core.radio.virtual.iio.attributes import Binding
from semcom_core.radio.virtual.iio.transceiver import ReceiveFront

#: Steps of a turn: frequencies are multiples of rate / PERIOD, and so the sum of all tones repeats
#: after PERIOD samples.
PERIOD = 65536
FULL_TURN = 360_000
#: The generators in the order of their channels: altvoltage0 and 1 make I, 2 and 3 make Q.
TONES = 4
TONES_OF_I = 2


@dataclass
class Tone:
    """One generator: step of its phase, phase in thousandths of a degree, amplitude, and whether it
    is on.
    """

    step: int = 0
    phase: int = 0
    scale: float = 0.0
    on: bool = False

    def wave(self) -> np.ndarray:
        """One period, float (PERIOD,)."""
        turns = (self.step * np.arange(PERIOD)) % PERIOD / PERIOD + self.phase / FULL_TURN
        return self.scale * np.sin(2 * np.pi * turns)


class Tones:
    """All generators.

    Args:
        rate_hz: gives the DAC's rate.
        changed: is called after each change.
    """

    def __init__(self, rate_hz: Callable[[], int], changed: Callable[[], None]):
        self._rate_hz = rate_hz
        self._changed = changed
        self._tones = [Tone() for _ in range(TONES)]

    @property
    def audible(self) -> bool:
        """Whether there is anything but silence."""
        return any(one.on and one.scale for one in self._tones)

    def period(self) -> np.ndarray:
        """What they make together, complex64 (PERIOD,), of full scale 1."""
        waves = [one.wave() if one.on else np.zeros(PERIOD) for one in self._tones]
        return (sum(waves[:TONES_OF_I]) + 1j * sum(waves[TONES_OF_I:])).astype(np.complex64)

    def bindings(self) -> dict[str, Binding]:
        """What stands behind the attributes, by the names of the catalogue."""
        made = {}
        for number, tone in enumerate(self._tones):
            made |= {
                f"tone{number}_frequency": Binding(
                    partial(self._frequency, tone), partial(self._set_frequency, tone)
                ),
                f"tone{number}_phase": Binding(
                    partial(_phase, tone), partial(self._set_phase, tone)
                ),
                f"tone{number}_scale": Binding(
                    partial(_scale, tone), partial(self._set_scale, tone)
                ),
                f"tone{number}_raw": Binding(partial(_on, tone), partial(self._set_on, tone)),
            }
        return made

    def _frequency(self, tone: Tone) -> str:
        return str(round(tone.step * self._rate_hz() / PERIOD))

    def _set_frequency(self, tone: Tone, text: str) -> None:
        wanted_hz = attributes.within(
            "frequency", attributes.fixed_point("frequency", text), 0, self._rate_hz() / 2
        )
        tone.step = round(wanted_hz * PERIOD / self._rate_hz())
        self._changed()

    def _set_phase(self, tone: Tone, text: str) -> None:
        tone.phase = (
            int(attributes.within("phase", attributes.fixed_point("phase", text), 0, FULL_TURN))
            % FULL_TURN
        )
        self._changed()

    def _set_scale(self, tone: Tone, text: str) -> None:
        tone.scale = attributes.within("scale", attributes.fixed_point("scale", text), 0, 1)
        self._changed()

    def _set_on(self, tone: Tone, text: str) -> None:
        tone.on = attributes.flag("raw", text)
        self._changed()


def _phase(tone: Tone) -> str:
    return str(tone.phase)


def _scale(tone: Tone) -> str:
    return f"{tone.scale:.6f}"


def _on(tone: Tone) -> str:
    return str(int(tone.on))


ADC_SCALE = 2048
DAC_SCALE = 32768
BOTH = 3
WORD_BYTES = 2


def sample_bytes(mask: int) -> int:
    """Bytes of a sample with the channels of a mask."""
    return WORD_BYTES * mask.bit_count()


def adc_words(samples: np.ndarray, mask: int = BOTH) -> np.ndarray:
    """Samples as the ADC's words.

    Args:
        samples: complex64 (n,), full scale 1; what lies beyond it is clipped.
        mask: channels wanted.

    Returns:
        int16 little-endian, I and Q interleaved, or one of them.
    """
    parts = np.multiply(samples.view(np.float32), np.float32(ADC_SCALE))
    np.rint(parts, out=parts)
    np.clip(parts, -ADC_SCALE, ADC_SCALE - 1, out=parts)
    words = parts.astype("<i2")
    return words if mask == BOTH else words[mask - 1 :: 2].copy()


def from_dac_words(payload: bytes | bytearray, mask: int = BOTH) -> np.ndarray:
    """Samples of words for the DAC; a channel that is not there is zero.

    Args:
        payload: whole samples of int16 little-endian.
        mask: channels that it holds.

    Returns:
        complex64 (n,), full scale 1.
    """
    words = np.frombuffer(payload, "<i2")
    if mask == BOTH:
        return np.multiply(words, np.float32(1 / DAC_SCALE), dtype=np.float32).view(np.complex64)
    parts = np.zeros(2 * len(words), np.float32)
    parts[mask - 1 :: 2] = words * np.float32(1 / DAC_SCALE)
    return parts.view(np.complex64)


#: Buffers a client can ask for, and how many there are where it does not ask.
MAX_BUFFERS = 64
USUAL_BUFFERS = 4
#: Samples of a buffer at the most.
MAX_SAMPLES = 1 << 23


@dataclass(frozen=True)
class Layout:
    """A buffer as a client opened it: samples in it, which channels, and whether it is sent over
    and over.
    """

    samples: int
    mask: int = BOTH
    cyclic: bool = False

    def __post_init__(self):
        if not 0 < self.samples <= MAX_SAMPLES:
            raise RadioError(
                errno.EINVAL,
                f"samples of a buffer are {self.samples}; allowed is 1 to {MAX_SAMPLES}",
            )
        if not 0 < self.mask <= BOTH:
            raise RadioError(
                errno.EINVAL, f"mask of channels is {self.mask:#x}; allowed is 1 to {BOTH}"
            )

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
        self._port = port
        self._lock = lock
        self._buffers = USUAL_BUFFERS
        self.layout = None

    def set_buffers(self, count: int) -> None:
        """How many buffers the next stream has.

        Raises:
            RadioError: out of range (EINVAL), or a stream is open (EBUSY).
        """
        with self._lock:
            if self.layout is not None:
                raise RadioError(
                    errno.EBUSY, "number of buffers cannot change while a stream is open"
                )
            if not 0 < count <= MAX_BUFFERS:
                raise RadioError(
                    errno.EINVAL, f"number of buffers is {count}; allowed is 1 to {MAX_BUFFERS}"
                )
            self._buffers = count

    def open(self, layout: Layout) -> None:
        """Begin a stream.

        Raises:
            RadioError: another client has one (EBUSY), a buffer lasts longer than the air remembers
                (ENOMEM).
        """
        with self._lock:
            if self.layout is not None:
                raise RadioError(errno.EBUSY, "buffer is open already; one client can have it")
            most = int(KEEP_S * self._port.rate_hz)
            if layout.samples > most:
                raise RadioError(
                    errno.ENOMEM,
                    f"samples of a buffer are {layout.samples}; allowed at this rate is up to "
                    f"{most}",
                )
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


class Playback(Stream):
    """Buffers of samples to be sent; without a stream the tones are.

    Args:
        transmitter: of the radio on the air.
        lock: of all that clients share.
        rate_hz: gives the DAC's rate.
    """

    def __init__(
        self, transmitter: AirTransmitter, lock: threading.RLock, rate_hz: Callable[[], int]
    ):
        super().__init__(transmitter, lock)
        self.tones = Tones(rate_hz, self._play_tones)
        self._cycle: np.ndarray | None = None

    def check_free(self) -> None:
        """Raise RadioError (EBUSY) where the buffer is cyclic and has been sent."""
        if self._cycle is not None:
            raise RadioError(
                errno.EBUSY, "cyclic buffer is being sent; it must be closed before another can be"
            )

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
