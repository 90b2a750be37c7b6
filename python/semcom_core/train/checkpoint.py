# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a training needs to go on where it was interrupted: its step, its weights and the moments of
AdamW.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

_FILE = "training.safetensors"
_MOMENTS = ("exp_avg", "exp_avg_sq", "step")


def save_checkpoint(
    folder: Path, step: int, weights: Mapping[str, torch.Tensor], optimizer: torch.optim.Optimizer
) -> None:
    """Write a checkpoint into a folder; it appears whole or not at all."""
    state = {"step": torch.tensor(step)}
    for name, weight in weights.items():
        moments = optimizer.state[weight]
        state |= {
            f"weight.{name}": weight.detach(),
            **{f"{key}.{name}": moments[key] for key in _MOMENTS},
        }
    save_file(
        {name: tensor.cpu().contiguous() for name, tensor in state.items()}, folder / f"{_FILE}.new"
    )
    (folder / f"{_FILE}.new").rename(folder / _FILE)


def load_checkpoint(
    folder: Path, weights: Mapping[str, torch.Tensor], optimizer: torch.optim.Optimizer
) -> int:
    """Fill weights and optimizer from a folder's checkpoint; returns the steps done, 0 where there
    is none.
    """
    if not (folder / _FILE).exists():
        return 0
    state = load_file(folder / _FILE)
    for name, weight in weights.items():
        weight.data.copy_(state[f"weight.{name}"])
        moments = {key: state[f"{key}.{name}"] for key in _MOMENTS}
        optimizer.state[weight] = {
            key: value.to(weight.device if value.dim() else "cpu") for key, value in moments.items()
        }
    return int(state["step"])
