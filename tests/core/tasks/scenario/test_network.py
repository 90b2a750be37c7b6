# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of scenario question answering: vocabulary, masks, power, attention and memory."""

from __future__ import annotations

import pytest
import torch

from semcom_core.errors import ConfigError
from semcom_core.tasks.scenario.network import (
    SYMBOLS,
    Reasoning,
    ScenarioNetwork,
    ScenarioShape,
    Sender,
    SlotReceiver,
    Vocabulary,
    _latest,
    highest,
    is_question,
    on_air,
    padded,
    soft_mask,
)

SHAPE = ScenarioShape(sender_width=16, sender_layers=1, width=32, heads=4, steps=3)
VOCABULARY = Vocabulary.of(["Anna went to the tower.", "Where is Anna?"], ["tower", "key,lamp"])


def test_vocabulary_numbers_words_and_answers():
    assert VOCABULARY.words == ("anna", "is", "the", "to", "tower", "went", "where")
    assert VOCABULARY.message("Where is Viktor?") == [8, 3, 1]
    assert VOCABULARY.answers == ("key", "lamp", "tower")
    assert VOCABULARY.answer("lamp,key") == [1, 2, 0]
    assert VOCABULARY.answer_text([1, 2, 0]) == "key,lamp"
    assert VOCABULARY.answer_text([3, 0, 2]) == "tower"
    assert is_question("Where is Anna? ") and not is_question("Anna left.")


@pytest.mark.parametrize("text", ["", "...", " ".join(["word"] * 17)])
def test_messages_of_no_word_or_too_many_are_refused(text):
    with pytest.raises(ConfigError, match=r"words; allowed is 1 to 16"):
        VOCABULARY.message(text)


@pytest.mark.parametrize("text", ["harbour", "key,lamp,tower,key"])
def test_answers_outside_the_vocabulary_are_refused(text):
    with pytest.raises(ConfigError, match="allowed is 1 to 3 of key, lamp, tower"):
        VOCABULARY.answer(text)


