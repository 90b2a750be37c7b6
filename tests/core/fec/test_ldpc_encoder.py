# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base graphs, lifting and encoding of the LDPC codes."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.fec.ldpc import (
    SHAPES,
    LdpcEncoder,
    base_graph,
    choose_graph,
    choose_lifting,
    ldpc_encoder,
    lifting_set,
    lifting_sizes,
)


def test_lifting_sizes_are_those_of_the_standard():
    sizes = lifting_sizes()
    assert len(sizes) == 51
    assert (sizes[0], sizes[-1]) == (2, 384)
    assert [lifting_set(z) for z in (256, 384, 320, 224, 288, 352, 208, 240)] == list(range(8))


@pytest.mark.parametrize(("graph", "edges"), [(1, 316), (2, 197)])
def test_edge_counts(graph, edges):
    assert base_graph(graph, 384).rows.size == edges


@pytest.mark.parametrize(
    ("bits", "rate", "graph"),
    [
        (292, 0.9, 2),
        (293, 0.68, 1),
        (293, 0.67, 2),
        (3824, 0.5, 2),
        (3825, 0.5, 1),
        (9000, 0.25, 2),
    ],
)
def test_choice_of_graph(bits, rate, graph):
    assert choose_graph(bits, rate) == graph


@pytest.mark.parametrize(
    ("graph", "bits", "z"),
    [
        (1, 8448, 384),
        (1, 816, 40),
        (2, 816, 88),
        (2, 640, 72),
        (2, 560, 72),
        (2, 192, 32),
        (2, 1, 2),
    ],
)
def test_choice_of_lifting_size(graph, bits, z):
    assert choose_lifting(graph, bits) == z


@pytest.mark.parametrize(("graph", "bits"), [(1, 8449), (2, 3841), (2, 0)])
def test_block_outside_the_graph_is_refused(graph, bits):
    with pytest.raises(ConfigError, match=f"code block of {bits} bits"):
        choose_lifting(graph, bits)


def test_unknown_lifting_size_is_refused():
    with pytest.raises(ConfigError, match="lifting size is 17"):
        base_graph(1, 17)


@pytest.mark.parametrize("graph", [1, 2])
def test_all_code_words_satisfy_all_checks(graph):
    rng = np.random.default_rng(graph)
    for z in lifting_sizes():
        encoder = LdpcEncoder(graph, z)
        info = rng.integers(0, 2, (2, encoder.graph.info_columns * z), dtype=np.uint8)
        words = encoder.encode(info)
        assert (words[:, : info.shape[1]] == info).all()
        checks = encoder.graph.parity_check(SHAPES[graph][0]).astype(np.int64)
        assert not (checks @ words.T.astype(np.int64) % 2).any()


# The code words were compared once, bit by bit, with those of an independent implementation (py3gpp
# 0.6.0).
@pytest.mark.parametrize(("graph", "z", "golden"), [(1, 40, 3653543943), (2, 88, 778339565)])
def test_golden_code_words(graph, z, golden):
    info = (np.arange(SHAPES[graph][2] * z) ** 2 // 7 % 2).astype(np.uint8)
    assert zlib.crc32(np.packbits(ldpc_encoder(graph, z).encode(info)).tobytes()) == golden


def test_wrong_block_length_is_refused():
    with pytest.raises(ConfigError, match="has 879 bits; allowed is 880"):
        ldpc_encoder(2, 88).encode(np.zeros(879, np.uint8))
