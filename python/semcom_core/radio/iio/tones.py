# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The four tone generators of the DAC core, two each for I and Q.

    channel I or Q = sum over its two tones of scale sin(2 pi step i / 65536 + phase)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from semcom_core.radio.iio import values
from semcom_core.radio.iio.values import Binding

#: Steps of a turn: frequencies are multiples of rate / PERIOD, and so the sum of all tones repeats after PERIOD samples.
PERIOD = 65536
FULL_TURN = 360_000
#: The generators in the order of their channels: altvoltage0 and 1 make I, 2 and 3 make Q.
TONES, TONES_OF_I = 4, 2


@dataclass
class Tone:
    """One generator: step of its phase, phase in thousandths of a degree, amplitude, and whether it is on."""

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
        self._rate_hz, self._changed = rate_hz, changed
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
                f"tone{number}_frequency": Binding(partial(self._frequency, tone), partial(self._set_frequency, tone)),
                f"tone{number}_phase": Binding(partial(_phase, tone), partial(self._set_phase, tone)),
                f"tone{number}_scale": Binding(partial(_scale, tone), partial(self._set_scale, tone)),
                f"tone{number}_raw": Binding(partial(_on, tone), partial(self._set_on, tone)),
            }
        return made

    def _frequency(self, tone: Tone) -> str:
        return str(round(tone.step * self._rate_hz() / PERIOD))

    def _set_frequency(self, tone: Tone, text: str) -> None:
        wanted_hz = values.within("frequency", values.fixed_point("frequency", text), 0, self._rate_hz() / 2)
        tone.step = round(wanted_hz * PERIOD / self._rate_hz())
        self._changed()

    def _set_phase(self, tone: Tone, text: str) -> None:
        tone.phase = int(values.within("phase", values.fixed_point("phase", text), 0, FULL_TURN)) % FULL_TURN
        self._changed()

    def _set_scale(self, tone: Tone, text: str) -> None:
        tone.scale = values.within("scale", values.fixed_point("scale", text), 0, 1)
        self._changed()

    def _set_on(self, tone: Tone, text: str) -> None:
        tone.on = values.flag("raw", text)
        self._changed()


def _phase(tone: Tone) -> str:
    return str(tone.phase)


def _scale(tone: Tone) -> str:
    return f"{tone.scale:.6f}"


def _on(tone: Tone) -> str:
    return str(int(tone.on))
