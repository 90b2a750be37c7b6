# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the answerers: answers that a tracker finds, branches, learning, going on."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from semcom_core.datasets.stories import (
    BABI_WORDING,
    OWN_WORDING,
    TASKS,
    UNKNOWN,
    Question,
    generate_story,
    read_stories,
)
from semcom_core.models.loader import load_network
from semcom_core.tasks.prompt import prompt_text
from semcom_core.tasks.reader import END, ReaderShape, candidate_words
from semcom_core.train.answer_lora import AnswerTrainer, passage_row
from semcom_core.train.answers import Asked, Passage, PassageSource, World
from semcom_core.train.reader import READER, ReaderTrainer
from semcom_core.train.seq2seq import Seq2seqTrainer, small_network, train_tokenizer
from semcom_core.train.settings import AnswerTraining, ReaderTraining, Seq2seqTraining
from tests.core.models.conftest import save_tiny_model

PASSAGE = Passage(
    ("Mary went to the garden.", "John went to the office.", "Mary went to the office."),
    (
        Asked(1, "Where is Mary?", "garden"),
        Asked(1, "Where is John?", "unknown"),
        Asked(3, "Where is Mary?", "office"),
        Asked(0, "Which of these does it ask for: count, describe?", "count", "How many?"),
    ),
)


def answers_of(stories):
    """Found and right answers to all questions of stories."""
    for story in stories:
        world = World()
        for line in story.lines:
            if isinstance(line, Question):
                yield world.answer(line.text), line.answer
            else:
                assert world.tell(line.text)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("wording", [BABI_WORDING, OWN_WORDING], ids=["babi", "own"])
def test_the_tracker_answers_generated_stories(task, wording):
    rng = np.random.default_rng(task)
    stories = [generate_story(task, rng, unknown=0.2, wording=wording) for _ in range(40)]
    found = list(answers_of(stories))
    # of several objects the order is that of bAbI, by the first time they were taken
    as_sets = [(set(a.split(",")), set(b.split(","))) for a, b in found]
    assert len(found) == 200 and all(a == b for a, b in as_sets)


@pytest.mark.skipif(
    "SEMCOM_DATA" not in os.environ, reason="SEMCOM_DATA does not name the data folder"
)
@pytest.mark.parametrize("task", TASKS)
def test_the_tracker_answers_all_of_babi(task):
    found = list(answers_of(read_stories(Path(os.environ["SEMCOM_DATA"]), task, "all")))
    assert len(found) == 10_000 and all(a == b for a, b in found)


def test_what_was_never_told_is_unknown():
    world = World()
    for text in ("Mary took the milk there.", "This tells nothing.", "Mary handed the milk to Jo."):
        world.tell(text)
    answers = {
        "Where is Mary?": UNKNOWN,
        "Where is the milk?": UNKNOWN,
        "What is Mary carrying?": "nothing",
        "How many objects is Jo carrying?": "one",
        "Is Jo in the garden?": UNKNOWN,
        "Where is the piano?": UNKNOWN,
        "Why?": UNKNOWN,
    }
    assert {question: world.answer(question) for question in answers} == answers
    assert not world.tell("Mary may go to the garden.")


def test_passages_are_drawn_with_all_kinds_of_answers():
    requests = [("How many balls?", "count"), ("What is it?", "describe")]
    source = PassageSource(None, np.random.default_rng(1), 9, 12, requests=requests)
    passages = [source.draw() for _ in range(300)]
    assert {len(passage.messages) for passage in passages} == set(range(10))
    for passage in passages:
        for asked in passage.asked:
            assert (asked.after == 0) == bool(asked.message)
            assert asked.after <= len(passage.messages)
    answers = [asked.answer for passage in passages for asked in passage.asked]
    assert {UNKNOWN, "yes", "no", "none", "one", "nothing", "count", "garden"} <= set(answers)
    assert 0.1 < answers.count(UNKNOWN) / len(answers) < 0.3


@pytest.fixture(scope="module")
def decoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train") / "model"
    save_tiny_model(folder)
    return str(folder)


