# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text bench: trials, rows, rounds and jobs."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from semcom_core.bench.jobs import Workers
from semcom_core.bench.text.link import TextLink as Link
from semcom_core.bench.text.link import Trial, Trials, joined
from semcom_core.bench.text.results import series, summarise
from semcom_core.channel import parse_channel
from semcom_core.datasets.corpus import Message
from semcom_core.errors import ConfigError
from semcom_core.phy import Frame, FrameHeader, ReceivedFrame, Transmitter
from semcom_core.text import DecodedText
from semcom_core.text.spinal.codec import SpinalCodec, SpinalConfig
from tests.core.text.toy_model import ToyModel

FIELDS = [
    "codec",
    "channel",
    "snr_db",
    "sentences",
    "words",
    "bits_per_word",
    "uses_per_word",
    "air_uses_per_word",
    "air_ratio",
    "exact_rate",
    "delivered",
    "marked",
    "marked_of_wrong",
    "bleu1",
    "bleu2",
    "bleu3",
    "bleu4",
    "similarity",
    "bound_ratio",
    "limit_ratio",
    "rounds",
    "encode_s",
    "decode_s",
    "design_snr_db",
    "efficiency",
    "max_rounds",
    "pilots",
    "context",
    "throughput",
    "gap",
]
DEFLATE_0_DB = Link("deflate", {}, parse_channel("awgn:0"))  # capacity 1 bit a use
SENTENCES = [
    "the house has voted on the question.",
    "we would like to thank the president.",
    "the committee will meet again.",
]
MESSAGES = [Message(text) for text in SENTENCES]


def trial(
    sent: str,
    got: str,
    decoded: bool,
    bits=100.0,
    lengths=(150,),
    encode_s=0.25,
    decode_s=0.5,
    **more,
) -> Trial:
    return Trial(sent, DecodedText(got, decoded), bits, lengths, encode_s, decode_s, **more)


def run(trials: Trials) -> list[Trial]:
    return [trials.run(number, message) for number, message in enumerate(MESSAGES)]


def test_row_of_a_list_made_by_hand():
    trials = [
        trial("a b c d", "a b c d", True, rounds=3, gap={"source": 100.0, "code": 50.0}),
        trial(
            "a b c d e f",
            "a b c d e f",
            False,
            bits=300.0,
            lengths=(200, 150),
            decode_s=1.5,
            gap={"source": 300.0, "code": 50.0},
        ),
        trial("a b c d", "x y z w", False),
        trial("a b c d e f", "a b c d e x", True),
    ]
    row = summarise(replace(DEFLATE_0_DB, rounds=4), trials)
    assert list(row) == FIELDS
    expected = {
        "codec": "deflate",
        "channel": "awgn:0",
        "snr_db": 0.0,
        "sentences": 4,
        "words": 20,
        "bits_per_word": 600 / 20,
        "uses_per_word": 800 / 20,
        "exact_rate": 0.5,
        "delivered": 0.5,
        "marked": 2,
        "marked_of_wrong": 0.5,
        "bleu1": (1 + 1 + 0 + 5 / 6) / 4,
        "bleu2": (2 + (5 / 6 * 4 / 5) ** 0.5) / 4,
        "bound_ratio": 800 / 600,
        "rounds": 1.5,
        "encode_s": 0.25,
        "decode_s": 0.75,
        "design_snr_db": 0.0,
        "efficiency": 0.8,
        "max_rounds": 4,
        "pilots": 0,
        "context": 0,
        "throughput": 400 / 800,
    }
    assert {name: row[name] for name in expected} == pytest.approx(expected)
    assert (
        row["gap"] == pytest.approx({"source": 0.8, "code": 0.2})
        and series(row) == "deflate, up to 4 rounds"
    )
    assert row["bleu1"] > row["bleu4"] > 0.5 and 0.5 < row["similarity"] < 1
    assert 1.1 < row["limit_ratio"] < 1.6


def test_pilots_count_as_uses():
    row = summarise(DEFLATE_0_DB, [trial("a b", "a b", True, lengths=(100,), pilots=20)])
    assert row["uses_per_word"] == 60 and row["bound_ratio"] == 1.2


def test_samples_on_air_are_those_of_real_bursts():
    trials = [trial("a", "a", True, lengths=lengths) for lengths in ((150,), (200, 90), (60,))]

    def samples(*lengths: int) -> int:
        frames = [
            Frame(FrameHeader(codec=3, message_id=i, length=n), np.ones(n, np.complex64))
            for i, n in enumerate(lengths)
        ]
        return len(Transmitter().burst(frames))

    row = summarise(DEFLATE_0_DB, trials)
    assert row["air_uses_per_word"] == (samples(150) + samples(200, 90) + samples(60)) / 3
    together = {
        "1": 3 * row["air_uses_per_word"],
        "2": samples(150, 200, 90) + samples(60),
        "4": samples(150, 200, 90, 60),
    }
    assert row["air_ratio"] == {
        **{n: count / 500 for n, count in together.items()},
        "8": together["4"] / 500,
    }


def test_row_is_json_and_without_wrong_sentences_has_no_share_of_them():
    row = summarise(DEFLATE_0_DB, [trial("a b", "a b", True), trial("c d", "c d", False)])
    assert (row["marked_of_wrong"], row["exact_rate"], row["delivered"], row["marked"]) == (
        None,
        1.0,
        0.5,
        1,
    )
    assert json.loads(json.dumps(row)) == row


