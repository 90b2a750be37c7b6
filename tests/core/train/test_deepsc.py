# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The training of the deepsc codec: what it counts, what noise it makes, that it learns, stops and
goes on.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from semcom_core.errors import ConfigError
from semcom_core.text import load_codec
from semcom_core.text.baselines.deepsc.network import DeepscNetwork, NetworkConfig, hidden_of
from semcom_core.text.baselines.deepsc.vocabulary import Form
from semcom_core.train.deepsc import DeepscTraining, batch_of, count_words, plan_of, train_deepsc
from tests.core.text.test_deepsc import received

TEXTS = [
    f"{who} {does} the {what}{end}"
    for who in ("We", "They", "You", "I")
    for does in ("see", "lift", "sell", "paint")
    # fmt: skip
    for what in ("boat", "house", "old car", "clock", "door")
    for end in (".", "!")
]
SHAPE = NetworkConfig(width=32, heads=4, sender_blocks=1, receiver_blocks=1)
SHORT = DeepscTraining(
    epochs=30,
    batch_tokens=160,
    learning_rate=5e-3,
    lowest_snr_db=5,
    rivals=0,
    parts=40,
    save_steps=20,
)


def trained(folder, config=SHORT, steps=None):
    """Losses of a training into a folder, stopped after some steps."""
    torch.set_num_threads(1)
    losses = []
    for progress in train_deepsc(config, TEXTS, folder, SHAPE):
        losses.append(progress.bits_per_token)
        if len(losses) == steps:
            break
    return losses


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deepsc")
    return folder, trained(folder)


def test_frequent_words_parts_and_forms_are_counted():
    words = count_words(
        ["The boat, the boat.", "a boat-house (the) boat-shed.", "seabed house-boat."],
        least=2,
        parts=30,
        forms=10,
    )
    assert {"the", "boat"} <= set(words.cores) and "boat-house" not in words.cores
    assert set("abehost-") <= set(words.cores) and "u" not in words.cores  # what three words have
    assert (
        Form(False, "", ".", "lower") in words.forms
        and Form(True, "-", ".", "lower") in words.forms
    )
    assert len(words.tokens("boat-house")) < len("boat-house")


def test_it_learns_and_its_files_make_a_codec(run):
    folder, losses = run
    assert losses[-1] < 0.2 * losses[0]
    codec = load_codec("deepsc", weights=str(folder))
    got = [
        codec.decode(received(codec.encode(text, 12.0), 0.06, np.random.default_rng(k))).text
        for k, text in enumerate(TEXTS[::16])
    ]
    assert sum(a == b for a, b in zip(got, TEXTS[::16])) >= 9


def test_it_goes_on_where_it_stopped(run, tmp_path):
    _, whole = run
    first = trained(tmp_path, steps=45)
    second = trained(tmp_path)
    assert len(second) == len(whole) - 40  # the last checkpoint was after step 40
    # The mean over the last 100 steps starts again, so compare what both end with, when that window
    # is filled.
    assert first == whole[:45]
    assert second[-1] == pytest.approx(whole[-1], rel=0.02) or len(second) < 100


def test_rivals_stand_for_all_others():
    torch.manual_seed(0)
    network = DeepscNetwork(SHAPE, 400, 6).eval()
    symbols, noise_var, hidden = (
        torch.randn(1, 3, 16),
        torch.ones(1, 3, 8),
        hidden_of(torch.tensor([3])),
    )
    whole = network.receive(symbols, noise_var, hidden).look.logsumexp(2)
    sums = []
    for _ in range(40):
        drawn = torch.randperm(400)[:100].sort().values
        sums.append(
            network.receive(symbols, noise_var, hidden, (drawn, torch.full((100,), np.log(4.0))))
            .look.exp()
            .sum(2)
        )
    # The mean of 40 draws of a quarter of the terms lies within some 10 % of the whole sum.
    assert torch.allclose(torch.stack(sums).mean(0).log(), whole, atol=0.3)


def test_noise_has_the_power_that_it_is_said_to_have():
    words = count_words(TEXTS, 2, 40, 20)
    items = [words.tokens(TEXTS[i % len(TEXTS)]) for i in range(600)]
    batch = batch_of(items, words, (-3.0, 3.0), np.random.default_rng(1))
    sent = batch.sent & torch.isfinite(batch.noise_var)
    ratio = (batch.noise[:, :, :8] ** 2 + batch.noise[:, :, 8:] ** 2)[sent] / batch.noise_var[sent]
    # |n|^2 / N0 is exponential with mean 1; five standard deviations of its mean.
    assert ratio.mean().item() == pytest.approx(1, abs=5 / len(ratio) ** 0.5)
    assert (
        not batch.noise[:, :, :8][~sent].any() and torch.isinf(batch.noise_var[~batch.sent]).all()
    )
    highest = batch.noise_var.masked_fill(~sent, 0).amax((1, 2))
    steady = ((highest > 10**-0.3 * 0.99) & (highest < 10**0.3 * 1.01)).float().mean()
    assert 0.55 < steady < 0.95  # the others fade


def test_the_plan_takes_each_text_once_an_epoch():
    items = [[(0, 0)] * (1 + i % 70) for i in range(300)]
    plan = plan_of(items, 256, 2, seed=3)
    half = len(plan) // 2
    assert (
        sorted(i for batch in plan[:half] for i in batch)
        == list(range(300))
        == sorted(i for batch in plan[half:] for i in batch)
    )
    assert all(
        len(batch) == 1 or len(batch) * min(64, max(len(items[i]) for i in batch)) <= 256
        for batch in plan
    )
    assert plan_of(items, 256, 1.5, seed=3) == plan[: round(1.5 * half)]


@pytest.mark.parametrize(
    ("name", "value"),
    [("epochs", 0), ("batch_tokens", 1), ("learning_rate", 1), ("lowest_snr_db", 16), ("forms", 5)],
)
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(ConfigError, match=f"{name} is {value}"):
        replace(SHORT, **{name: value})
