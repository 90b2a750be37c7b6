# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated walks through a room with multipath: channel estimates of several anchors.

    room, anchors, scatterers, pillars --> paths of each anchor --> OFDM channel estimates + noise
    walker: smooth random velocity ------^

Each anchor receives the direct path, one reflection at each wall (image method) and one at each
scatterer. A path of length d has the gain (reference / d) times its reflection, and the phase of
its length in wavelengths, so that fading goes with the walk; a pillar in the way of the direct path
attenuates it. An estimate is the sum of the paths on each carrier, with noise:

    H[k] = sum over paths of a exp(-2 pi j (carrier_hz + k spacing_hz) d / c) + n

Delays are absolute: anchors and walker are taken to measure round trips, or to share a clock.

Array axes: T slots, M anchors, A carriers.

Source: J. B. Allen, D. A. Berkley, "Image method for efficiently simulating small-room acoustics",
J. Acoust. Soc. Am. 65, 1979.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.config import setting
from semcom_core.errors import check_range
from semcom_core.units import complex_noise, db_to_linear

#: Speed of light, m/s.
LIGHT_M_S = 299_792_458.0
#: Walker and anchors keep this far from the walls, m.
_MARGIN_M = 0.5
#: Distance at which a path has the SNR of the settings, m.
_REFERENCE_M = 5.0
#: Shortest path, m: antennas do not touch.
_SHORTEST_M = 0.3


@dataclass(frozen=True)
class WalkConfig:
    """Settings of generated walks."""

    anchors: int = setting(4, "anchors, 3 to 16")
    slots: int = setting(40, "slots of a walk, 2 to 100000")
    slot_s: float = setting(0.2, "time between two channel estimates, s, 0.001 to 10")
    speed_m_s: float = setting(1.2, "root mean square of the walker's speed, m/s, 0 to 10")
    turning_s: float = setting(3.0, "time in which the velocity changes, s, 0.1 to 1000")
    snr_db: float = setting(15.0, "SNR of a carrier by a direct path of 5 m, dB, -20 to 60")
    carrier_hz: float = setting(2.4e9, "carrier frequency, Hz, 1e8 to 1e11")
    spacing_hz: float = setting(625e3, "distance of two OFDM carriers, Hz, 1e4 to 1e7")
    edge: int = setting(26, "carriers are -edge to edge without 0, 4 to 1024")

    def __post_init__(self) -> None:
        for name, low, high in (
            ("anchors", 3, 16),
            ("slots", 2, 100_000),
            ("slot_s", 0.001, 10),
            ("speed_m_s", 0, 10),
            ("turning_s", 0.1, 1000),
            ("snr_db", -20, 60),
            ("carrier_hz", 1e8, 1e11),
            ("spacing_hz", 1e4, 1e7),
            ("edge", 4, 1024),
        ):
            check_range(name, getattr(self, name), low, high)

    @property
    def carriers(self) -> np.ndarray:
        """Numbers of the carriers, int (A,)."""
        numbers = np.arange(-self.edge, self.edge + 1)
        return numbers[numbers != 0]


@dataclass(frozen=True)
class Walk:
    """A walk and what was estimated of it.

    Args:
        config: its settings.
        room_m: length and width of the room, float (2,), m.
        anchors_m: places of the anchors, float (M, 2), m.
        positions_m: where the walker was, float (T, 2), m: the truth, for evaluation alone.
        channels: channel estimates, complex64 (T, M, A).
    """

    config: WalkConfig
    room_m: np.ndarray
    anchors_m: np.ndarray
    positions_m: np.ndarray
    channels: np.ndarray


def generate_walk(config: WalkConfig, rng: np.random.Generator) -> Walk:
    """A walk through a room of its own.

    Args:
        config: settings.
        rng: draws the room, what stands in it, the walk and the noise.
    """
    room = rng.uniform((12.0, 8.0), (25.0, 16.0))
    anchors = _anchors(config.anchors, room, rng)
    positions = _positions(config, room, rng)
    gains, lengths = _paths(anchors, positions, room, rng)
    frequency = config.carrier_hz + config.spacing_hz * config.carriers
    wave = np.exp(-2j * np.pi / LIGHT_M_S * lengths[..., None] * frequency)
    channels = (gains[..., None] * wave).sum(axis=2)
    noise = complex_noise(channels.shape, 1 / float(db_to_linear(config.snr_db)), rng)
    return Walk(config, room, anchors, positions, channels.astype(np.complex64) + noise)


