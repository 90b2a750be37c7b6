# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of scenario question answering: batches, conditions, losses, stages and resuming."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from semcom_core.cli import main
from semcom_core.datasets.stories import TASKS, generate_story, parse_story
from semcom_core.errors import ModelError
from semcom_core.tasks.scenario.network import ScenarioNetwork, ScenarioShape
from semcom_core.tasks.scenario.systems import load_networks
from semcom_core.train import scenario, story_batches
from semcom_core.train.scenario import answer_loss, through_channel, train_stage
from semcom_core.train.settings import SCENARIO_STAGES, ScenarioTraining
from semcom_core.train.story_batches import (
    FOREVER,
    SentenceTable,
    StoryPool,
    batch_of,
    drawn_conditions,
    story_vocabulary,
)

SHAPE = ScenarioShape(sender_width=16, sender_layers=1, width=32, heads=4, steps=2)
STORY = [
    "1 Mary got the milk there.",
    "2 Mary moved to the bedroom.",
    "3 Where is the milk?\tbedroom\t1 2",
]


@pytest.fixture(scope="module")
def table():
    return SentenceTable(story_vocabulary())


@pytest.fixture(scope="module")
def pool(table):
    read = [generate_story(task, np.random.default_rng(task)) for task in TASKS]
    return StoryPool(table, read, np.random.default_rng(1), 40)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(scenario, "ScenarioShape", lambda: SHAPE)
    monkeypatch.setattr(story_batches, "_POOL", 40)


def test_vocabulary_covers_both_wordings(table):
    words = table.vocabulary
    assert {"mary", "anna", "kitchen", "tower", "milk", "lamp", "where"} <= set(words.words)
    assert {"unknown", "yes", "none", "three", "nothing", "tower", "milk"} <= set(words.answers)


def test_a_story_is_coded_with_its_support(table):
    coded = table.coded(parse_story(2, STORY))
    assert coded.asked.tolist() == [2]
    assert coded.support.tolist() == [[True, True]] and coded.chain.tolist() == [[0, 1]]
    assert table.vocabulary.answer_text(coded.answers[0].tolist()) == "bedroom"
    places = torch.tensor(
        [
            table.place(text)
            for text in (
                "Mary went to the office.",
                "Mary moved to the bedroom.",
                "Mary took the milk there.",
            )
        ]
    )
    topics = table.topics(places).tolist()
    assert topics[0] == topics[1] != topics[2]


def test_batches_are_padded_and_of_similar_length(pool):
    lengths = []
    for stories in itertools.islice(pool.batches(6), 8):
        batch = batch_of(stories)
        assert batch.real_statements.sum(1).tolist() == [len(s.statements) for s in stories]
        assert (batch.asked[batch.real_questions] >= 2).all()
        assert not batch.support[~batch.real_questions].any()
        lengths.append([len(story.statements) for story in stories])
    within = np.mean([np.std(one) for one in lengths])
    assert within < np.std(np.concatenate(lengths))


def test_conditions_are_those_of_the_settings(pool):
    batch = batch_of(next(pool.batches(40)))
    config = ScenarioTraining(lowest_snr_db=3.0, highest_snr_db=5.0)
    found = drawn_conditions(batch, config, np.random.default_rng(1))
    assert ((found.snr_db >= 3) & (found.snr_db <= 5)).all()
    finite = found.noise_var[found.noise_var.isfinite()]
    assert (finite > 0).all() and 0.25 < finite.median() < 0.6
    assert found.symbols.min() >= 3 and found.symbols.max() == 16
    assert 0 < (found.until < FOREVER).any(1).float().mean() < 0.6
    assert (found.until >= batch.slots).all()


