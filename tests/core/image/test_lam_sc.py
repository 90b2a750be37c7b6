# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The codec lam-sc: uses, power, what is kept, losses, odd sizes and bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from semcom_core.errors import ConfigError, FrameError, ModelError
from semcom_core.image import load_image_codec
from semcom_core.image.fragments import parse_cbr, uses_for
from semcom_core.image.learned.message import PRELUDE_USES
from semcom_core.metrics.image import psnr_db
from tests.core.image.jscc_models import lam_sc_weights, scene, through

PIXELS = scene(160, 200)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return str(lam_sc_weights(tmp_path_factory.mktemp("lam_sc")))


def codec(weights, **settings):
    return load_image_codec("lam-sc", weights=weights, **settings)


def uses(frames):
    return sum(len(frame.symbols) for frame in frames)


def power(frames):
    return np.mean(np.abs(np.concatenate([frame.symbols for frame in frames])) ** 2)


@pytest.mark.parametrize("cbr", ["1/16", "1/24", "1/36", 1 / 48])
def test_the_uses_are_what_cbr_allows(weights, cbr):
    frames = codec(weights, cbr=str(cbr)).encode(PIXELS, 10.0)
    allowed = uses_for(parse_cbr(cbr), 160, 200)
    assert 0.93 * allowed <= uses(frames) <= allowed
    assert power(frames) == pytest.approx(
        1, abs=0.01
    )  # the few QAM symbols of the mask are of power 1 in the mean only
    assert [f.header.codec for f in frames] == [9] * len(frames)


def test_more_noise_and_fewer_symbols_are_worse_and_none_is_marked(weights):
    found = []
    for settings, noise_var in (
        ({}, 0.001),
        ({}, 0.1),
        ({"keep": 0.4}, 0.1),
        ({"keep": 0.15}, 0.1),
        ({"keep": 0.15}, 0.5),
    ):
        one = codec(weights, **settings)
        got = one.decode(through(one.encode(PIXELS, -10 * np.log10(noise_var)), noise_var))
        assert got.decoded and not got.reason and got.pixels.shape == PIXELS.shape
        found.append(psnr_db(PIXELS, got.pixels))
    assert found == sorted(found, reverse=True) and found[0] > 25 and found[-1] > 15


def test_a_channel_without_noise_is_no_special_case(weights):
    one = codec(weights)
    frames = one.encode(PIXELS, 40.0)
    clear, faint = (
        one.decode(through(frames, noise_var)).pixels.astype(int) for noise_var in (0.0, 1e-6)
    )
    assert np.abs(clear - faint).max() <= 2 and psnr_db(PIXELS, clear.astype(np.uint8)) > 25


def test_uses_follow_the_share_that_is_kept(weights):
    whole = uses(codec(weights).encode(PIXELS, 10.0))
    spent = [uses(codec(weights, keep=keep).encode(PIXELS, 10.0)) for keep in (0.2, 0.4, 0.6)]
    assert np.diff(spent) == pytest.approx(
        0.2 * whole, rel=0.25
    )  # the mask's cost changes a little with the share
    assert spent[0] > 0.2 * whole + PRELUDE_USES


@pytest.mark.parametrize("keep", [0.2, 0.414, 1.0])
def test_it_tells_what_is_kept(weights, keep):
    one = codec(weights, keep=keep)
    assert one.latents_kept(one.encode(PIXELS, 10.0)) == pytest.approx(
        keep, abs=0.04
    )  # whole fragments, whole groups


def test_more_of_what_matters_is_kept(weights):
    importance = np.zeros(PIXELS.shape[:2], np.float32)
    importance[:, :100] = 1
    one, errors = codec(weights, keep=0.35), []
    for given in (None, importance):
        got = one.decode(through(one.encode(PIXELS, 15.0, importance=given), 10**-1.5)).pixels
        errors.append(np.mean((PIXELS[:, :100].astype(float) - got[:, :100]) ** 2))
    assert errors[1] < 0.97 * errors[0]


