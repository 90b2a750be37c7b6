# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Malformed messages and hostile samples through every block: no crash, no hang, and the next good
one is handled.

A short form runs always. The long one, 10,000 messages a port and 10^8 samples a block, with what
became of them:

    ./run test -m slow -s tests/blocks/qa_fuzz.py
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pmt
import pytest
from gnuradio import semcom

from tests.blocks import fuzz, fuzz_run

PORTS = [(name, port) for name in semcom.__all__ for port in fuzz_run.message_ports(name)]
THROUGH_SAMPLES = ("burst_receiver", "channel", "half_duplex")
SHORT_MESSAGES, LONG_MESSAGES = 300, 10_000
SHORT_SAMPLES, LONG_SAMPLES, PARTS = 1_000_000, 100_000_000, 20
LIMIT_S = {SHORT_MESSAGES: 120, LONG_MESSAGES: 600}


def run(limit_s: float, *arguments) -> None:
    """One run in a process of its own; its line is printed."""
    command = [sys.executable, "-m", "tests.blocks.fuzz_run", *map(str, arguments)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s)
    except subprocess.TimeoutExpired as error:
        pytest.fail(
            f"not done within {limit_s} s: {' '.join(command)}\n{error.stdout}\n{error.stderr}",
            pytrace=False,
        )
    print(done.stdout, end="")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "count", [SHORT_MESSAGES, pytest.param(LONG_MESSAGES, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(("name", "port"), PORTS)
def test_malformed_messages(name, port, count):
    run(LIMIT_S[count], "messages", name, port, count, 1)


@pytest.mark.parametrize("name", THROUGH_SAMPLES)
def test_hostile_samples(name):
    run(120, "samples", name, SHORT_SAMPLES, 1000)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", THROUGH_SAMPLES)
def test_hostile_samples_at_length(name, part):
    run(600, "samples", name, LONG_SAMPLES // PARTS, part)


def test_the_generator_is_seeded_and_makes_all_sorts():
    first, again, other = ([str(m) for m in fuzz.messages(seed, 200)] for seed in (1, 1, 2))
    assert first == again != other
    made = list(fuzz.messages(3, 500))
    for kind in (
        pmt.is_pair,
        pmt.is_dict,
        pmt.is_symbol,
        pmt.is_number,
        pmt.is_uniform_vector,
        pmt.is_tuple,
    ):
        assert any(map(kind, made))
    samples = fuzz.hostile(1, 500_000)
    assert samples.shape == (500_000,) and np.array_equal(
        samples.view(np.uint64), fuzz.hostile(1, 500_000).view(np.uint64)
    )
    sizes = np.abs(samples)
    for found in (
        np.isnan(sizes),
        np.isinf(sizes),
        sizes == 0,
        (sizes > 1e30) & np.isfinite(sizes),
        (sizes > 0) & (sizes < 1e-38),
    ):
        assert found.any()
