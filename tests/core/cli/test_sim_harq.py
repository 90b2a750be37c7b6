# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom sim` with a way back: rounds until a message decodes, and rates that follow the measured
SNR.
"""

from __future__ import annotations

import json

import pytest

from semcom_core.cli import main, sim
from tests.core.link.round_codec import FIRST, MORE, RoundCodec


@pytest.fixture
def run(tmp_path, monkeypatch):
    """run(count, options): exit status and rows of so many messages by a codec with increments."""

    def go(count, *options):
        monkeypatch.setattr(sim, "codec_from", lambda args: RoundCodec())
        texts, report = tmp_path / "texts.txt", tmp_path / "sim.json"
        texts.write_text("\n".join(f"text {i}" for i in range(count)), encoding="utf-8")
        status = main(["sim", "--text-file", str(texts), "--json", str(report), *options])
        return status, json.loads(report.read_text(encoding="utf-8"))

    return go


def test_increments_make_up_for_a_wrong_rate(run, capsys):
    options = ["--channel", "awgn:3", "--design-snr-db", "6", "--no-modem"]
    status, found = run(3, *options, "--harq")
    assert status == 0 and found["settings"]["harq"] is True
    assert [(row["rounds"], row["uses"], row["exact"]) for row in found["rows"]] == [
        (3, FIRST + 2 * MORE, True)
    ] * 3
    assert all(
        row["snr_db"] == pytest.approx(3.0, abs=1e-3) and row["design_snr_db"] == 6
        for row in found["rows"]
    )
    assert "3 rounds, rate for 6.0 dB, SNR measured 3.0 dB" in capsys.readouterr().out
    status, found = run(3, *options)
    assert (
        status == 1
        and [(row["rounds"], row["uses"], row["exact"]) for row in found["rows"]]
        == [(1, FIRST, False)] * 3
    )


def test_no_more_than_four_rounds(run):
    status, found = run(1, "--channel", "awgn:-8", "--design-snr-db", "12", "--no-modem", "--harq")
    (row,) = found["rows"]
    assert (status, row["rounds"], row["uses"], row["decoded"]) == (1, 4, FIRST + 3 * MORE, False)
    assert (row["received"], row["reason"]) == ("a guess", "too little has come")


def test_rounds_through_the_modem(run):
    status, found = run(2, "--channel", "awgn:3", "--design-snr-db", "7", "--harq", "--seed", "3")
    assert status == 0
    for row in found["rows"]:
        assert row["rounds"] in (2, 3, 4) and row["uses"] == FIRST + (row["rounds"] - 1) * MORE
        assert row["air_uses"] > 400 * row["rounds"], "each round has a preamble"
        assert row["snr_db"] == pytest.approx(3.0, abs=1.5)  # of frames of 40 to 100 symbols


def test_messages_of_which_nothing_arrives(run, capsys):
    status, found = run(1, "--channel", "awgn:-19", "--harq")
    (row,) = found["rows"]
    assert (status, row["rounds"], row["snr_db"], row["reason"]) == (
        1,
        4,
        None,
        "no frame was received",
    )
    assert "4 rounds, rate for -19.0 dB, nothing measured" in capsys.readouterr().out


def test_the_rate_follows_the_measured_snr(run):
    options = ["--channel", "awgn:9", "--design-snr-db", "0", "--no-modem", "--harq"]
    _, found = run(3, *options, "--adapt", "2")
    assert [row["design_snr_db"] for row in found["rows"]] == pytest.approx([0, 7, 7], abs=1e-3)
    assert found["settings"]["adapt"] == 2.0
    _, found = run(2, *options, "--adapt")
    assert [row["design_snr_db"] for row in found["rows"]] == pytest.approx([0, 9], abs=1e-3)
    _, found = run(2, *options)
    assert [row["design_snr_db"] for row in found["rows"]] == [0, 0]


def test_the_rate_follows_the_remembered_snrs(run):
    options = ["--channel", "awgn:9", "--design-snr-db", "0", "--no-modem", "--harq"]
    _, found = run(6, *options, "--adapt", "2", "--remember", "8")
    assert found["settings"]["remember"] == 8
    design = [row["design_snr_db"] for row in found["rows"]]
    # one to three measurements are trusted little, four of the same SNR are
    assert design[0] == 0 and design[1] == pytest.approx(design[3]) and design[1] < 6
    assert design[5] == pytest.approx(7, abs=0.5)


def test_what_is_remembered_needs_adaptation(capsys):
    assert main(["sim", "--codec", "deflate", "--text", "x", "--remember", "8"]) == 2
    assert capsys.readouterr().err == "semcom: --remember is 8; allowed is it with --adapt\n"
    assert main(["sim", "--codec", "deflate", "--text", "x", "--adapt", "--remember", "0"]) == 2
    assert "capacity is 0; allowed is 1 to 65536" in capsys.readouterr().err


def test_a_codec_without_increments_repeats(tmp_path):
    path = tmp_path / "sim.json"
    arguments = [
        "--text",
        "Sent twice, combined, and then it decodes.",
        "--channel",
        "awgn:4",
        "--design-snr-db",
        "6",
        "--no-modem",
    ]
    assert main(["sim", "--codec", "deflate", *arguments, "--harq", "--json", str(path)]) == 0
    (row,) = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert row["rounds"] == 2 and row["exact"]


def test_margin_out_of_range_is_one_line(capsys):
    assert main(["sim", "--codec", "deflate", "--text", "x", "--adapt", "99"]) == 2
    assert capsys.readouterr().err == "semcom: margin_db is 99.0; allowed is -30.0 to 30.0\n"