def _anchors(count: int, room: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Places near the walls, spread around the room, (M, 2)."""
    share = (np.arange(count) + rng.uniform(0.2, 0.8, count)) / count
    angle = 2 * np.pi * (share + rng.random())
    direction = np.stack([np.cos(angle), np.sin(angle)], 1)
    half = room / 2 - _MARGIN_M
    reach = np.min(half / np.maximum(np.abs(direction), 1e-9), axis=1)
    return room / 2 + direction * reach[:, None]


def _positions(config: WalkConfig, room: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Places of a walker whose velocity is a Gauss-Markov process, and who turns at the walls,
    (T, 2).
    """
    keep = np.exp(-config.slot_s / config.turning_s)
    each = config.speed_m_s / np.sqrt(2)
    place = rng.uniform(2 * _MARGIN_M, room - 2 * _MARGIN_M)
    velocity = rng.normal(0, each, 2)
    found = np.empty((config.slots, 2))
    for slot in range(config.slots):
        found[slot] = place
        velocity = keep * velocity + np.sqrt(1 - keep**2) * rng.normal(0, each, 2)
        place = place + config.slot_s * velocity
        outside = (place < _MARGIN_M) | (place > room - _MARGIN_M)
        velocity = np.where(outside, -velocity, velocity)
        place = np.clip(place, _MARGIN_M, room - _MARGIN_M)
    return found


def _paths(
    anchors: np.ndarray, positions: np.ndarray, room: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Gains, complex or float (T, M, paths), and lengths in m of the same shape."""
    walls = [(axis, edge) for axis in (0, 1) for edge in (0.0, room[axis])]
    images = np.stack([_mirrored(anchors, axis, edge) for axis, edge in walls])
    sources = np.concatenate([anchors[None], images])
    lengths = np.linalg.norm(positions[:, None, None] - sources, axis=3).transpose(0, 2, 1)
    reflections = np.concatenate([[1.0], -rng.uniform(0.3, 0.7, len(walls))])
    scatterers = rng.uniform(0, 1, (int(rng.integers(2, 7)), 2)) * room
    to = np.linalg.norm(scatterers - positions[:, None], axis=2)
    on = np.linalg.norm(scatterers - anchors[:, None], axis=2)
    lengths = np.concatenate([lengths, to[:, None] + on], axis=2)
    strengths = rng.normal(0, 0.35, len(scatterers)) * np.exp(2j * np.pi * rng.random(len(to[0])))
    gains = (
        np.concatenate([reflections, strengths]) * _REFERENCE_M / np.maximum(lengths, _SHORTEST_M)
    )
    gains[..., 0] *= _blocked(anchors, positions, room, rng)
    return gains, lengths


def _mirrored(places: np.ndarray, axis: int, edge: float) -> np.ndarray:
    """Mirror images of places (M, 2) in the wall where a coordinate is `edge`."""
    found = places.copy()
    found[:, axis] = 2 * edge - found[:, axis]
    return found


def _blocked(
    anchors: np.ndarray, positions: np.ndarray, room: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Gains of the direct paths by the pillars in their way, (T, M)."""
    pillars = rng.uniform(0.15, 0.85, (int(rng.integers(1, 5)), 2)) * room
    radii = rng.uniform(0.2, 0.5, len(pillars))
    loss_db = rng.uniform(6, 20, len(pillars))
    way = positions[:, None] - anchors
    total_db = np.zeros(way.shape[:2])
    for pillar, radius, loss in zip(pillars, radii, loss_db, strict=True):
        from_anchor = pillar - anchors
        along = (way * from_anchor).sum(2) / np.maximum((way**2).sum(2), 1e-12)
        nearest = anchors + np.clip(along, 0, 1)[..., None] * way
        total_db += loss * (np.linalg.norm(nearest - pillar, axis=2) < radius)
    return db_to_linear(-total_db / 2)
