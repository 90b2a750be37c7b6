# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Picture files behind a channel code: what arrives, at which quality, and what is marked."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from semcom_core.errors import ConfigError, FrameError
from semcom_core.frame import ReceivedFrame
from semcom_core.image import load_image_codec
from semcom_core.units import complex_noise

FORMATS = {"jpeg": {}, "webp": {}, "avif": {"speed": 10}}


def scene(height: int, width: int) -> np.ndarray:
    """A picture of smooth colours, an edge and some texture."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    texture = np.random.default_rng(0).normal(0, 4, (height, width))
    channels = [
        200 * x + texture,
        60 + 150 * y,
        np.where((x - 0.5) ** 2 + (y - 0.4) ** 2 < 0.05, 220, 40) + texture,
    ]
    return np.clip(np.stack(channels, axis=2), 0, 255).astype(np.uint8)


def through_noise(frames, snr_db: float, seed: int = 0) -> list[ReceivedFrame]:
    noise, rng = 10 ** (-snr_db / 10), np.random.default_rng(seed)
    return [
        ReceivedFrame(
            f.header,
            f.symbols + complex_noise(f.symbols.size, noise, rng),
            np.full(f.symbols.size, noise, np.float32),
        )
        for f in frames
    ]


def psnr_db(first: np.ndarray, second: np.ndarray) -> float:
    return 10 * np.log10(255**2 / np.mean((first.astype(float) - second) ** 2))


@pytest.mark.parametrize("name", FORMATS)
def test_a_picture_arrives_in_the_uses_of_its_cbr(name):
    codec, pixels = load_image_codec(name, cbr="1/12", **FORMATS[name]), scene(160, 192)
    frames = codec.encode(pixels, 8.0, message_id=7)
    uses = sum(f.symbols.size for f in frames)
    assert uses <= 160 * 192 * 3 / 12 < uses + len(frames)
    assert {(f.header.codec, f.header.message_id) for f in frames} == {(codec.number, 7)}
    assert (
        abs(np.mean([np.mean(np.abs(f.symbols) ** 2) for f in frames]) - 1) < 0.05
    )  # 7680 symbols: 3 sigma is 0.03
    result = codec.decode(through_noise(frames, 8.5)[::-1])
    assert (result.decoded, result.reason, result.message_id, result.missing) == (True, "", 7, 0)
    assert result.pixels.shape == pixels.shape and psnr_db(result.pixels, pixels) > 28


@pytest.mark.parametrize("name", FORMATS)
def test_more_channel_makes_a_better_picture(name):
    """Half a dB above the SNR of the rate: at it, one message in a few hundred is lost."""
    pixels, values = scene(128, 128), []
    for cbr, snr_db in (("1/16", 4.0), ("1/16", 12.0), ("1/6", 12.0)):
        codec = load_image_codec(name, cbr=cbr, **FORMATS[name])
        values.append(
            psnr_db(
                codec.decode(through_noise(codec.encode(pixels, snr_db), snr_db + 0.5)).pixels,
                pixels,
            )
        )
    assert values[0] < values[1] < values[2]


@pytest.mark.parametrize("name", FORMATS)
def test_below_the_rate_the_picture_keeps_its_size_and_is_marked(name):
    codec, pixels = load_image_codec(name, **FORMATS[name]), scene(160, 200)
    result = codec.decode(through_noise(codec.encode(pixels, 12.0), 7.0))
    assert not result.decoded and "CRC does not hold" in result.reason
    assert result.pixels.shape == pixels.shape and result.pixels.dtype == np.uint8


def test_a_margin_pays_for_a_worse_channel():
    codec, pixels = load_image_codec("jpeg", margin_db=5.0), scene(160, 200)
    assert codec.decode(through_noise(codec.encode(pixels, 12.0), 7.5)).decoded


def test_lost_fragments_are_named_and_spare_ones_cost_nothing():
    codec, pixels = load_image_codec("jpeg", margin_db=4.0), scene(256, 256)
    frames = through_noise(codec.encode(pixels, 12.0), 12.0)
    assert len(frames) == 16
    result = codec.decode([*frames[:3], *frames[4:], frames[5]])
    assert (result.decoded, result.missing, result.fragments) == (
        True,
        1,
        16,
    )  # the code makes up for it
    assert result.reason == "" and psnr_db(result.pixels, pixels) > 25
    worse = codec.decode(frames[:6])
    assert "10 of 16 fragments are missing" in worse.reason and "CRC does not hold" in worse.reason
    assert worse.pixels.shape == pixels.shape


def test_a_picture_too_large_for_its_uses_is_sent_smaller():
    codec, pixels = load_image_codec("jpeg", cbr="1/48"), scene(192, 256)
    result = codec.decode(through_noise(codec.encode(pixels, 6.0), 6.0))
    assert (
        result.decoded
        and result.pixels.shape == pixels.shape
        and psnr_db(result.pixels, pixels) > 18
    )


def test_nothing_received_and_pictures_without_room_are_refused():
    codec = load_image_codec("jpeg")
    frames = through_noise(codec.encode(scene(96, 96), 9.0), 9.0)
    erased = [
        dataclasses.replace(f, symbols=f.symbols * 0, noise_var=f.noise_var * np.float32(np.inf))
        for f in frames
    ]
    with pytest.raises(FrameError, match="size of picture 0 did not arrive"):
        codec.decode(erased)
    with pytest.raises(FrameError, match="no frames"):
        codec.decode([])
    with pytest.raises(FrameError, match="codec number 12; the webp codec takes 13"):
        load_image_codec("webp").decode(frames)
    for size, what in (
        ((1, 1), "0 channel uses"),
        ((16, 16), "48 channel uses, which carry no file|fits no file"),
    ):
        with pytest.raises(FrameError, match=what):
            codec.encode(scene(*size), -3.0)


def test_bad_settings_and_pictures_are_refused():
    for settings, what in (
        ({"cbr": "much"}, "cbr is 'much'"),
        ({"margin_db": 40.0}, "margin_db"),
        ({"speed": 3}, "no setting 'speed'"),
    ):
        with pytest.raises(ConfigError, match=what):
            load_image_codec("jpeg", **settings)
    with pytest.raises(ConfigError, match="speed is 11"):
        load_image_codec("avif", speed=11)
    with pytest.raises(FrameError, match="uint8"):
        load_image_codec("jpeg").encode(np.zeros((64, 64), np.uint8), 9.0)
    with pytest.raises(ConfigError, match="importance has shape"):
        load_image_codec("jpeg").encode(scene(64, 64), 9.0, importance=np.zeros((3, 3)))
