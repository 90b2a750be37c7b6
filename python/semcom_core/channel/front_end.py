# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Front-end impairments: amplifier, A/D converter, IQ imbalance, DC offset, phase noise.

Amplifier of the transmitter after Rapp: amplitudes saturate smoothly, phases stay. With A the
backoff in dB over the root mean square of the samples,

    y = x / (1 + (|x| / A)^(2p))^(1 / 2p)

Converter of the receiver: uniform mid-rise quantisation with clipping, for each of the two
branches. With the full scale A `clip` dB over the root mean square of the signal in one branch, the
step is D = 2 A / 2^bits. For a Gaussian branch of deviation s and k = A / s the error is about
D^2 / 12 within the full scale, and that of clipping is 2 s^2 ((1 + k^2) Q(k) - k phi(k)). Noise
adds to the signal: at a low SNR the branch is larger than the signal.

Quadrature mixer of the receiver, with the gain g and the phase error p of the quadrature branch
against the other one:

    y = K1 x + K2 conj(x),    K1 = (1 + g exp(-jp)) / 2,    K2 = (1 - g exp(jp)) / 2
    image rejection = |K1|^2 / |K2|^2 = (1 + 2 g cos p + g^2) / (1 - 2 g cos p + g^2)

1 dB and 5 degrees reject the image by 22.8 dB.

Phase noise of a free-running oscillator: the phase is a Wiener process, the line is Lorentzian.
With the line's full width B at half its height, Hz,

    L(f) = (B / 2 pi) / ((B / 2)^2 + f^2),    E (phase(t + T) - phase(t))^2 = 2 pi B T

Far from the carrier L(f) = B / (2 pi f^2), 20 dB a decade. So a level L at an offset f states B
(the smaller of the two solutions), if L f is at most 1 / (2 pi).

Sources: C. Rapp, "Effects of HPA-nonlinearity on a 4-DPSK/OFDM-signal for a digital sound
broadcasting system", Proc. 2nd European Conf. Satellite Communications, 1991; N. S. Jayant, P.
Noll, "Digital coding of waveforms", Prentice-Hall 1984, chapter 4; M. Valkama, M. Renfors, V.
Koivunen, "Advanced methods for I/Q imbalance compensation in communication receivers", IEEE Trans.
Signal Process. 49 (2001); A. Demir, A. Mehrotra, J. Roychowdhury, "Phase noise in oscillators: a
unifying theory and numerical methods for characterization", IEEE Trans. Circuits Syst. I 47 (2000).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.channel.base import (
    Processor,
    Signal,
    Term,
    has_unit,
    number,
    phasor,
    shown,
    whole,
    written,
)
from semcom_core.channel.registry import expect, term
from semcom_core.errors import ConfigError
from semcom_core.units import db_to_linear


@term("pa", "pa:BACKOFF_DB[,p=SMOOTHNESS]")
@dataclass(frozen=True)
class Pa(Term):
    """Amplifier whose saturation lies so many dB over the signal's root mean square; p is 2 unless
    given.
    """

    backoff_db: float = 10.0
    smoothness: float = 2.0
    place = "transmitter"

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> Pa:
        expect("pa", values, options, (1,), ("p",))
        backoff_db = number(values[0], "backoff", -40.0, 80.0, "ratio")
        smoothness = options.get("p", f"{cls.smoothness}")
        return cls(backoff_db, number(smoothness, "smoothness of the amplifier", 0.1, 10.0))

    def start(self, signal: Signal, rng: np.random.Generator) -> Processor:
        saturation = np.sqrt(signal.power) * 10 ** (self.backoff_db / 20)
        power = 2 * self.smoothness

        def amplify(samples: np.ndarray) -> np.ndarray:
            drive = np.abs(samples).astype(float) / saturation
            over = np.maximum(drive, 1.0)
            below = np.minimum(drive, 1 / over)  # at most 1, so that its power does not overflow
            return (samples * ((1 + below**power) ** (-1 / power) / over)).astype(np.complex64)

        return Processor(amplify)

    def __str__(self) -> str:
        smoothness = "" if self.smoothness == Pa.smoothness else f"p={shown(self.smoothness)}"
        return written("pa", shown(self.backoff_db), smoothness)


@term("adc", "adc:BITS[,clip=DB]")
@dataclass(frozen=True)
class Adc(Term):
    """Converter of so many bits whose full scale lies clip dB (12 unless given) over the signal's
    root mean square.
    """

    bits: int = 12
    clip_db: float = 12.0
    place = "receiver"

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> Adc:
        expect("adc", values, options, (1,), ("clip",))
        clip = options.get("clip", f"{cls.clip_db}")
        clip_db = number(clip, "clipping level", -40.0, 80.0, "ratio")
        return cls(whole(values[0], "bits of the converter", 1, 24), clip_db)

    def start(self, signal: Signal, rng: np.random.Generator) -> Processor:
        scale = np.sqrt(signal.power / 2) * 10 ** (self.clip_db / 20)
        levels = 2 ** (self.bits - 1)

        def convert(samples: np.ndarray) -> np.ndarray:
            steps = np.ascontiguousarray(samples).view(np.float32) * np.float64(levels / scale)
            codes = np.clip(np.floor(steps), -levels, levels - 1) + 0.5
            return (codes * (scale / levels)).astype(np.float32).view(np.complex64)

        return Processor(convert)

    def __str__(self) -> str:
        clip = "" if self.clip_db == Adc.clip_db else f"clip={shown(self.clip_db)}"
        return written("adc", shown(self.bits), clip)


