# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The knowledge base: segments of pictures, answers to prompts, and agreement of two
segmentations.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from semcom_core.datasets.scenes import generate_scene
from semcom_core.errors import ConfigError, FrameError, ModelError
from semcom_core.image.segmentation.knowledge import KnowledgeBase, KnowledgeConfig
from semcom_core.image.segmentation.segments import overlaps, scaled_masks, segments_of, validate
from semcom_core.models.sam.loader import save_tiny
from semcom_core.models.sam.tiny import TinyConfig, build_tiny

SMALL = TinyConfig(size=64, stem=8, width=32, depth=1, heads=2, prompt=32, decoder=1)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A small network with random weights in a file."""
    torch.manual_seed(3)
    path = tmp_path_factory.mktemp("sam") / "random.safetensors"
    save_tiny(path, build_tiny(SMALL).state_dict(), SMALL, {})
    return str(path)


@pytest.fixture(scope="module")
def random_base(weights):
    """A knowledge base whose masks mean nothing, and that keeps all of them."""
    return KnowledgeBase.from_settings(
        model=weights, points=3, least_quality=0, least_stability=0, side=64
    )


def squares(*boxes: tuple[int, int, int, int], size: tuple[int, int] = (20, 30)) -> np.ndarray:
    masks = np.zeros((len(boxes), *size), bool)
    for mask, (left, top, right, bottom) in zip(masks, boxes):
        mask[top:bottom, left:right] = True
    return masks


def segments(masks: np.ndarray):
    return segments_of(masks, np.linspace(1, 0.5, len(masks)), np.zeros((2, 3, 4), np.float32), "f")


def test_small_segments_lie_over_large_ones_and_empty_ones_are_left_out():
    found = segments(squares((2, 2, 6, 6), (3, 3, 3, 9), (0, 0, 20, 20)))
    assert found.areas.tolist() == [16, 400] and found.predicted_iou.tolist() == [1.0, 0.5]
    assert (found.labels[3, 3], found.labels[10, 10], found.labels[0, 25]) == (1, 2, 0)
    assert found.labels.dtype == np.int32 and np.bincount(found.labels.reshape(-1)).tolist() == [
        200,
        16,
        384,
    ]


def test_agreement_is_the_best_overlap_weighted_by_area():
    sent = segments(squares((0, 0, 10, 10), (10, 0, 15, 10)))
    received = segments(squares((0, 0, 10, 5), (10, 0, 15, 10)))
    assert validate(sent, received) == pytest.approx((100 * 0.5 + 50 * 1.0) / 150)
    assert validate(sent, sent) == pytest.approx(1.0)
    nothing = segments(squares())
    assert (validate(sent, nothing), validate(nothing, sent), validate(nothing, nothing)) == (
        0.0,
        0.0,
        1.0,
    )


def test_segments_of_another_size_are_refused():
    with pytest.raises(
        ConfigError, match=r"size .20, 31.; allowed is that of the sent ones, .20, 30."
    ):
        validate(segments(squares((0, 0, 3, 3))), segments(squares((0, 0, 3, 3), size=(20, 31))))
    with pytest.raises(ConfigError, match="allowed is that of the others"):
        overlaps(squares((0, 0, 3, 3)), squares((0, 0, 3, 3), size=(5, 5)))


def test_masks_are_scaled_by_their_middle():
    doubled = scaled_masks(squares((4, 4, 8, 8), size=(12, 12)), (24, 24))[0]
    assert doubled[8:16, 8:16].mean() > 0.9 and doubled.sum() <= 64
    logits = np.where(squares((4, 4, 8, 8), size=(12, 12)), 3.0, -3.0)
    assert np.array_equal(scaled_masks(logits, (24, 24))[0], doubled)


def test_a_point_gives_three_answers_and_a_box_one_the_best_first(random_base):
    pixels = generate_scene(40, 50, np.random.default_rng(0)).pixels
    by_point, by_box = (
        random_base.segment(pixels, point=(10, 20)),
        random_base.segment(pixels, box=(5, 5, 50, 40)),
    )
    assert 1 <= len(by_point.masks) <= 3 and len(by_box.masks) <= 1
    assert by_point.masks.shape[1:] == (40, 50) and np.all(np.diff(by_point.predicted_iou) <= 0)
    assert by_point.embedding.shape == (
        32,
        4,
        4,
    )  # 40 of 50 columns are 51 of 64, and these 4 cells of 16


def test_prompts_are_in_pixels_of_the_picture_whatever_its_size(weights):
    small = generate_scene(48, 64, np.random.default_rng(1)).pixels
    large = small.repeat(4, 0).repeat(4, 1)
    base = KnowledgeBase.from_settings(model=weights, side=64)
    a, b = base.segment(small, point=(20, 10)), base.segment(large, point=(80, 40))
    assert (
        overlaps(a.masks, b.masks[:, 1::4, 1::4]).max(1).min() > 0.9
    )  # the last pixels differ by rounding


def test_everything_found_has_the_size_of_the_picture(random_base):
    for size in ((1, 1), (1, 90), (3, 200), (70, 33)):
        pixels = np.full((*size, 3), 90, np.uint8)
        found = random_base.segments(pixels)
        assert found.labels.shape == size and found.labels.max() <= len(found.masks)
        assert random_base.segment(pixels, point=(0, size[0] - 1)).labels.shape == size


def test_strict_limits_leave_nothing(weights):
    strict = KnowledgeBase.from_settings(
        model=weights, points=2, least_quality=1.0, least_stability=1.0
    )
    found = strict.segments(np.zeros((30, 30, 3), np.uint8))
    assert len(found.masks) == 0 and not found.labels.any()


@pytest.mark.parametrize("prompt, message", [
    ({"point": (50, 3)}, r"point is .50, 3.; allowed is x, y with 0 <= x < 50 and 0 <= y < 40"),
    ({"point": (3, -1)}, "point is"),
    ({"point": (3, float("nan"))}, "point is"),
    ({"point": (1, 2, 3)}, "point is"),
    ({"box": (5, 5, 5, 9)}, "box is"),
    ({"box": (0, 0, 51, 40)}, r"allowed is left < right <= 50"),
    ({}, "prompt is None"),
])  # fmt: skip
def test_prompts_outside_the_picture_are_refused(random_base, prompt, message):
    with pytest.raises(ConfigError, match=message):
        random_base.segment(np.zeros((40, 50, 3), np.uint8), **prompt)


@pytest.mark.parametrize(
    "shape, kind",
    [((40, 50), np.uint8), ((40, 50, 3), float), ((0, 5, 3), np.uint8), ((9, 9, 4), np.uint8)],
)
def test_what_is_no_picture_is_refused(random_base, shape, kind):
    with pytest.raises(FrameError, match="allowed is"):
        random_base.segments(np.zeros(shape, kind))


def test_settings_are_checked():
    for wrong in ({"points": 0}, {"least_quality": 1.5}, {"side": 10}):
        with pytest.raises(ConfigError, match="allowed is"):
            KnowledgeConfig(**wrong)
    with pytest.raises(ModelError, match="is not there"):
        KnowledgeBase.from_settings(model="nowhere.pth")
