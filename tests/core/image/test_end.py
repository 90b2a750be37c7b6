# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An end of an image link: importance from what is seen, loaded when it is needed; numbers of the
codecs.
"""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import ConfigError, ModelError
from semcom_core.frame import WIDE_CODECS
from semcom_core.image import IMAGE_CODECS
from semcom_core.image import transceiver as beholder
from semcom_core.image import transceiver as end
from semcom_core.image.codec import numbers_of
from semcom_core.image.hybrid.layout import PROFILES
from semcom_core.image.segmentation.segments import segments_of
from semcom_core.image.transceiver import ImageEnd

PIXELS = np.random.default_rng(1).integers(256, size=(32, 48, 3), dtype=np.uint8)


class Codec:
    """Keeps what it is given."""

    device = "cpu"

    def encode(self, pixels, snr_db, message_id=0, importance=None):
        self.given = pixels, snr_db, message_id, importance
        return []


class Networks:
    """Stand in for Segment Anything and for the attention: the left half is one segment, and all
    that matters.
    """

    made = 0

    def __init__(self, config=None, device="cpu"):
        Networks.made += 1
        assert (device if config is None else config.device) == "cpu"

    def segments(self, pixels):
        left = np.zeros((1, *pixels.shape[:2]), bool)
        left[:, :, :24] = True
        return segments_of(left, np.ones(1), np.zeros((1, 1, 1), np.float32), "")

    def importance(self, pixels, segments):
        return segments.masks[0].astype(np.float32)


@pytest.fixture
def networks(monkeypatch):
    monkeypatch.setattr(beholder, "KnowledgeBase", Networks)
    monkeypatch.setattr(beholder, "Attention", Networks)
    monkeypatch.setattr(Networks, "made", 0)


def test_without_importance_nothing_is_loaded(networks):
    codec = Codec()
    encoded = ImageEnd(codec).encode(PIXELS, 7.0, 3)
    assert codec.given[1:] == (7.0, 3, None) and (encoded.frames, encoded.views, Networks.made) == (
        [],
        {},
        0,
    )


def test_importance_reaches_the_codec_and_is_shown(networks):
    codec = Codec()
    one = ImageEnd(codec)
    for _ in range(2):
        encoded = one.encode(PIXELS, 7.0, 3, importance="sam")
    assert Networks.made == 2  # each network once, not once a picture
    assert np.array_equal(codec.given[3] > 0, np.arange(48)[None] < np.full((32, 1), 24))
    assert set(encoded.views) == {"segments", "importance"}
    for view in encoded.views.values():
        assert view.shape == PIXELS.shape and view.dtype == np.uint8
    left, right = (
        encoded.views["importance"][:, half].astype(float).mean((0, 1))
        for half in (slice(0, 24), slice(24, 48))
    )
    assert left[0] > right[0] and left[2] < right[2]  # red matters, blue does not


def test_what_is_missing_or_unknown_is_said(monkeypatch):
    def missing(config):
        raise ModelError("Segment Anything model 'sam-tiny' is not there")

    monkeypatch.setattr(beholder, "KnowledgeBase", missing)
    with pytest.raises(ModelError, match="is not there"):
        ImageEnd(Codec()).encode(PIXELS, 7.0, importance="sam")
    with pytest.raises(ConfigError, match="importance is 'sun'; allowed is one of none, sam"):
        ImageEnd(Codec()).encode(PIXELS, 7.0, importance="sun")
    with pytest.raises(ConfigError, match="codec is 'spinal'"):
        ImageEnd.from_settings("spinal")
    assert end.IMPORTANCES == ("none", "sam")


def test_numbers_of_the_codecs():
    numbers = [number for name in IMAGE_CODECS for number in numbers_of(name)]
    assert len(set(numbers)) == len(numbers) and set(numbers) <= set(WIDE_CODECS)
    assert set(numbers_of("hybrid")) == set(PROFILES.values())
