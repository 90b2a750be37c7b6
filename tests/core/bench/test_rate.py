# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the text bench chooses rates and hands settings to codecs."""

from __future__ import annotations

import pytest

from semcom_core.bench.jobs import Workers
from semcom_core.bench.settings import settings_for, takes_context
from semcom_core.bench.text.link import TextLink as Link
from semcom_core.bench.text.link import Trial
from semcom_core.bench.text.rate import (
    MEASURED,
    TRIED,
    Measurement,
    first_measured,
    highest_passing,
    hundredths,
    lowest_fitting,
    while_few_wrong,
)
from semcom_core.channel import parse_channel
from semcom_core.codecs import settings_of as defaults_of
from semcom_core.datasets.corpus import Message
from semcom_core.errors import ConfigError
from semcom_core.text import DecodedText

MESSAGES = [Message(f"the house has voted on question number {n} of the report") for n in range(8)]


def trials(wrong: int, count: int = 10):
    """Trials of which the first `wrong` are wrong; how many were asked for is counted."""
    for number in range(count):
        trials.asked += 1
        yield Trial("a", DecodedText("b" if number < wrong else "a", True), 8.0, (10,), 0.0, 0.0)


@pytest.fixture(autouse=True)
def asked():
    trials.asked = 0


def test_highest_passing_is_the_first_efficiency_that_delivers():
    tried = []

    def measure(efficiency):
        tried.append(efficiency)
        return trials(wrong=0 if efficiency < 0.7 else 5)

    efficiency, found = highest_passing(measure, 10, 0.9)
    assert efficiency == max(e for e in TRIED if e < 0.7) and len(found) == 10
    assert (
        tried == [e for e in TRIED if e >= efficiency] and trials.asked == 2 * (len(tried) - 1) + 10
    )


def test_where_none_delivers_the_lowest_efficiency_is_measured_whole():
    efficiency, found = highest_passing(lambda efficiency: trials(wrong=10), 10, 0.9)
    assert efficiency == min(TRIED) and len(found) == 10


def test_too_many_wrong_trials_end_the_measurement():
    assert while_few_wrong(trials(wrong=3), 2) is None and trials.asked == 3
    assert len(while_few_wrong(trials(wrong=3), 3)) == 10


def test_lowest_fitting_is_the_lowest_efficiency_within_the_budget():
    def uses(efficiency: float) -> float:
        return 30 / efficiency

    assert lowest_fitting(uses, 60, hundredths(1.2)) == 0.5
    assert lowest_fitting(uses, 1e9, hundredths(1.2)) == 0.1
    assert lowest_fitting(uses, 25, hundredths(1.2)) == 1.2
    with pytest.raises(ConfigError, match="limited to 24"):
        lowest_fitting(uses, 24, hundredths(1.2))


def test_first_measured_walks_up_and_takes_longer_steps_far_from_the_budget():
    tried = []

    def uses(efficiency: float) -> float:
        tried.append(efficiency)
        return 10 / efficiency

    assert (
        first_measured(uses, 60, MEASURED) == pytest.approx(1 / 6, rel=0.08)
        and 10 / tried[-1] <= 60 < 10 / tried[-2]
    )
    assert tried[:2] == [MEASURED[0], MEASURED[3]] and tried == sorted(tried)
    with pytest.raises(
        ConfigError, match="limited to 5; with all its rounds the codec needs more at any rate"
    ):
        first_measured(uses, 5, MEASURED)


def row(link: Link, **options) -> dict:
    with Workers() as workers:
        return Measurement(workers, MESSAGES, **options).row(link)


def test_a_separate_code_runs_at_the_highest_efficiency_that_delivers():
    link = Link("deflate", {}, parse_channel("awgn:6"))
    found = row(link, exact=1.0)
    assert found["exact_rate"] == 1.0 and found["efficiency"] in TRIED
    higher = row(
        Link("deflate", {"efficiency": TRIED[TRIED.index(found["efficiency"]) - 1]}, link.channel)
    )
    assert higher["exact_rate"] < 1.0 and higher["uses_per_word"] < found["uses_per_word"]


def test_a_budget_is_met_by_the_lowest_efficiency():
    link = Link("deflate", {}, parse_channel("awgn:9"))
    found = row(link, uses_per_word=20)
    assert 17 < found["uses_per_word"] <= 20
    with pytest.raises(ConfigError, match="mean uses of a sentence are limited to "):
        row(link, uses_per_word=1)


def test_a_codec_of_fixed_rate_fits_a_budget_or_does_not():
    link = Link("llama2-jscc", {}, parse_channel("awgn:9"))
    assert 40 < row(link, uses_per_word=80)["uses_per_word"] <= 80
    with pytest.raises(
        ConfigError, match="uses per word are limited to 40; codec 'llama2-jscc' always has "
    ):
        row(link, uses_per_word=40)


def test_a_budget_with_rounds_holds_for_all_uses_of_all_rounds():
    link = Link("deflate", {}, parse_channel("rayleigh:9"), rounds=4)
    found = row(link, uses_per_word=30)
    assert found["uses_per_word"] <= 30 and found["rounds"] > 1 and found["max_rounds"] == 4
    slower = row(Link("deflate", {"efficiency": found["efficiency"] / 1.3}, link.channel, rounds=4))
    assert slower["uses_per_word"] > 30


def test_settings_go_to_the_codecs_that_have_them():
    codecs = ["spinal", "deflate"]
    given = {"beam": 4, "efficiency": 0.5, "deflate.efficiency": 0.9, "spinal.key": "k"}
    assert settings_for("spinal", codecs, given) == {"beam": 4, "efficiency": 0.5, "key": "k"}
    assert settings_for("deflate", codecs, given) == {"efficiency": 0.9}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"colour": 1}, "no codec has a setting 'colour'; allowed is spinal: model"),
        (
            {"deflate.beam": 1},
            "no codec has a setting 'beam'; allowed is deflate: efficiency, margin_db",
        ),
        (
            {"morse.beam": 1},
            "setting is 'morse.beam'; allowed before the dot is one of spinal, deflate",
        ),
    ],
)
def test_settings_that_no_codec_has_are_refused(given, message):
    with pytest.raises(ConfigError, match=message):
        settings_for("spinal", ["spinal", "deflate"], given)


def test_what_a_codec_takes_is_known_without_loading_its_model():
    assert defaults_of("deflate") == {"efficiency": 0.8, "margin_db": 0.0}
    assert takes_context("spinal") and not takes_context("deflate")
