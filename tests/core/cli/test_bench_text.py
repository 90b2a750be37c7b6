# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench text`: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json

import pytest

from semcom_core.cli import main
from semcom_core.text import TEXT_CODECS

SENTENCES = [
    "the house has voted on the question.",
    "we would like to thank the president.",
    "the committee will meet again.",
]


@pytest.fixture
def data(tmp_path) -> str:
    path = tmp_path / "sentences.txt"
    path.write_text("\n".join(SENTENCES) + "\n", encoding="utf-8")
    return str(path)


def bench(*arguments: str) -> int:
    return main(["bench", "text", "--codec", "deflate", "--split", "all", *arguments])


def rows_of(path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["rows"]


def test_command_prints_a_line_a_row_and_writes_them(data, tmp_path, capsys):
    path, plot = tmp_path / "text.json", tmp_path / "text.png"
    arguments = [
        "--snr-db",
        "6",
        "12",
        "--limit",
        "2",
        "--seed",
        "3",
        "--json",
        str(path),
        "--plot",
        str(plot),
    ]
    assert bench("--data", data, *arguments) == 0
    found = json.loads(path.read_text(encoding="utf-8"))
    assert list(found) == ["bench", "version", "seed", "settings", "rows"]
    assert (
        found["bench"],
        found["seed"],
        found["settings"]["codec"],
        found["settings"]["limit"],
    ) == ("text", 3, ["deflate"], 2)
    assert [(row["channel"], row["sentences"], row["exact_rate"]) for row in found["rows"]] == [
        ("awgn:6", 2, 1.0),
        ("awgn:12", 2, 1.0),
    ]
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [
        ["deflate", "awgn:6"],
        ["deflate", "awgn:12"],
    ]
    assert lines[3].split()[:2] == ["codec", "SNR"] and lines[4].split()[:2] == ["deflate", "6"]
    assert any(
        line.startswith("deflate at 6 dB: exact 1.000 (target >= 0.99: reached)") for line in lines
    )
    assert lines[-1].startswith("process: memory ") and plot.read_bytes().startswith(b"\x89PNG")


def test_command_keeps_the_uses_within_a_budget_and_says_what_it_leaves_out(data, tmp_path, capsys):
    path = tmp_path / "text.json"
    assert (
        bench("--data", data, "--snr-db", "-8", "9", "--uses-per-word", "20", "--json", str(path))
        == 0
    )
    (row,) = rows_of(path)
    assert row["snr_db"] == 9 and 16 < row["uses_per_word"] <= 20
    (left_out,) = json.loads(path.read_text(encoding="utf-8"))["settings"]["left_out"]
    assert left_out.startswith("deflate awgn:-8: mean uses of a sentence are limited to ")
    assert f"left out: {left_out}" in capsys.readouterr().out


def test_command_compares_rounds_and_lowers_the_snr_below_the_design(data, tmp_path):
    path = tmp_path / "text.json"
    arguments = [
        "--snr-db",
        "4",
        "--rounds",
        "1",
        "4",
        "--design-offset-db",
        "5",
        "--json",
        str(path),
    ]
    assert bench("--data", data, *arguments) == 0
    once, several = rows_of(path)
    assert (
        once["max_rounds"],
        several["max_rounds"],
        once["design_snr_db"],
        several["design_snr_db"],
    ) == (1, 4, 9.0, 9.0)
    assert (
        once["exact_rate"] == 0
        and several["exact_rate"] == 1
        and several["rounds"] > 1
        and several["throughput"] > 0
    )


def test_command_estimates_the_gains_of_fading_blocks(data, tmp_path):
    path = tmp_path / "text.json"
    arguments = [
        "--channel",
        "rician,block=24,k=12",
        "--snr-db",
        "15",
        "--pilots",
        "2",
        "--json",
        str(path),
    ]
    assert bench("--data", data, *arguments, "--set", "efficiency=0.7", "deflate.margin_db=6") == 0
    assert [(row["pilots"], row["efficiency"]) for row in rows_of(path)] == [(2, 0.7)]


def test_several_jobs_give_the_same_rows(data, tmp_path):
    found = []
    for jobs in ("1", "2"):
        path = tmp_path / f"{jobs}.json"
        assert (
            bench(
                "--data",
                data,
                "--snr-db",
                "6",
                "--set",
                "efficiency=0.7",
                "--jobs",
                jobs,
                "--json",
                str(path),
            )
            == 0
        )
        found.append(
            [
                {key: value for key, value in row.items() if not key.endswith("_s")}
                for row in rows_of(path)
            ]
        )
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--probability-noise", "0.01"],
            "codec 'deflate' has no language model; --probability-noise goes with spinal",
        ),
        (["--data", "no_such_file.txt"], "data is 'no_such_file.txt'; allowed is a file"),
        (
            ["--corpus", "no_such_corpus"],
            "corpus is 'no_such_corpus'; allowed is one of captions, dialogue, europarl, sms, "
            "tatoeba, or a",
        ),
        (
            ["--codec", "deflate", "morse"],
            f"codec is 'morse'; allowed is one of {', '.join(sorted(TEXT_CODECS))}",
        ),
        (["--words", "9"], "words is '9'"),
        (["--split", "dev"], "split is 'dev'"),
        (["--channel", "fog"], "channel term is 'fog:6'"),
        (["--jobs", "0"], "jobs is 0; allowed is 1 to 1024"),
        (["--limit", "0"], "limit is 0; allowed is 1"),
        (["--seed", "-1"], "seed is -1; allowed is 0"),
        (["--set", "x=1"], "no codec has a setting 'x'; allowed is deflate: efficiency, margin_db"),
        (
            ["--set", "spinal.beam=1"],
            "setting is 'spinal.beam'; allowed before the dot is one of deflate",
        ),
        (["--set", "efficiency=2"], "efficiency is 2; allowed is 0.05 to 1.0"),
        (["--uses-per-word", "0"], "uses per word are limited to 0; allowed is above 0"),
        (["--uses-per-word", "1"], "mean uses of a sentence are limited to "),
        (
            ["--json", "/no/such/folder/a.json"],
            "output file is '/no/such/folder/a.json'; allowed is a file in a folder that exists",
        ),
        (["--rounds", "5"], "rounds is 5; allowed is 1 to 4"),
        (
            ["--pilots", "2"],
            "channel 'awgn:6' has no fading blocks; allowed with pilots is one such as "
            "rayleigh,block=32",
        ),
        (["--context", "2"], "context is [2], and no codec of deflate takes one; allowed is 0"),
        (["--context", "-1"], "context is -1; allowed is 0 to 64"),
        (["--design-snr-db", "99"], "design SNR in dB is 99.0; allowed is -20 to 60"),
        (
            ["--distill", "morse"],
            "distill is 'morse'; allowed is one of abstractive, canonical, extractive, off",
        ),
        (["--exact", "2"], "exact is 2.0; allowed is 0.0 to 1.0"),
    ],
)
def test_bad_options_are_one_line_and_status_2(data, arguments, message, capsys):
    assert bench("--data", data, "--snr-db", "6", *arguments) == 2
    error = capsys.readouterr().err.splitlines()
    assert error[-1].startswith(f"semcom: {message}")


