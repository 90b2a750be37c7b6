# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate matching and bit interleaving."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.fec.ldpc import base_graph
from semcom_core.fec.ldpc_rate_matching import (
    buffer_llrs,
    deinterleave,
    interleave,
    selected_positions,
)

GRAPH = base_graph(2, 16)  # 160 information bits, a buffer of 800


def test_version_0_starts_after_the_punctured_columns():
    assert selected_positions(GRAPH, 160, 5).tolist() == [0, 1, 2, 3, 4]


# Starting positions of table 5.4.2.1-2 of TS 38.212, in columns.
@pytest.mark.parametrize(("graph", "starts"), [(1, (0, 17, 33, 56)), (2, (0, 13, 25, 43))])
def test_starts_of_the_redundancy_versions(graph, starts):
    lifted = base_graph(graph, 16)
    assert [
        selected_positions(lifted, 16 * lifted.info_columns, 1, version)[0] for version in range(4)
    ] == [16 * s for s in starts]


def test_filler_is_skipped_and_the_buffer_wraps():
    positions = selected_positions(GRAPH, 150, 1000)
    assert not set(range(118, 128)) & set(positions.tolist())
    assert positions[117:119].tolist() == [117, 128]
    assert positions[790:793].tolist() == [0, 1, 2]


def test_four_versions_cover_the_buffer():
    sent = np.concatenate([selected_positions(GRAPH, 160, 300, version) for version in range(4)])
    assert np.unique(sent).size == GRAPH.buffer_bits


def test_repeated_bits_add_up():
    positions = selected_positions(GRAPH, 160, 801)
    buffer = buffer_llrs(GRAPH, positions, np.full(801, 0.5))
    assert buffer[0] == 1.0
    assert (buffer[1:] == 0.5).all()


def test_interleaver_writes_rows_and_reads_columns():
    assert interleave(np.arange(8), 4).tolist() == [0, 2, 4, 6, 1, 3, 5, 7]


@pytest.mark.parametrize("order", [1, 2, 4, 6, 8])
def test_interleaver_inverts(order):
    values = np.random.default_rng(0).standard_normal(48)
    assert (deinterleave(interleave(values, order), order) == values).all()


@pytest.mark.parametrize(
    "call", [lambda: interleave(np.arange(7), 2), lambda: deinterleave(np.arange(7), 2)]
)
def test_broken_symbol_is_refused(call):
    with pytest.raises(ConfigError, match="7 coded bits do not fill symbols of 2 bits"):
        call()


@pytest.mark.parametrize(
    ("bits", "coded", "version", "message"),
    [
        (161, 10, 0, "161 bits"),
        (0, 10, 0, "of 0 bits"),
        (10, 0, 0, "coded bits is 0"),
        (10, 10, 4, "version is 4"),
    ],
)
def test_bad_input_is_refused(bits, coded, version, message):
    with pytest.raises(ConfigError, match=message):
        selected_positions(GRAPH, bits, coded, version)
