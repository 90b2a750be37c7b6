# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ASC: the share that is kept, the nesting, the gradient that flows, and the coded mask."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from semcom_core.image.learned import lam_sc_mask as asc
from semcom_core.image.learned.common import SYMBOLS
from semcom_core.image.learned.common import add_noise as noisy
from semcom_core.image.learned.lam_sc_mask import mask_from_bytes, mask_to_bytes

LEVELS = len(asc.LEVEL_SYMBOLS)


def scores(seed=0, shape=(1, 12, 17)):
    torch.manual_seed(seed)
    return asc.nested(torch.randn(shape[0], LEVELS - 1, *shape[1:]))


@pytest.mark.parametrize("share", [asc.LEAST_SHARE, 0.2, 0.414, 0.8, 1.0])
def test_the_share_is_kept_to_within_one_group(share):
    kept = asc.kept_share(asc.levels_of(asc.chosen(scores(), share)))
    assert share - max(asc.GROUP_SIZES) / (SYMBOLS * 12 * 17) <= kept <= share + 1e-9


def test_groups_are_nested_and_the_best_are_sent():
    found = scores(1)
    groups = asc.chosen(found, 0.4)
    assert (groups.diff(dim=1) <= 0).all()
    assert found[groups == 1].min() > found[groups == 0].max() - 1e-6
    assert torch.equal(groups, asc.groups_of(asc.levels_of(groups)))


def test_the_mask_sends_the_symbols_of_the_level():
    levels = torch.tensor([[[0, 1, 2, 3, 4, 5]]])
    mask = asc.value_mask(asc.groups_of(levels))
    assert mask[0, :, 0].sum(0).tolist() == [2 * count for count in asc.LEVEL_SYMBOLS]
    assert torch.equal(mask[:, :SYMBOLS], mask[:, SYMBOLS:]) and mask[0, 0].all()


def test_the_gradient_flows_to_the_scores_and_keeps_the_share():
    found = scores(2).requires_grad_()
    value = torch.rand(found.shape)
    (asc.softly_chosen(found, 0.4) * value).sum().backward()
    assert (found.grad != 0).float().mean() > 0.9
    # Scores that all move together change nothing; so does every gradient, by the groups' sizes, to
    # the soft share.
    assert found.grad.sum().abs() < 1e-4 * found.grad.abs().sum() + 1e-5


def test_the_soft_choice_is_the_hard_one_with_a_soft_edge():
    found = scores(3)
    hard, soft = asc.chosen(found, 0.4), asc.softly_chosen(found, 0.4)
    assert torch.equal(soft > 0.5, hard > 0.5) and asc.levels_of(soft).equal(asc.levels_of(hard))
    assert 0 < soft.min() < 0.1 and 0.9 < soft.max() < 1


def test_following_the_gradient_finds_what_is_worth_sending():
    torch.manual_seed(3)
    worth = torch.rand(1, 1, 10, 10).expand(1, LEVELS - 1, 10, 10)
    raw = torch.zeros(1, LEVELS - 1, 10, 10).normal_(std=0.3).requires_grad_()
    optimizer = torch.optim.Adam([raw], lr=0.05)
    sizes = torch.tensor(asc.GROUP_SIZES)[None, :, None, None]
    gains = []
    for _ in range(150):
        gain = (asc.softly_chosen(asc.nested(raw), 0.4) * worth * sizes).sum()
        optimizer.zero_grad()
        (-gain).backward()
        optimizer.step()
        gains.append((asc.chosen(asc.nested(raw), 0.4) * worth * sizes).sum().item())
    best = (asc.chosen(asc.nested(worth.log()), 0.4) * worth * sizes).sum().item()
    assert gains[0] < 0.85 * best and gains[-1] > 0.93 * best


def test_noise_has_the_power_that_it_is_said_to_have():
    torch.manual_seed(4)
    got = noisy(torch.zeros(2, 24, 40, 40), torch.full((2, 12, 40, 40), 0.3))
    power = (got[:, :12].square() + got[:, 12:].square()).mean().item()
    assert power == pytest.approx(
        0.3, abs=5 * 0.3 / 38400**0.5
    )  # |n|^2 is exponential; five standard deviations of its mean
    lost = torch.full((1, 12, 4, 4), torch.inf)
    assert not noisy(torch.ones(1, 24, 4, 4), lost).any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (33, 47), (130, 130)])
def test_a_mask_comes_back_from_its_bytes(shape):
    rng = np.random.default_rng(5)
    last_alone = np.arange(shape[0] * shape[1]).reshape(shape) == shape[0] * shape[1] - 1
    for levels in (
        rng.integers(0, LEVELS, shape),
        np.zeros(shape, int),
        np.full(shape, LEVELS - 1),
    ):
        for important in (
            np.zeros(shape, bool),
            np.ones(shape, bool),
            rng.random(shape) < 0.3,
            last_alone,
        ):
            found = mask_from_bytes(mask_to_bytes(levels, important) + b"\0\0\0", shape)
            assert np.array_equal(found[0], levels) and np.array_equal(found[1], important)


def size_of(levels):
    return len(mask_to_bytes(levels, np.zeros(levels.shape, bool)))


def test_smooth_masks_are_cheap():
    y, x = np.mgrid[:60, :80]
    smooth = np.clip((3 + 3 * np.sin(x / 9) * np.cos(y / 7)).astype(int), 0, LEVELS - 1)
    noise = np.random.default_rng(6).permutation(smooth.ravel()).reshape(smooth.shape)
    counts = np.bincount(smooth.ravel()) / smooth.size
    entropy = -(counts * np.log2(counts)).sum() * smooth.size / 8
    assert size_of(smooth) < 0.4 * entropy
    assert entropy < size_of(noise) < 1.12 * entropy
    disc = (y - 30) ** 2 + (x - 40) ** 2 < 400
    assert len(mask_to_bytes(smooth, disc)) < size_of(smooth) + 60  # bytes; uncoded it would be 600


def test_a_damaged_mask_gives_levels_all_the_same():
    levels, important = mask_from_bytes(np.random.default_rng(7).bytes(400), (30, 30))
    assert (
        levels.shape == important.shape == (30, 30) and 0 <= levels.min() <= levels.max() < LEVELS
    )
