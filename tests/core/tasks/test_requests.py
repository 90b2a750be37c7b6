# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests and the questions that were written for the project, and their templates."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from semcom_core.datasets.requests import ITEMS, TASKS, Request, parse_requests, read_requests
from semcom_core.datasets.toy_questions import (
    BACK,
    generate_question,
    kinds,
    parse_questions,
    question_for,
    read_questions,
)
from semcom_core.errors import ConfigError
from semcom_core.tasks.planner import Plan, misfit


def words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[a-z0-9']+", text.lower()))


def test_there_are_at_least_300_requests_of_every_task_and_item():
    every = read_requests("all")
    assert len(every) >= 300 and len(read_requests("test")) >= 150
    for part in ("train", "test"):
        tasks = Counter(request.task for request in read_requests(part))
        assert set(tasks) == set(TASKS) and min(tasks.values()) >= 20
        assert {request.item for request in read_requests(part)} == set(ITEMS)


def test_no_request_of_the_test_part_is_in_the_training_part():
    seen = {words(request.text) for request in read_requests("train")}
    test = [words(request.text) for request in read_requests("test")]
    assert len(set(test)) == len(test) and not seen & set(test)


def test_the_test_part_has_phrasing_of_its_own():
    """Few runs of five words of a test request stand in any training request."""

    def runs(request: Request) -> set[tuple[str, ...]]:
        found = words(request.text)
        return {found[k : k + 5] for k in range(len(found) - 4)}

    seen = set().union(*(runs(request) for request in read_requests("train")))
    test = [runs(request) for request in read_requests("test")]
    shared = [bool(each & seen) for each in test if each]
    assert np.mean(shared) < 0.1


@pytest.mark.parametrize(
    "line", ["train\tcount\tthis", "dev\tcount\tthis\tx", "train\tcount\tthis\t ", "nothing"]
)
def test_lines_that_are_no_requests_are_told(line):
    with pytest.raises(ConfigError, match="line 1 of the requests"):
        parse_requests(line)


def test_unknown_task_and_item_are_told():
    with pytest.raises(ConfigError, match="task is 'fly'"):
        parse_requests("train\tfly\tthis\tFly.")
    with pytest.raises(ConfigError, match="item is 'next'"):
        Request("Count.", "count", "next")
    with pytest.raises(ConfigError, match="split is 'dev'"):
        read_requests("dev")


def test_every_template_makes_a_plan_that_fits_its_question():
    rng = np.random.default_rng(1)
    for kind in kinds():
        for _ in range(40):
            question, text = question_for(kind, rng, strange=0.0)
            plan = Plan.parse(text)
            assert plan.operation == kind.split()[0]
            assert misfit(plan, question) == "", (question, text)


def test_strange_things_become_unknown_and_some_questions_are_none():
    rng = np.random.default_rng(2)
    questions = [generate_question(rng) for _ in range(600)]
    back = [text for _, text in questions if text == BACK]
    strange = [text for _, text in questions if "unknown" in text.split()]
    assert 20 < len(back) < 90 and 30 < len(strange) < 200
    for _, text in questions:
        Plan.parse(text)


def test_pictures_can_be_chosen():
    rng = np.random.default_rng(3)
    plans = [question_for("exists s i", rng, 0.0, ("last",))[1].split()[4] for _ in range(20)]
    assert set(plans) == {"last"}


def test_questions_to_test_with_have_plans_and_are_no_templates():
    questions = read_questions()
    assert len(questions) >= 100
    rng = np.random.default_rng(4)
    generated = {words(generate_question(rng)[0]) for _ in range(3000)}
    for question, text in questions:
        plan = Plan.parse(text)
        assert text == BACK or misfit(plan, question) == "", question
    assert np.mean([words(question) in generated for question, _ in questions]) < 0.05


def test_lines_that_are_no_questions_are_told():
    with pytest.raises(ConfigError, match="line 1 of the questions"):
        parse_questions("How many?")
