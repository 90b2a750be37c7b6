# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated scenes: shapes of known outline over a background, to train and test on where nobody has drawn outlines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.errors import check_range


@dataclass(frozen=True)
class Scene:
    """A picture, uint8 (H, W, 3), and the number of the shape at each pixel, uint8 (H, W), 0 for the background."""

    pixels: np.ndarray
    labels: np.ndarray


def generate_scene(height: int, width: int, rng: np.random.Generator, shapes: int | None = None) -> Scene:
    """A random scene; later shapes hide earlier ones.

    Args:
        height, width: 8 to 4096 pixels.
        shapes: 0 to 100; None draws 2 to 8.
    """
    check_range("height", height, 8, 4096)
    check_range("width", width, 8, 4096)
    count = int(rng.integers(2, 9)) if shapes is None else shapes
    check_range("shapes", count, 0, 100)
    y, x = np.mgrid[:height, :width].astype(np.float32) / max(height, width)
    labels = np.zeros((height, width), np.uint8)
    pixels = _surface(y, x, rng)
    for number in range(1, count + 1):
        inside = _outline(y, x, (height, width), rng)
        labels[inside] = number
        pixels[inside] = _surface(y[inside], x[inside], rng)
    pixels += rng.normal(0, rng.uniform(0, 8), pixels.shape).astype(np.float32)
    return Scene(np.clip(pixels, 0, 255).astype(np.uint8), labels)


def _outline(y: np.ndarray, x: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Pixels inside a random star-shaped outline: smooth, or with corners."""
    centre = rng.uniform(0.05, 0.95, 2) * np.array(size) / max(size)
    radius, stretch, turn = np.exp(rng.uniform(np.log(0.05), np.log(0.35))), np.exp(rng.normal(0, 0.4)), rng.uniform(0, np.pi)
    down, right = y - np.float32(centre[0]), x - np.float32(centre[1])
    along = (np.cos(turn) * right + np.sin(turn) * down) * np.float32(stretch)
    across = (np.cos(turn) * down - np.sin(turn) * right) / np.float32(stretch)
    angle, distance = np.arctan2(across, along), np.hypot(across, along)
    if rng.random() < 0.4:  # a polygon: the distance of its edge from the middle, by angle
        step = 2 * np.pi / rng.integers(3, 8)
        return distance * np.cos((angle % step) - step / 2) < radius * np.cos(step / 2)
    waves = range(2, int(rng.integers(2, 7)))
    bend = sum((rng.normal(0, 0.35 / wave) * np.cos(wave * angle + rng.uniform(0, 6.3)) for wave in waves), np.zeros_like(angle))
    return distance < radius * np.exp(bend)


def _surface(y: np.ndarray, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Colours (..., 3) of a surface: plain, shaded, striped or blotched."""
    colour = rng.uniform(0, 255, 3)
    shade = rng.normal(0, 80) * x + rng.normal(0, 80) * y
    if rng.random() < 0.6:
        pitch, turn = np.exp(rng.uniform(np.log(4), np.log(60))), rng.uniform(0, np.pi)
        pattern = np.sin(2 * np.pi * pitch * (np.cos(turn) * x + np.sin(turn) * y))
        if rng.random() < 0.5:
            pattern = pattern * np.sin(2 * np.pi * pitch * (np.cos(turn) * y - np.sin(turn) * x))
        shade = shade + rng.uniform(5, 50) * pattern
    return (colour + shade[..., None] * rng.uniform(0.5, 1.0, 3)).astype(np.float32)
