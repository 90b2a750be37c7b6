# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench image`: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from semcom_core.cli import main
from semcom_core.cli.bench.image import with_snr
from semcom_core.datasets.scenes import generate_scene


@pytest.fixture
def data(tmp_path) -> str:
    """A folder of two pictures of 96x112 with objects."""
    for part in ("images", "instances"):
        (tmp_path / "data" / part).mkdir(parents=True)
    for number in range(2):
        scene = generate_scene(96, 112, np.random.default_rng(number), shapes=3)
        Image.fromarray(scene.pixels).save(tmp_path / "data" / "images" / f"p{number}.png")
        Image.fromarray(scene.labels).save(tmp_path / "data" / "instances" / f"p{number}.png")
    return str(tmp_path / "data")


def bench(*arguments: str) -> int:
    return main(["bench", "image", *arguments])


def test_command_prints_a_line_a_row_and_writes_rows_pictures_and_a_page(data, tmp_path, capsys):
    path, plot, grid = tmp_path / "image.json", tmp_path / "image.png", tmp_path / "grid.png"
    what = [
        "--codec",
        "jpeg",
        "softcast",
        "--snr-db",
        "6",
        "12",
        "--cbr",
        "1/8",
        "1/5",
        "--set",
        "jpeg.margin_db=0.5",
    ]
    assert (
        bench(
            "--data",
            data,
            *what,
            "--json",
            str(path),
            "--plot",
            str(plot),
            "--qualitative",
            str(grid),
        )
        == 0
    )
    found = json.loads(path.read_text(encoding="utf-8"))
    assert (
        list(found) == ["bench", "version", "seed", "settings", "rows"]
        and found["bench"] == "image"
    )
    assert found["settings"]["pictures"] == ["p0", "p1"] and found["settings"]["left_out"] == []
    assert len(found["rows"]) == 8 and {row["images"] for row in found["rows"]} == {2}
    assert [row["settings"] for row in found["rows"][::4]] == [{"margin_db": 0.5}, {}]
    first = found["rows"][0]
    assert (first["codec"], first["channel"], first["cbr"], first["marked"]) == (
        "jpeg",
        "awgn:6",
        "1/8",
        0,
    )
    assert (
        first["roi_psnr_db"] > 15
        and first["psnr_db"] < found["rows"][1]["psnr_db"] < found["rows"][3]["psnr_db"]
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("jpeg, margin_db 0.5, CBR 1/8, awgn:6: PSNR ") and lines[9].split()[
        :2
    ] == ["codec", "SNR"]
    for written in (plot, grid):
        assert written.read_bytes().startswith(b"\x89PNG")
    page = tmp_path / "page.html"
    assert main(["report", str(path), "--html", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == 4 and "PSNR inside objects" in text and "softcast, CBR 1/8" in text


def test_command_draws_published_curves_as_such(data, tmp_path):
    plot = tmp_path / "image.svg"
    assert (
        bench(
            "--data", data, "--codec", "jpeg", "--snr-db", "10", "--limit", "1", "--plot", str(plot)
        )
        == 0
    )
    text = plot.read_text(encoding="utf-8")
    assert "published: SwinJSCC, CBR 1/16" in text and "published: BPG+LDPC, CBR 1/16" in text


def test_command_leaves_out_what_cannot_be_and_says_why(data, tmp_path, capsys):
    path = tmp_path / "image.json"
    assert (
        bench(
            "--data",
            data,
            "--codec",
            "jpeg",
            "--snr-db",
            "9",
            "--cbr",
            "1/5000",
            "1/4",
            "--json",
            str(path),
        )
        == 0
    )
    found = json.loads(path.read_text(encoding="utf-8"))
    (left_out,) = found["settings"]["left_out"]
    assert (
        left_out.startswith("jpeg awgn:9 CBR 1/5000: picture has 6 channel uses")
        and len(found["rows"]) == 1
    )
    assert f"left out: {left_out}" in capsys.readouterr().out
    assert bench("--data", data, "--codec", "jpeg", "--snr-db", "9", "--cbr", "1/5000") == 1


def test_command_sets_up_the_codecs_that_have_a_setting(data, tmp_path):
    path = tmp_path / "image.json"
    what = [
        "--codec",
        "avif",
        "jpeg",
        "--snr-db",
        "9",
        "--cbr",
        "1/5",
        "--limit",
        "1",
        "--set",
        "speed=10",
        "margin_db=1.0",
    ]
    assert bench("--data", data, *what, "--json", str(path)) == 0
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert [row["settings"] for row in rows] == [
        {"speed": 10, "margin_db": 1.0},
        {"margin_db": 1.0},
    ]


def test_command_makes_the_rate_for_another_snr(data, tmp_path):
    path = tmp_path / "image.json"
    assert (
        bench(
            "--data",
            data,
            "--codec",
            "jpeg",
            "--snr-db",
            "3",
            "--design-snr-db",
            "12",
            "--cbr",
            "1/6",
            "--json",
            str(path),
        )
        == 0
    )
    (row,) = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert (
        row["snr_db"],
        row["design_snr_db"],
        row["matched"],
        row["marked"],
        row["delivered"],
    ) == (3, 12, False, 2, 1.0)
    assert row["marked_psnr_db"] == row["psnr_db"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--codec", "bpg"], "codec is 'bpg'; allowed"),
        (["--cbr", "much"], "cbr is 'much'; allowed"),
        (["--channel", "soup"], "soup"),
        (["--roi", "faces"], "roi is 'faces'; allowed"),
        (["--data", "/nowhere"], "data is '/nowhere'; allowed"),
        (["--split", "train"], "no picture in its train part"),
        (["--limit", "0"], "limit is 0; allowed"),
        (["--seed", "-1"], "seed is -1; allowed"),
        (["--set", "beam=3"], "no codec has a setting 'beam'"),
        (["--set", "jpeg.cbr=1/9"], "allowed is --cbr"),
        (["--json", "/nowhere/image.json"], "output file is '/nowhere/image.json'"),
    ],
)
def test_command_refuses_in_one_line(data, capsys, arguments, said):
    assert bench("--data", data, "--codec", "jpeg", *arguments) == 2
    error = capsys.readouterr().err.strip()
    assert said in error and "\n" not in error


def test_snr_goes_into_the_first_term():
    assert with_snr("awgn", 5) == "awgn:5" and with_snr("tdl-a,100ns", 7.5) == "tdl-a:7.5,100ns"
    assert with_snr("tdl-a,100ns,3kmh+cfo:9khz", -1) == "tdl-a:-1,100ns,3kmh+cfo:9khz"
