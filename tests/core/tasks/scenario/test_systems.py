# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Systems of scenario question answering with the weights that ship, on stories that are drawn."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.bench.memory import (
    answers_by_rule,
    answers_with,
    receive_stories,
    right_answers,
    unknown_stories,
)
from semcom_core.channel import parse_channel
from semcom_core.datasets.stories import BABI_WORDING, TASKS, UNKNOWN, generate_story
from semcom_core.errors import ConfigError, FrameError, ModelError
from semcom_core.memory.store import FIFO, RETRIEVAL, StoreConfig
from semcom_core.tasks.scenario.systems import (
    MASKS,
    LearnedSystem,
    ScenarioMemory,
    SeparateSystem,
    load_networks,
    theory_count,
)

STORY = ["Anna walked to the tower.", "Omar drove to the market.", "Anna hurried to the library."]


def drawn(task, count, seed=1, **more):
    rng = np.random.default_rng([seed, task])
    return [generate_story(task, rng, **more) for _ in range(count)]


@pytest.fixture(scope="module")
def system():
    return LearnedSystem()


@pytest.fixture(scope="module")
def separate():
    texts = [line.text for task in TASKS for story in drawn(task, 50, 9) for line in story.lines]
    return SeparateSystem(texts)


def accuracy(system, stories, snr_db, memory=True):
    received = receive_stories(system, stories, "awgn", snr_db, np.random.default_rng(1))
    return right_answers(stories, answers_with(system, received, memory)).mean()


def test_messages_take_16_uses_of_power_one(system, separate):
    for one in (system, separate):
        sent = one.send([*STORY, "Where is Anna?"], 6.0)
        assert [message.question for message in sent] == [False, False, False, True]
        for message in sent:
            assert message.symbols.shape == (16,) and message.symbols.dtype == np.complex64
            assert np.mean(np.abs(message.symbols) ** 2) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("task, least", [(1, 0.9), (2, 0.75), (6, 0.85), (7, 0.85), (8, 0.8)])
def test_answers_follow_from_what_was_received(system, task, least):
    # 100 questions: the standard error at 0.9 is 0.03
    assert accuracy(system, drawn(task, 20), 12.0) >= least


def test_without_memory_answers_are_guesses(system):
    stories = drawn(1, 30)
    assert accuracy(system, stories, 12.0) - accuracy(system, stories, 12.0, False) > 0.3


def test_noise_costs_answers(system):
    stories = drawn(1, 30)
    assert accuracy(system, stories, 12.0) - accuracy(system, stories, -12.0) > 0.3


def test_what_was_never_sent_is_unknown(system):
    stories = unknown_stories(drawn(1, 30), np.random.default_rng(1), BABI_WORDING)
    received = receive_stories(system, stories, "awgn", 12.0, np.random.default_rng(1))
    answers = answers_with(system, received, True)
    assert len(answers) == 150 and np.mean([answer == UNKNOWN for answer in answers]) > 0.85


@pytest.mark.parametrize("question", ["Xyz qwrt?", "Where is Zaphod?", "?? 7 ??"])
def test_nonsense_is_unknown(system, question):
    rng = np.random.default_rng(1)
    embeddings, uses = system.over([*STORY, question], parse_channel("awgn:12"), rng)
    memory = ScenarioMemory(system)
    for slot in range(3):
        memory.take(embeddings[slot], slot)
    assert memory.ask(embeddings[3]).text == UNKNOWN
    assert uses.tolist() == [16] * 4


def test_a_memory_names_its_support(system):
    rng = np.random.default_rng(1)
    embeddings, _ = system.over([*STORY, "Where is Anna?"], parse_channel("clean"), rng)
    memory = ScenarioMemory(system)
    for slot in range(3):
        assert memory.take(embeddings[slot], slot) == []
    reply = memory.ask(embeddings[3])
    assert reply.text == "library" and 0.5 < reply.confidence <= 1
    assert reply.support.shape == (3,) and reply.support.argmax() == 2


def test_an_empty_memory_answers(system):
    embedding = system.over(["Where is Anna?"], parse_channel("clean"), np.random.default_rng(1))[0]
    reply = ScenarioMemory(system).ask(embedding[0])
    assert isinstance(reply.text, str) and reply.support.shape == (0,)


