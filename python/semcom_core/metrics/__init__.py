# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured: text quality and the limits that channel uses are compared with."""

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
