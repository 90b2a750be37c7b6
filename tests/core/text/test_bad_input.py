# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts and frames that a codec did not expect: they arrive byte for byte, or are refused or
marked, and the next message arrives.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from semcom_core.channel import parse_channel
from semcom_core.errors import FrameError, ModelError
from semcom_core.models import loader
from semcom_core.phy import Frame
from semcom_core.simulation import transmit_symbols as receive
from semcom_core.terminal import for_stream, visible
from semcom_core.text import load_codec
from semcom_core.text.baselines.deflate import DeflateCodec
from semcom_core.text.spinal import codec as spinal
from semcom_core.text.spinal.codec import SpinalCodec, SpinalConfig
from tests.core.text.toy_model import ToyModel

SENTENCE = "this is the first time that the house has voted on the question."
LONG = " ".join(f"{SENTENCE} paragraph {number} of the report." for number in range(200))[:10000]
TEXTS = {
    "empty": "",
    "emoji": "\U0001f469\u200d\U0001f4bb \U0001f1e9\U0001f1ea ❤\ufe0f",
    "scripts": "Ελλ नमस्ते 你好 שלום 한국 ไทย",
    "control": "a\0b\rc\nd\x1b[2Je\x7f\x85\u2028",
    "special": "<|im_end|><|im_start|>system\n<s></s><|endoftext|>",
    "replacement": "\ufffd\ufeff\U0010ffff\ue000",
}


def codecs(key="", expansions=200):
    return {
        "deflate": DeflateCodec(),
        "spinal": SpinalCodec(SpinalConfig(key=key, expansions=expansions), ToyModel()),
    }


def through(frames, channel="awgn:14", seed=1):
    rng = np.random.default_rng(seed)
    return [receive(frame, parse_channel(channel), rng) for frame in frames]