@term("iq", "iq:GAIN_DB[,PHASEdeg]")
@dataclass(frozen=True)
class Iq(Term):
    """Gain (dB) and phase error (degrees) of the quadrature branch of the receiver."""

    gain_db: float = 0.0
    phase_deg: float = 0.0
    place = "receiver"

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> Iq:
        angles = [value for value in values if has_unit(value, "angle")]
        if angles:
            gains = [value for value in values if value not in angles]
        else:
            gains, angles = values[:1], values[1:]
        expect("iq", values, options, (1, 2) if max(len(gains), len(angles)) < 2 else ())
        gain_db = number(gains[0], "IQ gain error", -40.0, 40.0, "ratio") if gains else 0.0
        phase_deg = number(angles[0], "IQ phase error", -90.0, 90.0, "angle") if angles else 0.0
        return cls(gain_db, phase_deg)

    @property
    def factors(self) -> tuple[complex, complex]:
        """K1 and K2 of the module's equation."""
        branch = 10 ** (self.gain_db / 20) * np.exp(1j * np.deg2rad(self.phase_deg))
        return complex((1 + branch.conj()) / 2), complex((1 - branch) / 2)

    def start(self, signal: Signal, rng: np.random.Generator) -> Processor:
        direct, image = self.factors
        return Processor(
            lambda samples: (direct * samples + image * samples.conj()).astype(np.complex64)
        )

    def __str__(self) -> str:
        return written("iq", shown(self.gain_db, "db"), shown(self.phase_deg, "deg"))


@term("dc", "dc:PERCENT[,deg=DEGREES]")
@dataclass(frozen=True)
class Dc(Term):
    """Constant added by the receiver, percent of the root mean square of the signal; its phase is
    drawn unless given.
    """

    percent: float = 0.0
    phase_deg: float | None = None
    place = "receiver"

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> Dc:
        expect("dc", values, options, (1,), ("deg",))
        percent = number(values[0], "DC offset", 0.0, 1e4, "percent")
        if "deg" not in options:
            return cls(percent)
        phase_deg = number(options["deg"], "phase of the DC offset", -360.0, 360.0, "angle")
        return cls(percent, phase_deg)

    def start(self, signal: Signal, rng: np.random.Generator) -> Processor:
        drawn = 2 * np.pi * rng.random()
        phase = drawn if self.phase_deg is None else np.deg2rad(self.phase_deg)
        constant = np.complex64(self.percent / 100 * np.sqrt(signal.power) * np.exp(1j * phase))
        return Processor(lambda samples: samples + constant)

    def __str__(self) -> str:
        phase = "" if self.phase_deg is None else f"deg={shown(self.phase_deg)}"
        return written("dc", shown(self.percent, "%"), phase)


@term("phase-noise", "phase-noise:DBC_PER_HZ[,at=HZ]")
@dataclass(frozen=True)
class PhaseNoise(Term):
    """Phase noise by its level in dBc/Hz at an offset from the carrier (10 kHz unless given)."""

    level_db: float = -80.0
    at_hz: float = 10e3

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> PhaseNoise:
        expect("phase-noise", values, options, (1,), ("at",))
        level_db = number(values[0], "phase noise in dBc/Hz", -250.0, 0.0)
        offset = options.get("at", f"{cls.at_hz}")
        return cls(level_db, number(offset, "offset from the carrier", 1.0, 1e9, "frequency"))

    def __post_init__(self) -> None:
        if db_to_linear(self.level_db) * self.at_hz > 1 / (2 * np.pi):
            most = -10 * np.log10(2 * np.pi * self.at_hz)
            raise ConfigError(
                f"channel term {str(self)!r} is no oscillator; allowed at {shown(self.at_hz)} Hz "
                f"is up to {most:.1f} dBc/Hz"
            )

    @property
    def width_hz(self) -> float:
        """Full width of the line at half its height, Hz."""
        level = float(db_to_linear(self.level_db))
        flat = 2 * np.pi * level * self.at_hz
        return float(2 * flat * self.at_hz / (1 + np.sqrt(1 - flat**2)))

    def start(self, signal: Signal, rng: np.random.Generator) -> Processor:
        return PhaseWalk(np.sqrt(self.width_hz / (2 * np.pi * signal.rate_hz)), rng)

    def __str__(self) -> str:
        offset = "" if self.at_hz == PhaseNoise.at_hz else f"at={shown(self.at_hz)}"
        return written("phase-noise", shown(self.level_db), offset)


class PhaseWalk(Processor):
    """Turns samples by a random walk of the phase that begins at 0.

    Args:
        deviation: standard deviation of a step, turns.
        rng: draws the steps.
    """

    def __init__(self, deviation: float, rng: np.random.Generator):
        self._deviation = deviation
        self._rng = rng
        self._turns = 0.0

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        if not len(samples):
            return samples
        normal = self._rng.standard_normal(len(samples), dtype=np.float32)
        steps = self._deviation * normal.astype(float)
        turns = np.cumsum(np.concatenate([[self._turns], steps]))
        self._turns = turns[-1]
        return samples * phasor(turns[:-1])
