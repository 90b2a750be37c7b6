# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every baseline codec must stand: any text, frames in any order, lost, repeated, damaged and
foreign frames.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from semcom_core.channel import parse_channel
from semcom_core.errors import ConfigError, FrameError, ModelError
from semcom_core.frame import MAX_LENGTH, FrameHeader, ReceivedFrame
from semcom_core.phy import Frame
from semcom_core.simulation import transmit_symbols as receive
from semcom_core.text import TEXT_CODECS, load_codec
from semcom_core.text.baselines.base64_bpsk import Base64Codec
from semcom_core.text.baselines.huffman import HuffmanCodec
from semcom_core.text.baselines.llm_arithmetic import LlmArithmeticCodec, LlmArithmeticConfig
from semcom_core.text.baselines.llm_sc import LlmScCodec, LlmScConfig
from semcom_core.units import complex_noise
from tests.core.text.toy_model import ToyModel

SENTENCE = "this is the first time that the house has voted on the question."
LONG = " ".join(f"{SENTENCE} paragraph {number} of the report." for number in range(25))
TEXTS = {
    "empty": "",
    "one letter": "a",
    "sentence": SENTENCE,
    "emoji": "\U0001f469\u200d\U0001f4bb \U0001f1e9\U0001f1ea ❤\ufe0f",
    "scripts": "Ελλ नमस्ते 你好 שלום 한국 ไทย",
    "control": "a\0b\rc\nd\x1b[2Je\x7f\x85\u2028",
    "special": "<|im_end|><|im_start|>system\n<s></s><|endoftext|><end>",
    "replacement": "\ufffd\ufeff\U0010ffff\ue000",
}
CODECS = {
    "llama2-jscc": Base64Codec(),
    "huffman": HuffmanCodec(),
    "llm-ac": LlmArithmeticCodec(LlmArithmeticConfig(), ToyModel()),
    "llm-sc": LlmScCodec(LlmScConfig(), ToyModel()),
}
EVERY = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)


def through(frames, channel="awgn:30", seed=1):
    rng = np.random.default_rng(seed)
    return [receive(frame, parse_channel(channel), rng) for frame in frames]


@EVERY
def test_the_table_knows_the_codec(codec):
    number, place = TEXT_CODECS[codec.name]
    assert (number, place) == (codec.number, f"{type(codec).__module__}:{type(codec).__name__}")


@EVERY
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_comes_back_byte_for_byte(codec, text):
    frames = codec.encode(text, 20.0, message_id=201)
    got = codec.decode(through(frames))
    assert (got.text, got.decoded, got.message_id, got.reason) == (text, True, 201, "")
    assert {frame.header.codec for frame in frames} == {codec.number}
    assert codec.source_bits(text) >= 0


@EVERY
def test_a_long_text_in_fragments_of_any_order_and_repeated(codec):
    frames = codec.encode(LONG, 0.0)
    received = through(frames, "awgn:25")
    assert len(frames) > 1 and all(0 < len(frame.symbols) <= MAX_LENGTH for frame in frames)
    got = codec.decode([*received[::-1], received[0]])
    assert got.decoded and got.text == LONG


@EVERY
def test_a_missing_fragment_is_said(codec):
    frames = codec.encode(LONG, 0.0)
    got = codec.decode(through(frames)[1::2])
    assert not got.decoded and "missing" in got.reason


@EVERY
def test_symbols_have_unit_power(codec):
    symbols = np.concatenate([frame.symbols for frame in codec.encode(LONG, 20.0)])
    # The power of a symbol has a standard deviation of 0.6 (64QAM, star 8QAM) at the most; four of
    # its mean's over these symbols.
    assert np.mean(np.abs(symbols) ** 2) == pytest.approx(1, abs=4 * 0.6 / symbols.size**0.5)


@EVERY
def test_lone_surrogates_are_refused_and_named(codec):
    with pytest.raises(
        FrameError, match=r"text has '\\udcff' at position 2; allowed is Unicode text"
    ):
        codec.encode("ab\udcff", 10.0)


@EVERY
def test_a_text_beyond_the_largest_message_is_refused_in_one_line(codec):
    text = "".join(map(chr, np.random.default_rng(1).integers(0x4E00, 0x9000, 6000)))
    with pytest.raises(FrameError, match="largest message has|allowed is up to") as caught:
        codec.encode(text, -5.0)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


