# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiled passes of networks of the Llama kind with integer weights, bit-exact on every processor.

The weights are int8 with a scale for each output channel. The rows they are multiplied with are
int16 with a scale for each row, so that the sums are exact. All other sums have a stated order, and
products are rounded before they are added: the smallest difference at one end would round some
inputs of the next product the other way, and grow to 0.01 bit. So a node's probabilities are the
same, to the last bit, whatever is computed beside it.

A pass of new tree nodes is a sequence of phases. A phase's units of work (some rows, or some output
channels) go to whichever thread takes them first, so that a thread that gets no processor holds
nobody up.

Source: H. Touvron et al., "LLaMA: Open and efficient foundation language models", 2023; windows of
A. Q. Jiang et al., "Mistral 7B", 2023; norms of queries and keys of A. Henry et al., "Query-key
normalization for transformers", 2020; integer products as in T. Dettmers et al., "LLM.int8()",
2022, with rows of 16 bits, which need no care for outliers.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np

from semcom_core.models.int8 import simd
from semcom_core.models.int8.simd import (
    BLOCKS,
    LANES,
    ROWS,
    await_all,
    dot,
    float_of_bits,
    hand_in,
    pointer,
    take,
    tile_product,
)

_compiled = numba.njit(nogil=True, error_model="numpy")
_LOG2_E = np.float32(math.log2(math.e))
#: Taylor series of 2^x: ln(2)^k / k!; off by less than 1e-8 for |x| <= 1/2.
_SERIES = tuple(np.float32(math.log(2) ** k / math.factorial(k)) for k in range(8))
_C0, _C1, _C2, _C3, _C4, _C5, _C6, _C7 = _SERIES
#: Constants in the types of the loops: numba would make float64 of plain ones.
_ZERO = np.float32(0)
_ONE = np.float32(1)
_HALF = np.float32(0.5)
#: Masks of a float32's bits, and the range of exponents of 2^x.
_NO_SIGN = np.int32(2**31 - 1)
_SIGN_PLACE = np.int32(31)
_LEAST = np.int32(-(2**31))
_LOWEST = np.float32(-126)
_HIGHEST = np.float32(127)
#: Phases of a layer: product, positions, attention, product, norm, product, gate, product, norm.
LAYER_PHASES = 9
_QUERY, _REMEMBER, _LOOK_BACK, _PROJECT, _MIDDLE, _GATES, _GATE, _DOWN, _END = range(LAYER_PHASES)
#: Units of work for each thread in a phase.
_UNITS = 4


class Matrices(NamedTuple):
    """Weights of linear layers of one kind.

    Args:
        weights: int8 (layers, blocks, pairs of inputs, LANES, 2).
        scales: float32 (layers, blocks * LANES), of each output channel.
        biases: float32 (layers, outputs), or (layers, 0) where there are none.
    """

    weights: np.ndarray
    scales: np.ndarray
    biases: np.ndarray


class Weights(NamedTuple):
    """Weights of a network.

    Args:
        embedding: float32 (vocabulary, hidden).
        attention, projection, gates, down, head: queries, keys and values; output of the attention;
            both gates; output of the layer; logits in units of log2.
        norms: float32 (2 * layers + 1, hidden).
        head_norms: float32 (layers, 2, d), of each head's queries and keys, or (0, 2, d) where
            there are none.
        windows: int64 (layers,), how many tokens a layer sees, a token itself included.
        eps: of the RMS norms.
    """

    embedding: np.ndarray
    attention: Matrices
    projection: Matrices
    gates: Matrices
    down: Matrices
    head: Matrices
    norms: np.ndarray
    head_norms: np.ndarray
    windows: np.ndarray
    eps: np.float32


class Nodes(NamedTuple):
    """Nodes of a token tree.

    Args:
        store: float32 (layers, nodes, 2, groups, d), keys and values.
        parents: int32 (nodes,), -1 above the first.
        depths: int32 (nodes,), tokens before each.
        cos, sin: float32 (positions, d / 2), rotary positions by depth.
    """

    store: np.ndarray
    parents: np.ndarray
    depths: np.ndarray
    cos: np.ndarray
    sin: np.ndarray


