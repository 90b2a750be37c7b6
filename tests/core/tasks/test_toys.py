# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated scenes of toys: what is in the picture is what the truth says."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.datasets.toys import (
    COLOURS,
    HIDDEN,
    LARGE,
    MOST,
    SHAPES,
    SIZES,
    SceneObject,
    generate_toys,
    place_toys,
)
from semcom_core.errors import ConfigError


def test_same_seed_gives_the_same_scene():
    first = generate_toys(np.random.default_rng(3))
    second = generate_toys(np.random.default_rng(3))
    assert first.objects == second.objects
    assert np.array_equal(first.pixels, second.pixels)
    assert first.pixels.shape == (128, 128, 3) and first.pixels.dtype == np.uint8


@pytest.mark.parametrize("colour", list(COLOURS))
def test_a_toy_has_its_colour_where_it_is(colour):
    scene = place_toys([("ball", colour, "large")], np.random.default_rng(1))
    (toy,) = scene.objects
    y, x = (int(c * 128) for c in (toy.y, toy.x))
    shown = scene.pixels[y - 3 : y + 4, x - 3 : x + 4].mean((0, 1))
    distances = {name: np.abs(shown - np.array(rgb)).sum() for name, rgb in COLOURS.items()}
    assert min(distances, key=distances.get) == colour


@pytest.mark.parametrize("shape", SHAPES)
def test_a_toy_covers_its_place_and_nothing_beyond_its_radius(shape):
    # two scenes from one seed whose toys differ in colour alone differ where the toy is
    red, blue = (
        place_toys([(shape, colour, "large")], np.random.default_rng(5))
        for colour in ("red", "blue")
    )
    changed = np.abs(red.pixels.astype(int) - blue.pixels).sum(2) > 60
    (toy,) = red.objects
    rows, columns = np.nonzero(changed)
    assert np.hypot(columns / 128 - toy.x, rows / 128 - toy.y).max() < toy.radius + 0.02
    assert changed.sum() > 0.25 * (2 * toy.radius * 128) ** 2  # a quarter of the square about it


def test_toys_lie_within_the_picture_and_apart():
    rng = np.random.default_rng(2)
    for _ in range(30):
        toys = generate_toys(rng).objects
        for k, toy in enumerate(toys):
            assert toy.radius < toy.x < 1 - toy.radius and toy.radius < toy.y < 1 - toy.radius
            assert (toy.radius >= LARGE) == (toy.size == "large")
            for other in toys[:k]:
                distance = np.hypot(toy.x - other.x, toy.y - other.y)
                assert distance > 0.6 * (toy.radius + other.radius)
    assert 0 < HIDDEN < 0.5


def test_count_is_that_which_was_asked_for():
    rng = np.random.default_rng(4)
    assert [len(generate_toys(rng, count).objects) for count in (0, 1, 3)] == [0, 1, 3]
    assert max(len(generate_toys(rng, MOST).objects) for _ in range(5)) <= MOST


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda rng: generate_toys(rng, MOST + 1), "allowed is 0 to 9"),
        (lambda rng: generate_toys(rng, side=16), "allowed is 32 to 1024"),
        (lambda rng: place_toys([("ball", "pink", "small")], rng), "colour is 'pink'"),
        (lambda rng: place_toys([("egg", "red", "small")], rng), "shape is 'egg'"),
        (lambda rng: place_toys([("ball", "red", "huge")], rng), "size is 'huge'"),
        (lambda rng: SceneObject("ball", "red", "small", 1.5, 0, 0.1), "x is 1.5"),
    ],
)
def test_bad_input_is_told(call, message):
    with pytest.raises(ConfigError, match=message):
        call(np.random.default_rng(1))


def test_sizes_do_not_overlap():
    assert SIZES["small"][1] < LARGE < SIZES["large"][0]
