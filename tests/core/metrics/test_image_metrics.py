# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PSNR, SSIM and MS-SSIM against the formulas written out, and against scikit-image where it is
installed.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import convolve2d

from semcom_core.errors import ConfigError
from semcom_core.metrics.image import MAX_PSNR_DB, ms_ssim, psnr_db, ssim


def pair(height: int, width: int, noise: float = 12.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:height, :width]
    base = 128 + 60 * np.sin(x / 9)[..., None] + 40 * np.cos(y[..., None] / [5, 11, 17])
    return tuple(
        np.clip(base + level * rng.standard_normal(base.shape), 0, 255).astype(np.uint8)
        for level in (4.0, noise)
    )


def written_out(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Mean of l cs and mean of cs of one channel, with the two-dimensional window."""
    grid = np.arange(-5, 6)
    window = np.exp(-(grid[:, None] ** 2 + grid**2) / 4.5)
    window /= window.sum()

    def mean(values):
        return convolve2d(values, window, mode="valid")

    a, b = first.astype(float), second.astype(float)
    variance_a, variance_b = mean(a * a) - mean(a) ** 2, mean(b * b) - mean(b) ** 2
    covariance = mean(a * b) - mean(a) * mean(b)
    structure = (2 * covariance + 58.5225) / (variance_a + variance_b + 58.5225)
    luminance = (2 * mean(a) * mean(b) + 6.5025) / (mean(a) ** 2 + mean(b) ** 2 + 6.5025)
    return float((luminance * structure).mean()), float(structure.mean())


def test_psnr_of_known_errors():
    black, grey = np.zeros((4, 6, 3), np.uint8), np.full((4, 6, 3), 51, np.uint8)
    assert psnr_db(black, grey) == pytest.approx(20 * np.log10(255 / 51), abs=1e-6)
    assert psnr_db(black, black) == MAX_PSNR_DB


def test_psnr_inside_a_mask_sees_nothing_else():
    sent, received = np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8, 3), np.uint8)
    mask = np.zeros((8, 8), bool)
    mask[2:4, 2:6] = True
    received[~mask] = 90
    received[2, 2] = 17  # one of the mask's eight pixels
    assert psnr_db(sent, received, mask) == pytest.approx(
        10 * np.log10(255**2 / (17**2 / 8)), abs=1e-5
    )
    with pytest.raises(ConfigError, match="0 pixels"):
        psnr_db(sent, received, np.zeros((8, 8), bool))
    with pytest.raises(ConfigError, match=r"mask has shape \(8, 7\)"):
        psnr_db(sent, received, np.ones((8, 7), bool))


def test_ssim_is_that_of_the_formula():
    sent, received = pair(40, 55)
    expected = np.mean([written_out(sent[..., c], received[..., c])[0] for c in range(3)])
    assert 0.2 < expected < 0.9 and ssim(sent, received) == pytest.approx(expected, abs=2e-4)


def test_ssim_is_that_of_scikit_image():
    metrics = pytest.importorskip("skimage.metrics", reason="scikit-image is not installed")
    sent, received = pair(64, 80)
    settings = {
        "gaussian_weights": True,
        "sigma": 1.5,
        "use_sample_covariance": False,
        "channel_axis": 2,
        "data_range": 255,
    }
    assert ssim(sent, received) == pytest.approx(
        metrics.structural_similarity(sent, received, **settings), abs=2e-4
    )


@pytest.mark.parametrize(("height", "width", "scales"), [(176, 180, 5), (100, 130, 4), (21, 30, 1)])
def test_ms_ssim_is_that_of_the_formula(height, width, scales):
    sent, received = pair(height, width, noise=30.0)
    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])[:scales]
    weights, found = weights / weights.sum(), []
    for channel in range(3):
        a, b, product = sent[..., channel].astype(float), received[..., channel].astype(float), 1.0
        for scale in range(scales):
            both, structure = written_out(a, b)
            product *= (both if scale == scales - 1 else structure) ** weights[scale]
            a, b = (
                (v[:-1:2, :-1:2] + v[1::2, :-1:2] + v[:-1:2, 1::2] + v[1::2, 1::2]) / 4
                for v in (_even(a), _even(b))
            )
        found.append(product)
    assert ms_ssim(sent, received) == pytest.approx(np.mean(found), abs=2e-4)


def _even(values: np.ndarray) -> np.ndarray:
    return values[: values.shape[0] // 2 * 2, : values.shape[1] // 2 * 2]


@pytest.mark.parametrize("metric", [ssim, ms_ssim])
def test_similarity_is_1_of_the_same_and_falls_with_noise(metric):
    sent, near = pair(180, 180, noise=8.0)
    far = pair(180, 180, noise=40.0)[1]
    assert metric(sent, sent) == pytest.approx(1.0, abs=1e-6)
    assert 1 > metric(sent, near) > metric(sent, far) > 0


def test_pictures_that_cannot_be_compared_are_refused():
    picture = np.zeros((20, 20, 3), np.uint8)
    for metric in (psnr_db, ssim, ms_ssim):
        with pytest.raises(ConfigError, match="shapes"):
            metric(picture, picture[:, :18])
    with pytest.raises(ConfigError, match="20x10 pixels; structural similarity takes 11"):
        ssim(picture[:10], picture[:10])
