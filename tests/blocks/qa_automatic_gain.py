# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Automatic gain: commands for a radio, one for each burst that asks for it; a search; a second
start.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pmt
import pytest
from gnuradio import semcom
from gnuradio.semcom import pdu

from semcom_core.errors import ConfigError, FrameError
from semcom_core.frame import ReceivedFrame


@pytest.fixture
def burst(make_frame):
    """burst(start_sample, level_db): PDU of a received frame."""

    def make(start_sample, level_db, more=0):
        frame = make_frame(1)
        header = replace(frame.header, more=more)
        noise_var = np.full(len(frame.symbols), 0.1, np.float32)
        return pdu.frame_pdu(
            ReceivedFrame(
                header, frame.symbols, noise_var, start_sample=start_sample, level_db=level_db
            )
        )

    return make


def gains(messages):
    return [pmt.to_double(pmt.dict_ref(m, pmt.intern("gain"), pmt.PMT_NIL)) for m in messages]


def test_gain_follows_bursts_and_not_their_further_frames(flowgraph, collect, post, burst):
    block = semcom.automatic_gain(
        gain_db=40, settings={"target_db": -20, "search_s": 100, "settle_samples": 500}
    )
    out = collect(block, "command")
    flowgraph.start()
    for start_sample, level_db in [(100, -5.0), (100, -5.0), (900, -20.0), (2000, -2.0)]:
        post(block, "in", burst(start_sample, level_db))
    assert gains(out.wait(3)) == pytest.approx([40, 25, 7])


def test_gain_does_not_change_within_a_burst(flowgraph, collect, post, burst):
    block = semcom.automatic_gain(gain_db=40, settings={"target_db": -20, "search_s": 100})
    out = collect(block, "command")
    flowgraph.start()
    for _ in range(3):
        post(block, "in", burst(100, -5.0, more=1))
    assert gains(out.wait(2, limit_s=1.0)) == pytest.approx([40])
    post(block, "in", burst(100, -5.0))
    assert gains(out.wait(2)) == pytest.approx([40, 25])


def test_bursts_handed_over_together_are_corrected_once(flowgraph, collect, post, burst):
    """Those that began before the new gain took effect say nothing of it; the one well after it
    does.
    """
    block = semcom.automatic_gain(gain_db=40, settings={"target_db": -20, "search_s": 100})
    out = collect(block, "command")
    flowgraph.start()
    for start_sample, level_db in [
        (100, -5.0),
        (40_000, -5.0),
        (131_000, -5.0),
        (1_000_000, -13.0),
    ]:
        post(block, "in", burst(start_sample, level_db))
    assert gains(out.wait(3)) == pytest.approx([40, 25, 18])


def test_a_gain_that_a_burst_arrived_with_is_held_through_silence(flowgraph, collect, post, burst):
    block = semcom.automatic_gain(gain_db=40, settings={"search_s": 0.2, "hold_s": 3600.0})
    out = collect(block, "command")
    post(block, "in", burst(5, -18.0))
    flowgraph.start()
    assert gains(out.wait(2, limit_s=1.5)) == pytest.approx([40])


def test_searches_while_nothing_is_received(flowgraph, collect):
    block = semcom.automatic_gain(
        gain_db=10, settings={"search_s": 0.2, "step_db": 5, "most_db": 20}
    )
    out = collect(block, "command")
    flowgraph.start()
    assert gains(out.wait(4))[:4] == pytest.approx([10, 15, 20, 0])


def test_what_is_no_frame_is_refused_and_the_next_one_counts(flowgraph, collect, post, burst):
    block = semcom.automatic_gain(gain_db=40, settings={"search_s": 100})
    out = collect(block, "command")
    flowgraph.start()
    post(block, "in", pmt.intern("nonsense"))
    post(block, "in", burst(5, 0.0))
    assert gains(out.wait(2)) == pytest.approx([40, 22])
    assert block.refused == 1


def test_frames_without_a_finite_level_or_a_place_say_nothing(flowgraph, collect, post, burst):
    """A frame that lacks level_db, start_sample or noise_var is let be; a level that is no number
    is refused with its reason.
    """
    block = semcom.automatic_gain(gain_db=40, settings={"search_s": 100})
    out = collect(block, "command")
    flowgraph.start()
    for key in ("level_db", "start_sample", "noise_var"):
        message = burst(5, 0.0)
        post(
            block,
            "in",
            pmt.cons(pmt.dict_delete(pmt.car(message), pmt.intern(key)), pmt.cdr(message)),
        )
    for level_db in (np.nan, np.inf, -np.inf):
        with pytest.raises(FrameError, match="level_db .*; allowed is a finite level"):
            pdu.read_frame(burst(5, level_db))
        post(block, "in", burst(5, level_db))
    post(block, "in", burst(900, -8.0))
    assert gains(out.wait(2)) == pytest.approx([40, 30])
    assert block.refused == 3


def test_starts_again_with_the_gain_it_had_and_counts_the_samples_anew(
    flowgraph, collect, post, burst
):
    block = semcom.automatic_gain(gain_db=40, settings={"search_s": 100})
    out = collect(block, "command")
    flowgraph.start()
    post(block, "in", burst(5000, 0.0))
    out.wait(2)
    flowgraph.stop()
    flowgraph.wait()
    flowgraph.start()
    out.wait(3)
    post(block, "in", burst(5001, -8.0))
    assert gains(out.wait(4)) == pytest.approx([40, 22, 22, 12])


def test_refuses_settings_that_are_not_there():
    with pytest.raises(ConfigError, match="no setting 'targett'; allowed is one of"):
        semcom.automatic_gain(settings={"targett": 3})


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_refuses_a_gain_that_no_radio_has(wrong):
    with pytest.raises(ConfigError, match="gain_db is .*; allowed is"):
        semcom.automatic_gain(gain_db=wrong)