class Workspace(NamedTuple):
    """Room for one pass; a row for each new node.

    Args:
        states: float32 (rows, hidden).
        inner: float32 (rows, widest), values to be rounded for the next product.
        products: float32 (rows, outputs), outputs of a product.
        inputs: int16 (rows, widest), rounded values.
        scales: float32 (rows,), of the rounded values.
        scores: float32 (rows, heads, depth), of the attention.
    """

    states: np.ndarray
    inner: np.ndarray
    products: np.ndarray
    inputs: np.ndarray
    scales: np.ndarray
    scores: np.ndarray


@numba.njit(inline="always")
def _exp2(x: np.float32) -> np.float32:
    """2^x of a float32; below 2^-126 it stays there."""
    x = min(max(x, _LOWEST), _HIGHEST)
    whole = np.floor(x + _HALF)
    f = x - whole
    series = _C0 + f * (_C1 + f * (_C2 + f * (_C3 + f * (_C4 + f * (_C5 + f * (_C6 + f * _C7))))))
    return series * float_of_bits((np.int32(whole) + np.int32(127)) << np.int32(23))


@_compiled
def copy(values: np.ndarray, out: np.ndarray) -> None:
    """Copy a row. (An assignment of slices compiles ten times as long, for the sake of its error
    message.)
    """
    for i in range(len(values)):
        out[i] = values[i]


@_compiled
def add(values: np.ndarray, out: np.ndarray) -> None:
    """Add a row to another."""
    for i in range(len(values)):
        out[i] += values[i]


@_compiled
def _largest(row: np.ndarray) -> np.float32:
    """Largest value of a row. Integers compare as the floats of the same bits do, negative ones the
    other way round; and by vectors.
    """
    bits = row.view(np.int32)
    highest = _LEAST
    for i in range(len(bits)):
        highest = max(highest, bits[i] ^ ((bits[i] >> _SIGN_PLACE) & _NO_SIGN))
    return float_of_bits(highest ^ ((highest >> _SIGN_PLACE) & _NO_SIGN))


@_compiled
def quantise(values: np.ndarray, out: np.ndarray, level: np.float32) -> np.float32:
    """Round a row to integers from -level to level; returns the size of a step.

    Args:
        values: float32 (n,).
        out: int16 (n,), written.
    """
    bits = values.view(np.int32)
    highest = np.int32(0)
    for i in range(len(bits)):
        highest = max(highest, bits[i] & _NO_SIGN)
    largest = float_of_bits(highest)
    inverse = level / largest if largest > _ZERO else _ZERO
    for i in range(len(values)):
        out[i] = np.int16(np.int32(np.rint(values[i] * inverse)))
    return largest / level


@_compiled
def normalise(row: np.ndarray, weight: np.ndarray, eps: np.float32, out: np.ndarray) -> None:
    """RMS norm of a row.

    Args:
        row: float32 (n,).
        weight: float32 (n,), gain of each value.
        eps: added to the mean square.
        out: float32 (n,), written.
    """
    total = dot(pointer(row, 0), pointer(row, 0), len(row))
    factor = _ONE / np.float32(math.sqrt(total / np.float32(len(row)) + eps))
    for i in range(len(row)):
        out[i] = row[i] * factor * weight[i]


@_compiled
def gate(values: np.ndarray, out: np.ndarray) -> None:
    """silu of the first half of a row times the second half: float32 (2 n,) -> (n,)."""
    opening = values[: len(out)]
    passing = values[len(out) :]
    for i in range(len(out)):
        out[i] = opening[i] / (_ONE + _exp2(-opening[i] * _LOG2_E)) * passing[i]


