# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of tasks: intervals, targets, trials with their truth, rows over a link, photographs."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from PIL import Image

from semcom_core.bench import counting, tasks
from semcom_core.bench.jobs import Workers
from semcom_core.cli import main
from semcom_core.datasets.requests import Request
from semcom_core.errors import ConfigError
from semcom_core.tasks.executor import execute
from semcom_core.tasks.intention import Intention
from semcom_core.tasks.planner import Plan, PlanResult


class TruePlanner:
    """Planner that knows the plan of each question."""

    def __init__(self, trials, forget=()):
        self.plans = {trial.question: trial.plan for trial in trials}
        self.forget = forget

    def plan(self, request):
        if request in self.forget:
            return PlanResult(None, 0.0, "forgotten")
        return PlanResult(Plan.parse(self.plans[request]), 1.0)


class TrueDetector:
    """Detector that knows the objects of each picture, and of a changed one the nearest."""

    def __init__(self, trials):
        self.scenes = [scene for trial in trials for scene in trial.scenes]
        self.errors_db = []

    def detect(self, pixels):
        differences = [np.square(pixels.astype(float) - s.pixels).mean() for s in self.scenes]
        self.errors_db.append(10 * math.log10(min(differences) + 1e-9))
        return self.scenes[int(np.argmin(differences))].objects


@pytest.mark.parametrize(
    "right, count, low, high",
    # by hand from Wilson's formula
    [
        (95, 100, 0.8882, 0.9785),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (1, 2, 0.0945, 0.9055),
    ],
)
def test_intervals(right, count, low, high):
    assert tasks.interval(right, count) == pytest.approx((low, high), abs=2e-3)


def test_rows_say_how_many_and_how_sure():
    row = tasks.task_row("plans", "valid", [True, True, False, True], scorer="x")
    assert (row["count"], row["accuracy"], row["scorer"], row["channel"]) == (4, 0.75, "x", None)
    assert row["low"] < 0.75 < row["high"]
    assert tasks.task_row("plans", "valid", [])["accuracy"] is None


def row(measure, what, accuracy, snr_db=None):
    return tasks.task_row(measure, what, [True], channel="awgn", snr_db=snr_db) | {
        "accuracy": accuracy
    }


@pytest.mark.parametrize(
    "measure, what, snr_db, target",
    [
        ("intention", "task", None, 0.95),
        ("intention", "task", 3.0, 0.96),
        ("intention", "task", 6.0, None),
        ("intention", "asked back", None, None),
        ("counting", "all", None, 0.95),
        ("counting", "all", 10.0, 0.93),
        ("counting", "all", 3.0, 0.85),
        ("counting", "all", 6.0, None),
        ("questions", "all", 6.0, 0.90),
        ("questions", "spatial", 6.0, None),
        ("plans", "valid", None, 1.0),
    ],
)
def test_targets(measure, what, snr_db, target):
    before = [row("intention", "task", 0.97)]
    assert tasks.target_of(row(measure, what, 0.5, snr_db), before) == target


def test_targets_are_told_as_reached_or_missed():
    assert "target >= 0.95: reached" in tasks.describe(row("counting", "all", 0.96))
    missed = tasks.describe(row("counting", "all", 0.80, 3.0))
    assert "target >= 0.85: MISSED" in missed and "awgn 3 dB" in missed
    assert tasks.describe(tasks.task_row("plans", "valid", [])).endswith("none")


class Understanding:
    """Intentions by request."""

    def __init__(self, found):
        self.found = found

    def understand_all(self, requests):
        return [self.found.get(text, Intention("none", "none", 1.0, "what?")) for text in requests]


