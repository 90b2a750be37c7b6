# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Symbols of a picture to fragments and back: shapes, interleaving, losses, copies, and what does
not belong together.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from semcom_core.errors import ConfigError, FrameError
from semcom_core.frame import MAX_LENGTH, MAX_WIDE_FRAGMENTS, Frame, FrameHeader, ReceivedFrame
from semcom_core.image.fragments import (
    USUAL_FRAGMENTS,
    frames_of,
    parse_cbr,
    shape_for,
    uses_for,
)
from semcom_core.image.fragments import collect_fragments as received
from semcom_core.units import complex_noise

CODEC = 12
MOST = MAX_WIDE_FRAGMENTS * MAX_LENGTH


def heard(frames: list[Frame], noise_var: float = 0.1) -> list[ReceivedFrame]:
    """The frames as they arrive without an error."""
    return [
        ReceivedFrame(f.header, f.symbols, np.full(len(f.symbols), noise_var, np.float32))
        for f in frames
    ]


def symbols(count: int) -> np.ndarray:
    return complex_noise(count, 1.0, np.random.default_rng(count))


@pytest.mark.parametrize(
    ("text", "value"),
    [("1/16", 1 / 16), ("1 / 48", 1 / 48), ("0.25", 0.25), (0.5, 0.5), ("4", 4.0), ("1e-3", 1e-3)],
)
def test_cbr(text, value):
    assert parse_cbr(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["0", "-1/16", "5", "1/0", "a lot", "", "nan", "inf", float("nan"), float("inf"), None]
)
def test_impossible_cbr(text):
    with pytest.raises(ConfigError, match="allowed is"):
        parse_cbr(text)


def test_uses_are_a_share_of_the_values():
    assert uses_for(1 / 16, 512, 768) == 73728
    assert uses_for(1 / 16, 1, 1) == 0


@pytest.mark.parametrize(
    ("uses", "fragments"),
    [
        (1, 1),
        (255, 1),
        (512, 2),
        (4095, 15),
        (4096, 16),
        (65520, 16),
        (65535, 17),
        (73728, 19),
        (MOST, 256),
    ],
)
def test_shapes(uses, fragments):
    shape = shape_for(uses)
    assert shape.fragments == fragments
    assert uses - fragments < shape.uses <= uses and 1 <= shape.length <= MAX_LENGTH


def test_every_number_of_uses_has_a_shape():
    for uses in np.unique(np.geomspace(1, MOST, 3000).astype(int)):
        shape = shape_for(int(uses))
        assert (
            shape.uses <= uses
            and shape.length <= MAX_LENGTH
            and shape.fragments <= MAX_WIDE_FRAGMENTS
        )
        assert shape_for(shape.uses) == shape  # what is sent tells its own shape


@pytest.mark.parametrize("uses", [0, -5, MOST + 1])
def test_impossible_numbers_of_uses(uses):
    with pytest.raises(FrameError, match="allowed is 1 to"):
        shape_for(uses)


@pytest.mark.parametrize("count", [1, 300, 8000, 73720])
def test_symbols_come_back_in_any_order(count):
    sent = symbols(shape_for(count).uses)
    frames = frames_of(sent, CODEC, 9, params=5)
    order = np.random.default_rng(1).permutation(len(frames))
    got = received([heard(frames)[i] for i in order], CODEC, "jpeg")
    assert np.allclose(got.symbols, sent, atol=1e-6) and np.allclose(got.noise_var, 0.1)
    assert (got.missing, got.header.message_id, got.header.params) == (0, 9, 5)


def test_neighbours_travel_in_different_fragments():
    frames = frames_of(np.arange(8192).astype(complex), CODEC, 0)
    assert len(frames) == USUAL_FRAGMENTS
    assert np.array_equal(frames[3].symbols.real, np.arange(3, 8192, 16))


