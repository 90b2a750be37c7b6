# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deepsc text codec with the shipped weights."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from semcom_core.channel import parse_channel
from semcom_core.datasets.corpus import sentences
from semcom_core.errors import ConfigError, FrameError, ModelError
from semcom_core.frame import MAX_LENGTH, FrameHeader, ReceivedFrame
from semcom_core.metrics import mean_bleu
from semcom_core.simulation import transmit_symbols as receive
from semcom_core.text import TEXT_CODECS, load_codec
from semcom_core.text.baselines.deepsc.codec import SHIPPED
from semcom_core.units import complex_noise

SENTENCES = [
    "We must therefore support this proposal, and I would like to thank the rapporteur for her "
    "work.",
    "The Commission has not yet answered the question that was put by several Members of this "
    "House.",
    "I do not believe that the Council can accept such a solution.",
    "Mr President, the situation in this region is still very serious.",
    "The vote will take place tomorrow at noon.",
]
WORDS = sum(len(text.split()) for text in SENTENCES)


@pytest.fixture(scope="module")
def codec():
    return load_codec("deepsc")


def received(frames, noise_power=0.0, rng=None):
    """The frames after an AWGN channel."""
    found = []
    for frame in frames:
        noise = complex_noise(frame.header.length, noise_power, rng) if noise_power else 0
        noise_var = np.full(frame.header.length, noise_power, np.float32)
        found.append(
            ReceivedFrame(frame.header, (frame.symbols + noise).astype(np.complex64), noise_var)
        )
    return found


def results(codec, channel, repeats):
    """Texts sent and what became of them, over a channel."""
    sent = SENTENCES * repeats
    channel, rng = parse_channel(channel), np.random.default_rng(5)
    return sent, [
        codec.decode([receive(frame, channel, rng) for frame in codec.encode(text, channel.snr_db)])
        for text in sent
    ]


def test_a_word_takes_eight_uses_of_mean_power_one(codec):
    for text in SENTENCES:
        (frame,) = codec.encode(text, 3.0)
        assert len(frame.symbols) <= 8 * len(text.split())
        assert np.mean(np.abs(frame.symbols) ** 2) == pytest.approx(1, rel=1e-4)
        assert frame.header.codec == TEXT_CODECS["deepsc"][0] == codec.number
    frames = [codec.encode(text, 3.0)[0] for text in SENTENCES]
    assert (
        sum(len(frame.symbols) for frame in frames) == 8 * WORDS
    )  # all words are in the vocabulary


def test_the_rate_does_not_depend_on_the_snr(codec):
    first, second = codec.encode(SENTENCES[0], -3.0)[0], codec.encode(SENTENCES[0], 15.0)[0]
    assert first.header == second.header and np.array_equal(first.symbols, second.symbols)


@pytest.mark.parametrize("text", SENTENCES)
def test_noise_free_round_trip(codec, text):
    got = codec.decode(received(codec.encode(text, 20.0, message_id=201)))
    assert (got.text, got.decoded, got.message_id, got.reason) == (
        text,
        True,
        201,
        "",
    ) and got.score > 6


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a\nb\0",
        "Two  spaces, (brackets) and UNUSUAL Xyzzywords: 1999/2000 %!",
        "Ελλ 你好 😀",
    ],
)
def test_texts_unlike_the_training_arrive_or_are_marked(codec, text):
    got = codec.decode(received(codec.encode(text, 20.0)))
    assert got.decoded == (got.text == text) and isinstance(got.text, str)


# The card has the figures for Europarl; sentences like these score higher. The bounds leave three
# sigma of 30 sentences.
@pytest.mark.parametrize(
    ("channel", "bleu1"),
    [("awgn:0", 0.45), ("awgn:6", 0.9), ("awgn:12", 0.95), ("rayleigh:12,block=32", 0.8)],
)
def test_quality_over_channels(codec, channel, bleu1):
    sent, got = results(codec, channel, 6)
    assert mean_bleu(sent, [result.text for result in got], 1) >= bleu1


def test_wrong_results_are_marked(codec):
    sent, got = results(codec, "awgn:3", 12)
    wrong = [result for text, result in zip(sent, got) if result.text != text]
    assert len(wrong) > 8 and sum(not result.decoded for result in wrong) >= 0.9 * len(wrong)
    assert all(result.decoded == (result.reason == "") for result in got)
    right = [result for text, result in zip(sent, got) if result.text == text]
    assert sum(result.decoded for result in right) >= 0.7 * len(right)


def test_confidence_is_asked_for(codec):
    strict = load_codec("deepsc", confidence_bits=30)
    frames = received(codec.encode(SENTENCES[0], 9.0), 10**-0.9, np.random.default_rng(1))
    got = strict.decode(frames)
    assert (
        not got.decoded and "30 are needed" in got.reason and got.text == codec.decode(frames).text
    )


def test_long_texts_take_fragments_of_any_order(codec):
    text = " ".join(SENTENCES * 20)
    frames = codec.encode(text, 12.0)
    assert 1 < len(frames) <= 16 and all(frame.header.length <= MAX_LENGTH for frame in frames)
    arrived = received(frames)[::-1]
    whole = codec.decode(arrived)
    assert mean_bleu([text], [whole.text], 1) > 0.97 and whole.decoded == (whole.text == text)
    got = codec.decode(arrived[1:])
    assert (
        not got.decoded
        and got.reason == f"fragment {len(frames)} of {len(frames)} is missing"
        and whole.text.startswith(got.text)
    )