def test_a_branch_is_what_the_model_sees_of_a_prompt(decoder):
    tokenizer, network, prompt = load_network(decoder)
    row = passage_row(PASSAGE, tokenizer, prompt, sentences=1)

    def encode(text: str) -> list[int]:
        return tokenizer(text, add_special_tokens=False).input_ids

    opening = encode(prompt)
    mask = torch.zeros(row.sees.shape).masked_fill(~torch.from_numpy(row.sees), -1e9)
    with torch.inference_mode():
        logits = network(
            input_ids=torch.from_numpy(row.tokens)[None],
            position_ids=torch.from_numpy(row.positions)[None],
            attention_mask=mask[None, None],
        ).logits[0]
        first = 0
        for asked in PASSAGE.asked:
            answer = encode(f" {asked.answer}\n")
            seen = [*PASSAGE.messages[: asked.after], *([asked.message] if asked.message else [])]
            before = opening + encode(prompt_text(seen, asked.question))
            expected = network(torch.tensor([before + answer])).logits[0, len(before) - 1 : -1]
            places = row.answers[first : first + len(answer)]
            assert row.wanted[first : first + len(answer)].tolist() == answer
            torch.testing.assert_close(logits[places], expected, rtol=1e-3, atol=1e-3)
            first += len(answer)
        text = [*encode(PASSAGE.messages[0]), tokenizer.eos_token_id]
        expected = network(torch.tensor([opening + text])).logits[0, len(opening) - 1 : -1]
        assert row.told.tolist() == text
        torch.testing.assert_close(logits[row.sentences], expected, rtol=1e-3, atol=1e-3)


def test_an_adapter_learns_answers_and_goes_on_where_it_was_interrupted(decoder, tmp_path):
    config = AnswerTraining(
        rank=8, first_layer=0, steps=60, passages=1, learning_rate=0.02, save_steps=5
    )

    def trainer(folder: Path) -> AnswerTrainer:
        folder.mkdir(exist_ok=True)
        return AnswerTrainer(*load_network(decoder), lambda number: PASSAGE, config, folder)

    whole = list(trainer(tmp_path / "whole").run())
    tokenizer, _, prompt = load_network(decoder)
    rows = [passage_row(PASSAGE, tokenizer, prompt)]
    assert trainer(tmp_path / "whole").loss(rows)[1] < 0.6 * whole[0].loss
    assert whole[-1].right > whole[0].right
    list(islice(trainer(tmp_path / "parts").run(), 7))
    rest = list(trainer(tmp_path / "parts").run())
    assert [state.step for state in rest] == list(range(6, 61))
    first = (tmp_path / "whole" / "adapter_model.safetensors").read_bytes()
    assert (tmp_path / "parts" / "adapter_model.safetensors").read_bytes() == first


STORIES = replace(PASSAGE, asked=PASSAGE.asked[:3])


class LetterEmbedder:
    """Embeds a text by the letters in it."""

    device = "cpu"

    def embed(self, texts):
        rows = np.zeros((len(texts), 64), np.float32)
        for row, text in zip(rows, texts):
            for letter in text:
                row[ord(letter) % 64] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_a_reader_learns_answers_and_goes_on_where_it_was_interrupted(tmp_path):
    config = ReaderTraining(steps=100, passages=1, save_steps=25, learning_rate=1e-2)
    shape = ReaderShape(features=64, width=32, layers=1, hops=2)

    def trainer(folder: Path) -> ReaderTrainer:
        folder.mkdir(exist_ok=True)
        return ReaderTrainer(LetterEmbedder(), lambda number: STORIES, config, shape, folder)

    whole = list(trainer(tmp_path).run())
    loss, share = trainer(tmp_path).loss([STORIES])
    assert float(loss.detach()) < 0.2 * whole[0].loss
    assert share == 1.0 and (tmp_path / READER).exists()
    assert list(trainer(tmp_path).run()) == []


def test_candidates_are_the_words_of_the_messages_and_the_closed_answers():
    found = candidate_words(["Mary took the milk there.", "No milk!"])
    assert found[0] == END and len(found) == len(set(found))
    assert {"Mary", "milk", "unknown", "yes", "four", "nothing"} <= set(found)


def test_an_encoder_decoder_learns_answers(tmp_path):
    pairs = [("question: Where is Mary? context: > Mary went to the garden.", "garden")]
    pairs.append(("question: Where is John? context: > John went to the office.", "office"))
    tokenizer = train_tokenizer([text for pair in pairs for text in pair], 300)
    config = Seq2seqTraining(
        steps=60, width=16, heads=2, layers=1, learning_rate=0.03, save_steps=20
    )
    torch.manual_seed(1)
    network = small_network(len(tokenizer), config)
    trainer = Seq2seqTrainer(tokenizer, network, lambda step: pairs, config, tmp_path)
    first = next(trainer.run()).loss
    assert len(list(trainer.run())) == config.steps
    assert float(trainer.loss(pairs)[0].detach()) < 0.5 * first
    assert (
        list(Seq2seqTrainer(tokenizer, network, lambda step: pairs, config, tmp_path).run()) == []
    )
    text = "Zürich, 你好 <pad>"
    assert tokenizer.decode(tokenizer(text).input_ids, skip_special_tokens=True).strip() != ""
