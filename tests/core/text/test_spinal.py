# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The token-spinal codec over a small model: round trips, faults, and what both ends must agree
on.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from semcom_core.bench.text.link import NoisyModel
from semcom_core.channel import parse_channel
from semcom_core.errors import ConfigError, FrameError, ModelError
from semcom_core.simulation import transmit_symbols as receive
from semcom_core.text.spinal.codec import FRAGMENT_SYMBOLS, SpinalCodec, SpinalConfig
from semcom_core.text.spinal.rate import alpha_for
from tests.core.text.toy_model import DROPPED, ToyModel

SENTENCE = "this is the first time that the house has voted on the question."
LONG = " ".join([SENTENCE] * 8)


def make(fingerprint="00000000000000a5", **settings):
    return SpinalCodec(SpinalConfig(**settings), ToyModel(fingerprint))


def send(codec, text, channel="awgn:6", seed=1, receiver=None, message_id=7):
    rng = np.random.default_rng(seed)
    one = parse_channel(channel)
    frames = codec.encode(
        text, snr_db=10.0 if one.snr_db is None else one.snr_db, message_id=message_id
    )
    return (receiver or codec).decode([receive(frame, one, rng) for frame in frames])


@pytest.mark.parametrize("channel", ["clean", "awgn:0", "awgn:6", "awgn:15"])
def test_round_trip(channel):
    got = send(make(efficiency=0.75), SENTENCE, channel)
    assert (got.text, got.decoded, got.message_id, got.reason) == (SENTENCE, True, 7, "")


def test_fading_by_blocks_loses_only_what_fades_out():
    """At 20 dB and 0.3 of the capacity at the mean SNR most of 12 arrive; what does not is
    marked.
    """
    found = [
        send(make(efficiency=0.3), SENTENCE, "rayleigh:20,block=16", seed=seed)
        for seed in range(12)
    ]
    assert sum(got.text == SENTENCE for got in found) >= 9
    assert all(got.text == SENTENCE for got in found if got.decoded)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "x",
        "Größe 😀 नमस्ते 你好。",
        "a\t\n\x00b",
        "<end>",
        "<|im_end|>",
        "\u0007 " + DROPPED + "tail",
        "\ufffd",
    ],
)
def test_any_text_comes_back_byte_for_byte(text):
    got = send(make(expansions=4096), text, "awgn:12")
    assert got.text == text and got.decoded


