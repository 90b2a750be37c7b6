# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom sim --image`: pictures through a simulated channel, bad ones among good ones, what is
lost, and what is refused.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from semcom_core.cli import main
from semcom_core.image.picture import read_picture, write_picture
from semcom_core.metrics.image import psnr_db


def scene(phase: float = 0.0, height: int = 96, width: int = 128) -> np.ndarray:
    """A smooth picture."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    return (
        (127 + 120 * np.sin(5 * x + 3 * y + np.array([0, 2, 4])[:, None, None] + phase))
        .astype(np.uint8)
        .transpose(1, 2, 0)
        .copy()
    )


@pytest.fixture
def sim(tmp_path):
    """sim(path, *options): (exit status, rows)."""

    def run(path, *options) -> tuple[int, list[dict]]:
        settings = [
            "--codec",
            "jpeg",
            "--set",
            "cbr=1/6",
            "--json",
            str(tmp_path / "rows.json"),
            *options,
        ]
        status = main(["sim", "--image", str(path), *settings])
        return status, json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))["rows"]

    return run


def test_a_picture_through_the_modem(sim, tmp_path, capsys):
    write_picture(tmp_path / "a.png", scene())
    status, (row,) = sim(
        tmp_path / "a.png",
        "--channel",
        "awgn:9+cfo:12khz",
        "--design-snr-db",
        "7",
        "--out",
        str(tmp_path / "out"),
    )
    assert status == 0 and row["decoded"] and row["reason"] == ""
    assert (row["height"], row["width"], row["fragments"], row["missing"]) == (96, 128, 16, 0)
    assert row["uses"] == 6144 and row["cbr"] == 1 / 6 and row["air_uses"] > row["uses"]
    assert row["snr_db"] == pytest.approx(9, abs=0.5)
    got = read_picture(tmp_path / "out" / "a_received.png")
    assert (
        row["received"].endswith("a_received.png") and row["psnr_db"] == psnr_db(scene(), got) > 30
    )
    assert np.array_equal(read_picture(tmp_path / "out" / "a_sent.png"), scene())
    said = capsys.readouterr().out
    for words in (
        f"PSNR {row['psnr_db']:.2f} dB",
        "6144 channel uses, CBR 0.1667 (1/6.0)",
        "16 fragments, rate for 7.0 dB",
    ):
        assert words in said


def test_the_rate_leaves_room_for_what_the_modem_takes(sim, tmp_path):
    write_picture(tmp_path / "a.png", scene())
    for options, design_db in ([], 9.7), (["--no-modem"], 10.0), (["--design-snr-db", "10"], 10.0):
        _, (row,) = sim(tmp_path / "a.png", "--channel", "awgn:10", *options)
        assert row["design_snr_db"] == pytest.approx(design_db)


def test_a_bad_file_in_a_folder_does_not_keep_the_others_from_being_sent(sim, tmp_path, capsys):
    folder = tmp_path / "pictures"
    folder.mkdir()
    write_picture(folder / "a.png", scene(0))
    write_picture(folder / "c.png", scene(1))
    write_picture(folder / "c.bmp", scene(2))
    (folder / "b.png").write_bytes((folder / "a.png").read_bytes()[:50])
    status, rows = sim(folder, "--channel", "awgn:12", "--no-modem", "--out", str(tmp_path / "out"))
    assert status == 1 and [row["decoded"] for row in rows] == [True, False, True, True]
    assert "b.png cannot be read" in rows[1]["reason"] and (
        rows[1]["uses"],
        rows[1]["received"],
    ) == (0, None)
    names = ["a", "c.bmp", "c.png"]  # two have the same stem
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"{n}_{what}.png" for n in names for what in ("received", "sent")
    ]
    assert "[lost: picture" in capsys.readouterr().out


def test_a_degraded_picture_is_said_and_status_1(sim, tmp_path, capsys):
    write_picture(tmp_path / "a.png", scene())
    status, (row,) = sim(
        tmp_path / "a.png", "--channel", "awgn:3", "--design-snr-db", "12", "--no-modem"
    )
    assert status == 1 and not row["decoded"] and row["reason"] and row["psnr_db"] < 30
    assert "[degraded: " in capsys.readouterr().out


def test_all_fragments_lost(sim, tmp_path, capsys):
    write_picture(tmp_path / "a.png", scene())
    status, (row,) = sim(
        tmp_path / "a.png",
        "--channel",
        "awgn:-20",
        "--design-snr-db",
        "5",
        "--out",
        str(tmp_path / "out"),
    )
    assert status == 1 and (row["reason"], row["missing"], row["received"], row["psnr_db"]) == (
        "no fragment was received",
        16,
        None,
        None,
    )
    assert "received  nothing   [lost: no fragment was received]" in capsys.readouterr().out


def test_fragments_fade_each_on_its_own(sim, tmp_path):
    write_picture(tmp_path / "a.png", scene())
    _, (row,) = sim(tmp_path / "a.png", "--channel", "tdl-a:-1,100ns", "--design-snr-db", "5")
    assert 0 < row["missing"] < 16  # some see a deep fade, none all of it


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (2, 2)])
def test_a_picture_too_small_for_its_channel_uses_is_refused_by_itself(sim, tmp_path, size):
    write_picture(tmp_path / "a.png", np.zeros((*size, 3), np.uint8))
    status, (row,) = sim(tmp_path / "a.png", "--channel", "awgn:10", "--no-modem")
    assert status in (0, 1) and row["decoded"] == (status == 0)
    assert row["decoded"] or ("cbr" in row["reason"] and row["uses"] == 0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--codec", "spinal"], "codec is 'spinal'; allowed is one of avif, deepjscc, "),
        (["--codec", "jpeg", "--set", "beam=4"], "has no setting 'beam'"),
        (
            ["--codec", "jpeg", "--set", "cbr=loud"],
            "cbr is 'loud'; allowed is a number or a fraction",
        ),
        (
            ["--codec", "jpeg", "--importance", "sun"],
            "importance is 'sun'; allowed is one of none, sam",
        ),
        (["--codec", "jpeg", "--harq"], "--harq is given with --image"),
        (["--codec", "jpeg", "--safety", "block"], "--safety is given with --image"),
        (["--codec", "jpeg", "--out", "/proc/nowhere"], "folder /proc/nowhere cannot be made"),
    ],
)
def test_errors_are_one_line(options, words, tmp_path, capsys):
    write_picture(tmp_path / "a.png", scene())
    assert (
        main(
            [
                "sim",
                "--image",
                str(tmp_path / "a.png"),
                "--channel",
                "awgn:10",
                "--no-modem",
                *options,
            ]
        )
        == 2
    )
    said = capsys.readouterr()
    assert words in said.err and said.err.count("\n") == 1


def test_paths_without_a_picture(tmp_path, capsys):
    for path, words in ((tmp_path / "none.png", "is not there"), (tmp_path, "has no picture")):
        assert main(["sim", "--image", str(path), "--codec", "jpeg"]) == 2
        assert words in capsys.readouterr().err
