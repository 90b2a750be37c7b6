# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trainings of lam-sc and deepjscc: their crops, their start, that they learn, stop and go
on.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from semcom_core.errors import ConfigError, ModelError
from semcom_core.image import load_image_codec
from semcom_core.image.learned.deepjscc import DeepjsccShape
from semcom_core.metrics.image import psnr_db
from semcom_core.train import deepjscc
from semcom_core.train import lam_sc as image
from semcom_core.train.image_loop import draw, rate_at
from semcom_core.train.lam_sc import best_powers, block_transform
from semcom_core.train.settings import CODEC, MASK, ImageTraining
from tests.core.image.jscc_models import SMALL, examples, scene, through

SHORT = ImageTraining(
    steps=30,
    pictures=2,
    crop=32,
    learning_rate=3e-3,
    lowest_snr_db=8,
    highest_snr_db=12,
    save_steps=10,
)


def psnrs(progress, steps=None):
    """PSNR after each step of a training, stopped after some."""
    torch.set_num_threads(1)
    found = []
    for state in progress:
        found.append(state.psnr_db)
        if len(found) == steps:
            break
    return found


def test_crops_show_pictures_and_what_is_in_them():
    crops = draw(examples(3, 64), 50, 32, np.random.default_rng(1))
    assert crops.pictures.shape == (50, 3, 32, 32) and crops.importance.shape == (50, 1, 4, 4)
    assert -0.5 <= crops.pictures.min() < crops.pictures.max() <= 0.5
    assert 0 <= crops.importance.min() and crops.importance.max() == 1
    assert (crops.importance.diff(dim=2) >= 0).all()  # the lower half is labelled


def test_powers_are_the_best_of_their_sum():
    variances, noise = np.array([4.0, 1.0, 0.2, 0.001]), 0.1
    powers = best_powers(variances, 3.0, noise)
    assert powers.sum() == pytest.approx(3.0) and powers[3] == 0 and (np.diff(powers) <= 0).all()
    slope = (
        variances * noise / (powers + noise) ** 2
    )  # of the error by each power: alike where power is spent
    assert slope[:3] == pytest.approx(slope[0], rel=1e-6) and slope[3] < slope[0]


def test_the_start_is_the_linear_code_of_its_transform():
    found = examples(6, 96)
    transform = block_transform(found, 8.0, np.random.default_rng(1))
    assert transform.powers.sum() == pytest.approx(12) and (np.diff(transform.variances) <= 0).all()
    network = image.new_network(SMALL, found, 1).eval()
    message = image.draw_message(
        found, replace(SHORT, pictures=16), CODEC, np.random.default_rng(2)
    )
    message = replace(message, noise_var=torch.full_like(message.noise_var, 1e-6))
    with torch.inference_mode():
        error = (image.transmit(network, message) - message.crops.pictures).square().mean().item()
    blocks = block_transform(found, 8.0, np.random.default_rng(3))
    pixels = (
        message.crops.pictures.unfold(2, 8, 8)
        .unfold(3, 8, 8)
        .permute(0, 2, 3, 1, 4, 5)
        .reshape(-1, 192)
        .double()
        .numpy()
    )
    rest = (
        pixels
        - blocks.mean
        - (pixels - blocks.mean) @ transform.components @ transform.components.T
    )
    assert error == pytest.approx(np.mean(rest**2), rel=0.05)


def test_it_learns_in_both_stages(tmp_path):
    """From a receiver that is too dark, since little is to be gained from the best linear start in
    so few steps.
    """
    found = examples(6, 64)
    network = image.new_network(SMALL, found, 1)
    with torch.no_grad():
        network.receiver.linear.weight *= 0.8
    spoiled = quality(network, found)
    config = replace(SHORT, pictures=4, steps=25, learning_rate=1e-2, linear_rate=1.0)
    for stage in (CODEC, MASK):
        psnrs(image.train_stage(network, found, config, stage, tmp_path / stage))
    assert quality(network, found) > spoiled + 1.0


