# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arrays that a pass through a network with integer weights works on (see models.step)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from semcom_core.models.vector import BLOCKS, LANES


class Matrices(NamedTuple):
    """Weights of linear layers of one kind: int8 (layers, blocks, pairs, LANES, 2), and a float32 scale (layers, blocks * LANES)."""

    weights: np.ndarray
    scales: np.ndarray


def pack_matrices(layers: list[list[torch.Tensor]], factor: float = 1.0) -> Matrices:
    """Integer weights of linear layers; those of one layer that share their input become one matrix.

    Args:
        layers: for each layer, float32 weights (outputs, inputs); inputs are even in number.
        factor: of the outputs.
    """
    tile = BLOCKS * LANES
    rows, inputs = sum(len(part) for part in layers[0]), layers[0][0].shape[1]
    blocks = -(-rows // tile) * BLOCKS
    weights = np.zeros((len(layers), blocks, inputs // 2, LANES, 2), np.int8)
    scales = np.zeros((len(layers), blocks * LANES), np.float32)
    for layer, parts in enumerate(layers):
        whole = torch.zeros(blocks * LANES, inputs)
        torch.cat(parts, out=whole[:rows])
        steps = whole.abs().amax(1, keepdim=True).clamp_min(1e-30) / 127
        rounded = (whole / steps).round().to(torch.int8)
        weights[layer] = rounded.view(blocks, LANES, inputs // 2, 2).transpose(1, 2).numpy()
        scales[layer] = steps[:, 0].numpy() * factor
    return Matrices(weights, scales)


class Weights(NamedTuple):
    """A network: embedding float32 (vocabulary, hidden), matrices, norms float32 (2 * layers + 1, hidden)."""

    embedding: np.ndarray
    attention: Matrices
    projection: Matrices
    gates: Matrices
    down: Matrices
    head: Matrices
    norms: np.ndarray
    eps: np.float32


class Nodes(NamedTuple):
    """Nodes of a tree: store float32 (layers, nodes, 2, groups, d), parents and depths int32 (nodes,), cos and sin of each depth."""

    store: np.ndarray
    parents: np.ndarray
    depths: np.ndarray
    cos: np.ndarray
    sin: np.ndarray


class Workspace(NamedTuple):
    """Room for one pass: float32 states, inner values and outputs of products; their int16 inputs and scales; attention scores."""

    states: np.ndarray
    inner: np.ndarray
    products: np.ndarray
    inputs: np.ndarray
    scales: np.ndarray
    scores: np.ndarray
