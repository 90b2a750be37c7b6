# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fragments of several pictures: any order, losses, late ones, copies, bounds."""

from __future__ import annotations

import numpy as np
import pytest
from gnuradio.semcom import gathering as picture_groups
from gnuradio.semcom.gathering import MOST_OPEN, PictureGroups

from semcom_core.frame import FrameHeader, ReceivedFrame


def frame(message_id: int, fragment: int, fragments: int = 3) -> ReceivedFrame:
    return ReceivedFrame(
        FrameHeader(12, message_id, fragment, fragments - 1, 4),
        np.zeros(4, np.complex64),
        np.ones(4, np.float32),
    )


def ids(groups) -> list[tuple[int, list[int]]]:
    """(picture, fragments) of the groups."""
    return [(frames[0].header.message_id, [f.header.fragment for f in frames]) for frames in groups]


class Clock:
    """Stands in for the module time."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(picture_groups, "time", clock)
    return clock


def push(groups: PictureGroups, *frames) -> list:
    return [closed for f in frames for closed in ids(groups.push(f))]


def test_fragments_in_any_order_and_of_pictures_among_each_other():
    groups = PictureGroups(2.0)
    assert push(groups, frame(1, 2), frame(2, 0), frame(1, 0), frame(2, 2)) == []
    assert push(groups, frame(1, 1)) == [(1, [2, 0, 1])]
    assert push(groups, frame(2, 1)) == [(2, [0, 2, 1])]


def test_a_picture_waits_for_those_before_it_until_their_time_is_over(clock):
    groups = PictureGroups(2.0)
    assert push(groups, frame(1, 0), *(frame(2, i) for i in range(3))) == []
    clock.now += 1.9
    assert ids(groups.expired()) == []
    assert push(groups, frame(1, 1)) == []  # which is a new beginning of its time
    clock.now += 2.1
    assert ids(groups.expired()) == [(1, [0, 1]), (2, [0, 1, 2])]


def test_late_fragments_are_counted_and_left_out_for_a_while(clock):
    groups = PictureGroups(2.0)
    push(groups, frame(1, 0))
    clock.now += 3
    assert ids(groups.expired()) == [(1, [0])]
    assert push(groups, frame(1, 1)) == [] and groups.late == 1
    assert ids(groups.expired()) == []
    clock.now += 3  # another picture of the same number
    assert push(groups, *(frame(1, i) for i in range(3))) == [(1, [0, 1, 2])]


def test_copies_do_not_complete_a_picture():
    groups = PictureGroups(2.0)
    assert push(groups, frame(1, 0), frame(1, 0), frame(1, 1)) == []
    assert push(groups, frame(1, 2)) == [(1, [0, 0, 1, 2])]


def test_open_pictures_are_bounded_and_nothing_else_closes_them_without_a_time_limit(clock):
    groups = PictureGroups(0.0)
    assert push(groups, *(frame(i, 0) for i in range(MOST_OPEN))) == []
    clock.now += 1e6
    assert ids(groups.expired()) == []
    assert push(groups, frame(50, 0)) == [(0, [0])]
    groups.forget()
    assert ids(groups.expired()) == []


def test_pictures_of_one_number_and_another_shape_are_kept_apart():
    groups = PictureGroups(2.0)
    assert push(groups, frame(1, 0, 3), frame(1, 0, 2)) == []
    assert push(groups, frame(1, 1, 3), frame(1, 2, 3)) == [(1, [0, 1, 2])]
    assert push(groups, frame(1, 1, 2)) == [(1, [0, 1])]


def test_the_end_closes_all_pictures_in_the_order_in_which_they_began():
    groups = PictureGroups()
    assert push(groups, frame(2, 1), frame(1, 0)) == []
    assert ids(groups.flush()) == [(2, [1]), (1, [0])] and groups.flush() == []