def test_ten_thousand_characters_are_one_message(codec):
    text = (" ".join(SENTENCES * 40))[:10_000]
    got = codec.decode(received(codec.encode(text, 12.0)))
    assert mean_bleu([text], [got.text], 1) > 0.95 and got.decoded == (got.text == text)


def test_the_erased_end_is_guessed_and_marked(codec):
    (frame,) = received(codec.encode(SENTENCES[0], 12.0), 0.06, np.random.default_rng(2))
    cut = len(frame.symbols) // 2
    symbols, noise_var = frame.symbols.copy(), frame.noise_var.copy()
    symbols[cut:], noise_var[cut:] = 0, np.inf
    got = codec.decode([replace(frame, symbols=symbols, noise_var=noise_var)])
    # Half the symbols of every word are there, so most words are.
    assert mean_bleu([SENTENCES[0]], [got.text], 1) > 0.6
    nothing = codec.decode(
        [replace(frame, symbols=np.zeros_like(symbols), noise_var=np.full_like(noise_var, np.inf))]
    )
    assert not nothing.decoded and nothing.reason


def test_noise_under_any_header_is_marked_or_refused(codec):
    rng, marked, refused = np.random.default_rng(9), 0, 0
    for _ in range(30):
        length = int(rng.integers(0, 200))
        header = FrameHeader(
            codec=7,
            length=length,
            params=int(rng.integers(0, 64)),
            model_fp=codec.encode("a", 0)[0].header.model_fp,
        )
        try:
            marked += not codec.decode(
                [
                    ReceivedFrame(
                        header, complex_noise(length, 1.0, rng), np.full(length, 3.0, np.float32)
                    )
                ]
            ).decoded
        except FrameError as error:
            assert str(error).startswith(f"frame has {length} symbols")
            refused += 1
    # The check holds by chance once in 64; the odds have to agree.
    assert marked + refused >= 29 and marked > 3 and refused > 1


def test_source_bits_grow_with_rarity(codec):
    assert (
        0
        < codec.source_bits("the")
        < codec.source_bits("rapporteur")
        < codec.source_bits("the rapporteur")
    )


def test_bad_frames_are_refused(codec):
    (frame,) = received(codec.encode("abc", 5.0))
    (other,) = received(codec.encode("abc", 5.0, message_id=1))
    with pytest.raises(FrameError, match="no frames to decode"):
        codec.decode([])
    with pytest.raises(FrameError, match="2 messages"):
        codec.decode([frame, other])
    with pytest.raises(FrameError, match="codec number 3; the deepsc codec takes 7"):
        codec.decode([replace(frame, header=replace(frame.header, codec=3))])
    with pytest.raises(ModelError, match="made with weights of fingerprint"):
        codec.decode(
            [replace(frame, header=replace(frame.header, model_fp=frame.header.model_fp ^ 1))]
        )


def test_texts_that_cannot_be_sent_are_refused(codec):
    with pytest.raises(FrameError, match="lone surrogates"):
        codec.encode("ab\ud800", 5.0)
    with pytest.raises(FrameError, match=r"9000 words and parts of words; allowed is up to 8176"):
        codec.encode("the " * 8999, 5.0)


@pytest.mark.parametrize(
    ("settings", "message"), [({"confidence_bits": 99}, "confidence_bits is 99"), ({"x": 1}, "'x'")]
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        load_codec("deepsc", **settings)


def test_weights_that_are_missing_or_do_not_fit_are_named(tmp_path):
    with pytest.raises(ModelError, match="words.json cannot be read"):
        load_codec("deepsc", weights=str(tmp_path))
    words = json.loads((SHIPPED / "words.json").read_text(encoding="utf-8"))
    (tmp_path / "words.json").write_text(json.dumps({**words, "cores": words["cores"][:-1]}))
    with pytest.raises(ModelError, match="deepsc.safetensors cannot be read"):
        load_codec("deepsc", weights=str(tmp_path))
    save_file(load_file(SHIPPED / "deepsc.safetensors"), tmp_path / "deepsc.safetensors")
    with pytest.raises(ModelError, match="do not fit the vocabulary beside them: size mismatch"):
        load_codec("deepsc", weights=str(tmp_path))


@pytest.mark.skipif(
    "SEMCOM_DATA" not in os.environ, reason="SEMCOM_DATA does not name the data folder"
)
def test_europarl_sentences_of_the_test_part(codec):
    rng = np.random.default_rng(6)
    lines = sentences(
        Path(os.environ["SEMCOM_DATA"]) / "text" / "europarl_en.txt", "test", (5, 30), 40, rng
    )
    messages = [codec.encode(line, 6.0) for line in lines]
    assert sum(len(frame.symbols) for frames in messages for frame in frames) <= 8 * sum(
        len(line.split()) for line in lines
    )
    assert (
        mean_bleu(
            lines, [codec.decode(received(frames, 10**-0.6, rng)).text for frames in messages], 1
        )
        >= 0.8
    )
