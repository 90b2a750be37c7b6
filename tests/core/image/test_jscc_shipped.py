# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped weights of the learned image codecs: their cards, and what they do with a photograph
that they have not seen.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from skimage import data

from semcom_core.image import load_image_codec
from semcom_core.image.learned import deepjscc, lam_sc
from semcom_core.metrics.image import psnr_db
from tests.core.image.jscc_models import through

PICTURE = data.astronaut()


@pytest.mark.parametrize("path", [lam_sc.SHIPPED, deepjscc.SHIPPED], ids=["lam-sc", "deepjscc"])
def test_the_card_states_the_fingerprint_of_the_file(path):
    card = (path.parent / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256(path.read_bytes()).hexdigest() in card and path.stat().st_size < 12e6


@pytest.mark.parametrize(
    ("name", "settings", "least_db"),
    [("lam-sc", {}, 24.0), ("lam-sc", {"keep": 0.4}, 22.5), ("deepjscc", {}, 15.0)],
)
def test_a_photograph_comes_back(name, settings, least_db):
    codec = load_image_codec(name, **settings)
    got = codec.decode(through(codec.encode(PICTURE, 10.0), 0.1))
    assert got.decoded and psnr_db(PICTURE, got.pixels) > least_db


def test_lam_sc_conceals_a_lost_fragment():
    codec = load_image_codec("lam-sc")
    frames = codec.encode(PICTURE, 10.0)
    whole, less = (
        psnr_db(PICTURE, codec.decode(through(frames, 0.1, lost=lost)).pixels)
        for lost in ((), (3,))
    )
    assert whole - 3 < less < whole


def test_lam_sc_moves_quality_to_where_it_matters():
    importance = np.zeros(PICTURE.shape[:2], np.float32)
    importance[40:220, 140:320] = 1
    codec = load_image_codec("lam-sc", cbr="0.028")
    inside = []
    for given in (None, importance):
        got = codec.decode(through(codec.encode(PICTURE, 10.0, importance=given), 0.1))
        assert got.decoded
        inside.append(psnr_db(PICTURE, got.pixels, importance > 0))
    assert inside[1] > inside[0] + 0.3
