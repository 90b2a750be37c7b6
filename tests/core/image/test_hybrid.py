# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hybrid image codec: both profiles, over good and bad channels, with fragments lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from semcom_core.channel import parse_channel
from semcom_core.errors import ConfigError, FrameError
from semcom_core.image import load_image_codec
from semcom_core.image.example import example_picture
from semcom_core.image.hybrid.layout import PROFILES, graceful_split
from semcom_core.image.picture import read_picture
from semcom_core.metrics.image import psnr_db as psnr
from semcom_core.phy import ReceivedFrame

PICTURE = read_picture(example_picture())[100:356:2, 100:484:2].copy()


def codec(profile="matched", **settings):
    return load_image_codec("hybrid", profile=profile, speed=8, cbr="1/4", **settings)


def through(frames, channel, seed=1):
    rng, one = np.random.default_rng(seed), parse_channel(channel)
    passed = [one.through_symbols(frame.symbols, rng) for frame in frames]
    return [
        ReceivedFrame(frame.header, y, noise_var, snr_db=one.snr_db)
        for frame, (y, noise_var) in zip(frames, passed, strict=True)
    ]


@pytest.fixture(scope="module")
def graceful():
    """Frames of a picture made for 10 dB."""
    return codec("graceful").encode(PICTURE, 10.0, message_id=7)


def quality(frames):
    got = codec().decode(frames)
    return psnr(PICTURE, got.pixels), got


@pytest.mark.parametrize("profile", PROFILES)
def test_uses_stay_within_the_ratio_and_power_is_one(profile):
    frames = codec(profile).encode(PICTURE, 10.0)
    uses = sum(len(frame.symbols) for frame in frames)
    assert uses <= PICTURE.size / 4 and uses > 0.99 * PICTURE.size / 4
    assert {frame.header.codec for frame in frames} == {PROFILES[profile]}
    power = np.mean([np.mean(np.abs(frame.symbols) ** 2) for frame in frames])
    assert power == pytest.approx(
        1.0, abs=0.05
    )  # the analog layers' power is 1 over many pictures, and they are few


def test_matched_gets_better_with_the_channel_it_is_made_for():
    got = [
        codec().decode(through(codec().encode(PICTURE, snr_db), f"awgn:{snr_db}"))
        for snr_db in (1.0, 7.0, 13.0)
    ]
    assert all(one.decoded and not one.reason for one in got)
    values = [psnr(PICTURE, one.pixels) for one in got]
    assert values[0] > 24 and values[1] > values[0] + 1.5 and values[2] > values[1] + 1.5


def test_matched_below_its_channel_is_a_marked_picture_of_the_right_size():
    got = codec().decode(through(codec().encode(PICTURE, 10.0), "awgn:6"))
    assert got.pixels.shape == PICTURE.shape and not got.decoded and "CRC" in got.reason


def test_graceful_improves_with_every_channel(graceful):
    values = {
        snr_db: quality(through(graceful, f"awgn:{snr_db}")) for snr_db in (-4, 4, 10, 16, 22)
    }
    psnrs = [value for value, _ in values.values()]
    assert all(b > a + 0.3 for a, b in zip(psnrs, psnrs[1:], strict=False)), psnrs
    assert psnrs[0] > 14
    assert [got.decoded for _, got in values.values()] == [False, False, True, True, True]
    assert "only the thumbnail" in values[-4][1].reason and "only the base" in values[4][1].reason


def test_one_receiver_decodes_both_profiles(graceful):
    assert quality(through(graceful, "awgn:12"))[1].message_id == 7
    assert codec("graceful").decode(through(codec().encode(PICTURE, 10.0), "awgn:10")).decoded


@pytest.mark.parametrize("profile", PROFILES)
def test_a_margin_makes_up_for_lost_fragments(profile):
    frames = codec(profile, margin_db=3.0).encode(PICTURE, 10.0)
    got = codec().decode(through(frames, "awgn:10")[2:])
    assert got.missing == 2 and got.fragments == len(frames) and got.decoded and not got.reason
    assert psnr(PICTURE, got.pixels) > 24


def test_without_a_quarter_of_the_fragments_graceful_still_shows_its_base(graceful):
    frames = through(graceful, "awgn:10")
    value, got = quality([frame for frame in frames if frame.header.fragment % 4])
    assert value > 20 and not got.decoded and "only the base" in got.reason


def test_a_lone_fragment_is_refused_or_marked(graceful):
    try:
        got = codec().decode(through(graceful, "awgn:10")[:1])
    except FrameError as error:
        assert "did not arrive" in str(error)
    else:
        assert not got.decoded


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (37, 53), (200, 8)])
@pytest.mark.parametrize("profile", PROFILES)
def test_odd_sizes(profile, shape):
    picture = np.random.default_rng(2).integers(0, 256, (*shape, 3), dtype=np.uint8)
    one = load_image_codec("hybrid", profile=profile, cbr="4", speed=10)
    try:
        frames = one.encode(picture, 10.0)
    except FrameError as error:
        assert "raise cbr" in str(error)
        return
    assert one.decode(through(frames, "awgn:12")).pixels.shape == picture.shape


def test_too_few_uses_are_refused_in_one_line():
    with pytest.raises(FrameError, match="raise cbr"):
        load_image_codec("hybrid", cbr="1/4096").encode(PICTURE, 0.0)


def test_frames_of_others_are_refused():
    frames = through(codec().encode(PICTURE, 10.0), "awgn:10")
    other = replace(frames[0], header=replace(frames[0].header, codec=12))
    with pytest.raises(FrameError, match="codec number 12; the hybrid codec takes 8"):
        codec().decode([other])
    with pytest.raises(FrameError, match="2 pictures"):
        codec().decode(
            [frames[0], replace(frames[1], header=replace(frames[1].header, message_id=9))]
        )
    with pytest.raises(FrameError, match="no frames"):
        codec().decode([])


def test_an_importance_of_another_size_is_refused():
    with pytest.raises(
        ConfigError, match=r"importance has shape \(4, 4\); the picture takes \(128, 192\)"
    ):
        codec().encode(PICTURE, 10.0, importance=np.zeros((4, 4), np.float32))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("profile", "best"),
        ("cbr", "0"),
        ("margin_db", -1),
        ("speed", 11),
        ("base", 28),
        ("analog", 16),
        ("offset_db", 21),
    ],
)
def test_settings_out_of_range_are_refused(setting, value):
    with pytest.raises(ConfigError, match="allowed"):
        load_image_codec("hybrid", **{setting: value})


def test_the_base_is_made_for_a_worse_channel_than_the_enhancement():
    split, index = graceful_split(10.0, 6.0, 15, 4)
    assert split.base_index < index
    assert sum(split.powers) == pytest.approx(1 - 4 / 128)
