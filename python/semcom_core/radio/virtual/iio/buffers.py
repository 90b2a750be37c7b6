# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buffers of the Pluto's converters, their sample formats, and the DDS tones of the DAC core.

    ADC  cf-ad9361-lpc           12 bits in the low part of 16 (le:S12/16>>0), full scale 2048
    DAC  cf-ad9361-dds-core-lpc  16 bits (le:S16/16>>0), full scale 32768

A mask says which of the channels I (1) and Q (2) a buffer has; samples are interleaved. A converter
has one client at a time. Without an open buffer the DAC sends its four tones, two each for I and Q:

    I or Q = sum over its two tones of scale sin(2 pi step i / 65536 + phase)
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from semcom_core.errors import RadioError
from semcom_core.radio.virtual.air import AirReceiver, AirTransmitter, RadioClosed
from semcom_core.radio.virtual.air.port import KEEP_S
from semcom_core.radio.virtual.iio import attributes
from semcom_core.radio.virtual.iio.attributes import Binding
from semcom_core.radio.virtual.iio.transceiver import ReceiveFront

#: Full scale of the converters' words.
ADC_SCALE = 2048
DAC_SCALE = 32768
#: Mask of both channels, I and Q.
BOTH = 3
#: Bytes of a word: one sample of one channel.
WORD_BYTES = 2
#: Most buffers of a stream, and how many it has by default.
MAX_BUFFERS = 64
DEFAULT_BUFFERS = 4
#: Most samples in a buffer.
MAX_SAMPLES = 1 << 23
#: Samples after which all tones repeat: their frequencies are multiples of rate / PERIOD.
PERIOD = 65536
#: Phase of a full turn, thousandths of a degree.
FULL_TURN = 360_000
#: Tone generators, in the order of their channels: altvoltage0 and 1 make I, 2 and 3 make Q.
TONES = 4
TONES_OF_I = 2


@dataclass(frozen=True)
class BufferLayout:
    """A buffer as a client has opened it.

    Args:
        samples: samples in it, 1 to MAX_SAMPLES.
        mask: its channels, 1 to BOTH.
        cyclic: whether it is sent cyclically.

    Raises:
        RadioError: a value is not allowed (EINVAL).
    """

    samples: int
    mask: int = BOTH
    cyclic: bool = False

    def __post_init__(self) -> None:
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


class ConverterStream:
    """Buffers of a converter.

    Args:
        port: direction of the radio on the air.
        lock: lock of the state that clients share.
    """

    def __init__(self, port: AirReceiver | AirTransmitter, lock: threading.RLock):
        self._port = port
        self._lock = lock
        self._buffers = DEFAULT_BUFFERS
        self._layout: BufferLayout | None = None

    @property
    def layout(self) -> BufferLayout:
        """The open buffer.

        Raises:
            RadioClosed: none is open.
        """
        layout = self._layout
        if layout is None:
            raise RadioClosed("buffer is closed")
        return layout

    def set_buffers(self, count: int) -> None:
        """Set how many buffers the next stream has.

        Raises:
            RadioError: out of range (EINVAL), or a stream is open (EBUSY).
        """
        with self._lock:
            if self._layout is not None:
                raise RadioError(
                    errno.EBUSY, "number of buffers cannot change while a stream is open"
                )
            if not 0 < count <= MAX_BUFFERS:
                raise RadioError(
                    errno.EINVAL, f"number of buffers is {count}; allowed is 1 to {MAX_BUFFERS}"
                )
            self._buffers = count

    def open(self, layout: BufferLayout) -> None:
        """Begin a stream.

        Raises:
            RadioError: another client has one (EBUSY), or a buffer is longer than the air keeps
                samples (ENOMEM).
        """
        with self._lock:
            if self._layout is not None:
                raise RadioError(errno.EBUSY, "buffer is open already; one client can have it")
            most = int(KEEP_S * self._port.rate_hz)
            if layout.samples > most:
                raise RadioError(
                    errno.ENOMEM,
                    f"samples of a buffer are {layout.samples}; allowed at this rate is up to "
                    f"{most}",
                )
            self._begin(min(layout.samples * self._buffers, most))
            self._layout = layout

    def close(self) -> None:
        """End the stream; waits for it raise RadioClosed."""
        with self._lock:
            if self._layout is not None:
                self._layout = None
                self._end()

    def _begin(self, capacity: int) -> None:
        self._port.open(capacity)

    def _end(self) -> None:
        self._port.close()


class AdcStream(ConverterStream):
    """Buffers of received samples.

    Args:
        receiver: receiver of the radio on the air.
        front: RF front end, which measures the power of the samples.
        lock: lock of the state that clients share.
    """

    def __init__(self, receiver: AirReceiver, front: ReceiveFront, lock: threading.RLock):
        super().__init__(receiver, lock)
        self._receiver = receiver
        self._front = front

    def read(self, size: int, timeout_s: float) -> memoryview:
        """The next samples as the ADC's words, at most a buffer of them.

        Args:
            size: bytes wanted at the most.
            timeout_s: longest wait, s.

        Raises:
            TimeoutError: they have not come; none is lost.
            RadioClosed: the stream was closed.
        """
        layout = self.layout
        count = min(size, layout.bytes) // sample_bytes(layout.mask)
        samples = self._receiver.read(count, timeout_s).samples
        with self._lock:
            self._front.update_power(float(np.vdot(samples, samples).real) / count)
        return adc_words(samples, layout.mask).data.cast("B")


