# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiver's analog-to-digital converter: uniform mid-rise quantisation with clipping, for each of the two branches.

    step D = 2 A / 2^bits,    full scale A = clip dB over the root mean square of the signal in one branch

For a Gaussian branch of deviation s and k = A / s the error is about D^2 / 12 within the full scale, and that of clipping is
2 s^2 ((1 + k^2) Q(k) - k phi(k)). Noise adds to the signal: at a low SNR the branch is larger than the signal.

Source: N. S. Jayant, P. Noll, "Digital coding of waveforms", Prentice-Hall 1984, chapter 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.channel.base import Processor, Term, expect, term
from semcom_core.channel.values import number, shown, whole, written


@term("adc", "adc:BITS[,clip=DB]")
@dataclass(frozen=True)
class Adc(Term):
    """Converter of so many bits whose full scale lies clip dB (12 unless given) over the signal's root mean square."""

    bits: int = 12
    clip_db: float = 12.0
    place = "receiver"

    @classmethod
    def parse(cls, values, options):
        expect("adc", values, options, (1,), ("clip",))
        clip_db = number(options.get("clip", f"{cls.clip_db}"), "clipping level", -40.0, 80.0, "ratio")
        return cls(whole(values[0], "bits of the converter", 1, 24), clip_db)

    def start(self, signal, rng):
        scale = np.sqrt(signal.power / 2) * 10 ** (self.clip_db / 20)
        levels = 2 ** (self.bits - 1)

        def convert(samples: np.ndarray) -> np.ndarray:
            steps = np.ascontiguousarray(samples).view(np.float32) * np.float64(levels / scale)
            codes = np.clip(np.floor(steps), -levels, levels - 1) + 0.5
            return (codes * (scale / levels)).astype(np.float32).view(np.complex64)

        return Processor(convert)

    def __str__(self):
        return written("adc", shown(self.bits), "" if self.clip_db == Adc.clip_db else f"clip={shown(self.clip_db)}")
