# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image quality: PSNR, SSIM and multi-scale SSIM.

Structural similarity is computed on each of R, G and B and averaged, in the windows that lie wholly
inside the picture:

    l = (2 mx my + C1) / (mx² + my² + C1),   cs = (2 sxy + C2) / (sx² + sy² + C2)
    SSIM = mean of l cs

with means, variances and covariance under an 11-tap Gaussian window of 1.5 pixels, C1 = (0.01 ·
255)², C2 = (0.03 · 255)². MS-SSIM halves the picture four times and multiplies the means of cs, and
of l cs at the coarsest scale, raised to their weights.

Source: Z. Wang et al., "Image quality assessment: from error visibility to structural similarity",
IEEE Trans. Image Process. 13 (2004); Z. Wang, E. P. Simoncelli, A. C. Bovik, "Multiscale structural
similarity for image quality assessment", Asilomar 2003.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import correlate1d

from semcom_core.errors import ConfigError

#: PSNR of identical pictures, so that means stay finite.
MAX_PSNR_DB = 100.0
#: Half the length of the Gaussian window, and its deviation, pixels.
_RADIUS = 5
_SIGMA = 1.5
#: Constants of SSIM for values of 0 to 255.
_C1 = (0.01 * 255) ** 2
_C2 = (0.03 * 255) ** 2
#: Weights of the scales, the finest first.
_WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])


def psnr_db(sent: np.ndarray, received: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Peak signal-to-noise ratio over all values of R, G and B, dB, at most MAX_PSNR_DB.

    Args:
        sent, received: uint8 (H, W, 3).
        mask: pixels that count, bool (H, W); None counts all.

    Raises:
        ConfigError: the shapes differ, or the mask is empty.
    """
    _check(sent, received)
    error = (sent.astype(np.float32) - received) ** 2
    if mask is not None:
        if mask.shape != sent.shape[:2] or not mask.any():
            raise ConfigError(
                f"mask has shape {mask.shape} and {int(mask.sum())} pixels; allowed is "
                f"{sent.shape[:2]} with one or more"
            )
        error = error[mask]
    mean = float(error.mean(dtype=np.float64))
    return MAX_PSNR_DB if mean == 0 else min(float(10 * np.log10(255**2 / mean)), MAX_PSNR_DB)


def ssim(sent: np.ndarray, received: np.ndarray) -> float:
    """Structural similarity, at most 1.

    Args:
        sent, received: uint8 (H, W, 3), 11 pixels a side at least.

    Raises:
        ConfigError: the shapes differ, or the pictures are too small.
    """
    _check(sent, received, smallest=2 * _RADIUS + 1)
    luminance, structure = _terms(sent.astype(np.float32), received.astype(np.float32))
    return float((luminance * structure).mean(dtype=np.float64))


def ms_ssim(sent: np.ndarray, received: np.ndarray) -> float:
    """Multi-scale structural similarity, 0 to 1; a picture too small for five scales (176 pixels a
    side) gets those that fit it.

    Args:
        sent, received: uint8 (H, W, 3), 11 pixels a side at least.

    Raises:
        ConfigError: the shapes differ, or the pictures are too small.
    """
    _check(sent, received, smallest=2 * _RADIUS + 1)
    scales = min(len(_WEIGHTS), int(np.log2(min(sent.shape[:2]) / (2 * _RADIUS + 1))) + 1)
    weights = _WEIGHTS[:scales] / _WEIGHTS[:scales].sum()
    first = sent.astype(np.float32)
    second = received.astype(np.float32)
    product = np.ones(3)
    for scale, weight in enumerate(weights):
        luminance, structure = _terms(first, second)
        last = scale == scales - 1
        mean = (luminance * structure if last else structure).mean(axis=(0, 1), dtype=np.float64)
        product *= np.maximum(mean, 0.0) ** weight
        if not last:
            first = _halved(first)
            second = _halved(second)
    return float(product.mean())


def _terms(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Luminance term and contrast-structure term in each window, float32 (H - 10, W - 10, 3)."""
    mean_1 = _windowed(first)
    mean_2 = _windowed(second)
    variances = _windowed(first * first) + _windowed(second * second) - mean_1**2 - mean_2**2
    covariance = _windowed(first * second) - mean_1 * mean_2
    luminance = (2 * mean_1 * mean_2 + _C1) / (mean_1**2 + mean_2**2 + _C1)
    return luminance, (2 * covariance + _C2) / (variances + _C2)


def _windowed(values: np.ndarray) -> np.ndarray:
    """Means under the Gaussian window, where it lies inside."""
    taps = np.exp(-(np.arange(-_RADIUS, _RADIUS + 1) ** 2) / (2 * _SIGMA**2))
    taps /= taps.sum()
    inner = slice(_RADIUS, -_RADIUS)
    return correlate1d(correlate1d(values, taps, axis=0)[inner], taps, axis=1)[:, inner]


def _halved(values: np.ndarray) -> np.ndarray:
    """Means of 2x2 pixels; an odd last row or column is left out."""
    height, width = (side // 2 * 2 for side in values.shape[:2])
    return values[:height, :width].reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3))


def _check(sent: np.ndarray, received: np.ndarray, smallest: int = 1) -> None:
    """Raise ConfigError unless two pictures have one shape, and `smallest` pixels a side."""
    if sent.shape != received.shape or sent.ndim != 3 or sent.shape[2] != 3:
        raise ConfigError(
            f"pictures have shapes {sent.shape} and {received.shape}; allowed is twice the same "
            "(H, W, 3)"
        )
    if min(sent.shape[:2]) < smallest:
        raise ConfigError(
            f"picture has {sent.shape[1]}x{sent.shape[0]} pixels; structural similarity takes "
            f"{smallest} a side or more"
        )
