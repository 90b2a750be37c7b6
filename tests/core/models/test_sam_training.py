# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the small segmenting network: its pictures, its prompts, its losses, and going on
after an interruption.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from semcom_core.datasets.scenes import Scene, bounding_box, generate_scene, inner_point
from semcom_core.errors import ConfigError
from semcom_core.models.sam.loader import WEIGHTS, load_sam
from semcom_core.models.sam.tiny import TinyConfig, build_tiny
from semcom_core.train.sam import SamTrainer, best_offsets, mask_losses, overlap, prompt_loss
from semcom_core.train.sam_data import PADDING, Pictures, draw_batch, objects_of, paste, view
from semcom_core.train.settings import SamTraining

SMALL = TinyConfig(size=64, stem=8, width=32, depth=1, heads=2, prompt=32, decoder=1)


def square(size: int = 64, left: int = 10, top: int = 20, side: int = 16) -> Scene:
    labels = np.zeros((size, size), np.uint8)
    labels[top : top + side, left : left + side] = 7
    return Scene(np.where(labels[..., None] > 0, 250, 40).astype(np.uint8).repeat(3, 2), labels)


def test_a_view_keeps_picture_and_labels_together():
    rng, shown = np.random.default_rng(0), 0
    for _ in range(30):
        found = view(square(90), 64, rng)
        inside = found.labels == 7
        shown += inside.sum() > 30
        assert found.pixels.shape == (64, 64, 3) and set(np.unique(found.labels)) <= {0, 7, PADDING}
        if inside.sum() > 30:
            assert found.pixels[inside].mean() > 200 and found.pixels[found.labels == 0].mean() < 80
    assert shown > 10


def test_a_pasted_object_gets_a_number_of_its_own():
    rng, scene = (
        np.random.default_rng(1),
        Scene(np.zeros((64, 64, 3), np.uint8), np.full((64, 64), 3, np.uint8)),
    )
    pasted = [paste(scene, square(), rng) for _ in range(8)]
    assert all(set(np.unique(one.labels)) <= {1, 3} for one in pasted) and any(
        (one.labels == 1).sum() == 256 for one in pasted
    )
    for one in pasted:
        assert one.pixels[one.labels == 3].mean() < 20 < one.pixels[one.labels == 1].mean()
    empty = Scene(scene.pixels, np.zeros((64, 64), np.uint8))
    assert paste(scene, empty, rng) is scene


def test_groups_padding_and_specks_are_not_asked_for():
    labels = np.zeros((100, 100), np.uint8)
    labels[:40], labels[40:60], labels[60:70], labels[99, :40] = 255, PADDING, 5, 9
    assert objects_of(labels).tolist() == [5]


