# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pass of new tree nodes through a Llama network with integer weights, compiled as a whole.

The weights are int8 with a scale for each output channel. The rows they are multiplied with are int16 with a scale for each
row, so that the sums are exact: a node's probabilities are the same, to the last bit, whatever is computed beside it.
The pass is a sequence of phases, and a phase's units of work (some rows, or some output channels) go to whichever thread
takes them first, so that a thread that gets no processor holds nobody up.

Source: Touvron et al., LLaMA: Open and Efficient Foundation Language Models, 2023; integer products as in Dettmers et al.,
LLM.int8(), 2022, with rows of 16 bits, which need no care for outliers.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numba
import numpy as np

from semcom_core.models import rows, vector
from semcom_core.models.rows import add, attend, copy, gate, log2_normalise, normalise, quantise, rotate
from semcom_core.models.vector import BLOCKS, LANES, ROWS, await_all, hand_in, pointer, take, tile_product

#: Phases of a layer: product, positions, attention, product, norm, product, gate, product, norm.
LAYER_PHASES = 9
_QUERY, _REMEMBER, _LOOK_BACK, _PROJECT, _MIDDLE, _GATES, _GATE, _DOWN, _END = range(LAYER_PHASES)
#: Units of work for each thread in a phase.
_UNITS = 4


@numba.njit(nogil=True)
def _share(total, unit, units):
    return total * unit // units, total * (unit + 1) // units


@numba.njit(nogil=True)
def _multiply(weights, factors, inputs, scales, outputs, rows, unit, units):
    """Output channels of this unit, of a product of the first `rows` rows."""
    pairs, stride, width = weights.shape[1], inputs.shape[1], outputs.shape[1]
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
def _round(work, row, width):
    """Round a row's inner values for the next product."""
    level = np.float32(min(2**15 - 1, (2**31 - 1) // (127 * width)))
    work.scales[row] = quantise(work.inner[row, :width], work.inputs[row, :width], level)


@numba.njit(nogil=True)
def _normalise(work, row, norm, eps):
    """Normalise a row's state for the next product."""
    normalise(work.states[row], norm, eps, work.inner[row, : len(norm)])
    _round(work, row, len(norm))


@numba.njit(nogil=True)
def _remember(work, row, nodes, layer, node):
    """Turn a row's queries and keys by its position, and store its keys and values."""
    _, _, _, groups, size = nodes.store.shape
    depth, heads = nodes.depths[node], work.scores.shape[1] + groups
    values = work.products[row, : (heads + groups) * size].reshape(heads + groups, size)
    rotate(values[:heads], nodes.cos[depth], nodes.sin[depth])
    for group in range(groups):
        copy(values[heads - groups + group], nodes.store[layer, node, 0, group])
        copy(values[heads + group], nodes.store[layer, node, 1, group])


@numba.njit(nogil=True)
def _look_back(work, row, nodes, layer, node):
    """Attention of one row, rounded for the next product."""
    heads, size = work.scores.shape[1], nodes.store.shape[4]
    queries = work.products[row, : heads * size].reshape(heads, size)
    mixed = work.inner[row, : heads * size].reshape(heads, size)
    attend(queries, nodes.store[layer], nodes.parents, node, work.scores[row], mixed)
    _round(work, row, heads * size)


@numba.njit(nogil=True)
def _row_phase(kind, layer, row, net, nodes, work, first):
    """One row's part of a phase that is no product."""
    hidden = work.states.shape[1]
    if kind == _REMEMBER:
        _remember(work, row, nodes, layer, first + row)
    elif kind == _LOOK_BACK:
        _look_back(work, row, nodes, layer, first + row)
    elif kind == _GATE:
        width = net.down.weights.shape[2] * 2
        gate(work.products[row, : 2 * width], work.inner[row, :width])
        _round(work, row, width)
    else:
        add(work.products[row, :hidden], work.states[row])
        _normalise(work, row, net.norms[2 * layer + (1 if kind == _MIDDLE else 2)], net.eps)


@numba.njit(nogil=True)
def _layer_unit(kind, layer, unit, units, net, nodes, work, first, count):
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
        _multiply(part.weights[layer], part.scales[layer], work.inputs, work.scales, work.products, count, unit, units)
        return
    for row in range(*_share(count, unit, units)):
        _row_phase(kind, layer, row, net, nodes, work, first)


@numba.njit(nogil=True)
def _edge_unit(edge, unit, units, net, work, tokens, wanted, out):
    """One unit of the first phase (0: embedding) or of the last two (1: head, 2: probabilities)."""
    if edge == 0:
        for row in range(*_share(len(tokens), unit, units)):
            copy(net.embedding[tokens[row]], work.states[row])
            _normalise(work, row, net.norms[0], net.eps)
    elif edge == 1:
        skipped = len(tokens) - wanted
        _multiply(net.head.weights[0], net.head.scales[0], work.inputs[skipped:], work.scales[skipped:], out, wanted, unit, units)
    else:
        for row in range(*_share(wanted, unit, units)):
            log2_normalise(out[row, : len(net.embedding)])


@numba.njit(nogil=True)
def _pass(workers, counters, net, nodes, work, tokens, first, wanted, out):
    """See `forward`."""
    inner = LAYER_PHASES * len(nodes.store)
    units = 1 if workers == 1 else _UNITS * workers
    for phase in range(inner + 3):
        unit = take(counters, phase)
        while unit < units:
            if 0 < phase <= inner:
                _layer_unit((phase - 1) % LAYER_PHASES, (phase - 1) // LAYER_PHASES, unit, units, net, nodes, work, first, len(tokens))
            else:
                _edge_unit(max(0, phase - inner), unit, units, net, work, tokens, wanted, out)
            hand_in(counters, phase)
            unit = take(counters, phase)
        await_all(counters, phase, units)


def _keep_compiled(sources: str):
    """The compiled pass, kept on disk for the next process as long as `sources` are the same.

    By itself numba would look at this file alone, and keep what it compiled from an older state of the others.
    """

    @numba.njit(cache=True, nogil=True)
    def forward(workers, counters, net, nodes, work, tokens, first, wanted, out):
        """Log2-probabilities after new nodes; every thread calls it with the same arguments.

        Args:
            workers: number of threads.
            counters: int64 (LAYER_PHASES * layers + 3, 2), 0.
            net, nodes, work: see models.arrays; the new nodes' parents and depths are set, their keys and values are written.
            tokens: int64 (n,), of nodes `first` to `first + n - 1`.
            wanted: the last `wanted` nodes' probabilities are computed.
            out: float32 (wanted rounded up to ROWS, vocabulary with padding), written.
        """
        _ = sources
        _pass(workers, counters, net, nodes, work, tokens, first, wanted, out)

    return forward


forward = _keep_compiled(hashlib.sha256(b"".join(Path(part.__file__).read_bytes() for part in (rows, vector))).hexdigest())
