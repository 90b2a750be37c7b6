# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures side by side, and segments in colours."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import ConfigError, FrameError
from semcom_core.image.segmentation.panel import Panel, segments_picture, side_by_side

RED, BLUE = (np.full((40, 60, 3), colour, np.uint8) for colour in ((200, 0, 0), (0, 0, 200)))


def columns(sheet: np.ndarray, colour) -> np.ndarray:
    """Columns of a sheet in which a colour dominates."""
    return np.flatnonzero((sheet == colour).all(2).sum(0) > 50)


def test_pictures_stand_side_by_side_at_one_height():
    sheet = side_by_side([Panel("Sent", RED, "a note"), Panel("Received", BLUE[:20])], height=100)
    red, blue = columns(sheet, RED[0, 0]), columns(sheet, BLUE[0, 0])
    assert len(red) == 150 and len(blue) == 300 and red[-1] < blue[0]
    assert (sheet == RED[0, 0]).all(2).sum(0).max() == 100
    assert (sheet[:, :4] == 255).all() and (sheet[-1] == 255).all()


def test_captions_and_notes_are_written_outside_the_pictures():
    plain, noted = (
        side_by_side([Panel("Sent", RED, note)], height=100)
        for note in ("", "one line\nand another")
    )
    assert noted.shape[0] > plain.shape[0]
    below = noted[plain.shape[0] - 8 :]
    assert (below.min(2) < 128).any() and (plain[:30].min(2) < 64).any()


def test_a_narrow_picture_keeps_room_for_its_note():
    sheet = side_by_side(
        [
            Panel("Sent", RED[:, :1], "a note that is wider than the picture"),
            Panel("Received", BLUE),
        ],
        height=60,
    )
    assert columns(sheet, BLUE[0, 0])[0] > 200
    assert sheet.dtype == np.uint8


def test_segments_are_coloured_and_bordered():
    labels = np.zeros((40, 60), int)
    labels[10:30, 10:30], labels[10:30, 30:50] = 1, 2
    shown = segments_picture(RED, labels)
    assert (shown[0, 0] == RED[0, 0]).all()
    first, second = shown[20, 20].astype(int), shown[20, 40].astype(int)
    assert np.abs(first - second).max() > 60 and np.abs(first - RED[0, 0]).max() > 60
    assert (shown[20, 30] == 255).all() and (shown[10, 20] == 255).all()
    assert (segments_picture(RED, np.zeros((40, 60), int)) == RED).all()


def test_bad_input():
    with pytest.raises(ConfigError, match="panels are none"):
        side_by_side([])
    with pytest.raises(ConfigError, match=r"labels are of size \(60, 40\)"):
        segments_picture(RED, np.zeros((60, 40), int))
    with pytest.raises(FrameError, match="allowed is uint8"):
        Panel("Sent", np.zeros((4, 4)))
