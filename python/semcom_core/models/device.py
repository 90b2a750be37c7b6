# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that networks compute on: choice by name, placement of networks, transfer of results.

    cpu     always there; integer arithmetic runs here alone
    cuda    an NVIDIA or AMD graphics processor that PyTorch supports
    mps     the graphics processor of Apple computers
    auto    the first of cuda, mps and cpu that is there

Weights are float32 on every device: the two ends of a link may compute on different ones and have
to come to the same probabilities. So CUDA rounds no product to TF32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from semcom_core.config import check_device
from semcom_core.errors import ConfigError

if TYPE_CHECKING:
    import torch

Network = TypeVar("Network", bound="torch.nn.Module")

#: Type of floating-point weights by kind of device.
FLOAT_TYPES = {"cpu": "float32", "cuda": "float32", "mps": "float32", "meta": "float32"}


def devices_here() -> list[str]:
    """Names of the devices that are there, the fastest first; the last is cpu."""
    import torch

    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    return [name for name, available in there.items() if available]


def find_device(name: str) -> str:
    """The device that a setting names; for "auto" the fastest that is there.

    Raises:
        ConfigError: it is none of DEVICES, or not there.
    """
    check_device(name)
    if name == "cpu":  # without a look for others, which takes a while
        return name
    here = devices_here()
    if name == "auto":
        return here[0]
    if name not in here:
        raise ConfigError(
            f"device is {name!r}, which is not there; allowed is one of {', '.join(here)}, auto"
        )
    return name


def place_network(network: Network, device: str) -> Network:
    """A network on a device, its floating-point weights in the type of the device.

    Args:
        network: it is moved, not copied.
        device: from find_device.
    """
    import torch

    if device == "cuda":
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.allow_tf32 = False
    if device != "cpu":
        return network.to(device=device, dtype=getattr(torch, FLOAT_TYPES[device]))
    return network


def to_host(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor in the memory of the processor; itself where it is there already."""
    return tensor.cpu()


def describe_device(device: str) -> str:
    """A device, the type of its weights and its name, for tables: "cpu, float32"."""
    import torch

    text = f"{device}, {FLOAT_TYPES[device]}"
    return f"{text}, {torch.cuda.get_device_name()}" if device == "cuda" else text
