# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text bench: its rows, its searches for a rate, its command."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from semcom_core.bench.text import Link, Trial, Trials, efficiency_for, highest_passing, summarise
from semcom_core.channel import parse_channel
from semcom_core.cli import main
from semcom_core.errors import ConfigError
from semcom_core.phy import Frame, FrameHeader, Transmitter
from semcom_core.text import DecodedText
from semcom_core.text.spinal import SpinalCodec, SpinalConfig
from tests.core.text.toy_model import ToyModel

FIELDS = [
    "codec", "channel", "snr_db", "sentences", "words", "bits_per_word", "uses_per_word", "air_uses_per_word", "air_ratio", "exact_rate",
    "delivered", "marked", "marked_of_wrong", "bleu1", "bleu2", "bleu3", "bleu4", "similarity", "bound_ratio", "limit_ratio", "rounds",
    "encode_s", "decode_s",
]
AT_0_DB = parse_channel("awgn:0")  # capacity 1 bit a use
SENTENCES = ["the house has voted on the question.", "we would like to thank the president.", "the committee will meet again."]


def trial(sent: str, got: str, decoded: bool, bits=100.0, lengths=(150,), encode_s=0.25, decode_s=0.5) -> Trial:
    return Trial(sent, DecodedText(got, decoded), bits, lengths, encode_s, decode_s)


def run(trials: Trials) -> list[Trial]:
    return [trials.run(number, text) for number, text in enumerate(SENTENCES)]


def test_row_of_a_list_made_by_hand():
    trials = [
        trial("a b c d", "a b c d", True),
        trial("a b c d e f", "a b c d e f", False, bits=300.0, lengths=(200, 150), decode_s=1.5),
        trial("a b c d", "x y z w", False),
        trial("a b c d e f", "a b c d e x", True),
    ]
    row = summarise("deflate", AT_0_DB, trials)
    assert list(row) == FIELDS
    expected = {
        "codec": "deflate", "channel": "awgn:0", "snr_db": 0.0, "sentences": 4, "words": 20, "bits_per_word": 600 / 20,
        "uses_per_word": 800 / 20, "exact_rate": 0.5, "delivered": 0.5, "marked": 2,
        "marked_of_wrong": 0.5, "bleu1": (1 + 1 + 0 + 5 / 6) / 4, "bleu2": (2 + (5 / 6 * 4 / 5) ** 0.5) / 4, "bound_ratio": 800 / 600,
        "rounds": 1.0, "encode_s": 0.25, "decode_s": 0.75,
    }
    assert {name: row[name] for name in expected} == pytest.approx(expected)
    assert row["bleu1"] > row["bleu4"] > 0.5 and 0.5 < row["similarity"] < 1
    assert 1.1 < row["limit_ratio"] < 1.6


def test_samples_on_air_are_those_of_real_bursts():
    trials = [trial("a", "a", True, lengths=lengths) for lengths in ((150,), (200, 90), (60,))]

    def samples(*lengths: int) -> int:
        frames = [Frame(FrameHeader(codec=3, message_id=i, length=n), np.ones(n, np.complex64)) for i, n in enumerate(lengths)]
        return len(Transmitter().burst(frames))

    row = summarise("deflate", AT_0_DB, trials)
    assert row["air_uses_per_word"] == (samples(150) + samples(200, 90) + samples(60)) / 3
    together = {"1": 3 * row["air_uses_per_word"], "2": samples(150, 200, 90) + samples(60), "4": samples(150, 200, 90, 60)}
    assert row["air_ratio"] == {**{n: count / 500 for n, count in together.items()}, "8": together["4"] / 500}


def test_row_is_json_and_without_wrong_sentences_has_no_share_of_them():
    row = summarise("spinal", parse_channel("awgn:6"), [trial("a b", "a b", True), trial("c d", "c d", False)])
    assert (row["marked_of_wrong"], row["exact_rate"], row["delivered"], row["marked"]) == (None, 1.0, 0.5, 1)
    assert json.loads(json.dumps(row)) == row


def test_trials_with_a_language_model():
    codec, channel = SpinalCodec(SpinalConfig(), ToyModel()), parse_channel("awgn:9")
    trials = run(Trials(Link("spinal", {}, channel), codec))
    row = summarise("spinal", channel, trials)
    assert [t.received.message_id for t in trials] == [0, 1, 2] and [t.sent for t in trials] == SENTENCES
    assert (row["exact_rate"], row["delivered"], row["sentences"], row["words"]) == (1.0, 1.0, 3, 19)
    assert row["bits_per_word"] == pytest.approx(sum(map(codec.source_bits, SENTENCES)) / 19)
    assert 1.2 < row["bound_ratio"] < 2.5 and row["air_uses_per_word"] > row["uses_per_word"]


def test_probability_noise_is_at_the_receiver_only():
    codec = SpinalCodec(SpinalConfig(), ToyModel())
    link = Link("spinal", {}, parse_channel("awgn:9"), probability_noise=0.5)
    receiver = link.receiver(codec, np.random.default_rng(1))
    tokens = codec.model.tokenize("the")
    off = np.abs(receiver.model.log2_probs(tokens) - codec.model.log2_probs(tokens))
    assert 0.4 < off.max() <= 0.5 + 1e-4 and receiver.config == codec.config
    assert replace(link, probability_noise=0.0).receiver(codec, np.random.default_rng(1)) is codec


