# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linear analog pictures: the quality follows the channel, and nothing breaks but the
description.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from semcom_core.errors import ConfigError, FrameError
from semcom_core.frame import ReceivedFrame
from semcom_core.image import load_image_codec
from semcom_core.image.softcast import Chunks
from semcom_core.image.softcast import forward_transform as transformed
from semcom_core.image.softcast import inverse_transform as restored
from semcom_core.image.softcast import strongest_chunks as strongest
from semcom_core.metrics.image import psnr_db
from semcom_core.units import complex_noise


def scene(height: int, width: int) -> np.ndarray:
    """A picture with a spectrum like those of photographs."""
    rng = np.random.default_rng(2)
    fy, fx = np.meshgrid(np.fft.fftfreq(height), np.fft.rfftfreq(width), indexing="ij")
    shape = np.hypot(fy, fx)[..., None] + 2 / max(height, width)
    spectrum = (
        rng.standard_normal((height, width // 2 + 1, 3))
        + 1j * rng.standard_normal((height, width // 2 + 1, 3))
    ) / shape**1.6
    values = np.fft.irfft2(spectrum * [1, 0.2, 0.1], s=(height, width), axes=(0, 1)) @ [
        [1, 1, 1],
        [1, -1, 0],
        [0, 1, -1],
    ]
    return np.clip(128 + 45 * values / values.std(), 0, 255).astype(np.uint8)


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


def test_transform_and_back_is_the_picture():
    pixels = scene(33, 50)
    coefficients, means = transformed(pixels)
    assert (coefficients**2).sum() == pytest.approx(((pixels - means.astype(float)) ** 2).sum())
    assert np.array_equal(restored(coefficients, means, 33, 50), pixels)


def test_description_survives_and_holds_the_strongest_chunks():
    coefficients, means = transformed(scene(64, 96))
    chunks = strongest(coefficients, means, 64, 96, 3000)
    again = Chunks.unpacked(chunks.packed() + bytes(9), 64, 96)
    assert np.array_equal(again.levels, chunks.levels) and np.array_equal(again.sent, chunks.sent)
    assert 3000 - 256 < chunks.sent.size <= 3000  # chunks have 16 x 16 coefficients here
    kept = (coefficients[chunks.sent] ** 2).sum()
    assert np.sort(coefficients**2)[-3000:].sum() > kept > 0.9 * (coefficients**2).sum()
    for data, height in ((b"no", 64), (chunks.packed(), 20)):
        with pytest.raises(FrameError, match="description of the chunks"):
            Chunks.unpacked(data, height, 96)


def test_quality_follows_the_channel_whatever_the_rate_was_chosen_for():
    codec, pixels = load_image_codec("softcast", cbr="1/12"), scene(128, 160)
    frames = codec.encode(pixels, 6.0, message_id=3)
    uses = sum(f.symbols.size for f in frames)
    assert uses <= 128 * 160 * 3 / 12 < uses + len(frames)
    assert np.mean([np.mean(np.abs(f.symbols) ** 2) for f in frames]) == pytest.approx(
        1, abs=0.03
    )  # levels are rounded to 1 dB
    results = [codec.decode(through_noise(frames, snr_db)) for snr_db in (3.0, 9.0, 15.0)]
    assert all(r.decoded and r.message_id == 3 and r.pixels.shape == pixels.shape for r in results)
    values = [psnr_db(pixels, r.pixels) for r in results]
    assert values[1] > values[0] + 1 and values[2] > values[1] + 1 and values[0] > 20


def test_estimate_is_as_good_as_the_variances_promise():
    """The mean squared error against that of linear least squares, from the levels and the noise:
    within the spread of one draw, 5 %.
    """
    codec, pixels = load_image_codec("softcast", cbr="1/8"), scene(128, 128)
    coefficients, _ = transformed(pixels)
    frames = codec.encode(pixels, 5.0)
    error = np.mean((codec.decode(through_noise(frames, 5.0)).pixels.astype(float) - pixels) ** 2)
    uses = sum(f.symbols.size for f in frames)
    ideal = strongest(coefficients, np.zeros(3, np.uint8), 128, 128, 2 * uses)
    deviations = np.sqrt(ideal.variances[ideal.levels > 0])
    # All uses to the chunks, two of the coefficients of each use: power 1/2 a value, noise N0/2 of
    # each.
    counts = np.full(deviations.size, ideal.sent.size / deviations.size)
    gain2 = uses / (counts * deviations).sum() / deviations
    noise = 10**-0.5 / 2
    sent = (counts * deviations**2 * noise / (gain2 * deviations**2 + noise)).sum()
    dropped = (coefficients**2).sum() - (coefficients[ideal.sent] ** 2).sum()
    promised = (sent + dropped) / coefficients.size
    assert (
        promised * 0.95 < error < promised * 1.25
    )  # the description takes a tenth of the uses here


def test_lost_fragments_cost_a_little_and_are_named():
    codec, pixels = load_image_codec("softcast", cbr="1/8", margin_db=8.0), scene(128, 160)
    frames = through_noise(codec.encode(pixels, 10.0), 10.0)
    whole, part = codec.decode(frames), codec.decode([*frames[:4], *frames[5:9], *frames[10:]])
    assert not part.decoded and (part.missing, part.reason) == (
        2,
        f"2 of {len(frames)} fragments are missing",
    )
    assert (
        psnr_db(pixels, whole.pixels) - 6
        < psnr_db(pixels, part.pixels)
        < psnr_db(pixels, whole.pixels) - 0.3
    )


def test_without_the_description_the_picture_is_grey_and_marked():
    codec, pixels = load_image_codec("softcast", margin_db=0.0), scene(128, 128)
    result = codec.decode(through_noise(codec.encode(pixels, 15.0), 6.0))
    assert not result.decoded and "description of the chunks did not arrive" in result.reason
    assert result.pixels.shape == pixels.shape and len(np.unique(result.pixels)) == 1


@pytest.mark.parametrize("colour", [0, 128, 255])
def test_a_picture_of_one_colour_arrives(colour):
    codec, pixels = load_image_codec("softcast"), np.full((80, 80, 3), colour, np.uint8)
    assert np.array_equal(
        codec.decode(through_noise(codec.encode(pixels, 5.0), 5.0)).pixels, pixels
    )


def test_what_cannot_be_is_refused():
    codec = load_image_codec("softcast")
    for size in ((1, 1), (12, 12), (40, 40)):
        with pytest.raises(FrameError, match="channel uses"):
            codec.encode(scene(*size), 0.0)
    frames = through_noise(codec.encode(scene(128, 128), 9.0), 9.0)
    erased = [
        dataclasses.replace(f, symbols=f.symbols * 0, noise_var=f.noise_var * np.float32(np.inf))
        for f in frames
    ]
    with pytest.raises(FrameError, match="size of picture 0 did not arrive"):
        codec.decode(erased)
    for settings, what in (
        ({"cbr": "0"}, "cbr is 0"),
        ({"margin_db": -1.0}, "margin_db is -1"),
        ({"beam": 3}, "no setting 'beam'"),
    ):
        with pytest.raises(ConfigError, match=what):
            load_image_codec("softcast", **settings)
