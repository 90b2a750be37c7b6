# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Semantic attention: what is measured on segments, importance in each mode, and a short training
that learns what is an object.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from semcom_core.datasets.scenes import Scene, generate_scene
from semcom_core.errors import ConfigError, FrameError, ModelError
from semcom_core.image.segmentation.attention import MODES, Attention, importance_picture
from semcom_core.image.segmentation.attention_network import (
    WEIGHTS,
    AttentionConfig,
    AttentionNetwork,
    save_attention,
)
from semcom_core.image.segmentation.segments import (
    COUNT,
    MIRRORED,
    Segments,
    overlaps,
    segment_features,
    segments_of,
)
from semcom_core.train.attention import colour_regions, item_of, train_attention
from semcom_core.train.settings import AttentionTraining


def known_segments(labels: np.ndarray, fingerprint: str = "known") -> Segments:
    """Segments as drawn, with an embedding of two channels: brightness is not in it, the place
    is.
    """
    masks = (
        np.stack([labels == number for number in range(1, labels.max() + 1)])
        if labels.any()
        else np.zeros((0, *labels.shape), bool)
    )
    embedding = np.stack(np.meshgrid(np.linspace(0, 1, 6), np.linspace(0, 1, 5))).astype(np.float32)
    return segments_of(masks, np.ones(len(masks)), embedding, fingerprint)