def test_trials_repeat_with_the_seed_and_end_in_marks_far_above_the_rate():
    link = Link("deflate", {}, parse_channel("awgn:3"))
    codec = link.sender()

    class Optimist(type(codec)):
        def encode(self, text, snr_db, message_id=0):
            return super().encode(text, snr_db + 12, message_id)

    trials = run(Trials(link, Optimist()))
    row = summarise("deflate", link.channel, trials)
    assert (row["delivered"], row["exact_rate"], row["marked_of_wrong"]) == (0.0, 0.0, 1.0)
    assert [t.received.text for t in trials] == [t.received.text for t in run(Trials(link, Optimist()))]
    other = run(Trials(replace(link, seed=2), Optimist()))
    assert [t.received.text for t in trials] != [t.received.text for t in other]


def test_highest_passing_stops_at_the_first_that_reaches_the_rate():
    tried = []

    def measure(efficiency):
        tried.append(efficiency)
        return {"exact_rate": 1.3 - efficiency, "efficiency": efficiency}

    assert highest_passing(measure, [0.3, 0.5, 0.4, 0.1], 0.9)["efficiency"] == 0.4
    assert tried == [0.5, 0.4]
    assert highest_passing(measure, [0.5, 0.7], 0.9)["efficiency"] == 0.5


def test_efficiency_for_is_the_lowest_that_fits_the_budget():
    assert efficiency_for(lambda efficiency: 30 / efficiency, 60) == 0.5
    assert efficiency_for(lambda efficiency: 30 / efficiency, 1e9) == 0.1
    assert efficiency_for(lambda efficiency: 30 / efficiency, 25) == 1.2
    with pytest.raises(ConfigError, match="limited to 24"):
        efficiency_for(lambda efficiency: 30 / efficiency, 24)


@pytest.fixture
def data(tmp_path) -> str:
    path = tmp_path / "sentences.txt"
    path.write_text("\n".join(SENTENCES) + "\n", encoding="utf-8")
    return str(path)


def bench(*arguments: str) -> int:
    return main(["bench", "text", "--codec", "deflate", "--split", "all", *arguments])


def test_command_prints_a_line_a_row_and_writes_them(data, tmp_path, capsys):
    path = tmp_path / "text.json"
    assert bench("--data", data, "--snr-db", "6", "12", "--limit", "2", "--seed", "3", "--json", str(path)) == 0
    found = json.loads(path.read_text(encoding="utf-8"))
    assert list(found) == ["bench", "version", "seed", "settings", "rows"]
    assert (found["bench"], found["seed"], found["settings"]["codec"], found["settings"]["limit"]) == ("text", 3, ["deflate"], 2)
    assert [list(row) for row in found["rows"]] == [FIELDS, FIELDS]
    assert [(row["channel"], row["sentences"], row["exact_rate"]) for row in found["rows"]] == [("awgn:6", 2, 1.0), ("awgn:12", 2, 1.0)]
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["deflate", "awgn:6"], ["deflate", "awgn:12"]]
    assert lines[2].startswith("deflate at 6 dB: exact 1.000 (target >= 0.97: reached)") and lines[-1].startswith("process: memory ")


def test_command_keeps_the_uses_within_a_budget(data, tmp_path):
    path = tmp_path / "text.json"
    assert bench("--data", data, "--snr-db", "9", "--uses-per-word", "20", "--json", str(path)) == 0
    row = json.loads(path.read_text(encoding="utf-8"))["rows"][0]
    assert 16 < row["uses_per_word"] <= 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--probability-noise", "0.01"], "codec 'deflate' has no language model; --probability-noise goes with spinal"),
        (["--data", "no_such_file.txt"], "data is 'no_such_file.txt'; allowed is a file"),
        (["--codec", "deflate", "morse"], "codec is 'morse'; allowed is one of deflate, spinal"),
        (["--words", "9"], "words is '9'"),
        (["--split", "dev"], "split is 'dev'"),
        (["--channel", "fog"], "channel term is 'fog:6'"),
        (["--jobs", "0"], "jobs is 0; allowed is 1 to 1024"),
        (["--limit", "0"], "limit is 0; allowed is 1"),
        (["--seed", "-1"], "seed is -1; allowed is 0"),
        (["--set", "x=1"], "DeflateConfig has no setting 'x'"),
        (["--uses-per-word", "0"], "uses per word are limited to 0; allowed is above 0"),
        (["--uses-per-word", "1"], "mean uses of a sentence are limited to "),
        (["--json", "/no/such/folder/a.json"], "output file is '/no/such/folder/a.json'; allowed is a file in a folder that exists"),
    ],
)
def test_bad_options_are_one_line_and_status_2(data, arguments, message, capsys):
    assert bench("--data", data, "--snr-db", "6", *arguments) == 2
    error = capsys.readouterr().err.splitlines()
    assert error[-1].startswith(f"semcom: {message}")


def test_missing_data_is_one_line_and_status_2(monkeypatch, capsys):
    monkeypatch.delenv("SEMCOM_DATA", raising=False)
    assert bench() == 2
    assert capsys.readouterr().err.startswith("semcom: no data: name a file of one sentence a line with --data, or a folder")
