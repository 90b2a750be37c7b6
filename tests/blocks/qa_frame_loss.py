# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frame loss: the share that is lost, its repetition, and what is never lost."""

from __future__ import annotations

import numpy as np
import pmt
import pytest
from gnuradio import semcom
from gnuradio.semcom import pdu

from semcom_core.errors import ConfigError


def through(flowgraph, collect, post, block, messages):
    """Numbers of the messages that come through."""
    out = collect(block, "out")
    flowgraph.start()
    for message in [*messages, pdu.end_pdu()]:
        post(block, "in", message)
    while True:
        found = out.wait(1)
        if pdu.is_end(found[-1]):
            return [pdu.read_meta(message)["start_sample"] for message in found[:-1]]


def numbered(count):
    return [pdu.make_pdu({"start_sample": i}, np.zeros(0, np.uint8)) for i in range(count)]


def test_the_share_that_is_stated_is_lost(flowgraph, collect, post):
    block = semcom.frame_loss(probability=0.2, seed=3)
    passed = through(flowgraph, collect, post, block, numbered(2000))
    assert block.lost == 2000 - len(passed)
    assert block.lost == pytest.approx(400, abs=4 * np.sqrt(2000 * 0.2 * 0.8))
    assert passed == sorted(passed)


@pytest.mark.parametrize("probability, count", [(0.0, 50), (1.0, 0)])
def test_extremes(probability, count, flowgraph, collect, post):
    block = semcom.frame_loss(probability=probability)
    assert len(through(flowgraph, collect, post, block, numbered(50))) == count
    assert block.passed == count + 1, "the end is never lost"


def test_draws_repeat_after_a_restart(flowgraph, collect, post):
    block = semcom.frame_loss(probability=0.5, seed=9)
    first = through(flowgraph, collect, post, block, numbered(100))
    block.start()
    other = semcom.frame_loss(probability=0.5, seed=9)
    assert [block._rng.random() for _ in range(10)] == [other._rng.random() for _ in range(10)]
    assert (block.lost, len(first) < 100) == (0, True)


def test_setter_and_bad_input(flowgraph, collect, post):
    block = semcom.frame_loss()
    block.set_probability(1.0)
    out = collect(block, "out")
    flowgraph.start()
    for message in (pmt.from_long(3), numbered(1)[0], pdu.end_pdu()):
        post(block, "in", message)
    assert [pdu.is_end(message) for message in out.wait(1)] == [True]
    assert (block.lost, block.passed) == (2, 1), "whatever it is, it may get lost"
    for settings in ({"probability": 1.1}, {"probability": np.nan}, {"seed": -1}):
        with pytest.raises(ConfigError):
            semcom.frame_loss(**settings)
