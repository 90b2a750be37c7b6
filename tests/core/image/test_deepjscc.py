# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The codec deepjscc: uses, power, that the channel reaches the picture, losses and bad input."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from semcom_core.errors import ConfigError, FrameError, ModelError
from semcom_core.image import load_image_codec
from semcom_core.image.fragments import uses_for
from semcom_core.image.learned.deepjscc import DeepjsccNetwork, DeepjsccShape
from tests.core.image.jscc_models import deepjscc_weights, lam_sc_weights, scene, through

PIXELS = scene(128, 168)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return str(deepjscc_weights(tmp_path_factory.mktemp("deepjscc")))


def codec(weights, **settings):
    return load_image_codec("deepjscc", weights=weights, **settings)


def test_uses_and_power(weights):
    frames = codec(weights).encode(PIXELS, 10.0, message_id=3)
    symbols = np.concatenate([frame.symbols for frame in frames])
    assert 0.99 * uses_for(1 / 16, 128, 168) <= len(symbols) <= uses_for(1 / 16, 128, 168)
    assert np.mean(np.abs(symbols) ** 2) == pytest.approx(1, abs=0.001)
    assert {(f.header.codec, f.header.message_id) for f in frames} == {(10, 3)}


def test_without_noise_it_is_the_networks_own_picture(weights):
    one = codec(weights, cbr="1/10")
    got = one.decode(through(one.encode(PIXELS, 10.0), 1e-9))
    network, sent = (
        one._network,
        torch.from_numpy(PIXELS.transpose(2, 0, 1)[None].astype(np.float32)) / 255 - 0.5,
    )
    with torch.inference_mode():
        wanted = (
            ((network.receive(network.send(sent))[0] + 0.5) * 255)
            .clamp(0, 255)
            .permute(1, 2, 0)
            .numpy()
        )
    assert got.decoded and np.abs(got.pixels - wanted).max() < 1.5


def test_lost_fragments_mark_the_picture(weights):
    one = codec(weights)
    frames = one.encode(PIXELS, 10.0)
    got = one.decode(through(frames, 0.1, lost=(0, 2)))
    assert (
        (got.decoded, got.missing) == (False, 2)
        and "2 of" in got.reason
        and got.pixels.shape == PIXELS.shape
    )


def test_a_network_of_another_rate(tmp_path):
    weights = str(deepjscc_weights(tmp_path, symbols=5))
    frames = codec(weights).encode(PIXELS, 10.0)
    assert sum(len(f.symbols) for f in frames) == pytest.approx(5 * 16 * 21 + 160, rel=0.01)
    with pytest.raises(ConfigError, match="cbr is 1/48; allowed is 5/192"):
        codec(weights, cbr="1/48")


def test_bad_input_is_named(weights, tmp_path):
    with pytest.raises(FrameError, match="may take"):
        codec(weights).encode(scene(8, 8), 10.0)
    with pytest.raises(ConfigError, match="importance has shape"):
        codec(weights).encode(PIXELS, 10.0, importance=np.zeros((3, 3)))
    with pytest.raises(ModelError, match="are of another network|cannot be read"):
        codec(str(lam_sc_weights(tmp_path)))
    with pytest.raises(ConfigError, match="symbols is 13"):
        DeepjsccNetwork(DeepjsccShape(symbols=13))