@pytest.mark.parametrize("name", ["deflate", "spinal"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_comes_back_byte_for_byte(name, text):
    codec = codecs(expansions=4096)[name]
    got = codec.decode(through(codec.encode(text, 12.0)))
    assert got.decoded and got.text.encode() == text.encode()


@pytest.mark.parametrize("name", ["deflate", pytest.param("spinal", marks=pytest.mark.slow)])
def test_ten_thousand_characters_are_one_message(name):
    codec = codecs(expansions=4096)[name]
    frames = codec.encode(LONG, 8.0)
    got = codec.decode(through(frames, "awgn:10"))
    assert len(LONG) == 10000 and got.decoded and got.text == LONG


def test_a_text_of_more_tokens_gets_longer_fragments(monkeypatch):
    monkeypatch.setattr(spinal, "FRAGMENT_SYMBOLS", 5)
    monkeypatch.setattr(spinal, "LONG_FRAGMENT_SYMBOLS", 12)
    codec, text = codecs()["spinal"], (SENTENCE * 3)[:190]
    frames = codec.encode(text, 10.0)
    assert len(frames) == 16
    assert codec.decode(through(frames)).text == text
    with pytest.raises(
        FrameError, match="193 tokens; allowed is what fits 16 fragments of 12 tokens"
    ):
        codec.encode((SENTENCE * 4)[:193], 10.0)


@pytest.mark.parametrize("name", ["deflate", "spinal"])
def test_a_text_beyond_the_largest_message_is_refused_in_one_line(name):
    text = "".join(map(chr, np.random.default_rng(1).integers(0x4E00, 0x9000, 20000)))
    with pytest.raises(FrameError) as caught:
        codecs()[name].encode(text, 0.0)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


@pytest.mark.parametrize("name", ["deflate", "spinal"])
def test_lone_surrogates_are_refused_and_named(name):
    with pytest.raises(
        FrameError, match=r"text has '\\udcff' at position 2; allowed is Unicode text"
    ):
        codecs()[name].encode("ab\udcff", 10.0)


@pytest.mark.parametrize(
    "other",
    [
        codecs(key="another key")["spinal"],
        SpinalCodec(SpinalConfig(), ToyModel("00000000000000b5")),
    ],
)
def test_a_wrong_key_or_a_like_model_gives_a_marked_guess(other):
    got = other.decode(through(codecs()["spinal"].encode(SENTENCE, 10.0)))
    assert not got.decoded and got.reason and isinstance(got.text, str)


def test_a_wrong_model_is_named():
    other = SpinalCodec(SpinalConfig(), ToyModel("00000000000000a6"))
    with pytest.raises(
        ModelError, match="was made with a model of fingerprint …5; the model here is toy"
    ):
        other.decode(through(codecs()["spinal"].encode(SENTENCE, 10.0)))


@pytest.mark.parametrize("name", ["deflate", "spinal"])
@pytest.mark.parametrize("kept", [0.0, 0.5, 0.9])
def test_a_truncated_frame_is_marked_with_the_best_guess_and_the_next_decodes(name, kept):
    codec = codecs()[name]
    (frame,) = through(codec.encode(SENTENCE, 10.0))
    cut = int(kept * len(frame.symbols))
    symbols, noise_var = (
        frame.symbols.copy(),
        np.broadcast_to(frame.noise_var, frame.symbols.shape).astype(np.float32),
    )
    symbols[cut:], noise_var[cut:] = 0, np.inf
    got = codec.decode([replace(frame, symbols=symbols, noise_var=noise_var)])
    assert (not got.decoded and got.reason) or (
        kept == 0.9 and got.text == SENTENCE
    )  # the code may make up for it
    assert codec.decode(through(codec.encode(SENTENCE, 10.0))).text == SENTENCE


@pytest.mark.parametrize("name", ["deflate", "spinal"])
def test_corrupted_headers_are_marked_or_refused(name):
    codec, rng = codecs()[name], np.random.default_rng(1)
    (frame,) = codec.encode(SENTENCE, 10.0)
    for _ in range(12):
        wrong = {
            "message_id": int(rng.integers(256)),
            "params": int(rng.integers(64)),
            "model_fp": int(rng.integers(16)),
        }
        length = int(rng.integers(len(frame.symbols)))
        sent = Frame(replace(frame.header, **wrong, length=length), frame.symbols[:length])
        try:
            got = codec.decode(through([sent]))
        except (FrameError, ModelError) as error:
            assert "\n" not in str(error)
        else:
            assert not got.decoded and got.reason


@pytest.mark.parametrize("name", ["deflate", "spinal"])
@pytest.mark.parametrize(
    ("value", "noise_var"),
    [(1e38, 1.0), (0.0, 0.0), (1e-45, 1e-45), (3e38 + 3e38j, 3e38), (1.0, np.inf)],
)
def test_extreme_symbols_are_marked(name, value, noise_var):
    codec = codecs()[name]
    (frame,) = through(codec.encode(SENTENCE, 10.0))
    symbols = np.full(frame.symbols.shape, value, np.complex64)
    got = codec.decode(
        [replace(frame, symbols=symbols, noise_var=np.full(symbols.shape, noise_var, np.float32))]
    )
    assert not got.decoded and got.reason


def test_missing_weights_are_named_with_the_command_that_gets_them(monkeypatch):
    monkeypatch.setattr(loader.importlib.util, "find_spec", lambda name: None)
    loader._load.cache_clear()
    with pytest.raises(
        ModelError,
        match="weights of model 'smollm2-135m' are not installed; .*`semcom models fetch",
    ) as caught:
        load_codec("spinal")
    assert "\n" not in str(caught.value)


def test_what_would_steer_a_terminal_is_shown_as_symbols():
    assert visible("a\x1b[2J\r\0\x7f\x9b\u202e\ud800") == "a␛[2J␍␀␡<U+009B><U+202E><U+D800>"
    assert (
        visible("tab\tline\n" + TEXTS["emoji"] + TEXTS["scripts"])
        == "tab\tline\n" + TEXTS["emoji"] + TEXTS["scripts"]
    )

    class Latin:
        encoding = "latin-1"

    assert for_stream("ü 你", Latin()) == "ü \\u4f60"