@_compiled
def rotate(heads: np.ndarray, cos: np.ndarray, sin: np.ndarray) -> None:
    """Rotary position embedding, in place.

    Args:
        heads: float32 (heads, d), overwritten.
        cos, sin: float32 (d / 2,), of the position.

    Source: Su et al., RoFormer: Enhanced Transformer with Rotary Position Embedding, 2021.
    """
    half = len(cos)
    for head in heads:
        for i in range(half):
            first = head[i]
            second = head[half + i]
            head[i] = first * cos[i] - second * sin[i]
            head[half + i] = second * cos[i] + first * sin[i]


@numba.njit(inline="always")
def _add_scaled(total: np.ndarray, factor: np.float32, values: np.ndarray) -> None:
    for i in range(len(total)):
        total[i] += factor * values[i]


@_compiled
def attend(
    queries: np.ndarray,
    store: np.ndarray,
    parents: np.ndarray,
    node: int,
    window: int,
    scores: np.ndarray,
    out: np.ndarray,
) -> None:
    """Attention of one node over itself and its ancestors within a window.

    Args:
        queries: float32 (heads, d).
        store: float32 (nodes, 2, groups, d), keys and values; `heads / groups` heads share one.
        parents: int32 (nodes,), the parent of each node; -1 above the first.
        node: whose queries they are.
        window: how many nodes are seen at most, this one included.
        scores: float32 (heads, depth), overwritten.
        out: float32 (heads, d), written.
    """
    heads, size = queries.shape
    groups = store.shape[2]
    share = heads // groups
    scale = _LOG2_E / np.float32(math.sqrt(size))
    depth = 0
    at = node
    while at >= 0 and depth < window:
        for group in range(groups):
            key = store[at, 0, group]
            for head in range(group * share, (group + 1) * share):
                scores[head, depth] = (
                    dot(pointer(queries, head * size), pointer(key, 0), size) * scale
                )
        depth += 1
        at = parents[at]
    out[:] = _ZERO
    for head in range(heads):
        _softmax(scores[head, :depth])
    depth = 0
    at = node
    while at >= 0 and depth < window:
        for group in range(groups):
            value = store[at, 1, group]
            for head in range(group * share, (group + 1) * share):
                _add_scaled(out[head], scores[head, depth], value)
        depth += 1
        at = parents[at]


@_compiled
def _chances(row: np.ndarray, largest: np.float32) -> np.float32:
    """Sum of 2^(value - largest) over a row."""
    lanes = np.zeros(LANES, np.float32)
    whole = len(row) // LANES * LANES
    for i in range(0, whole, LANES):
        for lane in range(LANES):
            lanes[lane] += _exp2(row[i + lane] - largest)
    total = _ZERO
    for lane in range(LANES):
        total += lanes[lane]
    for i in range(whole, len(row)):
        total += _exp2(row[i] - largest)
    return total


@_compiled
def _softmax(row: np.ndarray) -> None:
    """Softmax of base 2, in place."""
    largest = _largest(row)
    inverse = _ONE / _chances(row, largest)
    for i in range(len(row)):
        row[i] = _exp2(row[i] - largest) * inverse


@_compiled
def log2_normalise(row: np.ndarray) -> None:
    """Make log2-probabilities of logits in units of log2, in place: float32 (n,)."""
    largest = _largest(row)
    shift = largest + np.float32(math.log2(_chances(row, largest)))
    for i in range(len(row)):
        row[i] -= shift


@numba.njit(nogil=True)
def _share(total: int, unit: int, units: int) -> tuple[int, int]:
    return total * unit // units, total * (unit + 1) // units


