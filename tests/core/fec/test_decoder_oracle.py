# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The LDPC decoder against the sum-product decoder of the package `ldpc`, an implementation by
others, on the same received values.
"""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.fec.ldpc import PUNCTURED_COLUMNS, base_graph, ldpc_decoder, ldpc_encoder

ldpc = pytest.importorskip(
    "ldpc", reason="the package ldpc, the oracle, is not installed (extra `test`)"
)
BLOCKS = 20
#: Our layered schedule passes what one check has found to the next at once; flooding takes about
#: twice as many iterations.
LAYERED_ITERATIONS, FLOODING_ITERATIONS = 40, 80


def received_blocks(graph: int, z: int, rows: int, snr_db: float) -> tuple[np.ndarray, np.ndarray]:
    """Code words, and their log-likelihood ratios after antipodal signalling; the SNR is that of a
    real dimension.
    """
    rng, columns = np.random.default_rng(7), base_graph(graph, z).info_columns
    info = rng.integers(0, 2, (BLOCKS, columns * z), dtype=np.uint8)
    words = ldpc_encoder(graph, z).encode(info)[:, : (columns + rows) * z]
    noise = 10 ** (-snr_db / 10)
    llrs = 2 * (1 - 2.0 * words + np.sqrt(noise) * rng.standard_normal(words.shape)) / noise
    llrs[:, : PUNCTURED_COLUMNS * z] = 0
    return words, llrs


def oracle(checks, llrs: np.ndarray) -> np.ndarray:
    """Bits by the package, which finds the errors that explain a syndrome: that of hard decisions,
    each wrong with its own probability.
    """
    decoder = ldpc.BpDecoder(
        checks, error_rate=0.1, max_iter=FLOODING_ITERATIONS, bp_method="product_sum"
    )
    found = []
    for row in llrs:
        hard = (row < 0).astype(np.uint8)
        decoder.update_channel_probs(1 / (1 + np.exp(np.abs(row))))
        found.append(hard ^ decoder.decode((checks @ hard % 2).astype(np.uint8)))
    return np.array(found)


# The SNRs are where about half of the blocks are lost. There, on a graph with short cycles, which
# blocks come out depends on the order in which messages are passed (each decoder has blocks that
# the other loses); so one exception is allowed.
@pytest.mark.parametrize(
    ("graph", "z", "rows", "snr_db"), [(2, 16, 12, 0.8), (2, 7, 24, -2.0), (1, 6, 16, 2.6)]
)
def test_decodes_what_the_package_decodes(graph, z, rows, snr_db):
    words, llrs = received_blocks(graph, z, rows, snr_db)
    ours, holds = ldpc_decoder(graph, z, rows).decode(llrs, LAYERED_ITERATIONS)
    theirs = oracle(base_graph(graph, z).parity_check(rows), llrs)
    right, right_there = (ours == words).all(axis=1), (theirs == words).all(axis=1)
    assert 4 <= right_there.sum() < BLOCKS
    assert (right_there & ~right).sum() <= 1
    assert holds[right].all()


def test_both_decode_every_block_at_a_high_snr():
    words, llrs = received_blocks(2, 16, 12, 4.0)
    assert (oracle(base_graph(2, 16).parity_check(12), llrs) == words).all()
    assert (ldpc_decoder(2, 16, 12).decode(llrs)[0] == words).all()