def picture_with_square(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A grey picture with a bright square, which is what matters, and a dark one."""
    pixels, labels = np.full((48, 64, 3), 120, np.uint8), np.zeros((48, 64), np.uint8)
    for number, (level, left) in enumerate(
        ((230, rng.integers(2, 16)), (20, rng.integers(34, 46))), 1
    ):
        top = rng.integers(2, 32)
        pixels[top : top + 14, left : left + 14], labels[top : top + 14, left : left + 14] = (
            level,
            number,
        )
    return (pixels, labels) if rng.random() < 0.5 else (pixels[:, ::-1], labels[:, ::-1])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Attention trained on squares of which the bright ones count."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("attention")
    drawn = [picture_with_square(rng) for _ in range(24)]
    table = {pixels.tobytes(): known_segments(labels) for pixels, labels in drawn}
    knowledge = SimpleNamespace(
        model=SimpleNamespace(fingerprint="known", channels=2),
        segments=lambda pixels: table[pixels.tobytes()],
    )
    scenes = [Scene(pixels, (labels == 1).astype(np.uint8)) for pixels, labels in drawn]
    states = list(
        train_attention(
            scenes, knowledge, AttentionTraining(steps=120, pictures=8, regions=0.0), folder
        )
    )
    assert states[-1].loss < 0.5 * states[0].loss and states[-1].step == states[-1].steps == 120
    return Attention(folder / WEIGHTS)


def test_figures_of_a_segment():
    pixels, labels = np.zeros((20, 40, 3), np.uint8), np.zeros((20, 40), np.uint8)
    pixels[:, 20:] = (255, 0, 0)
    labels[:, 20:] = 1
    rest, right = segment_features(pixels, known_segments(labels))
    assert right.shape == (COUNT + 2,)
    np.testing.assert_allclose(right[:7], [0.5, -0.5, -0.5, 0, 0, 0, np.log10(0.5)], atol=1e-6)
    assert right[MIRRORED] == pytest.approx(0.5, abs=0.02) and rest[MIRRORED] == pytest.approx(
        -right[MIRRORED]
    )
    np.testing.assert_allclose(
        right[12:17], [0.5, 1.0, 1.0, 0, 0], atol=1e-6
    )  # half the border; a red edge one unit high
    assert right[COUNT] == pytest.approx(
        0.8, abs=0.01
    )  # the embedding's first channel is x, 6 cells from 0 to 1
    assert (rest[COUNT - 1], right[COUNT - 1]) == (1, 0)


def test_figures_are_finite_for_the_smallest_pictures_and_for_hidden_segments():
    labels = np.zeros((1, 1), np.uint8)
    assert np.isfinite(
        segment_features(np.zeros((1, 1, 3), np.uint8), known_segments(labels))
    ).all()
    masks = np.ones((2, 4, 4), bool)  # the second hides the first
    found = segment_features(
        np.zeros((4, 4, 3), np.uint8),
        segments_of(masks, np.ones(2), np.zeros((2, 1, 1), np.float32), "f"),
    )
    assert found.shape == (3, COUNT + 2) and not found[:2].any() and found[2].any()


def test_training_learns_which_segments_matter(trained):
    pixels, labels = picture_with_square(np.random.default_rng(99))
    pixels = np.ascontiguousarray(pixels)
    for mode in ("channel", "both"):
        importance = trained.importance(pixels, known_segments(labels), mode)
        assert importance.dtype == np.float32 and importance.shape == (48, 64)
        assert importance[labels == 1].mean() > 0.7 > 0.3 > importance[labels == 2].mean()
    spatial = trained.importance(pixels, None, "spatial")
    assert spatial[labels == 1].mean() > spatial[labels == 2].mean() + 0.3
    assert np.array_equal(trained.importance(pixels, None, "none"), np.ones((48, 64), np.float32))


def test_segments_of_another_network_are_judged_without_its_embedding(trained):
    pixels, labels = picture_with_square(np.random.default_rng(98))
    other = known_segments(labels, "another network")
    wide = Segments(
        other.labels,
        other.masks,
        other.predicted_iou,
        other.areas,
        np.zeros((7, 2, 2), np.float32),
        "another network",
    )
    first, second = (
        trained.importance(np.ascontiguousarray(pixels), one, "channel") for one in (other, wide)
    )
    assert (
        np.array_equal(first, second)
        and first[labels == 1].mean() > first[labels == 2].mean() + 0.3
    )


def test_regions_of_even_colour_stand_in_for_segments():
    pixels, labels = picture_with_square(np.random.default_rng(5))
    pixels, labels = pixels.repeat(4, 0).repeat(4, 1), labels.repeat(4, 0).repeat(4, 1)
    found = colour_regions(pixels, 3, np.random.default_rng(0))
    assert found.fingerprint == "" and found.embedding.shape == (3, 1, 1)
    assert max(overlaps(found.masks, (labels == 1)[None])[:, 0]) > 0.7
    item = item_of(Scene(pixels, (labels == 1).astype(np.uint8)), found)
    assert (
        not item.known
        and item.figures.shape == (len(found.masks) + 1, COUNT + 3)
        and item.wanted.shape == item.labels.shape == (48, 48)
    )
    assert item.wanted.mean() == pytest.approx((labels == 1).mean(), abs=0.01)


def test_pictures_of_any_size_get_an_importance(trained):
    for size in ((1, 1), (1, 70), (500, 3)):
        pixels = (
            generate_scene(8, 8, np.random.default_rng(0))
            .pixels[:1, :1]
            .repeat(size[0], 0)
            .repeat(size[1], 1)
        )
        for mode in MODES:
            importance = trained.importance(pixels, known_segments(np.zeros(size, np.uint8)), mode)
            assert importance.shape == size and 0 <= importance.min() <= importance.max() <= 1


def test_bad_input_is_named(trained, tmp_path):
    pixels, segments = np.zeros((10, 10, 3), np.uint8), known_segments(np.zeros((10, 11), np.uint8))
    with pytest.raises(
        ConfigError,
        match=r"segments are of size .10, 11.; allowed is that of the picture, .10, 10.",
    ):
        trained.importance(pixels, segments)
    with pytest.raises(ConfigError, match="segments are of size None"):
        trained.importance(pixels, None, "both")
    with pytest.raises(
        ConfigError, match="attention mode is 'all'; allowed is one of both, channel, none, spatial"
    ):
        trained.importance(pixels, segments, "all")
    with pytest.raises(FrameError, match="picture is"):
        trained.importance(pixels[..., 0], segments)
    with pytest.raises(ConfigError, match="importance is of size"):
        importance_picture(pixels, np.zeros((5, 5)))
    (tmp_path / "bad.safetensors").write_text("nothing", encoding="utf-8")
    with pytest.raises(ModelError, match="bad.safetensors cannot be read"):
        Attention(tmp_path / "bad.safetensors")


def test_weights_that_do_not_fit_are_refused(tmp_path):
    torch.manual_seed(0)
    save_attention(
        tmp_path / "a.safetensors",
        AttentionNetwork(AttentionConfig(embedding=2)),
        AttentionConfig(embedding=3),
        "f",
        {},
    )
    with pytest.raises(ModelError, match="do not fit"):
        Attention(tmp_path / "a.safetensors")


def test_the_heat_map_runs_from_blue_to_red_over_the_picture():
    pixels = np.full((2, 3, 3), 100, np.uint8)
    shown = importance_picture(pixels, np.array([[0.0, 0.5, 1.0]] * 2)).astype(int)
    assert shown.shape == (2, 3, 3) and shown[0].argmax(1).tolist() == [2, 1, 0]
    bright = importance_picture(pixels + 100, np.array([[0.0, 0.5, 1.0]] * 2)).astype(int)
    assert (bright > shown).all()
