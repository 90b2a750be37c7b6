# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The air's plan: what is read, and what is refused in one line."""

from __future__ import annotations

import pytest

from semcom_core.errors import ConfigError
from semcom_core.radio.virtual.air import air_plan, read_plan

TWO = {"a": {"kind": "pluto"}, "b": {"kind": "pluto", "address": "127.0.0.2:4000", "ppm": "3e0"}}


def test_a_plan_is_read_from_yaml(tmp_path):
    path = tmp_path / "plan.yml"
    text = "pacing: real\nradios:\n  a: {kind: pluto}\n  c: {kind: soapy}\n"
    path.write_text(text + "links:\n  - {from: a, to: c, delay_s: 1e-6, channel: 'awgn:3'}\n")
    plan = read_plan(path)
    radios = dict(plan.radios)
    assert (plan.pacing, plan.seed, plan.speed) == ("real", 1, 1.0)
    assert radios["a"].endpoint == ("127.0.0.1", 30431)
    assert (radios["a"].tx_reference_db, radios["c"].tx_reference_db) == (-10.0, 60.0)
    assert plan.links[0].delay_s == 1e-6  # YAML 1.1 reads 1e-6 as a text


def test_an_address_may_name_a_port_and_numbers_may_be_written_with_an_exponent():
    plan = air_plan({"radios": TWO})
    assert dict(plan.radios)["b"].endpoint == ("127.0.0.2", 4000)
    assert dict(plan.radios)["b"].ppm == 3.0


def test_radios_may_have_numbers_for_names():
    plan = air_plan({"radios": {1: {}}, "links": [{"from": 1, "to": 1}]})
    assert plan.radios[0][0] == plan.links[0].source == plan.links[0].target == "1"


def test_an_address_stays_a_text():
    assert (
        dict(air_plan({"radios": {"a": {"kind": "soapy", "address": "1"}}}).radios)["a"].address
        == "1"
    )


@pytest.mark.parametrize(
    "change, said",
    [
        ({"pacing": "quick"}, "pacing is 'quick'; allowed is one of elastic, real"),
        ({"pacing": "real", "speed": 2}, "speed is 2"),
        ({"speed": True}, "speed is True"),
        ({"seed": 1.5}, "seed is 1.5; allowed is a whole number"),
        ({"seed": True}, "seed is True"),
        ({"seed": "one"}, "seed is 'one'"),
        ({"seed": -1}, "seed is -1"),
        ({"radios": {}}, "no radios"),
        ({"radios": ["a"]}, "radios is ['a']; a mapping is needed"),
        ({"radios": {"a": {"kind": "hackrf"}}}, "kind of a radio is 'hackrf'"),
        (
            {"radios": {"a": {"adress": "x"}}},
            "radio a has no setting 'adress'; allowed is one of kind, address",
        ),
        ({"radios": {"a": {"address": "pluto.local"}}}, "address is 'pluto.local'"),
        (
            {"radios": {"a": {"address": "127.0.0.1:99999"}}},
            "port of address '127.0.0.1:99999' is 99999",
        ),
        ({"radios": {"a": {"ppm": "much"}}}, "ppm is 'much'; allowed is a number"),
        ({"radios": {"a": {}, "b": {}}}, "127.0.0.1:30431 is that of two radios"),
        ({"links": {"a": 1}}, "links is {'a': 1}; allowed is a list"),
        ({"links": [{"from": "a"}]}, "lacks target"),
        ({"links": [{"from": "a", "to": "z"}]}, "radio of a link is 'z'; allowed is one of a, b"),
        (
            {"links": [{"from": ["a"], "to": "b"}]},
            "radio of a link is \"['a']\"; allowed is one of a, b",
        ),
        ({"links": [{"from": "a", "to": "b", "channel": "fog"}]}, "channel term is 'fog'"),
        (
            {"links": [{"from": "a", "to": "b", "channel": "iq:1db"}]},
            "such terms belong to `receiver` of radio b",
        ),
        ({"links": [{"from": "a", "to": "b", "delay_s": 2}]}, "delay_s of a link is 2"),
        ({"volume": 11}, "plan has no setting 'volume'"),
    ],
)
def test_what_is_not_allowed_is_named(change, said):
    with pytest.raises(ConfigError) as error:
        air_plan({"radios": TWO} | change)
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["radios: [", "- a list", ""])
def test_a_file_that_is_no_plan_is_refused_in_one_line(text, tmp_path):
    path = tmp_path / "plan.yml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_plan(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)
