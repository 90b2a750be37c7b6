# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""State of an interrupted training: steps done, weights and moments of AdamW, in one file a folder.

    training.safetensors = step | weight.NAME | exp_avg.NAME | exp_avg_sq.NAME | step.NAME

Source: I. Loshchilov, F. Hutter, Decoupled weight decay regularization, ICLR 2019 (AdamW).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from semcom_core.models.checkpoint import read_checkpoint, save_checkpoint

#: Name of the state in the folder of a training.
_FILE = "training.safetensors"
#: What AdamW keeps for each weight.
_MOMENTS = ("exp_avg", "exp_avg_sq", "step")


def save_state(
    folder: Path, step: int, weights: Mapping[str, torch.Tensor], optimizer: torch.optim.Optimizer
) -> None:
    """Write the state of a training, whole or not at all.

    Args:
        folder: of the training.
        step: steps done.
        weights: that are trained, by name; each has moments.
        optimizer: AdamW over these weights.
    """
    state = {"step": torch.tensor(step)}
    for name, weight in weights.items():
        moments = optimizer.state[weight]
        state[f"weight.{name}"] = weight
        for key in _MOMENTS:
            state[f"{key}.{name}"] = moments[key]
    save_checkpoint(folder / _FILE, state)


def load_state(
    folder: Path, weights: Mapping[str, torch.Tensor], optimizer: torch.optim.Optimizer
) -> int:
    """Fill weights and optimizer with the state in a folder.

    Args:
        folder: of the training.
        weights: that are trained, by name.
        optimizer: AdamW over these weights.

    Returns:
        Steps done; 0 where the folder holds no state.

    Raises:
        ModelError: the state is damaged, or of another network.
    """
    if not (folder / _FILE).exists():
        return 0
    checkpoint = read_checkpoint(folder / _FILE, "the state of a training of this network")
    shapes: dict[str, tuple[int, ...]] = {"step": ()}
    for name, weight in weights.items():
        shape = tuple(weight.shape)
        shapes |= {f"{key}.{name}": shape for key in ("weight", "exp_avg", "exp_avg_sq")}
        shapes[f"step.{name}"] = ()
    checkpoint.check_shapes(shapes)
    state = checkpoint.tensors
    for name, weight in weights.items():
        weight.data.copy_(state[f"weight.{name}"])
        moments = {key: state[f"{key}.{name}"] for key in _MOMENTS}
        optimizer.state[weight] = {
            key: value.to(weight.device if value.dim() else "cpu") for key, value in moments.items()
        }
    return int(state["step"])
