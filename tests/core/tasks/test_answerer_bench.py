# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of answerers: what it asks, its rows, and its options."""

from __future__ import annotations

import re

import numpy as np
import pytest

from semcom_core.bench import families, tasks
from semcom_core.bench.jobs import Workers
from semcom_core.cli import main
from semcom_core.datasets.requests import TASKS, Request
from semcom_core.datasets.stories import BABI_WORDING, UNKNOWN, generate_story
from semcom_core.tasks.answerer import DECODER, Answerer, AnswerPolicy
from semcom_core.train.answers import World, last_questions


class Reading(Answerer):
    """Answers by the tracker of stories, and takes the label that it reads."""

    family = DECODER
    name = "tracker"

    def _read(self, question: str, messages: list[str]) -> tuple[str, float]:
        world = World()
        for message in messages:
            world.tell(message)
        return world.answer(question), 1.0

    def _scores(self, text: str, labels: list[str]) -> np.ndarray:
        return np.array([5.0 * (label in text) for label in labels])


def stories(count: int):
    rng = np.random.default_rng(3)
    return [generate_story(1, rng, questions=2, wording=BABI_WORDING) for _ in range(count)]


def test_questions_about_what_was_never_sent():
    found = families.unknown_questions(stories(30), np.random.default_rng(1))
    assert 25 <= len(found) <= 30  # of a story that names everybody there is none
    for trial in found:
        name = re.fullmatch(r"Where is (\w+)\?", trial.question)[1]
        assert name in BABI_WORDING.names and name not in " ".join(trial.messages)
        assert trial.answer == UNKNOWN and 2 <= len(trial.messages) <= 4


def test_rows_of_a_family(monkeypatch):
    monkeypatch.setattr(families, "load_answerer", lambda name, **settings: Reading())
    trials = tuple(last_questions(stories(8)))
    absent = tuple(families.unknown_questions(stories(5), np.random.default_rng(1)))
    requests = (Request("count the balls", "count", "this"), Request("what?", "answer", "this"))
    rows = families.measured_rows(families.FamilyTrial(DECODER, {1: trials}, absent, requests))
    found = {row["what"]: (row["count"], row["accuracy"]) for row in rows}
    assert found == {
        "decoder-only, task 1": (8, 1.0),
        "decoder-only, unknown": (5, 1.0),
        "decoder-only, unknown by the model alone": (5, 1.0),
        "decoder-only, intentions": (2, 0.5),
    }
    assert all(row["memory_mib"] > 10 and row["time_s"] >= 0 for row in rows)
    assert tasks.target_of(rows[1]) == tasks.UNKNOWN_ANSWERS
    assert [tasks.target_of(row) for row in (rows[0], rows[2], rows[3])] == [None] * 3
    assert "memory mib" in tasks.describe(rows[0])
    assert set(TASKS) > {"count", "answer"}


@pytest.mark.parametrize("snr_db, exact", [(30.0, 1.0), (-15.0, 0.0)])
def test_answers_over_the_link(snr_db, exact):
    link = families.StatementLink("deflate", f"awgn:{snr_db:g}", 1)
    trials = last_questions(stories(3))
    with Workers() as workers:
        rows = list(families.answer_rows(Reading(), trials, link, 2, workers, snr_db, 1))
    memory, without = rows
    assert memory["what"] == "task 1, deflate and tracker, memory"
    assert (memory["count"], memory["exact"]) == (6, exact)
    assert memory["accuracy"] == exact  # nothing is known where nothing arrives
    assert without["accuracy"] <= memory["accuracy"]
    assert memory["uses"] > 16 if exact else memory["uses"] >= 0


def test_an_answer_over_the_link_has_a_target():
    row = tasks.task_row("answers", "task 1, spinal and x, memory", [True], snr_db=0.0, task=1)
    assert tasks.target_of(row) == tasks.ANSWERS
    assert tasks.target_of({**row, "task": 2}) is None
    assert tasks.target_of({**row, "what": "task 1, spinal and x, no memory"}) is None


def test_a_policy_of_the_model_alone():
    assert families._ALONE == AnswerPolicy(0.0, grounded=False, related=False)


def test_data_that_are_not_there_are_told(capsys):
    arguments = ["bench", "tasks", "--measure", "families", "--data", "/nowhere/at/all"]
    assert main(arguments) == 2
    assert "data is '/nowhere/at/all'; allowed is a folder with" in capsys.readouterr().err
