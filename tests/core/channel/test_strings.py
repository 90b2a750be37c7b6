# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel strings: what they may hold, how they are written, and what is refused."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from semcom_core.channel import TERMS, parse_channel
from semcom_core.errors import ConfigError

#: The least and the most that each term takes, and numbers of many digits, written as a channel
#: writes them.
LIMITS = [
    "awgn:-60",
    "awgn:100",
    "rayleigh:-60,1000000kmh,fc=1000000000000",
    "rayleigh:0kmh,fc=1000",
    "rayleigh:100,block=1000000000",
    "rician:-60,-40,doppler=0",
    "rician:k=60,doppler=1000000000",
    "tdl-a:-60,0ns,0kmh,fc=24000000000",
    "tdl-b:1000000000ns",
    "tdl-c:100,1ns",
    "tdl-d:0.0001ns",
    "tdl-e:1ns,doppler=0.000001",
    "sco:-1000ppm",
    "sco:1000ppm",
    "cfo:-1000000000",
    "cfo:1000000000",
    "delay:0",
    "delay:1000000",
    "taps:-200,100,0",
    "phase-noise:-250,at=1",
    "phase-noise:-250,at=1000000000",
    "iq:-40db,-90deg",
    "iq:40db,90deg",
    "dc:0%,deg=-360",
    "dc:10000%,deg=360",
    "adc:1,clip=-40",
    "adc:24,clip=80",
    "pa:-40,p=0.1",
    "pa:80,p=10",
    "impulse:0,-100",
    "impulse:1000000000,100,1000000",
    "tone:-100,-1000000000",
    "tone:100,1000000000,keyed=1000000000",
    "clean",
    "cfo:12345.678901234567",
    "cfo:0.0000000000001234",
    "awgn:0.30000000000000004",
    "delay:3.3333333333333335",
]


@pytest.mark.parametrize(
    "text, canonical",
    [
        ("rayleigh:10,doppler=68hz", "rayleigh:10,doppler=68"),
        ("rayleigh:30km/h,10", "rayleigh:10,30kmh"),
        ("rayleigh:10m/s,fc=5.8GHz", "rayleigh:36kmh,fc=5800000000"),
        ("rician:10,3,30kmh", "rician:10,3,30kmh"),
        ("rician:k=3db,doppler=1khz", "rician:k=3,doppler=1000"),
        ("tdl-a:10", "tdl-a:10,100ns"),
        ("tdl-c:300ns", "tdl-c:300ns"),
        ("tdl-b:-3,0.3us,0kmh", "tdl-b:-3,300ns,0kmh"),
        ("tdl-e:1ms,doppler=5hz", "tdl-e:1000000ns,doppler=5"),
        ("tdl-d:10,30ns,120kmh,fc=900mhz", "tdl-d:10,30ns,120kmh,fc=900000000"),
        ("sco:40ppm", "sco:40ppm"),
        ("sco:-2.5", "sco:-2.5ppm"),
        ("phase-noise:-80", "phase-noise:-80"),
        ("phase-noise:-90,at=1mhz", "phase-noise:-90,at=1000000"),
        ("iq:1db", "iq:1db,0deg"),
        ("iq:5,5", "iq:5db,5deg"),
        ("iq:5deg", "iq:0db,5deg"),
        ("dc:10%", "dc:10%"),
        ("dc:10,deg=45", "dc:10%,deg=45"),
        ("adc:8", "adc:8"),
        ("adc:10,clip=9db", "adc:10,clip=9"),
        ("pa:6db", "pa:6"),
        ("pa:6,p=3", "pa:6,p=3"),
        ("impulse:100,20", "impulse:100,20"),
        ("impulse:1khz,20db,50", "impulse:1000,20,50"),
        ("tone:20,50khz", "tone:20,50000"),
        ("tone:20,-50khz,keyed=10hz", "tone:20,-50000,keyed=10"),
        ("tdl-a:10,100ns,3kmh+cfo:12khz+iq:1db", "tdl-a:10,100ns,3kmh+cfo:12000+iq:1db,0deg"),
    ],
)
def test_string_round_trips(text, canonical):
    channel = parse_channel(text)
    assert str(channel) == canonical
    assert parse_channel(canonical) == channel and str(parse_channel(canonical)) == canonical
    assert pickle.loads(pickle.dumps(channel)) == channel