def test_intentions_count_task_item_and_asking_back():
    requests = [
        Request("a", "count", "this"),
        Request("b", "count", "last"),
        Request("c", "describe", "this"),
        Request("d", "none", "none"),
    ]
    found = {
        "a": Intention("count", "this", 0.9),
        "b": Intention("count", "this", 0.9),
        "c": Intention("describe", "this", 0.3, "not clear"),
    }
    rows = {
        r["what"]: r for r in tasks.intention_rows(Understanding(found), requests, list("abcd"))
    }
    assert rows["task"]["accuracy"] == 0.75  # c is asked back
    assert rows["task and item"]["accuracy"] == 0.5
    assert rows["asked back"]["accuracy"] == 1.0 and rows["asked back"]["count"] == 1
    assert rows["task"]["exact"] == 1.0
    garbled = list(tasks.intention_rows(Understanding(found), requests, ["a", "b", "x", "d"]))
    assert garbled[0]["exact"] == 0.75 and garbled[0]["accuracy"] == 0.75


def test_counting_trials_have_the_true_answer_and_seldom_none():
    trials = tasks.counting_trials(40, np.random.default_rng(1))
    for trial in trials:
        objects = [scene.objects for scene in trial.scenes]
        assert trial.answer == execute(Plan.parse(trial.plan), objects).text
        assert trial.plan.split()[4] == "both"
    assert 0 < sum(trial.answer == "0" for trial in trials) < 16


def test_question_trials_have_answers_of_both_kinds():
    trials = tasks.question_trials(12, np.random.default_rng(2))
    assert {trial.group for trial in trials} == set(tasks.GROUPS)
    answers = [trial.answer for trial in trials if trial.answer in ("yes", "no")]
    assert 0.25 < np.mean([answer == "yes" for answer in answers]) < 0.75
    for trial in trials:
        outcome = execute(Plan.parse(trial.plan), [scene.objects for scene in trial.scenes])
        assert (outcome.text, outcome.reason) == (trial.answer, "")


def test_visual_rows_without_a_link_are_those_of_detector_and_planner():
    trials = tasks.question_trials(4, np.random.default_rng(3))
    wrong = {trials[0].question}
    with Workers() as workers:
        rows = list(
            tasks.visual_rows(
                "questions", trials, TruePlanner(trials, wrong), TrueDetector(trials), workers, []
            )
        )
    every = rows[-1]
    misses = sum(trial.question in wrong for trial in trials)
    assert every["what"] == "all" and every["count"] == len(trials)
    assert every["accuracy"] == pytest.approx(1 - misses / len(trials))
    assert every["plans_right"] == pytest.approx(1 - misses / len(trials))
    assert {r["what"] for r in rows} == {*tasks.GROUPS, "all"} and every["pictures"] == 8


def test_visual_rows_over_a_link_use_what_arrived():
    trials = tasks.counting_trials(2, np.random.default_rng(4))
    detector = TrueDetector(trials)
    links = [tasks.TaskLink("softcast", "awgn:10", seed) for seed in (1, 2)]
    with Workers() as workers:
        (found,) = tasks.visual_rows(
            "counting", trials, TruePlanner(trials), detector, workers, links, 10.0
        )
    assert (found["accuracy"], found["lost"], found["seeds"]) == (1.0, 0, 2)
    assert (found["channel"], found["codec"], found["snr_db"]) == ("awgn", "softcast", 10.0)
    assert min(detector.errors_db) > 0  # what was seen is not what was sent


def test_lost_pictures_are_wrong_answers():
    trials = tasks.counting_trials(2, np.random.default_rng(4))
    with Workers() as workers:
        (found,) = tasks.visual_rows(
            "counting",
            trials,
            TruePlanner(trials),
            TrueDetector(trials),
            workers,
            [tasks.TaskLink("jpeg", "awgn:-20", 1)],
            -20.0,
        )
    assert found["accuracy"] == 0 and found["lost"] == 4


def test_texts_pass_the_link():
    trials = tasks.TaskLink("deflate", "awgn:12", 1).trials()
    assert trials.run(0, "How many balls are there?") == "How many balls are there?"
    assert tasks.TaskLink("deflate", "awgn:-15", 1).trials().run(0, "How many?") != "How many?"