def test_missing_fragments_are_infinite_noise():
    sent = symbols(8192)
    frames = heard(frames_of(sent, CODEC, 0))
    got = received(frames[:5] + frames[6:15], CODEC, "jpeg")
    lost = np.isin(np.arange(8192) % 16, [5, 15])
    assert got.missing == 2
    assert np.isinf(got.noise_var[lost]).all() and not got.symbols[lost].any()
    assert np.isfinite(got.noise_var[~lost]).all() and np.allclose(
        got.symbols[~lost], sent[~lost], atol=1e-6
    )


def test_copies_are_weighted_by_their_noise():
    (frame,) = frames_of(np.ones(200, complex), CODEC, 0)
    good = ReceivedFrame(
        frame.header, np.full(200, 1.2 + 0j, np.complex64), np.full(200, 0.1, np.float32)
    )
    poor = ReceivedFrame(
        frame.header, np.full(200, 0.0 + 0j, np.complex64), np.full(200, 0.3, np.float32)
    )
    got = received([good, poor], CODEC, "jpeg")
    assert np.allclose(got.symbols, 0.9) and np.allclose(got.noise_var, 0.075) and got.missing == 0


def test_erased_symbols_stay_erased_and_noiseless_ones_are_taken():
    (frame,) = frames_of(np.ones(200, complex), CODEC, 0)
    noise_var = np.zeros(200, np.float32)
    noise_var[::2] = np.inf
    got = received(
        [ReceivedFrame(frame.header, np.where(noise_var == 0, frame.symbols, 0), noise_var)],
        CODEC,
        "jpeg",
    )
    assert np.isinf(got.noise_var[::2]).all() and not got.symbols[::2].any()
    assert np.allclose(got.symbols[1::2], 1) and np.isfinite(got.noise_var[1::2]).all()


def test_a_number_of_symbols_without_a_shape_is_refused():
    with pytest.raises(FrameError, match="picture has 8193 symbols; 16 fragments of 512 hold 8192"):
        frames_of(np.ones(8193, complex), CODEC, 0)


def test_what_does_not_belong_together_is_refused():
    frames = heard(frames_of(symbols(8192), CODEC, 0))
    with pytest.raises(FrameError, match="no frames to decode"):
        received([], CODEC, "jpeg")
    with pytest.raises(FrameError, match="codec number 12; the hybrid codec takes 8"):
        received(frames, 8, "hybrid")
    for change in ({"message_id": 1}, {"params": 1}, {"last_fragment": 20}):
        stray = replace(frames[0], header=replace(frames[0].header, **change))
        with pytest.raises(FrameError, match="frames are of 2 pictures"):
            received([*frames, stray], CODEC, "jpeg")


def test_wide_headers():
    header = FrameHeader(8, 255, 255, 255, MAX_LENGTH, 63)
    assert header.fragments == MAX_WIDE_FRAGMENTS
    for wrong in (
        {"codec": 8, "fragment": 256, "last_fragment": 256},
        {"codec": 3, "fragment": 16, "last_fragment": 16},
        {"codec": 8, "model_fp": 1},
        {"codec": 8, "context_fp": 1},
    ):
        with pytest.raises(FrameError, match="allowed is 0 to"):
            FrameHeader(**wrong)


def test_a_copy_with_symbols_that_are_not_finite_is_left_aside():
    symbols = complex_noise(2 * 256, 1.0, np.random.default_rng(3)).astype(np.complex64)
    frames = [
        ReceivedFrame(f.header, f.symbols, np.full(f.symbols.shape, 0.1, np.float32))
        for f in frames_of(symbols, CODEC, 1)
    ]
    bad = frames[0].symbols.copy()
    bad[:3] = np.nan, np.inf, complex(0, -np.inf)
    damaged = replace(frames[0], symbols=bad)
    both = received([*frames, damaged], CODEC, "hybrid")
    assert np.isfinite(both.symbols).all() and np.allclose(both.symbols, symbols)
    alone = received([damaged, *frames[1:]], CODEC, "hybrid")
    lost = np.isinf(alone.noise_var)
    assert np.flatnonzero(lost).tolist() == [0, 2, 4] and not alone.symbols[lost].any()
