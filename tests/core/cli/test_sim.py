# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom sim`: text through a simulated channel, with the modem and without."""

from __future__ import annotations

import json

import numpy as np
import pytest

from semcom_core import __version__
from semcom_core.cli import main

TEXT = "The boat leaves from pier 4 at 6:45 — 😀."


def sim(*arguments: str) -> int:
    return main(["sim", "--codec", "deflate", *arguments])


def test_through_the_modem_with_a_frequency_offset(tmp_path, capsys):
    path = tmp_path / "sim.json"
    assert sim("--text", TEXT, "--channel", "awgn:8+cfo:12khz", "--json", str(path)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"sent      {TEXT}", f"received  {TEXT}"] and "samples on air" in lines[2]
    found = json.loads(path.read_text(encoding="utf-8"))
    assert list(found) == ["bench", "version", "seed", "settings", "rows"]
    assert (found["bench"], found["version"], found["seed"]) == ("sim", __version__, 1)
    expected = {
        "channel": "awgn:8+cfo:12000",
        "codec": "deflate",
        "modem": True,
        "profile": "standard",
        "harq": False,
        "adapt": None,
    }
    assert found["settings"] == expected
    row = found["rows"][0]
    assert (row["sent"], row["received"], row["decoded"], row["exact"], row["reason"]) == (
        TEXT,
        TEXT,
        True,
        True,
        "",
    )
    assert row["air_uses"] > row["uses"] > 8 * len(TEXT) / 4


def test_without_the_modem(tmp_path, capsys):
    path = tmp_path / "sim.json"
    assert sim("--text", TEXT, "--channel", "awgn:8", "--no-modem", "--json", str(path)) == 0
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["settings"]["modem"] is False
    assert found["rows"][0]["exact"] and found["rows"][0]["air_uses"] is None
    assert "samples on air" not in capsys.readouterr().out


def test_each_line_of_a_file_is_a_message(tmp_path, capsys):
    path, report = tmp_path / "texts.txt", tmp_path / "sim.json"
    path.write_text("first message\nsecond message\n\n", encoding="utf-8")
    assert (
        sim("--text-file", str(path), "--channel", "awgn:8", "--no-modem", "--json", str(report))
        == 0
    )
    rows = json.loads(report.read_text(encoding="utf-8"))["rows"]
    assert [row["received"] for row in rows] == ["first message", "second message", ""]
    assert capsys.readouterr().out.count("sent      ") == 3


@pytest.mark.parametrize("modem", [[], ["--no-modem"]])
def test_a_message_that_does_not_arrive_is_said_and_status_1(modem, capsys, tmp_path):
    path = tmp_path / "sim.json"
    assert (
        sim(
            "--text",
            TEXT,
            "--channel",
            "awgn:-15",
            "--design-snr-db",
            "12",
            "--json",
            str(path),
            *modem,
        )
        == 1
    )
    row = json.loads(path.read_text(encoding="utf-8"))["rows"][0]
    assert (row["decoded"], row["exact"]) == (False, False)
    assert row["reason"] == ("the CRC does not hold" if modem else "no frame was received")
    assert f"[undecoded: {row['reason']}]" in capsys.readouterr().out


def test_a_noise_free_channel_with_an_snr_to_design_for(capsys):
    assert sim("--text", TEXT, "--channel", "clean", "--design-snr-db", "20") == 0
    assert f"received  {TEXT}" in capsys.readouterr().out


def test_settings_reach_the_codec(tmp_path):
    uses = {}
    for efficiency in ("0.4", "0.8"):
        path = tmp_path / f"{efficiency}.json"
        assert (
            sim(
                "--text",
                TEXT,
                "--no-modem",
                "--json",
                str(path),
                "--set",
                f"efficiency={efficiency}",
                "margin_db=0.0",
            )
            == 0
        )
        uses[efficiency] = json.loads(path.read_text(encoding="utf-8"))["rows"][0]["uses"]
    assert uses["0.4"] > 1.6 * uses["0.8"]


def test_the_seed_decides_the_noise(tmp_path):
    got = {}
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        path = tmp_path / name
        assert (
            sim(
                "--text",
                TEXT,
                "--channel",
                "awgn:-3",
                "--design-snr-db",
                "9",
                "--no-modem",
                "--seed",
                seed,
                "--json",
                str(path),
            )
            == 1
        )
        got[name] = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert got["a"] == got["b"] != got["c"]


def test_a_message_that_is_refused_does_not_keep_the_next_from_being_sent(tmp_path, capsys):
    texts, results = tmp_path / "texts.txt", tmp_path / "results.json"
    texts.write_text(
        "".join(map(chr, np.random.default_rng(1).integers(0x4E00, 0x9000, 4000)))
        + "\nGood morning.\n",
        encoding="utf-8",
    )
    status = main(
        [
            "sim",
            "--codec",
            "deflate",
            "--text-file",
            str(texts),
            "--channel",
            "awgn:-5",
            "--no-modem",
            "--json",
            str(results),
        ]
    )
    refused, sent = json.loads(results.read_text(encoding="utf-8"))["rows"]
    assert (
        status == 1
        and not refused["decoded"]
        and "the largest message has" in refused["reason"]
        and refused["uses"] == 0
    )
    assert sent["exact"] and sent["received"] == "Good morning."
    assert main(["sim", "--codec", "deflate", "--text", "\ud800"]) == 1
    assert "position 0" in capsys.readouterr().out


def test_the_long_range_profile_carries_a_text_below_the_noise(capsys):
    assert sim("--text", TEXT, "--channel", "awgn:-3", "--profile", "long-range") == 0
    assert f"received  {TEXT}" in capsys.readouterr().out


def test_unknown_profile_is_refused(capsys):
    assert sim("--text", TEXT, "--profile", "far") == 2
    assert (
        capsys.readouterr().err
        == "semcom: profile is 'far'; allowed is one of long-range, standard\n"
    )