def test_distilled_texts_are_counted_for_the_codec_that_is_named(
    data, tmp_path, monkeypatch, capsys
):
    """The distiller itself is tested where it is; here one that drops the first word stands in for
    it.
    """
    from semcom_core.cli.bench import distillation as command

    class Shortener:
        def __init__(self, mode, codec, device):
            self.mode, self.codec = mode, codec.name
            self.device = device

    def row(corpus, texts, codec, snr_db, distiller):
        return {
            "corpus": corpus,
            "codec": codec.name,
            "mode": distiller.mode,
            "snr_db": snr_db,
            "sentences": len(texts),
        }

    monkeypatch.setattr(command, "load_distiller", Shortener)
    monkeypatch.setattr(command, "distill_row", row)
    monkeypatch.setattr(
        command,
        "corpora",
        lambda folder, names, split, limit, rng: {name: SENTENCES[:limit] for name in names},
    )
    monkeypatch.setattr(command, "describe", str)
    monkeypatch.setattr(command, "targets", lambda rows: [f"{len(rows)} rows"])
    path = tmp_path / "distill.json"
    arguments = [
        "--distill",
        "extractive",
        "--corpus",
        "sms",
        "--snr-db",
        "3",
        "6",
        "--limit",
        "2",
        "--json",
        str(path),
    ]
    assert bench("--data", data, *arguments) == 0
    expected = {"corpus": "sms", "codec": "deflate", "mode": "extractive", "sentences": 2}
    assert rows_of(path) == [{**expected, "snr_db": snr_db} for snr_db in (3.0, 6.0)]
    assert capsys.readouterr().out.splitlines()[-1] == "2 rows"


def test_missing_data_is_one_line_and_status_2(monkeypatch, capsys):
    monkeypatch.delenv("SEMCOM_DATA", raising=False)
    assert bench() == 2
    assert capsys.readouterr().err.startswith(
        "semcom: no data: name a file of one sentence a line with --data, or a folder"
    )