@pytest.mark.parametrize("text", LIMITS)
def test_limits_and_all_digits_round_trip(text):
    """As they are written, and with another term after them: an exponent's sign would be taken for
    the end of the term.
    """
    channel = parse_channel(text)
    assert str(channel) == text
    assert parse_channel(f"{channel}+cfo:1") == replace(
        channel, terms=(*channel.terms, *parse_channel("cfo:1").terms)
    )


def test_limits_of_every_term_are_tried():
    assert {text.partition(":")[0] for text in LIMITS} == set(TERMS)


@pytest.mark.parametrize(
    "text, canonical",
    [
        ("rayleigh:8.3m/s,fc=24ghz", "rayleigh:29.88kmh,fc=24000000000"),
        ("rayleigh:30kmh,fc=4.1GHz", "rayleigh:30kmh,fc=4100000000"),
        ("tdl-a:0.3us", "tdl-a:300ns"),
        ("cfo:-0.1khz", "cfo:-100"),
    ],
)
def test_units_add_no_digits(text, canonical):
    assert str(parse_channel(text)) == canonical


@pytest.mark.parametrize(
    "text, named",
    [
        ("rayleigh:10,30", "10,30"),
        ("rayleigh:10,block=64,30kmh", "30kmh"),
        ("rayleigh:1.5,block=2.5", "'2.5'"),
        ("rayleigh:3kmh,4kmh", "3kmh"),
        ("rayleigh:3kmh,doppler=4", "doppler=4"),
        ("rayleigh:-3kmh", "'-3kmh'"),
        ("rayleigh:10,fc=1ghz", "fc=1"),
        ("rician:10,3,k=4", "10,3"),
        ("tdl-f:10", "tdl-f"),
        ("tdl-a:10,3", "10,3"),
        ("tdl-a:100ns,200ns", "200ns"),
        ("tdl-a:10,5lightyears", "5lightyears"),
        ("sco:2000ppm", "'2000ppm'"),
        ("sco:", "''"),
        ("phase-noise:-80,at=0", "'0'"),
        ("phase-noise:-10", "phase-noise:-10"),
        ("iq:1db,5deg,6deg", "6deg"),
        ("iq:5deg,6deg", "6deg"),
        ("iq:", "''"),
        ("dc:-1%", "'-1%'"),
        ("adc:0", "'0'"),
        ("adc:7.5", "'7.5'"),
        ("pa:6,p=0", "'0'"),
        ("impulse:100", "100"),
        ("impulse:1,2,0", "'0'"),
        ("tone:20", "20"),
        ("tone:20,1khz,keyd=3", "keyd=3"),
        ("awgn:5+tdl-a:10", "tdl-a:10"),
        ("cfo:snan", "'snan'"),
        ("cfo:1e999999999999999999999", "'1e999999999999999999999'"),
        ("tone:inf,3", "'inf'"),
        ("impulse:nan,3", "'nan'"),
        ("rayleigh:block=3,block=5", "block=3,block=5"),
        ("tone:1,2,keyed=1,keyed=1", "keyed=1,keyed=1"),
        (5, "5"),
        (None, "None"),
        (b"awgn:5", "awgn:5"),
        (["awgn:5"], "['awgn:5']"),
    ],
)
def test_refuses_in_one_line_what_is_not_allowed(text, named):
    with pytest.raises(ConfigError, match="allowed") as caught:
        parse_channel(text)
    assert named in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["rayleigh:10,60khz", "tdl-a:10,1s", "rayleigh:doppler=60khz", "impulse:2mhz,0"]
)
def test_refuses_in_one_line_what_does_not_fit_the_sample_rate(text):
    with pytest.raises(ConfigError, match="allowed") as caught:
        parse_channel(text).stream(np.random.default_rng(1))
    assert "\n" not in str(caught.value)


def test_each_term_has_a_usage_with_its_name():
    assert all(
        cls.name == name and name in cls.usage and cls.__doc__ for name, cls in TERMS.items()
    )
    assert {f"tdl-{letter}" for letter in "abcde"} <= set(TERMS) and len(TERMS) == 20


def test_terms_can_be_put_in():
    channel = parse_channel("awgn:5+cfo:3").with_term("cfo:7").with_term("iq:1db")
    assert str(channel) == "awgn:5+cfo:7+iq:1db,0deg"
    with pytest.raises(ConfigError, match="one term"):
        channel.with_term("rayleigh:3")
