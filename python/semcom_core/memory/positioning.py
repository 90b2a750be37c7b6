# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Positioning of a walker from remembered channel estimates of several anchors.

    channel estimate --> paths (matching pursuit) --> length of the first --+
    remembered ones ---> the same ------------------------------------------+--> fit --> place

The delay spectrum of an estimate is taken apart path by path: the strongest is found on a grid of
lengths, all found so far are fitted together, their sum is taken off, until the noise is reached.
The first path within some dB of the strongest is the direct one, or what comes nearest to it where
that is blocked.

The place is that of the smallest robust sum of squares over the remembered slots of a walk in a
straight line,

    sum over slots s and anchors m of forgetting^(now - s) rho(e[s, m] / scale),
    e[s, m] = r[s, m] - |p + (s - now) v - a_m|

with r the lengths found, a the anchors, p and v the place and the velocity now, and rho Cauchy's
log(1 + x^2), by Gauss-Newton from several starts. With one slot there is no velocity, and this is
multilateration by the current estimate alone. Without an estimate of the current slot it predicts.

Array axes: S remembered slots, M anchors, A carriers.

Source: S. Mallat, Z. Zhang, "Matching pursuits with time-frequency dictionaries", IEEE Trans.
Signal Processing 41, 1993; P. W. Holland, R. E. Welsch, "Robust regression using iteratively
reweighted least-squares", 1977.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from semcom_core.config import setting
from semcom_core.errors import ConfigError, check_range
from semcom_core.memory.item import CSI, MemoryItem, pack_arrays

#: Speed of light, m/s.
LIGHT_M_S = 299_792_458.0
#: Passes of Gauss-Newton, and starts along each side of the room.
_PASSES = 12
_STARTS = 4
#: Regularisation of a velocity and of a place in the normal equations.
_DAMPING = 1e-6


@dataclass(frozen=True)
class PositioningConfig:
    """Settings of the positioning.

    Raises:
        ConfigError: a value is outside what is allowed.
    """

    longest_m: float = setting(60.0, "longest path looked for, m, 1 to 100000")
    step_m: float = setting(0.1, "step of the grid of path lengths, m, 0.001 to 10")
    paths: int = setting(5, "most paths of a channel estimate, 1 to 32")
    stop_db: float = setting(
        -18.0, "a path weaker than this over the strongest is noise, dB, -60 to 0"
    )
    first_db: float = setting(
        -10.0, "the first path within this of the strongest is the direct one, dB, -60 to 0"
    )
    scale_m: float = setting(0.6, "scale of an ordinary error of a path's length, m, 0.001 to 100")
    slots: int = setting(15, "most remembered slots that are used, 1 to 1000")
    forgetting: float = setting(0.9, "weight of a slot over that of the next one, 0.01 to 1")

    def __post_init__(self) -> None:
        for name, low, high in (
            ("longest_m", 1, 1e5),
            ("step_m", 0.001, 10),
            ("paths", 1, 32),
            ("stop_db", -60, 0),
            ("first_db", -60, 0),
            ("scale_m", 0.001, 100),
            ("slots", 1, 1000),
            ("forgetting", 0.01, 1),
        ):
            check_range(name, getattr(self, name), low, high)


@dataclass(frozen=True)
class Position:
    """Where the walker is at a slot, m, and its velocity, m a slot, float (2,) each."""

    place_m: np.ndarray
    velocity_m: np.ndarray


def channel_item(key: int, slot: int, channels: np.ndarray, value: float = 1.0) -> MemoryItem:
    """CSI item of the channel estimates of several anchors in one slot.

    Args:
        key, slot, value: as of MemoryItem.
        channels: complex (M, A).

    Raises:
        ConfigError: as of MemoryItem, or the estimates are of another shape or not finite.
    """
    found = np.asarray(channels, np.complex64)
    if found.ndim != 2 or not np.isfinite(found).all():
        raise ConfigError(
            f"channel estimates have shape {found.shape}; allowed are finite numbers (anchors, "
            "carriers)"
        )
    power = np.abs(found) ** 2
    profile = (power / max(float(power.sum()), 1e-30)).ravel().astype(np.float32)
    return MemoryItem(key, CSI, slot, profile, value, pack_arrays({"channels": found}), False)