def test_a_memory_taken_slot_by_slot_answers_as_the_batch(system):
    stories = drawn(2, 6)
    received = receive_stories(system, stories, "awgn", 9.0, np.random.default_rng(1))
    config = StoreConfig(model=FIFO)
    assert answers_by_rule(system, received, config, 1.0) == answers_with(system, received, True)


def test_a_small_memory_is_bounded_and_its_clock_may_go_backwards(system):
    embeddings = system.over(STORY, parse_channel("clean"), np.random.default_rng(1))[0]
    memory = ScenarioMemory(system, StoreConfig(model=RETRIEVAL, capacity=2))
    for slot in (5, 4, 9, 0):
        memory.take(embeddings[slot % 3], slot)
    assert len(memory.store) == 2 and memory.store.counts["backwards"] == 2
    assert memory.ask(embeddings[0]).support.shape == (2,)


def test_expected_questions_keep_what_they_would_read(system):
    stories = drawn(2, 15, wording=BABI_WORDING)
    received = receive_stories(system, stories, "awgn", 12.0, np.random.default_rng(1))
    texts = [f"Where is the {item}?" for item in BABI_WORDING.objects]
    expected = system.over(texts, parse_channel("clean"), np.random.default_rng(1))[0]
    rules = {
        "fifo": (StoreConfig(model=FIFO), None),
        "value": (StoreConfig(freshness=0.05, value=1.0), expected),
    }
    right = {
        name: right_answers(stories, answers_by_rule(system, received, config, 0.25, asked)).mean()
        for name, (config, asked) in rules.items()
    }
    # 75 questions: the standard error of the difference is about 0.06
    assert right["value"] > right["fifo"] + 0.05


@pytest.mark.slow
def test_a_story_of_ten_thousand_sentences_is_taken_in(system):
    embeddings = system.over(STORY, parse_channel("awgn:9"), np.random.default_rng(1))[0]
    memory = ScenarioMemory(system, StoreConfig(model=FIFO, capacity=8))
    for slot in range(10_000):
        memory.take(embeddings[slot % 3], slot)
    assert len(memory.store) == 8 and memory.store.now == 9999


def test_masks_send_fewer_symbols_at_a_higher_snr():
    counts = [theory_count(False, snr_db) for snr_db in (-6.0, 0.0, 6.0, 18.0)]
    assert counts == sorted(counts, reverse=True) and counts[0] == 16 and counts[-1] == 4
    for mask in MASKS:
        one = LearnedSystem(mask=mask)
        sent = one.send([STORY[0], "Where is Anna?"], 6.0)
        for message in sent:
            assert 3 <= len(message.symbols) <= 16
            power = np.mean(np.abs(message.symbols) ** 2)
            assert power == pytest.approx(1, abs=1e-3)
        received = [(message.symbols, np.full(len(message.symbols), 0.1)) for message in sent]
        assert one.receive(sent, received).shape[0] == 2


def test_a_message_of_another_length_is_refused(system):
    sent = system.send(STORY[:1], 6.0)
    with pytest.raises(FrameError, match="message has 9 symbols; allowed is 16"):
        system.receive(sent, [(np.zeros(9, np.complex64), np.ones(9))])


def test_lost_messages_are_embedded(system, separate):
    for one in (system, separate):
        sent = one.send(STORY, 6.0)
        lost = [(np.zeros(16, np.complex64), np.full(16, np.inf))] * 3
        assert np.isfinite(one.receive(sent, lost)).all()


def test_whatever_was_decoded_is_embedded(separate):
    texts = ["", "\x01", "\ufffd", "?!", " ".join(["word"] * 40), "Anna walked to the tower"]
    found = separate.read(texts, [False] * 6)
    assert found.shape[0] == 6 and np.isfinite(found).all()
    assert np.allclose(found[0], found[1]) and not np.allclose(found[0], found[5])


def test_separate_coding_answers_without_noise_and_breaks_with_it(separate):
    stories = drawn(1, 20)
    assert accuracy(separate, stories, 15.0) > 0.9
    assert accuracy(separate, stories, 0.0) < 0.75


def test_bad_names_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="mask is 'some'"):
        LearnedSystem(mask="some")
    with pytest.raises(ConfigError, match="system is 'text'"):
        LearnedSystem("text")
    with pytest.raises(ModelError, match="no such file"):
        load_networks("transceiver", tmp_path)
    (tmp_path / "transceiver.safetensors").write_bytes(b"none")
    with pytest.raises(ModelError, match="cannot be read"):
        load_networks("transceiver", tmp_path)
