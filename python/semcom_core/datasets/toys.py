# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated scenes of toys (balls, cubes, cones, cylinders, rings) with exact truth.

    background (shade, texture, clutter) ◄── toys, each with shape, colour, size and place; a later
                                             one may hide a part of an earlier one

Truth of a scene: one SceneObject a toy. No toy is hidden by more than HIDDEN of its own area, and
each lies whole within the picture, so that whoever looks at the picture can count.

Coordinates are shares of the picture's side, 0 to 1, x to the right and y downwards. Faces are
shaded by Lambert's law with one light from the upper left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from semcom_core.errors import check_choice, check_range

#: Shapes, colours (RGB, 0 to 255) and sizes (least and largest radius, shares of the side).
SHAPES = ("ball", "cube", "cone", "cylinder", "ring")
COLOURS = {
    "red": (205, 40, 38),
    "green": (42, 148, 60),
    "blue": (45, 82, 205),
    "yellow": (232, 204, 44),
    "purple": (142, 58, 168),
    "white": (238, 238, 236),
    "black": (32, 32, 36),
}
SIZES = {"small": (0.058, 0.075), "large": (0.105, 0.135)}
#: A radius from here on is that of a large toy.
LARGE = 0.09
#: Side of a scene, pixels, and most toys in it.
SIDE = 128
MOST = 9
#: Most of a toy's area that others may hide.
HIDDEN = 0.4
#: Least distance of two toys, as a share of the sum of their radii.
_APART = 0.62
#: Tries to place a toy.
_TRIES = 60
#: Direction of the light: right, down, towards the viewer.
_LIGHT = np.array([-0.45, -0.6, 0.66])
#: Sub-pixels a pixel, each way.
_FINE = 2


@dataclass(frozen=True)
class SceneObject:
    """One object of a scene.

    Args:
        shape: one of SHAPES.
        colour: one of COLOURS.
        size: one of SIZES.
        x, y: of its middle, shares of the side, 0 to 1.
        radius: share of the side.
        confidence: 0 to 1; 1 for a known truth.
    """

    shape: str
    colour: str
    size: str
    x: float
    y: float
    radius: float
    confidence: float = 1.0

    def __post_init__(self) -> None:
        check_choice("shape", self.shape, SHAPES)
        check_choice("colour", self.colour, COLOURS)
        check_choice("size", self.size, SIZES)
        check_range("x", self.x, 0, 1)
        check_range("y", self.y, 0, 1)
        check_range("radius", self.radius, 0, 1)
        check_range("confidence", self.confidence, 0, 1)


@dataclass(frozen=True, eq=False)
class ToyScene:
    """A picture, uint8 (H, W, 3) RGB, and what is in it."""

    pixels: np.ndarray
    objects: tuple[SceneObject, ...]


def generate_toys(rng: np.random.Generator, count: int | None = None, side: int = SIDE) -> ToyScene:
    """A random scene.

    Args:
        rng: draws toys and background.
        count: toys, 0 to MOST; None draws it. Where no room is left, there are fewer.
        side: of the picture, pixels, 32 to 1024.

    Raises:
        ConfigError: count or side is out of range.
    """
    number = int(rng.integers(0, MOST)) if count is None else count
    check_range("count", number, 0, MOST)
    names = [
        (
            str(rng.choice(SHAPES)),
            str(rng.choice(list(COLOURS))),
            str(rng.choice(list(SIZES), p=(0.5, 0.5))),
        )
        for _ in range(number)
    ]
    if number > 1 and rng.random() < 0.6:  # several alike, so that counts are not all 0 and 1
        for k in range(1, number):
            if rng.random() < 0.5:
                shape, colour, _ = names[0]
                names[k] = (shape, colour if rng.random() < 0.5 else names[k][1], names[k][2])
    return place_toys(names, rng, side)


