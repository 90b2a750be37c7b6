# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics: text quality, image quality (image), and finite-blocklength limits of channel uses.

>>> bleu("the cat sat on the mat", "the cat sat on a mat", order=2)
0.7071067811865476
>>> uses = limit_uses(bits=100, snr_db=5.0, error_rate=1e-3)
"""

from semcom_core.metrics.limits import (
    bound_uses,
    dispersion_bits,
    limit_rate,
    limit_uses,
    normal_error_rate,
)
from semcom_core.metrics.text import bleu, chrf, exact_rate, mean_bleu, mean_chrf

__all__ = [
    "bleu",
    "bound_uses",
    "chrf",
    "dispersion_bits",
    "exact_rate",
    "limit_rate",
    "limit_uses",
    "mean_bleu",
    "mean_chrf",
    "normal_error_rate",
]