def labelled_folder(folder, pictures: int = 12):
    """A folder like cocoseg/ with squares as people and circles as others."""
    rng = np.random.default_rng(1)
    lines = []
    for name in ("images", "instances"):
        (folder / name).mkdir(parents=True)
    for k in range(pictures):
        count = int(rng.integers(0, 4))
        pixels = np.full((64, 64, 3), 200, np.uint8)
        numbers = np.zeros((64, 64), np.uint8)
        for n in range(count):
            pixels[8 + 14 * n : 18 + 14 * n, 10:30] = (200, 20, 20)
            numbers[8 + 14 * n : 18 + 14 * n, 10:30] = n + 1
        Image.fromarray(pixels).save(folder / "images" / f"{k}.jpg")
        Image.fromarray(numbers).save(folder / "instances" / f"{k}.png")
        objects = [{"category": "person" if n % 2 else "dog"} for n in range(count)]
        split = "val" if k % 3 == 0 else "train"
        lines.append(json.dumps({"file": f"{k}.jpg", "split": split, "objects": objects}))
    (folder / "meta.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_photographs_are_counted_by_regression(tmp_path):
    folder = labelled_folder(tmp_path / "cocoseg")
    rows = list(counting.photograph_rows(folder, 100, 1))
    assert [r["what"] for r in rows] == ["count of objects", "count of people"]
    for found in rows:
        assert found["count"] == 4 and 0 <= found["within_one"] <= 1 and found["mean_error"] >= 0
        assert found["accuracy"] <= found["within_one"]
    assert "within one" in tasks.describe(rows[0])


def test_counts_of_categories(tmp_path):
    folder = labelled_folder(tmp_path / "cocoseg")
    counts = counting.true_counts(folder, "train")
    assert (counts["people"] == counts["objects"] // 2).all() and counts["objects"].max() > 0
    with pytest.raises(ConfigError, match="a folder like cocoseg"):
        counting.true_counts(tmp_path, "train")


def test_ridge_recovers_counts_that_are_linear_in_the_features():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(200, 3))
    counts = np.rint(np.expm1(np.clip(1 + features @ [0.3, -0.2, 0.1], 0, None))).astype(int)
    weights = counting.ridge(features, counts, 1e-6)
    assert np.abs(counting.predicted(features, weights) - counts).mean() < 0.3
    # so clear a relation takes a small penalty, and no relation a large one
    rng = np.random.default_rng(2)
    assert counting.chosen_penalty(features, counts, rng) <= 100
    assert counting.chosen_penalty(rng.normal(size=(200, 150)), counts, rng) >= 300


@pytest.mark.parametrize(
    "options, message",
    [
        (["--measure", "dancing"], "measure is 'dancing'"),
        (["--split", "dev"], "split is 'dev'"),
        (["--limit", "0"], "limit is 0"),
        (["--seeds", "0"], "seeds is 0"),
        (["--json", "/no/such/folder/x.json"], "output file is"),
    ],
)
def test_bad_options_are_told_in_one_line(options, message, capsys):
    assert main(["bench", "tasks", *options]) == 2
    error = capsys.readouterr().err
    assert message in error and len(error.strip().splitlines()) == 1


def test_the_command_writes_its_rows(tmp_path, capsys):
    out = tmp_path / "tasks.json"
    arguments = ["--measure", "plans", "intention", "--limit", "12", "--snr-db", "--json", str(out)]
    assert main(["bench", "tasks", *arguments]) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["bench"] == "tasks" and found["settings"]["limit"] == 12
    measures = [r["measure"] for r in found["rows"]]
    assert set(measures) == {"plans", "intention"}
    valid = [r for r in found["rows"] if r["what"] == "valid"]
    assert valid[0]["accuracy"] == 1.0
    assert len(capsys.readouterr().out.splitlines()) == len(measures)