class Positioner:
    """Finds a walker by the channel estimates in a memory.

    Args:
        anchors_m: places of the anchors, float (M, 2), m.
        room_m: length and width of the room, float (2,), m: where the search starts.
        carriers: numbers of the carriers, int (A,).
        spacing_hz: distance of two carriers, Hz.
        config: settings; None for the defaults.

    Raises:
        ConfigError: there are fewer than three anchors.
    """

    def __init__(
        self,
        anchors_m: np.ndarray,
        room_m: np.ndarray,
        carriers: np.ndarray,
        spacing_hz: float,
        config: PositioningConfig | None = None,
    ) -> None:
        self.config = config or PositioningConfig()
        self._anchors = np.asarray(anchors_m, float)
        if self._anchors.ndim != 2 or len(self._anchors) < 3 or self._anchors.shape[1] != 2:
            raise ConfigError(
                f"anchors have shape {self._anchors.shape}; allowed is (3 or more, 2)"
            )
        check_range("spacing_hz", spacing_hz, 1, 1e12)
        grid = np.arange(0, self.config.longest_m, self.config.step_m)
        turns = np.asarray(carriers)[:, None] * spacing_hz / LIGHT_M_S * grid
        self._grid = grid
        self._atoms = np.exp(-2j * np.pi * turns) / np.sqrt(len(carriers))
        share = (np.arange(_STARTS) + 0.5) / _STARTS
        across = np.stack(np.meshgrid(share, share), 2).reshape(-1, 2)
        self._starts = across * np.asarray(room_m, float)
        self._ranges: dict[int, np.ndarray] = {}

    def path_lengths(self, channels: np.ndarray) -> np.ndarray:
        """Length of the first path of channel estimates.

        Args:
            channels: complex (M, A).

        Returns:
            float (M,), m.
        """
        return np.array([self._first_path(np.asarray(one, complex)) for one in channels])

    def locate(self, items: Iterable[MemoryItem], now: int) -> Position:
        """Where the walker is.

        Args:
            items: CSI items of channel_item, of a memory; those of other modalities and those after
                now are passed over.
            now: the slot that is asked for; an item of it need not be there.

        Raises:
            ConfigError: there is no item, or one is of other anchors or carriers.
        """
        known = [item for item in items if item.modality == CSI and item.slot <= now]
        known = sorted(known, key=lambda item: item.slot)[-self.config.slots :]
        if not known:
            raise ConfigError(
                f"no channel estimate is remembered up to slot {now}; allowed is one or more"
            )
        ranges = np.stack([self._item_ranges(item) for item in known])
        ages = np.array([now - item.slot for item in known], float)
        return self.fit(ranges, ages)

    def fit(self, ranges_m: np.ndarray, ages: np.ndarray) -> Position:
        """The place and velocity that explain path lengths best.

        Args:
            ranges_m: lengths of first paths, float (S, M), m.
            ages: slots since each, float (S,).
        """
        weights = np.repeat(self.config.forgetting ** np.asarray(ages, float), len(self._anchors))
        moving = len(np.unique(ages)) > 1
        state = np.zeros((len(self._starts), 4))
        state[:, :2] = self._starts
        free = 4 if moving else 2
        for _ in range(_PASSES):
            residual, slope = self._residuals(state, ranges_m, ages)
            robust = weights / (1 + (residual / self.config.scale_m) ** 2)
            slope = slope[:, :, :free]
            normal = np.einsum("bri,br,brj->bij", slope, robust, slope)
            normal += _DAMPING * np.eye(free)
            step = np.linalg.solve(
                normal, np.einsum("bri,br->bi", slope, robust * residual)[..., None]
            )
            state[:, :free] += np.clip(step[..., 0], -5, 5)
        residual, _ = self._residuals(state, ranges_m, ages)
        cost = (weights * np.log1p((residual / self.config.scale_m) ** 2)).sum(axis=1)
        best = state[int(cost.argmin())]
        return Position(best[:2], best[2:])

    def _residuals(
        self, state: np.ndarray, ranges_m: np.ndarray, ages: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Measured less expected lengths (B, S M), and slopes of the expected ones by place and
        velocity (B, S M, 4), of B states (B, 4).
        """
        place = state[:, None, :2] - ages[:, None] * state[:, None, 2:]
        way = place[:, :, None] - self._anchors
        distance = np.linalg.norm(way, axis=3)
        direction = way / np.maximum(distance, 1e-6)[..., None]
        by_velocity = -ages[:, None, None] * direction
        slope = np.concatenate([direction, by_velocity], axis=3).reshape(len(state), -1, 4)
        return (ranges_m - distance).reshape(len(state), -1), slope

    def _item_ranges(self, item: MemoryItem) -> np.ndarray:
        """First paths of an item, found once."""
        channels = item.arrays.get("channels")
        expected = (len(self._anchors), len(self._atoms))
        if channels is None or channels.shape != expected:
            shape = None if channels is None else channels.shape
            raise ConfigError(
                f"item {item.key} has channel estimates of shape {shape}; allowed is {expected}"
            )
        if item.key not in self._ranges:
            if len(self._ranges) > 4 * self.config.slots:
                self._ranges.pop(next(iter(self._ranges)))
            self._ranges[item.key] = self.path_lengths(channels)
        return self._ranges[item.key]

    def _first_path(self, channel: np.ndarray) -> float:
        """Length of the first path of a channel estimate (A,), m."""
        config = self.config
        residual = channel
        found: list[int] = []
        gains = np.zeros(0, complex)
        for _ in range(config.paths):
            spectrum = np.abs(self._atoms.conj().T @ residual)
            place = int(spectrum.argmax())
            strongest = np.abs(gains).max(initial=0.0)
            if found and spectrum[place] < 10 ** (config.stop_db / 20) * strongest:
                break
            found.append(place)
            atoms = self._atoms[:, found]
            gains = np.linalg.lstsq(atoms, channel, rcond=1e-3)[0]
            residual = channel - atoms @ gains
        strengths = np.abs(gains)
        enough = strengths >= 10 ** (config.first_db / 20) * strengths.max()
        return float(self._grid[np.array(found)[enough].min()])
