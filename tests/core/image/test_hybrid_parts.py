# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the hybrid image codec: layers on top of each other, analog coefficients, emphasis."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.image.coders import av1 as bare_avif
from semcom_core.image.digital import DigitalLink, index_for
from semcom_core.image.example import example_picture
from semcom_core.image.hybrid.analog import SCALES, Refinement, Thumbnail
from semcom_core.image.hybrid.analog import block_dct as coefficients
from semcom_core.image.hybrid.analog import inverse_block_dct as picture_of
from semcom_core.image.hybrid.layers import Superposition, compress_layers
from semcom_core.image.hybrid.roi_prefilter import roi_prefilter as emphasise
from semcom_core.image.picture import read_picture
from semcom_core.metrics.image import psnr_db
from semcom_core.units import complex_noise

PICTURE = read_picture(example_picture())[100:228, 150:342].copy()
USES = 4000


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_cosine_coefficients_are_orthonormal_and_come_back():
    blocks = coefficients(PICTURE[:37, :53])
    assert np.allclose(picture_of(blocks, 37, 53), PICTURE[:37, :53])
    assert np.sum(coefficients(PICTURE) ** 2) == pytest.approx(np.sum(PICTURE.astype(float) ** 2))


def superposed(base_db=-3.0, enhancement_db=5.0, powers=(0.47, 0.5)):
    return Superposition(
        (DigitalLink(USES, index_for(base_db)), DigitalLink(USES, index_for(enhancement_db))),
        powers,
    )


@pytest.mark.parametrize(("snr_db", "arrived"), [(-8.0, 0), (5.0, 1), (12.0, 2)])
def test_layers_arrive_one_after_the_other(rng, snr_db, arrived):
    layers, noise = superposed(), 10 ** (-snr_db / 10)
    data = [rng.bytes(link.capacity_bytes) for link in layers.links]
    analog = complex_noise((USES,), 1.0, rng)
    sent = layers.modulate(data, analog)
    assert np.mean(np.abs(sent) ** 2) == pytest.approx(1.0, abs=0.05)
    got = layers.demodulate(sent + complex_noise(sent.shape, noise, rng), np.full(USES, noise))
    assert got.data == data[:arrived]
    assert (got.symbols is None) == (arrived < 2)
    if arrived == 2:
        assert np.mean(np.abs(got.symbols - analog) ** 2) == pytest.approx(noise / 0.03, rel=0.1)


@pytest.mark.parametrize("powers", [(0.5,), (0.7, 0.4), (1.0, 0.0), (-0.1, 0.5)])
def test_powers_that_cannot_be_are_refused(powers):
    with pytest.raises(ConfigError, match="at most 1 together"):
        superposed(powers=powers)


def test_the_refinement_gets_better_with_every_db(rng):
    coded = compress_layers(PICTURE, [700, 1800], "av1", speed=9)
    one = Refinement(USES, coded.pictures[1], coded.pictures[0])
    symbols, scale = one.encode(PICTURE)
    assert 0 <= scale < SCALES and np.mean(np.abs(symbols) ** 2) == pytest.approx(1.0, abs=0.3)
    values = [psnr_db(PICTURE, np.clip(np.rint(coded.pictures[1]), 0, 255).astype(np.uint8))]
    for snr_db in (-5, 5, 15):
        noise = 10 ** (-snr_db / 10)
        refined = one.decode(
            symbols + complex_noise(symbols.shape, noise, rng), np.full(USES, noise), scale
        )
        values.append(psnr_db(PICTURE, np.clip(np.rint(refined), 0, 255).astype(np.uint8)))
    assert (
        all(b > a for a, b in zip(values, values[1:], strict=False)) and values[-1] > values[0] + 1
    )


def test_symbols_that_were_lost_leave_the_picture_as_it_was():
    coded = compress_layers(PICTURE, [700, 1800], "av1", speed=9)
    one = Refinement(USES, coded.pictures[1], coded.pictures[0])
    _, scale = one.encode(PICTURE)
    assert np.allclose(one.decode(np.zeros(USES), np.full(USES, np.inf), scale), coded.pictures[1])
    grey = Thumbnail(60, *PICTURE.shape[:2]).decode(np.zeros(60), np.full(60, np.inf))
    assert np.allclose(grey, 128)


def test_a_thumbnail_shows_the_picture_and_takes_about_the_power_it_may():
    one = Thumbnail(100, *PICTURE.shape[:2])
    symbols = one.encode(PICTURE)
    assert 0.1 < np.mean(np.abs(symbols) ** 2) < 10
    shown = np.clip(np.rint(one.decode(symbols, np.full(100, 0.01))), 0, 255).astype(np.uint8)
    assert psnr_db(PICTURE, shown) > 17


def test_a_thumbnail_survives_the_loss_of_any_sixteenth():
    one = Thumbnail(160, *PICTURE.shape[:2])
    symbols = one.encode(PICTURE)
    for fragment in range(16):
        noise = np.full(160, 0.01)
        noise[fragment::16] = np.inf
        shown = np.clip(
            np.rint(one.decode(np.where(np.isfinite(noise), symbols, 0), noise)), 0, 255
        ).astype(np.uint8)
        assert psnr_db(PICTURE, shown) > 16


def test_emphasis_moves_quality_to_where_it_matters():
    importance = np.zeros(PICTURE.shape[:2], np.float32)
    importance[30:90, 40:110] = 1
    mixed = emphasise(PICTURE, importance, 1500, price=0.2)
    inside = []
    for picture in (PICTURE, mixed):
        data, steps = bare_avif.compress(picture, 1500, speed=9)
        inside.append(
            psnr_db(PICTURE, bare_avif.expand(data, steps, *PICTURE.shape[:2]), importance > 0)
        )
    assert inside[1] > inside[0] + 0.3


@pytest.mark.parametrize("importance", [np.zeros(PICTURE.shape[:2]), np.ones(PICTURE.shape[:2])])
def test_where_everything_matters_alike_the_picture_stays(importance):
    assert emphasise(PICTURE, importance, 1500, 1.3) is PICTURE
