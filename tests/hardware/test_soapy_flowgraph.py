# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual Soapy radios in flowgraphs, by gr-soapy."""

from __future__ import annotations

import pytest

from tests.hardware.soapy_links import BURSTS, check_loss, check_tone, last_line

pytest.importorskip("gnuradio.soapy", reason="gr-soapy is not installed")


def test_a_tone_arrives_without_a_jump(soapy_radios):
    check_tone(last_line(soapy_radios.program("soapy_flowgraph.py", "soapy", "tone")))
    assert soapy_radios.written("bob") == [
        ("rx", "rate_hz", "1000000.0"),
        ("rx", "lo_hz", "2450000000.0"),
        ("rx", "gain_db", "40.0"),
    ]


def test_tagged_bursts_have_their_exact_lengths(soapy_radios):
    assert (
        last_line(soapy_radios.program("soapy_flowgraph.py", "soapy", "bursts"))["lengths"]
        == BURSTS
    )


def test_a_flowgraph_stops_though_the_air_has_gone(soapy_radios, killed):
    check_loss(
        soapy_radios, killed(soapy_radios.start_program("soapy_flowgraph.py", "soapy", "lost"))
    )
