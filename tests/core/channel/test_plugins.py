# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel terms of other packages and of the running program, and modules loaded on first use."""

from __future__ import annotations

import doctest
import importlib.metadata
import pickle
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint

import numpy as np
import pytest

import semcom_core.channel
from semcom_core.channel import (
    TERMS,
    Processor,
    Term,
    channel,
    parse_channel,
    register_term,
    registry,
    term,
    usages,
)
from semcom_core.errors import ConfigError


@dataclass(frozen=True)
class Half(Term):
    """A class as a plug-in states it, without the decorator."""

    symbol_level = True

    @classmethod
    def parse(cls, values, options):
        return cls()

    def start(self, signal, rng):
        return Processor(lambda samples: samples / 2)

    def __str__(self):
        return self.name


def scale(samples, rng, gain, *, offset=0.0):
    """A function as a plug-in states it."""
    return samples * gain + offset


def flicker(samples, rng, probability):
    """A function that draws one number a sample."""
    return np.where(rng.random(len(samples)) < probability, 0, samples)


def sized(samples, rng):
    """A function that loses a sample."""
    return samples[1:]


@pytest.fixture(autouse=True)
def own_terms(monkeypatch):
    """Terms that a test registers are gone after it."""
    monkeypatch.setattr(TERMS, "_loaded", dict(TERMS._loaded))


@pytest.fixture
def plugins(monkeypatch):
    """Sets the entry points that are found: name=object of this module, or any text."""
    looked_up = []

    def install(**found):
        points = [
            EntryPoint(name, text if ":" in text else f"{__name__}:{text}", registry.ENTRY_POINTS)
            for name, text in found.items()
        ]

        def entry_points(*, group):
            looked_up.append(group)
            return [point for point in points if point.group == group]

        monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
        monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or _module())
        return looked_up

    return install


def _module():
    """This module under its name, which importlib mode of pytest may not have left behind."""
    module = type(sys)(__name__)
    module.__dict__.update(globals())
    return module


def test_class_of_another_package(plugins):
    plugins(half="Half")
    found = parse_channel("half+awgn:100")
    assert found.terms[0].name == "half" and str(found) == "half+awgn:100"
    y, noise_var = parse_channel("half").through_symbols(np.ones(4, np.complex64), _rng())
    np.testing.assert_allclose(y, 1)  # the gain is taken out
    np.testing.assert_array_equal(
        parse_channel("half").through_samples(np.ones(4), _rng()), np.full(4, 0.5)
    )


def test_function_of_another_package(plugins):
    plugins(scale="scale")
    found = parse_channel("scale:3,offset=0.5")
    assert str(found) == "scale:3,offset=0.5" and parse_channel(str(found)) == found
    assert TERMS["scale"].usage == "scale:GAIN[,OFFSET]"
    np.testing.assert_array_equal(found.through_samples(np.ones(3), _rng()), np.full(3, 3.5))
    assert pickle.loads(pickle.dumps(found)) == found


def test_lookup_only_for_names_that_are_not_built_in(plugins):
    looked_up = plugins(half="Half")
    parse_channel("awgn:5+cfo:12khz+tdl-a:100ns")
    assert not looked_up
    parse_channel("half")
    assert set(looked_up) == {"semcom.channels"}


def test_all_terms_are_listed(plugins):
    plugins(half="Half", scale="scale")
    assert {"half", "scale", "awgn"} <= set(TERMS) and len(TERMS) == len(registry.BUILT_IN) + 2
    with pytest.raises(ConfigError) as caught:
        parse_channel("nothing:1")
    assert "scale:GAIN[,OFFSET]" in str(caught.value) and "awgn:SNR_DB" in str(caught.value)
    assert "half" in usages().split(", ")


@pytest.mark.parametrize(
    "text, reason",
    [
        ("no_such_package:Rain", "ModuleNotFoundError"),
        ("math:nothing", "AttributeError"),
        ("math:pi", "allowed is a Term class or a function"),
        ("fractions:Fraction", "allowed is a Term class or a function"),
    ],
)
def test_broken_plugin_is_named_in_one_line(plugins, text, reason):
    plugins(rain=text)
    with pytest.raises(ConfigError) as caught:
        parse_channel("rain:3+awgn:5")
    message = str(caught.value)
    assert "'rain'" in message and text in message and reason in message
    assert "\n" not in message


