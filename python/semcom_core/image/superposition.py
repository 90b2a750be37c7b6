# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Digital layers of different robustness and an analog one on top of each other in the same channel uses.

    x = sqrt(p_1) d_1 + sqrt(p_2) d_2 + ... + sqrt(p_a) a        with p_1 + p_2 + ... + p_a = 1

The receiver decodes the strongest layer while it counts the others as noise, takes it away, and goes on to the next. On a channel that may
be good or bad this carries more than giving each layer uses of its own.

Source: T. Cover, "Broadcast channels", IEEE Trans. Inf. Theory 18, 1972.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.errors import ConfigError
from semcom_core.image.digital import DigitalLink

_ROUNDING = 1e-6


@dataclass(frozen=True)
class Received:
    """What came out of the layers.

    Args:
        data: bytes of the digital layers that arrived whole, the strongest first.
        symbols: the analog layer of power 1, complex (uses,); None unless all digital layers arrived.
        noise_var: of those symbols, float (uses,).
    """

    data: list[bytes]
    symbols: np.ndarray | None
    noise_var: np.ndarray | None


@dataclass(frozen=True)
class Superposition:
    """Layers in the same uses.

    Args:
        links: digital links, the strongest first; all of the same uses.
        powers: share of each, above 0; what they leave of 1 is the analog layer's.

    Raises:
        ConfigError: the shares are not above 0, exceed 1, or are not as many as the links.
    """

    links: tuple[DigitalLink, ...]
    powers: tuple[float, ...]

    def __post_init__(self):
        if len(self.links) != len(self.powers) or not all(p > 0 for p in self.powers) or sum(self.powers) > 1 + _ROUNDING:
            raise ConfigError(f"powers of {len(self.links)} layers are {self.powers}; allowed is above 0 each, at most 1 together")

    @property
    def analog_power(self) -> float:
        """Share of the analog layer; 0 where there is none."""
        left = 1 - sum(self.powers)
        return left if left > _ROUNDING else 0.0

    def modulate(self, data: list[bytes], analog: np.ndarray | None = None) -> np.ndarray:
        """Symbols of the layers, complex64 (uses,).

        Args:
            data: bytes of each digital layer.
            analog: complex array (uses,) of mean power 1, where there is an analog layer.
        """
        total = sum(np.sqrt(p) * link.encode(one) for p, link, one in zip(self.powers, self.links, data, strict=True))
        return total if analog is None else (total + np.sqrt(self.analog_power) * analog).astype(np.complex64)

    def demodulate(self, symbols: np.ndarray, noise_var: np.ndarray) -> Received:
        """Layers of received symbols (uses,), y = x + n, with E|n|^2 = noise_var; erased symbols have inf."""
        symbols, above, data = symbols.astype(np.complex128), 1.0, []
        for link, power in zip(self.links, self.powers, strict=True):
            above -= power
            one, ok = link.decode(symbols / np.sqrt(power), (noise_var + max(above, 0.0)) / power)
            if not ok:
                return Received(data, None, None)
            data.append(one)
            symbols = np.where(np.isfinite(noise_var), symbols - np.sqrt(power) * link.encode(one), 0.0)
        if not self.analog_power:
            return Received(data, None, None)
        return Received(data, symbols / np.sqrt(self.analog_power), noise_var / self.analog_power)