@pytest.mark.parametrize(
    "settings, name",
    [
        ({"heads": 3, "width": 126}, "heads"),
        ({"width": 36, "heads": 8}, "width"),
        ({"steps": 0}, "steps"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(settings, name):
    with pytest.raises(ConfigError, match=f"{name} is"):
        ScenarioShape(**settings)


def test_the_highest_scores_are_kept():
    scores = torch.tensor([[1.0, 3.0, 2.0, 3.0], [0.0, -1.0, -2.0, -3.0]])
    assert highest(scores, torch.tensor([2, 1])).tolist() == [
        [False, True, False, True],
        [True, False, False, False],
    ]


def test_a_mask_is_hard_and_has_a_gradient():
    scores = torch.tensor([[0.5, -0.5, 0.1]], requires_grad=True)
    kept = highest(scores, torch.tensor([2]))
    mask = soft_mask(scores, kept)
    assert torch.allclose(mask, torch.tensor([[1.0, 0.0, 1.0]]))
    mask.sum().backward()
    assert (scores.grad > 0).all()
    whole = soft_mask(scores, torch.ones(1, 3, dtype=torch.bool))
    assert torch.allclose(whole, torch.ones(1, 3))


def test_symbols_have_power_one_whatever_the_mask():
    generator = torch.Generator().manual_seed(1)
    symbols = torch.randn(5, SYMBOLS, 2, generator=generator) * 7
    kept = torch.arange(SYMBOLS) < torch.tensor([16, 12, 8, 4, 3])[:, None]
    sent = on_air(symbols, kept.float())
    power = sent.square().sum((1, 2)) / kept.sum(1)
    assert torch.allclose(power, torch.ones(5), atol=1e-5)
    assert not sent[~kept].any()


def test_padding_changes_no_symbol():
    sender = Sender(SHAPE, VOCABULARY.sizes[0]).eval()
    words = padded([VOCABULARY.message("Where is Anna?")])
    long = torch.nn.functional.pad(words, (0, 5))
    with torch.no_grad():
        assert torch.allclose(
            sender(words, torch.tensor([True])), sender(long, torch.tensor([True])), atol=1e-5
        )
        other = sender(words, torch.tensor([False]))
    assert not torch.allclose(sender(words, torch.tensor([True])), other, atol=1e-3)


def test_an_erased_message_is_finite_whatever_its_symbols():
    receiver = SlotReceiver(SHAPE)
    noise_var = torch.full((1, SYMBOLS), torch.inf)
    symbols = torch.zeros(1, SYMBOLS, 2)
    with torch.no_grad():
        found = receiver(symbols, noise_var, torch.tensor([False]))
    assert found.shape == (1, 32) and found.isfinite().all()


def test_latest_finds_the_last_that_fits():
    scores = torch.tensor([20.0, -20.0, 20.0, -20.0]).view(1, 1, 1, 4)
    weights = _latest(scores, torch.ones(1, 1, 1, 4, dtype=torch.bool))
    assert torch.allclose(weights.flatten(), torch.tensor([0.0, 0.0, 1.0, 0.0]), atol=1e-6)
    allowed = torch.tensor([True, True, False, True]).view(1, 1, 1, 4)
    assert torch.allclose(
        _latest(scores, allowed).flatten(), torch.tensor([1.0, 0.0, 0.0, 0.0]), atol=1e-6
    )
    nothing = _latest(torch.full((1, 1, 1, 4), -20.0), allowed)
    assert nothing.sum() < 1e-6


def stories(count: int, asks: int) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(3)
    statements = torch.randn(1, count, 32, generator=generator)
    questions = torch.randn(1, asks, 32, generator=generator)
    return statements, questions, torch.arange(count)[None]


def test_a_question_reads_nothing_that_comes_later():
    network = Reasoning(SHAPE, 5).eval()
    statements, questions, slots = stories(6, 2)
    asked = torch.tensor([[3, 6]])
    until = torch.full((1, 6), 99)
    changed = statements.clone()
    changed[0, 4] *= -1
    with torch.no_grad():
        first = network(statements, questions, slots, asked, until).odds
        second = network(changed, questions, slots, asked, until).odds
    assert torch.allclose(first[0, 0], second[0, 0], atol=1e-6)
    assert not torch.allclose(first[0, 1], second[0, 1], atol=1e-4)


def test_what_has_left_the_memory_is_not_read():
    network = Reasoning(SHAPE, 5).eval()
    statements, questions, slots = stories(4, 1)
    asked = torch.tensor([[4]])
    until = torch.tensor([[99, 0, 99, 99]])  # the second was never read by anybody
    changed = statements.clone()
    changed[0, 1] *= -1
    with torch.no_grad():
        first = network(statements, questions, slots, asked, until)
        second = network(changed, questions, slots, asked, until)
    assert torch.allclose(first.odds, second.odds, atol=1e-6)
    assert not first.read[0, :, 0, 1].any() and first.read[0, :, 0, 0].any()


def test_a_memory_written_slot_by_slot_answers_as_all_at_once():
    network = Reasoning(SHAPE, 5).eval()
    statements, questions, slots = stories(5, 2)
    until = torch.tensor([[99, 2, 99, 99, 99]])  # the second leaves when slot 2 has come
    with torch.no_grad():
        whole = network(statements, questions, slots, torch.tensor([[5, 5]]), until)
        written = torch.zeros(0, 3, 32)
        kept = torch.zeros(0).long()
        for slot in range(5):
            state = network.write(statements[0, slot], slot, written, kept)
            written = torch.cat([written, state[None]])
            kept = torch.cat([kept, torch.tensor([slot])])
            if slot == 2:
                written = written[kept != 1]
                kept = kept[kept != 1]
        found = network.ask(questions[0], 5, written, kept)
    assert kept.tolist() == [0, 2, 3, 4]
    assert torch.allclose(found.odds, whole.odds, atol=1e-5)


def test_an_empty_memory_gives_an_answer():
    network = Reasoning(SHAPE, 5).eval()
    with torch.no_grad():
        found = network.ask(torch.ones(1, 32), 0, torch.zeros(0, 3, 32), torch.zeros(0).long())
    assert found.odds.shape == (1, 1, 3, 5) and found.odds.isfinite().all()


def test_keys_and_values_have_their_shapes():
    network = ScenarioNetwork(SHAPE, VOCABULARY.sizes)
    assert network.keeping.keys(torch.zeros(2, 3, 32)).shape == (2, 3, 32)
    assert network.keeping.values(torch.zeros(2, 3, 3, 32)).shape == (2, 3)