def test_noise_on_the_channel_is_n0(pool):
    torch.manual_seed(1)
    network = ScenarioNetwork(SHAPE, pool.table.vocabulary.sizes)
    batch = batch_of(next(pool.batches(40)))
    config = ScenarioTraining(lowest_snr_db=0.0, highest_snr_db=0.0)
    conditions = drawn_conditions(batch, config, np.random.default_rng(1))
    clean = conditions._replace(noise_var=torch.full_like(conditions.noise_var, 1e-9))
    noisy = conditions._replace(noise_var=torch.full_like(conditions.noise_var, 0.5))
    with torch.no_grad():
        sent = through_channel(network, pool.table, batch, clean).symbols
        received = through_channel(network, pool.table, batch, noisy)
    there = received.noise_var.isfinite()
    power = (received.symbols - sent)[there].square().sum(1).mean()
    assert power == pytest.approx(0.5, rel=0.05)  # some 10,000 symbols: 0.01 is a standard error
    assert sent[there].square().sum(1).mean() == pytest.approx(1, abs=0.01)
    assert not received.symbols[~there].any()


def test_losses_fall_to_those_of_right_answers(pool):
    batch = batch_of(next(pool.batches(8)))

    def told(*args):
        odds = 20 * torch.nn.functional.one_hot(batch.answers, 30).float()
        if args[1].shape[1] == 1:
            return real(*args)
        read = torch.zeros(8, 4, batch.questions.shape[1], batch.statements.shape[1])
        return real(*args)._replace(odds=odds, read=read)

    torch.manual_seed(1)
    real = ScenarioNetwork(SHAPE, (10, 30)).reasoning
    embeddings = torch.randn(8, batch.statements.shape[1] + batch.questions.shape[1], 32)
    until = torch.full_like(batch.statements, FOREVER)
    right = answer_loss(told, embeddings, batch, until)
    other = answer_loss(real, embeddings, batch, until)
    assert right.answers < other.answers - 5
    assert right.right[batch.real_questions].all() and not other.right.all()


def test_text_stage_learns_and_resumes(tmp_path):
    config = ScenarioTraining(steps=30, stories=12, learning_rate=5e-3, save_steps=10, seed=3)
    losses = []
    for state in itertools.islice(train_stage("text", config, [], tmp_path), 20):
        losses.append(state.loss)
    assert losses[-1] < 0.9 * max(losses)  # the first of them are means over few batches
    rest = list(train_stage("text", config, [], tmp_path))
    assert [state.step for state in rest] == list(range(21, 31))
    network, vocabulary = load_networks("text", tmp_path)
    assert vocabulary.words == story_vocabulary().words and not network.training
    assert not list(train_stage("text", config, [], tmp_path))


def test_every_stage_follows_those_before(tmp_path):
    config = ScenarioTraining(steps=2, stories=4, save_steps=1)
    with pytest.raises(ModelError, match="no such file"):
        next(train_stage("link", config, [], tmp_path))
    before = {}
    for stage in SCENARIO_STAGES:
        states = list(train_stage(stage, config, [], tmp_path))
        assert len(states) == 2 and np.isfinite(states[-1].loss)
        name = "transceiver" if stage in ("mask", "keeping") else stage
        network = load_networks(name, tmp_path)[0]
        before[stage] = {k: v.clone() for k, v in network.state_dict().items()}
    same = {
        name
        for name, value in before["proxy"].items()
        if torch.equal(value, before["sender"][name])
    }
    assert {name for name in before["proxy"] if name.startswith("sender.")} <= same
    changed = {
        name
        for name, value in before["keeping"].items()
        if not torch.equal(value, before["mask"][name])
    }
    assert changed and all(name.startswith("keeping.") for name in changed)


def test_bad_settings_are_told_in_a_line(tmp_path, capsys):
    (tmp_path / "text").mkdir()
    command = ["train", "scenario", "--out", str(tmp_path), "--data", str(tmp_path)]
    assert main([*command, "--stage", "all"]) == 2
    assert "stage is 'all'; allowed is one of" in capsys.readouterr().err
    assert main([*command, "--stage", "text", "--steps", "0"]) == 2
    assert "steps is 0" in capsys.readouterr().err