@numba.njit(nogil=True)
def _multiply(
    weights: np.ndarray,
    factors: np.ndarray,
    inputs: np.ndarray,
    scales: np.ndarray,
    outputs: np.ndarray,
    rows: int,
    unit: int,
    units: int,
) -> None:
    """Output channels of this unit, of a product of the first `rows` rows."""
    pairs = weights.shape[1]
    stride = inputs.shape[1]
    width = outputs.shape[1]
    start, stop = _share(weights.shape[0] // BLOCKS, unit, units)
    for block in range(start * BLOCKS, stop * BLOCKS, BLOCKS):
        column = block * LANES
        for row in range(0, rows, ROWS):
            tile_product(
                pointer(weights, column * pairs * 2),
                pointer(inputs, row * stride),
                stride,
                pointer(scales, row),
                pointer(factors, column),
                pointer(outputs, row * width + column),
                width,
                pairs,
            )


@numba.njit(nogil=True)
def _round(work: Workspace, row: int, width: int) -> None:
    """Round a row's inner values for the next product."""
    level = np.float32(min(2**15 - 1, (2**31 - 1) // (127 * width)))
    work.scales[row] = quantise(work.inner[row, :width], work.inputs[row, :width], level)


@numba.njit(nogil=True)
def _normalise(work: Workspace, row: int, norm: np.ndarray, eps: np.float32) -> None:
    """Normalise a row's state for the next product."""
    normalise(work.states[row], norm, eps, work.inner[row, : len(norm)])
    _round(work, row, len(norm))


@numba.njit(nogil=True)
def _add_biases(part: Matrices, layer: int, outputs: np.ndarray) -> None:
    """Add a layer's biases, where there are some, to the outputs of its product."""
    for i in range(part.biases.shape[1]):
        outputs[i] += part.biases[layer, i]


@numba.njit(nogil=True)
def _remember(net: Weights, work: Workspace, row: int, nodes: Nodes, layer: int, node: int) -> None:
    """Normalise a row's queries and keys, turn them by its position, and store its keys and
    values.
    """
    _, _, _, groups, size = nodes.store.shape
    depth = nodes.depths[node]
    queries = work.scores.shape[1]
    heads = queries + groups
    values = work.products[row, : (heads + groups) * size].reshape(heads + groups, size)
    if len(net.head_norms):
        for head in range(heads):
            norm = net.head_norms[layer, 0 if head < queries else 1]
            normalise(values[head], norm, net.eps, values[head])
    rotate(values[:heads], nodes.cos[depth], nodes.sin[depth])
    for group in range(groups):
        copy(values[heads - groups + group], nodes.store[layer, node, 0, group])
        copy(values[heads + group], nodes.store[layer, node, 1, group])


@numba.njit(nogil=True)
def _look_back(
    net: Weights, work: Workspace, row: int, nodes: Nodes, layer: int, node: int
) -> None:
    """Attention of one row, rounded for the next product."""
    heads = work.scores.shape[1]
    size = nodes.store.shape[4]
    queries = work.products[row, : heads * size].reshape(heads, size)
    mixed = work.inner[row, : heads * size].reshape(heads, size)
    attend(
        queries,
        nodes.store[layer],
        nodes.parents,
        node,
        net.windows[layer],
        work.scores[row],
        mixed,
    )
    _round(work, row, heads * size)


@numba.njit(nogil=True)
def _row_phase(
    kind: int, layer: int, row: int, net: Weights, nodes: Nodes, work: Workspace, first: int
) -> None:
    """One row's part of a phase that is no product."""
    hidden = work.states.shape[1]
    if kind == _LOOK_BACK:
        _look_back(net, work, row, nodes, layer, first + row)
        return
    if kind == _REMEMBER:
        part = net.attention
    elif kind == _MIDDLE:
        part = net.projection
    elif kind == _GATE:
        part = net.gates
    else:
        part = net.down
    _add_biases(part, layer, work.products[row])
    if kind == _REMEMBER:
        _remember(net, work, row, nodes, layer, first + row)
    elif kind == _GATE:
        width = net.down.weights.shape[2] * 2
        gate(work.products[row, : 2 * width], work.inner[row, :width])
        _round(work, row, width)
    else:
        add(work.products[row, :hidden], work.states[row])
        _normalise(work, row, net.norms[2 * layer + (1 if kind == _MIDDLE else 2)], net.eps)


@numba.njit(nogil=True)
def _layer_unit(
    kind: int,
    layer: int,
    unit: int,
    units: int,
    net: Weights,
    nodes: Nodes,
    work: Workspace,
    first: int,
    count: int,
) -> None:
    """One unit of a phase of a layer."""
    if kind in (_QUERY, _PROJECT, _GATES, _DOWN):
        if kind == _QUERY:
            part = net.attention
        elif kind == _PROJECT:
            part = net.projection
        elif kind == _GATES:
            part = net.gates
        else:
            part = net.down
        _multiply(
            part.weights[layer],
            part.scales[layer],
            work.inputs,
            work.scales,
            work.products,
            count,
            unit,
            units,
        )
        return
    for row in range(*_share(count, unit, units)):
        _row_phase(kind, layer, row, net, nodes, work, first)


@numba.njit(nogil=True)
def _edge_unit(
    edge: int,
    unit: int,
    units: int,
    net: Weights,
    work: Workspace,
    tokens: np.ndarray,
    wanted: int,
    out: np.ndarray,
) -> None:
    """One unit of the first phase (0: embedding) or of the last two (1: head, 2: probabilities)."""
    if edge == 0:
        for row in range(*_share(len(tokens), unit, units)):
            copy(net.embedding[tokens[row]], work.states[row])
            _normalise(work, row, net.norms[0], net.eps)
    elif edge == 1:
        skipped = len(tokens) - wanted
        _multiply(
            net.head.weights[0],
            net.head.scales[0],
            work.inputs[skipped:],
            work.scales[skipped:],
            out,
            wanted,
            unit,
            units,
        )
    else:
        for row in range(*_share(wanted, unit, units)):
            log2_normalise(out[row, : len(net.embedding)])


@numba.njit(nogil=True)
def _pass(
    workers: int,
    counters: np.ndarray,
    net: Weights,
    nodes: Nodes,
    work: Workspace,
    tokens: np.ndarray,
    first: int,
    wanted: int,
    out: np.ndarray,
) -> None:
    """See `forward`."""
    inner = LAYER_PHASES * len(nodes.store)
    units = 1 if workers == 1 else _UNITS * workers
    for phase in range(inner + 3):
        unit = take(counters, phase)
        while unit < units:
            if 0 < phase <= inner:
                _layer_unit(
                    (phase - 1) % LAYER_PHASES,
                    (phase - 1) // LAYER_PHASES,
                    unit,
                    units,
                    net,
                    nodes,
                    work,
                    first,
                    len(tokens),
                )
            else:
                _edge_unit(max(0, phase - inner), unit, units, net, work, tokens, wanted, out)
            hand_in(counters, phase)
            unit = take(counters, phase)
        await_all(counters, phase, units)


def _keep_compiled(sources: str) -> Callable[..., None]:
    """The compiled pass, kept on disk for the next process as long as `sources` are the same.

    By itself numba would look at this file alone, and keep what it compiled from an older state of
    the others.
    """

    @numba.njit(cache=True, nogil=True)
    def forward(
        workers: int,
        counters: np.ndarray,
        net: Weights,
        nodes: Nodes,
        work: Workspace,
        tokens: np.ndarray,
        first: int,
        wanted: int,
        out: np.ndarray,
    ) -> None:
        """Log2-probabilities after new nodes; every thread calls it with the same arguments.

        Args:
            workers: number of threads.
            counters: int64 (LAYER_PHASES * layers + 3, 2), 0.
            net, nodes, work: see the classes; the new nodes' parents and depths are set, their
                keys and values are written.
            tokens: int64 (n,), of nodes `first` to `first + n - 1`.
            wanted: the last `wanted` nodes' probabilities are computed.
            out: float32 (wanted rounded up to ROWS, vocabulary with padding), written.
        """
        _ = sources
        _pass(workers, counters, net, nodes, work, tokens, first, wanted, out)

    return forward


forward = _keep_compiled(
    hashlib.sha256(
        b"".join(Path(file).read_bytes() for file in (__file__, simd.__file__))
    ).hexdigest()
)