def place_toys(
    names: Iterable[tuple[str, str, str]], rng: np.random.Generator, side: int = SIDE
) -> ToyScene:
    """A scene of the toys that are named, at random places.

    Args:
        names: shape, colour and size of each; the largest are placed first.
        rng: draws places and background.
        side: of the picture, pixels, 32 to 1024.

    Returns:
        The scene; a toy for which no room is left is not in it.

    Raises:
        ConfigError: there are more than MOST, or a name is unknown.
    """
    wanted = list(names)
    check_range("side", side, 32, 1024)
    check_range("number of toys", len(wanted), 0, MOST)
    for shape, colour, size in wanted:
        check_choice("shape", shape, SHAPES)
        check_choice("colour", colour, COLOURS)
        check_choice("size", size, SIZES)
    pixels = _background(side, rng)
    owner = np.zeros((side, side), np.int16)
    areas: list[float] = []
    found: list[SceneObject] = []
    for shape, colour, size in sorted(wanted, key=lambda name: name[2]):  # large before small
        for _ in range(_TRIES):
            radius = float(rng.uniform(*SIZES[size]))
            x, y = (float(value) for value in rng.uniform(radius + 0.01, 0.99 - radius, 2))
            toy = SceneObject(shape, colour, size, x, y, radius)
            if any(_near(toy, other) for other in found):
                continue
            window, alpha, shades = _sprite(toy, side, rng)
            covered = alpha > 0.5
            trial = owner[window].copy()
            trial[covered] = len(found) + 1
            if _hides_too_much(owner, window, trial, areas):
                continue
            owner[window] = trial
            areas.append(float(covered.sum()))
            base = np.array(COLOURS[colour], np.float32) * rng.uniform(0.93, 1.05)
            base = base + rng.normal(0, 6, 3)
            paint = base * shades[..., None] + _highlight(shades)
            pixels[window] += alpha[..., None] * (paint - pixels[window])
            found.append(toy)
            break
    pixels += rng.normal(0, rng.uniform(0, 5), pixels.shape).astype(np.float32)
    return ToyScene(np.clip(np.rint(pixels), 0, 255).astype(np.uint8), tuple(found))


def _near(toy: SceneObject, other: SceneObject) -> bool:
    distance = np.hypot(toy.x - other.x, toy.y - other.y)
    return bool(distance < _APART * (toy.radius + other.radius))


def _hides_too_much(
    owner: np.ndarray, window: tuple[slice, slice], trial: np.ndarray, areas: list[float]
) -> bool:
    """Whether with `trial` in its window some toy keeps less of its area than is allowed."""
    touched = set(np.unique(owner[window])) - {0}
    outside = owner.copy()
    outside[window] = trial
    return any((outside == k).sum() < (1 - HIDDEN) * areas[k - 1] for k in touched)


def _highlight(shades: np.ndarray) -> np.ndarray:
    """Gloss, which makes bright parts whiter, (h, w, 1)."""
    return 130 * np.clip(shades - 1.05, 0, 0.3)[..., None]


def _background(side: int, rng: np.random.Generator) -> np.ndarray:
    """Shaded and textured ground with strips and patches that are no toys, float32 (H, W, 3)."""
    y, x = np.mgrid[:side, :side].astype(np.float32) / side
    colour = rng.uniform(95, 175) + rng.normal(0, 12, 3)
    shade = rng.normal(0, 22) * (x - 0.5) + rng.normal(0, 22) * (y - 0.5)
    for _ in range(int(rng.integers(0, 3))):
        pitch = np.exp(rng.uniform(np.log(3), np.log(30)))
        turn = rng.uniform(0, np.pi)
        along = np.cos(turn) * x + np.sin(turn) * y
        shade = shade + rng.uniform(2, 10) * np.sin(2 * np.pi * (pitch * along + rng.random()))
    pixels = (colour + shade[..., None]).astype(np.float32)
    for _ in range(int(rng.integers(0, 5))):
        turn = rng.uniform(0, np.pi)
        along = np.cos(turn) * (x - rng.random()) + np.sin(turn) * (y - rng.random())
        across = np.cos(turn) * (y - rng.random()) - np.sin(turn) * (x - rng.random())
        if rng.random() < 0.6:  # a strip across the picture
            inside = np.abs(along) < rng.uniform(0.004, 0.02)
        else:
            inside = (np.abs(along) < rng.uniform(0.03, 0.3)) & (
                np.abs(across) < rng.uniform(0.03, 0.3)
            )
        pixels[inside] += (rng.normal(0, 16) + rng.normal(0, 7, 3)).astype(np.float32)
    return np.clip(pixels, 70, 200)