def test_a_text_of_many_fragments_comes_back():
    text = LONG
    codec = make()
    frames = codec.encode(text, 10.0)
    assert len(frames) == -(-len(text) // FRAGMENT_SYMBOLS)
    assert [f.header.fragment for f in frames] == list(range(len(frames)))
    assert send(codec, text, "awgn:10").text == text


def test_a_text_too_long_is_refused_with_its_size():
    with pytest.raises(
        FrameError,
        match=r"text has 16400 characters, 16400 tokens; allowed is what fits 16 fragments",
    ):
        make().encode("a" * 16400, 10.0)


def test_symbols_have_unit_power_and_follow_the_surprisal():
    codec = make()
    symbols = np.concatenate(
        [codec.encode(SENTENCE, 3.0, message_id=m)[0].symbols for m in range(40)]
    )
    # 40 messages of about 200 symbols; the power of one has a spread of about 0.5, so 0.03 is over
    # four standard errors.
    assert np.mean(np.abs(symbols) ** 2) == pytest.approx(1, abs=0.03)
    likely, unlikely = (
        len(codec.encode(text, 3.0)[0].symbols) for text in ("the report. ", "qzxj vkpw. ")
    )
    assert unlikely > 1.5 * likely


def test_the_uses_of_a_message_are_those_of_its_rate_by_cause():
    codec = make()
    uses, causes = len(codec.encode(SENTENCE, 3.0)[0].symbols), codec.gap(SENTENCE, 3.0)
    assert sum(causes.values()) == pytest.approx(uses)
    bits = codec.source_bits(SENTENCE)
    assert causes["source"] + causes["end"] == pytest.approx(bits / np.log2(1 + 10**0.3))
    spent = bits + codec.config.tail_bits + codec.config.delta_bits * (len(SENTENCE) + 1)
    # The rate index is at most 2.9 % off, the grid moves the sum by a few bits.
    assert uses == pytest.approx(spent * alpha_for(3.0, codec.config.efficiency, bits), rel=0.06)


def test_the_receiver_survives_other_rounding():
    sender = make()
    receiver = SpinalCodec(sender.config, NoisyModel(ToyModel(), 0.001, np.random.default_rng(5)))
    for seed in range(5):
        got = send(sender, SENTENCE, "awgn:6", seed, receiver, message_id=seed)
        assert got.text == SENTENCE and got.decoded


def test_another_model_is_named():
    with pytest.raises(
        ModelError, match="fingerprint …5; the model here is toy, fingerprint 00000000000000a6"
    ):
        send(make(), SENTENCE, receiver=make("00000000000000a6"))


@pytest.mark.parametrize(
    "other", [{"key": "secret"}, {"fingerprint": "10000000000000a5"}, {"delta_bits": 1.0}]
)
def test_what_the_ends_disagree_on_is_marked_undecoded(other):
    got = send(make(), SENTENCE, receiver=make(expansions=200, **other))
    assert not got.decoded and got.text != SENTENCE and got.reason


def test_too_much_noise_is_marked_and_the_guess_kept():
    codec = make(expansions=300)
    rng = np.random.default_rng(2)
    frames = codec.encode(SENTENCE, snr_db=12.0)
    got = codec.decode([receive(frame, parse_channel("awgn:4"), rng) for frame in frames])
    assert not got.decoded and isinstance(got.text, str)


def test_erased_symbols_count_as_nothing():
    codec = make(efficiency=0.5)
    frame = receive(
        codec.encode(SENTENCE, 10.0)[0], parse_channel("awgn:10"), np.random.default_rng(3)
    )
    gone = np.arange(len(frame.symbols)) % 12 == 0
    holed = replace(
        frame,
        symbols=np.where(gone, 0, frame.symbols).astype(np.complex64),
        noise_var=np.where(gone, np.inf, frame.noise_var).astype(np.float32),
    )
    assert codec.decode([holed]).text == SENTENCE


def test_a_missing_fragment_is_named_and_the_others_kept():
    codec = make()
    rng = np.random.default_rng(4)
    frames = [receive(f, parse_channel("awgn:12"), rng) for f in codec.encode(LONG, 12.0)]
    got = codec.decode([frames[0], frames[2]])
    assert not got.decoded and got.reason == "fragment 2 of 3 is missing"
    assert LONG.startswith(got.text[:100])


def test_frames_that_make_no_message_are_refused():
    codec = make()
    frame = receive(
        codec.encode(SENTENCE, 10.0)[0], parse_channel("awgn:10"), np.random.default_rng(3)
    )
    other = replace(frame, header=replace(frame.header, message_id=9))
    with pytest.raises(FrameError, match="no frames to decode"):
        codec.decode([])
    with pytest.raises(FrameError, match="frames are of 2 messages"):
        codec.decode([frame, other])
    short = replace(
        frame,
        header=replace(frame.header, length=1),
        symbols=frame.symbols[:1],
        noise_var=frame.noise_var[:1],
    )
    with pytest.raises(FrameError, match="has 1 symbols; at least"):
        codec.decode([short])


@pytest.mark.parametrize(
    "setting",
    [
        {"beam": 0},
        {"efficiency": 3.0},
        {"delta_bits": -1.0},
        {"tail_bits": 100.0},
        {"confidence_bits": -1},
    ],
)
def test_settings_out_of_range_are_refused(setting):
    with pytest.raises(ConfigError, match=f"{next(iter(setting))} is .*; allowed is"):
        SpinalConfig(**setting)