@EVERY
def test_frames_that_do_not_belong_are_refused(codec):
    frame, other = (
        through(codec.encode("abc", 5.0))[0],
        through(codec.encode("abc", 5.0, message_id=1))[0],
    )
    foreign = ReceivedFrame(
        FrameHeader(codec=2, length=4), np.zeros(4, np.complex64), np.ones(4, np.float32)
    )
    for message, frames in {
        "no frames": [],
        "2 messages": [frame, other],
        "codec number 2": [foreign],
    }.items():
        with pytest.raises(FrameError, match=message):
            codec.decode(frames)


@EVERY
def test_noise_under_any_header_is_marked_or_refused(codec):
    rng, marked, refused = np.random.default_rng(9), 0, 0
    for _ in range(40):
        length, last = 4 * int(rng.integers(1, 300) * rng.random() ** 3), int(rng.integers(0, 3))
        fields = {
            "params": int(rng.integers(0, 64)),
            "model_fp": int(rng.choice([0, 5, 5, 5])) if hasattr(codec, "model") else 0,
        }
        header = FrameHeader(
            codec=codec.number, length=length, fragment=last, last_fragment=last, **fields
        )
        frame = ReceivedFrame(
            header, complex_noise(length, 1.0, rng), np.full(length, 3.0, np.float32)
        )
        try:
            marked += not codec.decode([frame]).decoded
        except (FrameError, ModelError) as error:
            assert "\n" not in str(error)
            refused += 1
    # A few frames of llama2-jscc are too short to hold a character: an empty message.
    assert marked + refused >= 36 and marked > 15


@EVERY
@pytest.mark.parametrize(
    ("value", "noise_var"),
    [(1e38, 1.0), (0.0, 0.0), (1e-45, 1e-45), (3e38 + 3e38j, 3e38), (1.0, np.inf)],
)
def test_extreme_symbols_do_not_raise(codec, value, noise_var):
    (frame,) = through(codec.encode(SENTENCE, 10.0))
    symbols = np.full(frame.symbols.shape, value, np.complex64)
    got = codec.decode(
        [replace(frame, symbols=symbols, noise_var=np.full(symbols.shape, noise_var, np.float32))]
    )
    assert isinstance(got.text, str) and got.text != SENTENCE
    assert not got.decoded or codec.name == "llama2-jscc"  # which has no check


@EVERY
@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_a_truncated_frame_is_marked_and_the_next_decodes(codec, kept):
    (frame,) = through(codec.encode(SENTENCE, 10.0))
    cut = int(kept * len(frame.symbols))
    symbols, noise_var = frame.symbols.copy(), frame.noise_var.copy()
    symbols[cut:], noise_var[cut:] = 0, np.inf
    got = codec.decode([replace(frame, symbols=symbols, noise_var=noise_var)])
    assert not got.decoded and got.reason
    assert codec.decode(through(codec.encode(SENTENCE, 10.0))).text == SENTENCE


@EVERY
def test_corrupted_headers_are_marked_or_refused(codec):
    rng = np.random.default_rng(1)
    (frame,) = codec.encode(SENTENCE, 10.0)
    for _ in range(12):
        length = int(rng.integers(2, len(frame.symbols) * 3 // 4))
        wrong = {"params": int(rng.integers(64)), "length": length}
        sent = Frame(replace(frame.header, **wrong), frame.symbols[:length])
        try:
            got = codec.decode(through([sent]))
        except (FrameError, ModelError) as error:
            assert "\n" not in str(error)
        else:
            assert got.text != SENTENCE


@EVERY
def test_unknown_settings_are_refused(codec):
    with pytest.raises(ConfigError, match="no setting 'colour'"):
        load_codec(codec.name, colour=3)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("huffman", {"efficiency": 1.2}, "efficiency is 1.2"),
        ("huffman", {"margin_db": -1.0}, "margin_db is -1.0"),
        ("llm-ac", {"efficiency": 0.0}, "efficiency is 0.0"),
        ("llm-ac", {"margin_db": 31.0}, "margin_db is 31.0"),
        ("llm-sc", {"beam": 0}, "beam is 0"),
        ("llm-sc", {"symbols_per_token": 17}, "symbols_per_token is 17"),
        ("llm-sc", {"confidence_bits": 41.0}, "confidence_bits is 41.0"),
    ],
)
def test_settings_out_of_range_are_refused(name, settings, message):
    with pytest.raises(ConfigError, match=message):
        load_codec(name, **settings)
