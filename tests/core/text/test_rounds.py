# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Increments of the spinal codec: whatever rounds arrive of each fragment, their evidence adds
up.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from semcom_core.channel import parse_channel
from semcom_core.errors import ConfigError, FrameError, ModelError
from semcom_core.frame import ROUNDS
from semcom_core.simulation import transmit_symbols as receive
from semcom_core.text.spinal.codec import FRAGMENT_SYMBOLS, SpinalCodec, SpinalConfig
from tests.core.text.toy_model import ToyModel

SENTENCE = "this is the first time that the house has voted on the question."


def make(**settings) -> SpinalCodec:
    return SpinalCodec(SpinalConfig(**settings), ToyModel())


def through(frames, channel, seed=1):
    rng = np.random.default_rng(seed)
    return [receive(frame, parse_channel(channel), rng) for frame in frames]


def test_the_first_round_is_what_encode_gives_and_the_others_are_fresh_and_smaller():
    codec = make()
    rounds = codec.increments(SENTENCE, 6.0, message_id=3)
    (first,) = codec.encode(SENTENCE, 6.0, message_id=3)
    assert [frame.header.round for (frame,) in rounds] == list(range(ROUNDS))
    assert {frame.header.family for (frame,) in rounds} == {codec.number}
    assert np.array_equal(rounds[0][0].symbols, first.symbols)
    for (one,), (other,) in zip(rounds[1:], rounds[2:]):
        count = min(len(one.symbols), len(first.symbols))
        # Independent symbols of unit power: the correlation of some 40 has a spread of 0.16.
        assert abs(np.vdot(one.symbols[:count], first.symbols[:count])) / count < 0.7
        assert abs(np.vdot(one.symbols, other.symbols)) / len(one.symbols) < 0.7
        assert 0.2 < len(one.symbols) / len(first.symbols) < 0.45


def test_increments_save_a_message_that_is_3_db_below_its_design():
    codec, saved = make(expansions=512), 0
    for seed in range(6):
        rounds = codec.increments(SENTENCE, 6.0, message_id=seed)
        frames = [through(one, "awgn:3", seed=10 * seed + k)[0] for k, one in enumerate(rounds)]
        alone, together = codec.decode(frames[:1]), codec.decode(frames)
        assert together.text == SENTENCE and together.decoded
        saved += not alone.decoded
    assert saved >= 4


def test_the_increments_alone_decode_where_the_first_round_was_lost():
    codec = make(increment=0.5)
    rounds = codec.increments(SENTENCE, 6.0)
    got = codec.decode([through(one, "awgn:6", k)[0] for k, one in enumerate(rounds) if k > 0])
    assert got.text == SENTENCE and got.decoded


def test_rounds_may_come_in_any_order_and_a_later_copy_counts():
    codec = make()
    frames = [through(one, "awgn:6", k)[0] for k, one in enumerate(codec.increments(SENTENCE, 6.0))]
    assert codec.decode(frames[::-1] + frames[:1]) == codec.decode(frames)


def test_each_fragment_decodes_from_the_rounds_it_has():
    codec = make(increment=1.5)
    text = " ".join([SENTENCE] * 4)[: FRAGMENT_SYMBOLS + 40]
    rounds = codec.increments(text, 9.0)
    assert len(rounds[0]) == 2
    got = codec.decode(through([rounds[0][0], rounds[1][1]], "awgn:10"))
    assert got.text == text and got.decoded
    lacking = codec.decode(through([rounds[0][0], rounds[1][0]], "awgn:10"))
    assert not lacking.decoded and lacking.reason == "fragment 2 of 2 is missing"


def test_rounds_of_two_messages_are_refused():
    codec = make()
    frames = through(
        [
            codec.encode(SENTENCE, 6.0, message_id=1)[0],
            codec.increments(SENTENCE, 6.0, message_id=2)[1][0],
        ],
        "awgn:9",
    )
    with pytest.raises(FrameError, match="frames are of 2 messages"):
        codec.decode(frames)


@pytest.mark.parametrize("rounds", [0, 5])
def test_rounds_are_one_to_four(rounds):
    with pytest.raises(ConfigError, match=f"rounds is {rounds}"):
        make().increments(SENTENCE, 6.0, rounds=rounds)


def test_context_belongs_to_both_ends():
    codec = make()
    after = codec.with_context(["the committee will meet."])
    frames = through(after.encode(SENTENCE, 6.0), "awgn:9")
    assert after.decode(frames).text == SENTENCE
    with pytest.raises(ModelError, match="was made after other messages"):
        codec.decode(frames)
    with pytest.raises(ModelError, match="was made after other messages"):
        codec.with_context(["another message"]).decode(frames)
    with pytest.raises(ModelError, match="context fingerprint 0"):
        after.decode(through(codec.encode(SENTENCE, 6.0), "awgn:9"))


def test_rounds_after_other_messages_are_named():
    codec = make()
    after = codec.with_context(["the committee will meet."])
    mixed = [codec.increments(SENTENCE, 6.0)[0][0], after.increments(SENTENCE, 6.0)[1][0]]
    with pytest.raises(ModelError, match="was made after other messages"):
        codec.decode(through(mixed, "awgn:9"))


def test_frames_of_another_codec_are_refused():
    codec = make()
    (frame,) = through(codec.encode(SENTENCE, 6.0), "awgn:9")
    with pytest.raises(
        FrameError, match=r"frame has codec number 6; the spinal codec takes \(1, 17, 18, 19\)"
    ):
        codec.decode([replace(frame, header=replace(frame.header, codec=6))])