class DacStream(ConverterStream):
    """Buffers of samples to be sent; without a stream the tones are sent.

    Args:
        transmitter: transmitter of the radio on the air.
        lock: lock of the state that clients share.
        rate_hz: returns the sample rate of the DAC, Hz.
    """

    def __init__(
        self, transmitter: AirTransmitter, lock: threading.RLock, rate_hz: Callable[[], int]
    ):
        super().__init__(transmitter, lock)
        self._transmitter = transmitter
        self.tones = DdsTones(rate_hz, self._play_tones)
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
            payload: words of whole samples, at most a buffer of them.
            timeout_s: longest wait for room, s.

        Raises:
            RadioError: the buffer is cyclic and has been sent (EBUSY).
            TimeoutError: there was no room; nothing was taken.
            RadioClosed: the stream was closed.
        """
        self.check_free()
        layout = self.layout
        samples = from_dac_words(payload, layout.mask)
        if not layout.cyclic:
            self._transmitter.write(samples, timeout_s)
            return
        with self._lock:
            self._cycle = samples
            self._transmitter.repeat(samples)

    def rate_changed(self) -> None:
        """Send a cyclic buffer, or the tones, again after a change of the rate has ended them."""
        if self._cycle is not None and self._layout is not None:
            self._transmitter.repeat(self._cycle)
        self._play_tones()

    def _begin(self, capacity: int) -> None:
        self._cycle = None
        self._port.close()
        super()._begin(capacity)

    def _end(self) -> None:
        super()._end()
        self._play_tones()

    def _play_tones(self) -> None:
        """Send the tones from now on, unless a stream is open."""
        if self._layout is None:
            self._port.close()
            if self.tones.audible:
                self._port.open(PERIOD)
                self._transmitter.repeat(self.tones.period())


def sample_bytes(mask: int) -> int:
    """Bytes of a sample with the channels of a mask."""
    return WORD_BYTES * mask.bit_count()


def adc_words(samples: np.ndarray, mask: int = BOTH) -> np.ndarray:
    """Convert samples to the ADC's words.

    Args:
        samples: complex64 (n,), full scale 1; they are clipped to it.
        mask: channels wanted, 1 to BOTH.

    Returns:
        int16 little-endian, I and Q interleaved, or one of them.
    """
    parts = np.multiply(samples.view(np.float32), np.float32(ADC_SCALE))
    np.rint(parts, out=parts)
    np.clip(parts, -ADC_SCALE, ADC_SCALE - 1, out=parts)
    words = parts.astype("<i2")
    return words if mask == BOTH else words[mask - 1 :: 2].copy()


def from_dac_words(payload: bytes | bytearray, mask: int = BOTH) -> np.ndarray:
    """Convert the DAC's words to samples; a channel that is missing is zero.

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


@dataclass
class DdsTone:
    """One tone generator.

    Args:
        step: step of its phase a sample, turns / PERIOD.
        phase: phase at sample 0, thousandths of a degree.
        scale: amplitude, 0 to 1 of full scale.
        on: whether it is on.
    """

    step: int = 0
    phase: int = 0
    scale: float = 0.0
    on: bool = False

    def wave(self) -> np.ndarray:
        """One period, float (PERIOD,)."""
        turns = (self.step * np.arange(PERIOD)) % PERIOD / PERIOD + self.phase / FULL_TURN
        return self.scale * np.sin(2 * np.pi * turns)


class DdsTones:
    """The tone generators of the DAC core (direct digital synthesis).

    Args:
        rate_hz: returns the sample rate of the DAC, Hz.
        changed: called after each change.
    """

    def __init__(self, rate_hz: Callable[[], int], changed: Callable[[], None]):
        self._rate_hz = rate_hz
        self._changed = changed
        self._tones = [DdsTone() for _ in range(TONES)]

    @property
    def audible(self) -> bool:
        """Whether any tone has an amplitude."""
        return any(one.on and one.scale for one in self._tones)

    def period(self) -> np.ndarray:
        """Their sum over one period, complex64 (PERIOD,), full scale 1."""
        waves = np.stack([one.wave() if one.on else np.zeros(PERIOD) for one in self._tones])
        i_wave = waves[:TONES_OF_I].sum(axis=0)
        q_wave = waves[TONES_OF_I:].sum(axis=0)
        return (i_wave + 1j * q_wave).astype(np.complex64)

    def bindings(self) -> dict[str, Binding]:
        """Bindings of the attributes, by the names of the catalogue."""
        made: dict[str, Binding] = {}
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

    def _frequency(self, tone: DdsTone) -> str:
        return str(round(tone.step * self._rate_hz() / PERIOD))

    def _set_frequency(self, tone: DdsTone, text: str) -> None:
        wanted_hz = attributes.within(
            "frequency", attributes.fixed_point("frequency", text), 0, self._rate_hz() / 2
        )
        tone.step = round(wanted_hz * PERIOD / self._rate_hz())
        self._changed()

    def _set_phase(self, tone: DdsTone, text: str) -> None:
        wanted = attributes.within("phase", attributes.fixed_point("phase", text), 0, FULL_TURN)
        tone.phase = int(wanted) % FULL_TURN
        self._changed()

    def _set_scale(self, tone: DdsTone, text: str) -> None:
        tone.scale = attributes.within("scale", attributes.fixed_point("scale", text), 0, 1)
        self._changed()

    def _set_on(self, tone: DdsTone, text: str) -> None:
        tone.on = attributes.flag("raw", text)
        self._changed()


def _phase(tone: DdsTone) -> str:
    return str(tone.phase)


def _scale(tone: DdsTone) -> str:
    return f"{tone.scale:.6f}"


def _on(tone: DdsTone) -> str:
    return str(int(tone.on))