def test_prompts_and_masks_of_a_batch_belong_together():
    config = SamTraining(pictures=3, prompts=4, scenes=0.5)
    batch = draw_batch(
        Pictures([square(80), generate_scene(60, 90, np.random.default_rng(3))], 64, config),
        np.random.default_rng(4),
    )
    assert (
        batch.pixels.shape == (3, 3, 64, 64)
        and batch.wanted.shape == (12, 16, 16)
        and batch.points.shape == (12, 2)
    )
    for (x, y), (left, top, right, bottom), wanted in zip(
        batch.points.numpy(), batch.boxes.numpy(), batch.wanted.numpy()
    ):
        assert wanted[int(y) // 4, int(x) // 4] > 0  # the point's own cell belongs to the object
        rows, columns = np.flatnonzero(wanted.any(1)), np.flatnonzero(wanted.any(0))
        drawn = np.array([columns[0] * 4, rows[0] * 4, columns[-1] * 4 + 4, rows[-1] * 4 + 4])
        assert (
            np.abs(drawn - [left, top, right, bottom]).max() < 4 + 0.2 * 64
        )  # cells of 4 pixels, and edges moved by 5 deviations


def test_the_inner_point_is_the_maximum_of_the_distance_transform():
    mask = np.zeros((30, 40), bool)
    mask[5:20, 10:25] = mask[12, 5:35] = True
    assert inner_point(mask).tolist() == [17, 12] and bounding_box(mask).tolist() == [5, 5, 35, 20]
    assert inner_point(np.ones((30, 40), bool)).tolist() == [20, 15]
    corner = np.zeros((30, 40), bool)
    corner[:10, :10] = True  # the picture's edge is no outline: the point goes into the corner
    assert inner_point(corner).tolist() == [0, 0]


def test_losses_fall_with_the_error_and_overlap_counts_cells():
    wanted = torch.zeros(1, 8, 8)
    wanted[0, 2:6, 2:6] = 1
    right, half, wrong = 20 * wanted - 10, torch.where(wanted > 0, 0.0, -10.0), 10 - 20 * wanted
    losses = mask_losses(torch.stack([right[0], half[0], wrong[0]])[None], wanted)[0]
    assert losses[0] < 0.01 < losses[1] < losses[2]
    shifted = torch.full((1, 1, 8, 8), -5.0)
    shifted[0, 0, 2:6, 4:8] = 5.0
    assert overlap(shifted, wanted).item() == pytest.approx(8 / 24)


def test_a_point_is_judged_by_its_best_output_and_reports_the_one_it_chose():
    wanted = torch.zeros(1, 8, 8)
    wanted[0, 2:6, 2:6] = 1
    good, bad = 20 * wanted[0] - 10, 10 - 20 * wanted[0]
    logits, quality = (
        torch.stack([good, bad, good, bad])[None],
        torch.tensor([[1.0, 0.0, 1.0, 0.0]]),
    )
    loss, chosen = prompt_loss(logits, quality, wanted, several=True)
    worse, missed = prompt_loss(logits, torch.tensor([[1.0, 0.9, 0.1, 0.0]]), wanted, several=True)
    assert chosen.item() == 1.0 and missed.item() == 0.0 and worse > loss
    by_box, box_iou = prompt_loss(logits, quality, wanted, several=False)
    assert by_box < 0.01 and box_iou.item() == 1.0


def test_masks_begin_where_they_overlap_most():
    network = build_tiny(SMALL)  # nothing learned: a box is answered by itself
    network.mask_decoder.offset.data[0] = -1.5
    pictures = Pictures(
        [square(side=24)], 64, SamTraining(pictures=4, prompts=1, scenes=0.0, paste=0.0)
    )
    found = best_offsets(
        network, [draw_batch(pictures, np.random.default_rng(seed)) for seed in range(3)]
    )
    assert (
        found.shape == (4,) and abs(found[0].item()) <= 0.5
    )  # shifts are tried in steps of a quarter, boxes are shaken
    before = network.mask_decoder.offset.detach()
    shifts = (found - before)[1:]
    assert torch.equal(shifts, shifts[:1].expand(3))


def test_training_goes_on_where_it_was(tmp_path):
    scenes, config = [square()], {"pictures": 2, "prompts": 2, "save_steps": 2, "cooldown": 0.0}
    whole = SamTrainer(scenes, SamTraining(steps=4, **config), tmp_path / "whole", SMALL)
    assert [state.step for state in whole.run()] == [1, 2, 3, 4]
    for steps, expected in ((2, [1, 2]), (4, [3, 4])):
        parts = SamTrainer(scenes, SamTraining(steps=steps, **config), tmp_path / "parts", SMALL)
        assert [state.step for state in parts.run()] == expected
    first, second = (load_file(tmp_path / name / WEIGHTS) for name in ("whole", "parts"))
    for name in first:
        torch.testing.assert_close(
            first[name], second[name], atol=2e-3, rtol=1e-2
        )  # half precision, and sums in another order
    assert load_sam(str(tmp_path / "parts" / WEIGHTS)).network.image_encoder.img_size == 64


def test_training_lowers_the_loss(tmp_path):
    config = SamTraining(steps=40, pictures=4, prompts=2, scenes=0.0, paste=0.0, learning_rate=3e-3)
    states = list(SamTrainer([square()], config, tmp_path, SMALL).run())
    assert states[-1].loss < 0.9 * states[0].loss  # states hold means over all steps so far


@pytest.mark.parametrize(
    "wrong",
    [{"steps": 0}, {"pictures": 0}, {"prompts": 100}, {"scenes": 1.5}, {"learning_rate": 1.0}],
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="allowed is"):
        SamTraining(**wrong)
