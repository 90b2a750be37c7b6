# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Still pictures in so many bytes: VVC, bare AV1, and which of them is taken."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import ConfigError, FrameError
from semcom_core.image.coders import av1 as bare_avif
from semcom_core.image.coders import still_coder as still
from semcom_core.image.coders import vvc
from semcom_core.image.coders import vvc as vvc_fit
from semcom_core.image.example import example_picture
from semcom_core.image.picture import read_picture
from semcom_core.metrics.image import psnr_db

WHOLE = read_picture(example_picture())
PICTURE = WHOLE[100:228, 150:342].copy()


def test_bare_av1_data_lack_the_container_and_decode_alike():
    data, steps = bare_avif.compress(PICTURE, 2500, speed=9)
    assert len(data) <= 2500 and b"ftyp" not in data[:40]
    assert psnr_db(PICTURE, bare_avif.expand(data + bytes(9), steps, *PICTURE.shape[:2])) > 25


def test_a_picture_that_does_not_fit_is_shrunk_and_comes_back_in_its_size():
    data, steps = bare_avif.compress(PICTURE, 150, speed=9)
    assert len(data) <= 150 and steps > 0
    assert bare_avif.expand(data, steps, *PICTURE.shape[:2]).shape == PICTURE.shape


@pytest.mark.parametrize("data", [b"", b"abc", bytes(300)])
def test_what_is_no_av1_data_is_refused(data):
    with pytest.raises(FrameError, match=f"{len(data)} bytes"):
        bare_avif.expand(data, 0, *PICTURE.shape[:2])


@pytest.mark.parametrize("shape", [(128, 192), (131, 97), (64, 33)])
def test_a_vvc_picture_comes_back_in_its_size_also_with_zeros_after_it(shape):
    picture = PICTURE[: shape[0], : shape[1]]
    data = vvc.encode(picture, 24.0, "faster")
    assert psnr_db(picture, vvc.decode(data + bytes(9), *picture.shape[:2])) > 32


def test_fractions_of_the_quantisation_parameter_change_the_size_evenly():
    sizes = [len(vvc.encode(WHOLE, qp, "faster")) for qp in (36.0, 36.49, 36.51, 37.0)]
    assert (
        all(b < a * 1.005 for a, b in zip(sizes, sizes[1:], strict=False))
        and sizes[3] < 0.95 * sizes[0]
    )


@pytest.mark.parametrize("data", [b"", b"abc", vvc.START, vvc.START + bytes(300)])
def test_what_is_no_vvc_picture_is_refused(data):
    with pytest.raises(FrameError, match=f"{len(data)} bytes are no VVC picture of 192x128"):
        vvc.decode(data, 128, 192)


def test_a_vvc_picture_of_another_size_is_refused():
    with pytest.raises(FrameError, match="no VVC picture of 190x128"):
        vvc.decode(vvc.encode(PICTURE, 40.0, "faster"), 128, 190)


@pytest.mark.parametrize("most", [1200, 4000, 16_000])
def test_the_bytes_are_filled(most):
    data, steps = vvc_fit.compress(WHOLE, most, "faster")
    assert 0.9 * most < len(data) <= most
    assert still.expand(data, steps, *WHOLE.shape[:2]).shape == WHOLE.shape


def test_too_few_bytes_for_vvc_are_refused():
    with pytest.raises(FrameError, match="192x128 pixels fits no file of 70 bytes"):
        vvc_fit.compress(PICTURE, 70, "faster")


def test_what_arrives_tells_the_coder():
    for coder, most, begins in (("vvc", 5000, True), ("av1", 5000, False), ("vvc", 400, False)):
        data, steps = still.compress(PICTURE, most, coder, 10)
        assert data.startswith(vvc.START) is begins and len(data) <= most
        assert psnr_db(PICTURE, still.expand(data, steps, *PICTURE.shape[:2])) > 17


def test_an_unknown_coder_and_a_missing_program_are_named(monkeypatch):
    with pytest.raises(ConfigError, match="coder is 'jpeg'"):
        still.compress(PICTURE, 5000, "jpeg", 5)
    monkeypatch.setattr(vvc, "_program", lambda: "/bin/false")
    with pytest.raises(ConfigError, match="/bin/false makes no VVC picture.*coder=av1"):
        vvc.encode(PICTURE, 30.0, "fast")


def test_flat_and_noisy_pictures_fit():
    noise = np.random.default_rng(1).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    for picture in (np.full((160, 160, 3), 77, np.uint8), noise):
        data, steps = still.compress(picture, 3000, "vvc", 10)
        assert (
            len(data) <= 3000
            and still.expand(data, steps, *picture.shape[:2]).shape == picture.shape
        )
