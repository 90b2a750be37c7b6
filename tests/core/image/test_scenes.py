# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated scenes and labelled photographs."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from semcom_core.datasets.scenes import generate_scene, labelled_scenes
from semcom_core.errors import ConfigError


def test_a_scene_has_its_shapes_and_is_drawn_again_from_the_same_seed():
    scene = generate_scene(60, 90, np.random.default_rng(5), shapes=4)
    assert scene.pixels.shape == (60, 90, 3) and scene.pixels.dtype == np.uint8
    assert (
        scene.labels.shape == (60, 90)
        and 1 < len(np.unique(scene.labels)) <= 5
        and scene.labels.max() <= 4
    )
    again = generate_scene(60, 90, np.random.default_rng(5), shapes=4)
    assert np.array_equal(scene.pixels, again.pixels) and np.array_equal(scene.labels, again.labels)


def test_shapes_differ_from_what_is_around_them():
    rng, steps = np.random.default_rng(2), []
    for _ in range(20):
        scene = generate_scene(64, 64, rng, shapes=3)
        change = np.abs(np.diff(scene.pixels.astype(int), axis=1)).sum(2)
        edge = np.diff(scene.labels.astype(int), axis=1) != 0
        steps.append(change[edge].mean() - change[~edge].mean() if edge.any() else 0.0)
    assert (
        np.mean(steps) > 60
    )  # of 765; a plain edge between two random colours is 255 high on average


@pytest.mark.parametrize("arguments", [(7, 64, 1), (64, 5000, 1), (64, 64, -1), (64, 64, 101)])
def test_sizes_out_of_range_are_refused(arguments):
    with pytest.raises(ConfigError, match="allowed is"):
        generate_scene(*arguments[:2], np.random.default_rng(0), arguments[2])


@pytest.fixture()
def folder(tmp_path):
    """Two pictures of 40 × 20, one of each part."""
    rng, lines = np.random.default_rng(0), []
    for name, split in (("a", "train"), ("b", "val")):
        scene = generate_scene(20, 40, rng, shapes=2)
        for kind, ending, pixels in (
            ("images", "jpg", scene.pixels),
            ("instances", "png", scene.labels),
        ):
            (tmp_path / kind).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / kind / f"{name}.{ending}")
        lines.append(json.dumps({"file": f"{name}.jpg", "split": split}))
    (tmp_path / "meta.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def test_labelled_pictures_come_by_part_and_size(folder):
    assert [scene.pixels.shape for scene in labelled_scenes(folder, "test")] == [(20, 40, 3)]
    small = list(labelled_scenes(folder, "all", side=10))
    assert [(scene.pixels.shape, scene.labels.shape) for scene in small] == [
        ((5, 10, 3), (5, 10))
    ] * 2
    whole = next(labelled_scenes(folder, "train"))
    assert set(np.unique(whole.labels)) <= {0, 1, 2} and whole.labels.dtype == np.uint8


def test_damaged_folders_are_named(folder, tmp_path):
    with pytest.raises(ConfigError, match="part is 'val'"):
        next(labelled_scenes(folder, "val"))
    Image.fromarray(np.zeros((20, 41), np.uint8)).save(folder / "instances" / "b.png")
    with pytest.raises(ConfigError, match="b.png has .41, 20. pixels; allowed is .40, 20."):
        next(labelled_scenes(folder, "test"))
    (folder / "images" / "a.jpg").unlink()
    with pytest.raises(ConfigError, match="labelled picture a in"):
        next(labelled_scenes(folder, "train"))
    (folder / "meta.jsonl").write_text('{"split": "train"}', encoding="utf-8")
    with pytest.raises(ConfigError, match="meta.jsonl cannot be read"):
        next(labelled_scenes(folder, "train"))
