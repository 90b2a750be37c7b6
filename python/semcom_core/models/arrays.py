# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arrays that a pass through a network with integer weights works on (see models.step)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Matrices(NamedTuple):
    """Weights of linear layers of one kind: int8 (layers, blocks, pairs, LANES, 2), and a float32 scale (layers, blocks * LANES)."""

    weights: np.ndarray
    scales: np.ndarray


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