def _sprite(
    toy: SceneObject, side: int, rng: np.random.Generator
) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray]:
    """Where a toy lies, how far it covers each pixel there (h, w), and its shading (h, w)."""
    reach = toy.radius * side
    left, top = (max(0, int(np.floor(c * side - reach))) for c in (toy.x, toy.y))
    right, bottom = (min(side, int(np.ceil(c * side + reach)) + 1) for c in (toy.x, toy.y))
    steps = (np.arange(_FINE) + 0.5) / _FINE
    columns = (np.arange(left, right)[:, None] + steps).ravel()
    rows = (np.arange(top, bottom)[:, None] + steps).ravel()
    u, v = np.meshgrid((columns / side - toy.x) / toy.radius, (rows / side - toy.y) / toy.radius)
    inside, shades = _SOLIDS[toy.shape](u, v, rng)
    size = (bottom - top, _FINE, right - left, _FINE)
    alpha = inside.astype(np.float32).reshape(size).mean((1, 3))
    total = np.where(inside, shades, 0).astype(np.float32).reshape(size).mean((1, 3))
    window = (slice(top, bottom), slice(left, right))
    return window, alpha, total / np.maximum(alpha, 1e-3)


def _lambert(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Shading of a surface by its normal: ambient light and Lambert's law."""
    return 0.5 + 0.75 * np.maximum(0, x * _LIGHT[0] + y * _LIGHT[1] + z * _LIGHT[2])


def _turned(u: np.ndarray, v: np.ndarray, rng: np.random.Generator) -> tuple:
    turn = rng.uniform(-0.25, 0.25)
    return np.cos(turn) * u + np.sin(turn) * v, np.cos(turn) * v - np.sin(turn) * u


def _ball(u: np.ndarray, v: np.ndarray, rng: np.random.Generator) -> tuple:
    depth = 0.9604 - u**2 - v**2
    return depth > 0, _lambert(u, v, np.sqrt(np.maximum(depth, 0)))


def _cube(u: np.ndarray, v: np.ndarray, rng: np.random.Generator) -> tuple:
    turn = rng.uniform(0.35, 1.2)
    pitch = rng.uniform(0.45, 0.65)
    half = 0.6
    right = half * np.array([np.cos(turn), np.sin(turn) * np.sin(pitch)])
    front = half * np.array([-np.sin(turn), np.cos(turn) * np.sin(pitch)])
    up = half * np.array([0, -np.cos(pitch)])
    inside = np.zeros(u.shape, bool)
    shades = np.ones(u.shape)
    for normal, first, second, shade in (
        (up, right, front, 1.12),
        (front, right, up, 0.9),
        (right, front, up, 0.58),
    ):
        edges = np.linalg.inv(np.stack([first, second], 1))
        a = edges[0, 0] * (u - normal[0]) + edges[0, 1] * (v - normal[1])
        b = edges[1, 0] * (u - normal[0]) + edges[1, 1] * (v - normal[1])
        face = (np.abs(a) <= 1) & (np.abs(b) <= 1)
        inside |= face
        shades[face] = shade
    return inside, shades


def _cone(u: np.ndarray, v: np.ndarray, rng: np.random.Generator) -> tuple:
    u, v = _turned(u, v, rng)
    half = 0.78 * np.clip((v + 0.95) / 1.6, 0, 1)
    foot = (u / 0.78) ** 2 + ((v - 0.65) / 0.24) ** 2 <= 1
    side = (np.abs(u) <= half) & (v >= -0.95) & (v <= 0.65)
    across = np.clip(u / np.maximum(half, 1e-3), -1, 1)
    return side | foot, _lambert(across, np.full_like(u, -0.25), np.sqrt(1 - across**2))


def _cylinder(u: np.ndarray, v: np.ndarray, rng: np.random.Generator) -> tuple:
    u, v = _turned(u, v, rng)
    lid = (u / 0.6) ** 2 + ((v + 0.6) / 0.22) ** 2 <= 1
    foot = (u / 0.6) ** 2 + ((v - 0.62) / 0.22) ** 2 <= 1
    side = (np.abs(u) <= 0.6) & (np.abs(v) <= 0.62)
    across = np.clip(u / 0.6, -1, 1)
    shades = _lambert(across, np.zeros_like(u), np.sqrt(1 - across**2))
    return side | foot | lid, np.where(lid, 1.15, shades)


def _ring(u: np.ndarray, v: np.ndarray, rng: np.random.Generator) -> tuple:
    squash = rng.uniform(0.75, 1.0)
    rho = np.hypot(u, v / squash)
    tube = (rho - 0.72) / 0.26
    inside = np.abs(tube) <= 1
    out = np.clip(tube, -1, 1) / np.maximum(rho, 1e-3)
    depth = np.sqrt(np.maximum(0, 1 - np.clip(tube, -1, 1) ** 2))
    return inside, _lambert(u * out, v * out, depth)


_SOLIDS = {"ball": _ball, "cube": _cube, "cone": _cone, "cylinder": _cylinder, "ring": _ring}
