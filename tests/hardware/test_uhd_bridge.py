# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual Soapy radios by gr-uhd, through UHD's bridge to SoapySDR."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hardware.soapy_links import BURSTS, GAP_SAMPLES, check_loss, check_tone, last_line

pytest.importorskip("gnuradio.uhd", reason="gr-uhd is not installed")
if not [
    path
    for root in ("/usr/lib", "/usr/local/lib")
    for path in Path(root).glob("**/uhd/modules/libsoapySupport.so")
]:
    pytest.skip("UHD's bridge to SoapySDR is not installed (uhd-soapysdr)", allow_module_level=True)


def test_a_tone_arrives_without_a_jump(soapy_radios):
    check_tone(last_line(soapy_radios.program("soapy_flowgraph.py", "uhd", "tone")))
    received = [
        ("rate_hz", "1000000.0"),
        ("lo_hz", "2450025000.0"),
        ("offset_hz", "25000.0"),
        ("gain_db", "40.0"),
    ]
    sent = [
        ("rate_hz", "1000000.0"),
        ("lo_hz", "2450075000.0"),
        ("offset_hz", "-25000.0"),
        ("gain_db", "60.0"),
    ]
    assert soapy_radios.written("bob") == [("rx", *one) for one in received]
    assert soapy_radios.written("alice") == [("tx", *one) for one in sent]


def test_timed_tagged_bursts_are_exact_to_the_sample(soapy_radios):
    found = last_line(soapy_radios.program("soapy_flowgraph.py", "uhd", "bursts"))
    assert found["lengths"] == BURSTS
    assert found["starts"] == [GAP_SAMPLES * number for number in range(len(BURSTS))]


def test_finite_and_timed_reception_by_uhds_own_calls(soapy_radios):
    found = last_line(soapy_radios.program("soapy_flowgraph.py", "uhd", "finite"))
    assert (found["count"], found["locked"]) == (12_345, True)
    assert abs(found["began"] - 51) <= 0.501e-6, "the sample nearest to the time"


def test_a_flowgraph_stops_though_the_air_has_gone(soapy_radios, killed):
    check_loss(
        soapy_radios, killed(soapy_radios.start_program("soapy_flowgraph.py", "uhd", "lost"))
    )
