# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans carried out over known pictures: values, missing pictures, objects that are not clear."""

from __future__ import annotations

import pytest

from semcom_core.tasks.executor import describe_objects, execute, lies
from semcom_core.tasks.planner import Plan
from tests.core.tasks.toy_memory import PICTURES, toy


@pytest.mark.parametrize(
    "plan, answer",
    [
        ("count any any ball both .", "5"),
        ("count any any ball this .", "3"),
        ("count any blue ball this .", "2"),
        ("count large any thing last .", "2"),
        ("count any any ring first .", "1"),
        ("count any any thing every .", "11"),
        ("count any any ball this left large purple cone", "2"),
        ("count any any thing this right any red cube", "2"),
        ("total any any ball this . any any cube first .", "4"),
        ("difference any any ball this . any any ball last .", "1"),
        ("difference any any cone first . any any cone last .", "-1"),
        ("more any any ball this . any any ball last .", "yes"),
        ("fewer any any ball this . any any ball last .", "no"),
        ("equal any any cone this . any any cone last .", "yes"),
        ("richer any any ball", "this picture"),
        ("richer any red ball", "the last picture"),
        ("richer any any cone", "both alike"),
        ("exists any red cube this .", "yes"),
        ("exists any red cube last .", "no"),
        ("exists any any cone both .", "yes"),
        ("exists any red thing both .", "yes"),
        ("exists any green thing both .", "no"),
        ("exists any any ball last below any any cone", "yes"),
        ("attribute colour any any cone this .", "purple"),
        ("attribute shape any white thing last .", "cylinder"),
        ("attribute size any green cube first .", "large"),
        ("attribute colour any any thing this left any red cube", "blue"),
        ("attribute colour any any ball last left any blue cone", "red"),
        ("relation left any any cube any any cone this", "yes"),
        ("relation right any any cube any any cone this", "no"),
        ("relation above any any cone any any cylinder last", "yes"),
        ("relation below any any ring any any cube first", "no"),
        ("which any red cube", "this picture"),
        ("which any any cone", "the last picture and this picture"),
        ("which any green thing", "picture 1 of 3 and this picture"),
        ("which any black thing", "none of the 3 pictures"),
        ("describe first", "one large green cube and one small yellow ring"),
    ],
)
def test_answers(plan, answer):
    outcome = execute(Plan.parse(plan), PICTURES)
    assert (outcome.text, outcome.reason) == (answer, "")
    assert len(outcome.values) == len(Plan.parse(plan).steps())
    assert outcome.values[-1].endswith(f"= {answer}")


def test_steps_are_shown_with_their_values():
    outcome = execute(Plan.parse("count any any ball both ."), PICTURES)
    assert outcome.values[2] == (
        "3. select(#2, balls) → objects = one large blue ball, one small blue ball and one small "
        "green ball"
    )
    assert outcome.values[6:] == (
        "7. count(#3) → number = 3",
        "8. count(#6) → number = 2",
        "9. add(#7, #8) → number = 5",
    )


@pytest.mark.parametrize(
    "plan, count, reason",
    [
        ("count any any ball this .", 0, "no picture has been received"),
        ("which any red cube", 0, "no picture has been received"),
        ("describe first", 0, "no picture has been received"),
        ("count any any ball last .", 1, "no picture before this one"),
        ("count any any ball both .", 1, "no picture before this one"),
        ("richer any any ball", 1, "no picture before this one"),
        ("more any any ball this . any any ball last .", 1, "no picture before this one"),
    ],
)
def test_missing_pictures_are_told_in_one_line(plan, count, reason):
    outcome = execute(Plan.parse(plan), PICTURES[:count])
    assert outcome.text == "" and reason in outcome.reason and "\n" not in outcome.reason
    assert outcome.values[-1].endswith("= none")


@pytest.mark.parametrize(
    "plan, reason",
    [
        ("attribute colour any any ring this .", "no object that is asked about"),
        ("attribute colour any any ball this .", "3 objects that are asked about"),
        ("relation left any any ball any any cube this", "3 objects that is asked about"),
        ("relation left any any ring any any cube this", "no object that is asked about"),
        ("count any any cube this left any any ball", "3 objects to look from"),
        ("back", "no steps"),
    ],
)
def test_what_is_not_clear_is_told_instead_of_guessed(plan, reason):
    outcome = execute(Plan.parse(plan), PICTURES)
    assert outcome.text == "" and reason in outcome.reason


def test_an_attribute_that_all_have_is_an_answer():
    outcome = execute(Plan.parse("attribute colour any any ball last ."), PICTURES)
    assert outcome.text == "red"


def test_only_pictures_of_the_plan_are_looked_at():
    class Watched(list):
        def __getitem__(self, k):
            looked.append(k)
            return list.__getitem__(self, k)

    looked: list[int] = []
    execute(Plan.parse("count any any ball last ."), Watched(PICTURES))
    assert looked == [1]


def test_confidence_is_that_of_the_least_certain_object_used():
    from dataclasses import replace

    sure, unsure = toy("small red ball"), replace(toy("small red cube"), confidence=0.3)
    pictures = [[sure, unsure]]
    assert execute(Plan.parse("count any any ball this ."), pictures).confidence == 1
    assert execute(Plan.parse("count any any thing this ."), pictures).confidence == 0.3


def test_descriptions():
    assert describe_objects([]) == "no objects"
    assert describe_objects([toy("small red ball")]) == "one small red ball"
    many = [toy("small red ball")] * 2 + [toy("large red ball")] + [toy("small white cone")] * 11
    assert describe_objects(many) == (
        "11 small white cones, two small red balls and one large red ball"
    )


@pytest.mark.parametrize(
    "place, expected", [("left", True), ("right", False), ("above", True), ("below", False)]
)
def test_places(place, expected):
    assert lies(toy("small red ball", 0.3, 0.3), place, toy("small red ball", 0.6, 0.6)) is expected
    assert not lies(toy("small red ball", 0.5), place, toy("small red ball", 0.5))