def test_each_stage_starts_where_the_one_before_ended(tmp_path):
    found, plan = (
        examples(6, 64),
        {CODEC: replace(SHORT, steps=12, fall=0.0), MASK: replace(SHORT, steps=12)},
    )
    psnrs(image.train_lam_sc(plan, found, tmp_path, SMALL))
    (tmp_path / "alone" / CODEC).mkdir(parents=True)
    (tmp_path / "alone" / CODEC / image.WEIGHTS).write_bytes(
        (tmp_path / CODEC / image.WEIGHTS).read_bytes()
    )
    psnrs(image.train_lam_sc({MASK: plan[MASK]}, found, tmp_path / "alone", SMALL))
    both, alone, codec = (
        load_file(tmp_path / name / image.WEIGHTS) for name in (MASK, f"alone/{MASK}", CODEC)
    )
    for name, weight in both.items():  # the file of the stage CODEC has half precision
        assert torch.allclose(weight.float(), alone[name].float(), atol=0.01, rtol=0.02)
    assert any(not torch.equal(weight, codec[name]) for name, weight in both.items())
    one, pixels = (
        load_image_codec("lam-sc", weights=str(tmp_path / MASK / image.WEIGHTS), keep=0.4),
        scene(128, 160, 3),
    )
    assert psnr_db(pixels, one.decode(through(one.encode(pixels, 10.0), 0.1)).pixels) > 18


def quality(network, found):
    """PSNR, dB, of a message of 32 crops."""
    message = image.draw_message(
        found, replace(SHORT, pictures=32), CODEC, np.random.default_rng(7)
    )
    torch.manual_seed(8)
    with torch.inference_mode():
        return image.loss_of(network, message, 0.0)[1]


def test_it_goes_on_where_it_stopped(tmp_path):
    found, plan = examples(4, 64), {CODEC: SHORT}
    whole = psnrs(image.train_lam_sc(plan, found, tmp_path / "a", SMALL))
    first = psnrs(image.train_lam_sc(plan, found, tmp_path / "b", SMALL), steps=25)
    second = psnrs(image.train_lam_sc(plan, found, tmp_path / "b", SMALL))
    assert first == pytest.approx(whole[:25], abs=1e-6)
    last = (
        30 * whole[29] - 20 * whole[19]
    ) / 10  # the checkpoint was after step 20, and its means start anew
    assert len(second) == 10 and second[-1] == pytest.approx(last, abs=0.01)


def test_the_mask_needs_the_stage_before_it(tmp_path):
    with pytest.raises(ModelError, match="lam_sc.safetensors cannot be read"):
        next(image.train_lam_sc({MASK: SHORT}, examples(2, 64), tmp_path, SMALL))


def test_importance_weighs_errors():
    network = image.new_network(SMALL, examples(), 1)
    message = image.draw_message(examples(), SHORT, CODEC, np.random.default_rng(4))
    on = replace(
        message, crops=replace(message.crops, importance=torch.ones_like(message.crops.importance))
    )
    for one in (message, on):
        torch.manual_seed(5)
        loss, psnr = image.loss_of(network, one, 3.0)
        if one is on:  # everything alike important: the plain error
            assert loss.item() == pytest.approx(-psnr / 10 * np.log(10), rel=1e-4)


def test_the_mask_network_learns_too(tmp_path):
    network = image.new_network(SMALL, examples(), 1)
    message = replace(
        image.draw_message(examples(), SHORT, MASK, np.random.default_rng(6)), share=0.4, soft=True
    )
    image.loss_of(network, message, 3.0)[0].backward()
    found = (network.sender.worth.weight, network.sender.log_weight, network.log_gain)
    assert all(weight.grad.abs().sum() > 0 for weight in found)


def test_deepjscc_learns_and_its_file_makes_a_codec(tmp_path):
    config = replace(SHORT, steps=150, learning_rate=1e-2, fall=0.2)
    gained = psnrs(
        deepjscc.train_deepjscc(config, examples(4, 64), tmp_path, DeepjsccShape(width=16))
    )
    assert gained[-1] > gained[0] + 1.0
    codec, pixels = (
        load_image_codec("deepjscc", weights=str(tmp_path / deepjscc.WEIGHTS)),
        scene(96, 96),
    )
    assert codec.decode(through(codec.encode(pixels, 10.0), 0.1)).pixels.shape == pixels.shape


def test_the_rate_rises_stays_and_falls():
    config = ImageTraining(steps=1000, learning_rate=1e-3, fall=0.4)
    assert [rate_at(step, config) for step in (0, 199, 600, 800, 1000)] == pytest.approx(
        [5e-6, 1e-3, 1e-3, 5e-4, 0]
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("steps", 0), ("crop", 20), ("learning_rate", 1), ("lowest_snr_db", 17), ("fall", 2)],
)
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(ConfigError, match=f"{name}.* is "):
        replace(ImageTraining(), **{name: value})