def test_trials_with_a_language_model():
    codec, link = (
        SpinalCodec(SpinalConfig(), ToyModel()),
        Link("spinal", {}, parse_channel("awgn:9")),
    )
    trials = run(Trials(link, codec))
    row = summarise(link, trials)
    assert [t.received.message_id for t in trials] == [0, 1, 2] and [
        t.sent for t in trials
    ] == SENTENCES
    assert (row["exact_rate"], row["delivered"], row["sentences"], row["words"]) == (
        1.0,
        1.0,
        3,
        19,
    )
    assert row["bits_per_word"] == pytest.approx(sum(map(codec.source_bits, SENTENCES)) / 19)
    assert 1.2 < row["bound_ratio"] < 2.5 and row["air_uses_per_word"] > row["uses_per_word"]
    assert sum(trials[0].gap.values()) == pytest.approx(trials[0].uses) and sum(
        row["gap"].values()
    ) == pytest.approx(1)


def test_probability_noise_is_at_the_receiver_only():
    codec = SpinalCodec(SpinalConfig(), ToyModel())
    link = Link("spinal", {}, parse_channel("awgn:9"), probability_noise=0.5)
    receiver = link.receiver(codec, np.random.default_rng(1))
    tokens = codec.model.tokenize("the")
    off = np.abs(receiver.model.log2_probs(tokens) - codec.model.log2_probs(tokens))
    assert 0.4 < off.max() <= 0.5 + 1e-4 and receiver.config == codec.config
    assert replace(link, probability_noise=0.0).receiver(codec, np.random.default_rng(1)) is codec


def test_trials_repeat_with_the_seed_and_end_in_marks_far_below_the_design_snr():
    link = Link("deflate", {}, parse_channel("awgn:3"), design_snr_db=15)
    trials = run(Trials(link))
    row = summarise(link, trials)
    assert (row["delivered"], row["exact_rate"], row["marked_of_wrong"], row["design_snr_db"]) == (
        0.0,
        0.0,
        1.0,
        15.0,
    )
    assert [t.received.text for t in trials] == [t.received.text for t in run(Trials(link))]
    assert [t.received.text for t in trials] != [
        t.received.text for t in run(Trials(replace(link, seed=2)))
    ]


def test_rounds_without_increments_are_copies_and_end_when_the_text_is_decoded():
    link = Link("deflate", {}, parse_channel("awgn:3"), rounds=4, design_snr_db=8)
    trials = run(Trials(link))
    once = run(Trials(replace(link, rounds=1)))
    assert all(t.received.decoded for t in trials) and not any(t.received.decoded for t in once)
    assert all(
        2 <= t.rounds <= 4 and t.uses == t.rounds * first.uses for t, first in zip(trials, once)
    )
    assert [t.rounds for t in run(Trials(replace(link, design_snr_db=3.0)))] == [1, 1, 1]


def test_rounds_with_increments_are_fresh_symbols_and_fewer_uses():
    codec = SpinalCodec(SpinalConfig(efficiency=0.8, increment=0.5, expansions=100), ToyModel())
    link = Link("spinal", {}, parse_channel("awgn:6"), rounds=4, design_snr_db=9.0)
    trials, once = run(Trials(link, codec)), run(Trials(replace(link, rounds=1), codec))
    assert all(t.received.text == t.sent for t in trials) and max(t.rounds for t in trials) > 1
    for several, first in zip(trials, once):
        extra = several.uses - first.uses
        assert (
            extra == 0
            if several.rounds == 1
            else 0.45 * (several.rounds - 1) < extra / first.uses < 0.6 * (several.rounds - 1)
        )


def test_copies_are_combined_and_other_frames_kept():
    def frame(fragment: int, value: float) -> ReceivedFrame:
        header = FrameHeader(codec=2, fragment=fragment, last_fragment=1, length=2)
        return ReceivedFrame(header, np.full(2, value, np.complex64), np.ones(2, np.float32))

    found = joined(joined(joined([], frame(0, 1.0)), frame(1, 5.0)), frame(0, 2.0))
    assert [(f.header.fragment, f.symbols[0], f.noise_var[0]) for f in found] == [
        (1, 5.0, 1.0),
        (0, 1.5, 0.5),
    ]


def test_context_is_refused_by_a_codec_without_it():
    with pytest.raises(
        ConfigError, match="codec 'deflate' takes no context; allowed is --context 0"
    ):
        Trials(DEFLATE_0_DB).run(0, Message("b", ("a",)))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"rounds": 5}, "rounds is 5; allowed is 1 to 4"),
        ({"rounds": 0}, "rounds is 0"),
        ({"pilots": -1}, "pilots is -1; allowed is 0"),
        ({"design_snr_db": 90.0}, "design SNR in dB is 90.0; allowed is -20 to 60"),
    ],
)
def test_links_out_of_range_are_refused(more, message):
    with pytest.raises(ConfigError, match=message):
        replace(DEFLATE_0_DB, **more)


def test_jobs_in_processes_give_the_same_trials_and_stop_early():
    link = Link("deflate", {}, parse_channel("awgn:6"))

    def told(trials) -> list:
        return [(t.sent, t.received.text, t.uses) for t in trials]

    with Workers() as here, Workers(2) as two:
        expected = told(here.trials(link, MESSAGES))
        assert told(two.trials(link, MESSAGES)) == expected
        begun = two.trials(link, MESSAGES * 100)
        assert told([next(begun)]) == expected[:1]
        begun.close()
        assert told(two.trials(link, MESSAGES[:1])) == expected[:1]


@pytest.mark.parametrize("jobs", [0, 1025])
def test_jobs_out_of_range_are_refused(jobs):
    with pytest.raises(ConfigError, match=f"jobs is {jobs}; allowed is 1 to 1024"):
        Workers(jobs)


def test_without_ray_a_cluster_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(
        ConfigError, match="ray is 'auto'; it needs Ray: pip install 'gr-semcom.bench.'"
    ):
        Workers(2, "auto")
