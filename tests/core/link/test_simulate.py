# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A message over a link in virtual time: rounds, copies, losses, and what it costs."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import ConfigError, FrameError
from semcom_core.simulation import send_with_arq as simulate
from semcom_core.text import load_codec
from semcom_core.units import db_to_linear
from tests.core.link.round_codec import FIRST, MORE, RoundCodec, noisy

TEXT = "text 0"


def test_one_round_where_the_channel_is_as_expected():
    outcome = simulate(RoundCodec(), TEXT, 6.0, noisy(6.0))
    assert (outcome.received.text, outcome.received.decoded) == (TEXT, True)
    assert (outcome.transmissions, outcome.uses, outcome.snr_db) == (1, FIRST, 6.0)


@pytest.mark.parametrize("short_db, rounds", [(1.0, 2), (3.0, 3), (4.5, 4)])
def test_increments_make_up_for_what_the_channel_lacks(short_db, rounds):
    needed = (
        FIRST * np.log2(1 + db_to_linear(6.0)) / np.log2(1 + db_to_linear(6.0 - short_db))
    )  # symbols at this SNR
    assert FIRST + (rounds - 2) * MORE < needed <= FIRST + (rounds - 1) * MORE
    codec = RoundCodec(2)
    outcome = simulate(codec, TEXT, 6.0, noisy(6.0 - short_db))
    assert (outcome.received.text, outcome.received.decoded, outcome.transmissions) == (
        TEXT,
        True,
        rounds,
    )
    assert outcome.uses == 2 * (FIRST + (rounds - 1) * MORE)
    assert codec.decoded_rounds[-1] == [(r, k) for r in range(rounds) for k in range(2)]


def test_copies_follow_the_last_round():
    outcome = simulate(RoundCodec(), TEXT, 6.0, noisy(-1.0), tries=10)
    assert (
        outcome.received.decoded and outcome.uses == 2 * FIRST + (outcome.transmissions - 2) * MORE
    )
    assert outcome.transmissions > 4


def test_no_more_than_the_tries_allowed_and_the_best_guess_in_the_end():
    outcome = simulate(RoundCodec(), TEXT, 6.0, noisy(-10.0), tries=4)
    assert (outcome.received.text, outcome.received.decoded, outcome.received.reason) == (
        "a guess",
        False,
        "too little has come",
    )
    assert (outcome.transmissions, outcome.uses) == (4, FIRST + 3 * MORE)


def test_lost_frames_are_sent_again_as_they_were():
    calls, through = [], noisy(5.0)

    def carry(frames):
        calls.append([(f.header.round, f.header.fragment) for f in frames])
        return (
            through(frames)[1:] if len(calls) == 1 else [] if len(calls) == 3 else through(frames)
        )

    outcome = simulate(RoundCodec(3), TEXT, 6.0, carry, tries=10)
    assert calls == [
        [(0, 0), (0, 1), (0, 2)],
        [(0, 0)],
        [(1, 0), (1, 1), (1, 2)],
        [(1, 0), (1, 1), (1, 2)],
    ]
    assert outcome.received.decoded and outcome.uses == 4 * FIRST + 6 * MORE


def test_nothing_arrives():
    outcome = simulate(RoundCodec(), TEXT, 6.0, lambda frames: [], tries=3)
    assert (outcome.received.decoded, outcome.received.reason) == (False, "no frame was received")
    assert (outcome.transmissions, outcome.snr_db) == (3, None)


def test_half_a_message_is_decoded_as_it_is():
    through = noisy(6.0)
    outcome = simulate(
        RoundCodec(2),
        TEXT,
        6.0,
        lambda frames: [f for f in through(frames) if f.header.fragment == 0],
        tries=3,
    )
    assert (outcome.received.text, outcome.received.decoded, outcome.transmissions) == (
        "a guess",
        False,
        3,
    )


def test_a_codec_without_increments_repeats():
    outcome = simulate(load_codec("deflate"), TEXT, 6.0, noisy(3.5), tries=4)
    (sent,) = load_codec("deflate").encode(TEXT, 6.0)
    assert outcome.received.decoded and outcome.received.text == TEXT
    assert (outcome.transmissions, outcome.uses) == (2, 2 * sent.header.length)


def test_bad_input():
    with pytest.raises(FrameError, match="'text 0'"):
        simulate(RoundCodec(), "another text", 6.0, noisy(6.0))
    with pytest.raises(ConfigError, match="max_tries"):
        simulate(RoundCodec(), TEXT, 6.0, noisy(6.0), tries=0)