def test_lost_fragments_mark_the_picture_and_cost_quality(weights):
    one = codec(weights, cbr="1/24")
    frames = one.encode(PIXELS, 10.0, message_id=7)
    whole = one.decode(through(frames, 0.1))
    less = one.decode(through(frames, 0.1, lost=(1,)))
    assert (less.decoded, less.missing, less.fragments, less.message_id) == (
        False,
        1,
        len(frames),
        7,
    )
    assert f"1 of {len(frames)} fragments" in less.reason
    assert psnr_db(PIXELS, less.pixels) < psnr_db(PIXELS, whole.pixels)


def test_without_the_mask_there_is_a_coarse_picture(weights):
    one = codec(weights, keep=0.3, margin_db=0.0)
    sent = one.encode(PIXELS, 16.0)
    got = one.decode(through(sent, 0.3))
    assert not got.decoded and "mask" in got.reason
    assert psnr_db(PIXELS, got.pixels) > 12 and got.pixels.std() > 15


def test_fragments_in_any_order_and_doubled_give_the_same_picture(weights):
    one = codec(weights, keep=0.4)
    heard = through(one.encode(PIXELS, 10.0), 0.1)
    first = one.decode(heard).pixels
    assert np.array_equal(first, one.decode(heard[::-1]).pixels)
    assert np.abs(first.astype(int) - one.decode(heard + heard[:1]).pixels).max() <= 40


@pytest.mark.parametrize("shape", [(57, 83), (64, 301), (300, 33)])
def test_odd_sizes_come_back(weights, shape):
    one, pixels = codec(weights), scene(*shape)
    got = one.decode(through(one.encode(pixels, 20.0), 0.01))
    assert got.pixels.shape == pixels.shape and psnr_db(pixels, got.pixels) > 18


def test_a_flat_and_a_grey_picture_come_back(weights):
    grey = np.repeat(scene(96, 96)[:, :, :1], 3, axis=2)
    for pixels in (np.full((96, 96, 3), 255, np.uint8), np.zeros((96, 96, 3), np.uint8), grey):
        one = codec(weights, keep=0.4)
        assert psnr_db(pixels, one.decode(through(one.encode(pixels, 20.0), 0.01)).pixels) > 18


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (8, 24)])
def test_a_picture_too_small_for_its_uses_is_refused(weights, shape):
    with pytest.raises(FrameError, match="may take"):
        codec(weights).encode(scene(*shape), 10.0)


def test_a_picture_of_one_line_of_positions_comes_back(weights):
    pixels = scene(8, 1200)
    one = codec(weights)
    assert psnr_db(pixels, one.decode(through(one.encode(pixels, 20.0), 0.01)).pixels) > 15


def test_bad_input_is_named(weights):
    one = codec(weights)
    with pytest.raises(ConfigError, match=r"importance has shape \(160, 199\)"):
        one.encode(PIXELS, 10.0, importance=np.zeros((160, 199)))
    with pytest.raises(FrameError, match="allowed is uint8"):
        one.encode(PIXELS[..., 0], 10.0)
    for name, value in (("cbr", "1/8"), ("keep", 0.05), ("keep", 1.1), ("margin_db", -1.0)):
        with pytest.raises(ConfigError, match=name):
            codec(weights, **{name: value})


def test_frames_that_cannot_be_decoded_are_named(weights, tmp_path):
    one = codec(weights)
    heard = through(one.encode(PIXELS, 10.0), 0.1)
    with pytest.raises(FrameError, match="no frames"):
        one.decode([])
    with pytest.raises(FrameError, match="takes 9"):
        one.decode([replace(heard[0], header=replace(heard[0].header, codec=10))])
    with pytest.raises(FrameError, match="size was not decoded"):
        one.decode(heard[:1])
    with pytest.raises(ModelError, match="cannot be read"):
        codec(str(tmp_path / "none.safetensors"))


def test_other_weights_are_refused(weights, tmp_path):
    from semcom_core.image.learned.common import save_model
    from semcom_core.train.lam_sc import new_network
    from tests.core.image.jscc_models import SMALL, examples

    save_model(new_network(SMALL, examples(), 2), SMALL, [], tmp_path / "other.safetensors")
    heard = through(codec(weights).encode(PIXELS, 10.0), 0.1)
    with pytest.raises(ModelError, match="made with weights"):
        codec(str(tmp_path / "other.safetensors")).decode(heard)