def test_broken_plugin_does_not_hide_other_terms(plugins):
    plugins(rain="no_such_package:Rain", half="Half")
    assert str(parse_channel("half+awgn:5")) == "half+awgn:5"
    with pytest.raises(ConfigError, match=r"'nothing'.*half.*rain \(plug-in that does not load\)"):
        parse_channel("nothing")
    with pytest.raises(ConfigError, match="allowed without the modem is awgn, clean, half, ray"):
        parse_channel("cfo:1").through_symbols(np.ones(3), _rng())


def test_plugin_may_not_take_a_built_in_name(plugins):
    plugins(awgn="Half", half="Half")
    assert type(parse_channel("awgn:5").terms[0]).__name__ == "Awgn"
    with pytest.raises(ConfigError, match="'awgn'.*name of a built-in term"):
        parse_channel("half")
    with pytest.raises(ConfigError, match="'awgn' of a built-in term"):
        register_term("awgn", Half)


def test_function_of_the_program():
    term("flicker")(flicker)
    found = parse_channel("flicker:0.5")
    x = np.arange(1, 1001).astype(np.complex64)
    whole = found.through_samples(x, _rng())
    stream = found.stream(_rng())
    parts = [*(stream.push(part) for part in np.array_split(x, 7)), stream.end()]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert 400 < np.count_nonzero(whole) < 600  # six deviations of 16 about 500
    with pytest.raises(ConfigError, match="acts on samples"):
        found.through_symbols(x, _rng())
    register_term("flicker", scale, symbol_level=True)  # another cell of a notebook
    y, noise_var = parse_channel("flicker:2").through_symbols(np.ones(3), _rng())
    np.testing.assert_array_equal(y, np.ones(3))
    np.testing.assert_allclose(noise_var, channel.CLEAN_NOISE_VAR / 4, rtol=1e-6)


def test_place_of_a_function():
    register_term("dead", lambda samples, rng: 0 * samples, place="receiver")
    x = np.ones(100, np.complex64)
    assert not parse_channel("dead+awgn:0").through_samples(x, _rng()).any()
    register_term("dead", lambda samples, rng: 0 * samples)
    assert parse_channel("dead+awgn:0").through_samples(x, _rng()).all()


@pytest.mark.parametrize(
    "text, reason",
    [
        ("scale", "missing a required argument"),
        ("scale:1,2", "too many positional arguments"),
        ("scale:1,phase=2", "unexpected keyword argument 'phase'"),
        ("scale:x", "value of scale is 'x'"),
        ("scale:1,offset=inf", "value of scale is 'inf'"),
    ],
)
def test_bad_values_of_a_function(text, reason):
    register_term("scale", scale)
    with pytest.raises(ConfigError, match=reason):
        parse_channel(text)


@pytest.mark.parametrize(
    "name, implementation, options",
    [
        ("a+b", scale, {}),
        ("a:b", scale, {}),
        ("", scale, {}),
        ("Awgn", scale, {}),
        ("mine", 5, {}),
        ("mine", dict, {}),
        ("mine", scale, {"place": "nowhere"}),
    ],
)
def test_refused_registrations(name, implementation, options):
    with pytest.raises(ConfigError, match="allowed is"):
        register_term(name, implementation, **options)
    assert "mine" not in TERMS


def test_function_that_changes_the_length():
    register_term("sized", sized)
    with pytest.raises(ConfigError, match=r"\(2,\) of \(3,\) samples"):
        parse_channel("sized").through_samples(np.ones(3), _rng())


def test_table_of_built_in_terms():
    for name, target in registry.BUILT_IN.items():
        cls = TERMS[name]
        assert f"{cls.__module__}:{cls.__qualname__}" == target and cls.name == name


def test_modules_of_terms_are_imported_when_they_are_used():
    code = (
        "import sys; from semcom_core.channel import parse_channel; parse_channel('awgn:5')\n"
        "loaded = [m.rpartition('.')[2] for m in sys.modules if m.startswith('semcom_core.channel.')]\n"
        "assert sorted(loaded) == ['base', 'channel', 'registry'], loaded\n"
        "parse_channel('cfo:1'); assert 'semcom_core.channel.fading' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("module", [semcom_core.channel, registry, channel])
def test_examples_of_docstrings(module):
    found = doctest.testmod(module, extraglobs={"np": np})
    assert found.attempted and not found.failed


def _rng():
    return np.random.default_rng(3)
