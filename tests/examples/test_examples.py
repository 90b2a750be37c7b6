# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs in examples/, run as a reader runs them; what they print is checked."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MOST_LINES = 60


@pytest.fixture
def example(tmp_path):
    """example(name, arguments): the lines that a program of examples/ prints."""

    def run(name: str, *arguments: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments],
            capture_output=True,
            text=True,
            timeout=300,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    return run


def numbers(line: str) -> list[float]:
    """The numbers in a line."""
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", line)]


def test_each_example_is_short_and_run_here():
    names = {path.stem for path in EXAMPLES.glob("*.py")}
    tests = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert names <= tests and len(names) == 8
    for path in EXAMPLES.glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < MOST_LINES, path


def test_text(example):
    text = "The committee has voted."
    lines = example("text", "--codec", "deflate", "huffman", "--snr-db", "6", "--", text)
    assert lines[2] == lines[6] == f"  received  {text}"
    assert lines[0].startswith("deflate: ") and lines[4].startswith("huffman: ")
    assert numbers(lines[4])[0] < numbers(lines[0])[0]  # huffman takes fewer channel uses
    assert re.fullmatch(r"  again     exact True, rounds 1, \d+ samples", lines[3])


def test_image(example, tmp_path):
    lines = example("image", "--width", "128", "--codec", "jpeg", "softcast", "--out", "pictures")
    assert [line.split(":")[0] for line in lines] == ["jpeg", "softcast"]
    for line, name in zip(lines, ("jpeg", "softcast")):
        psnr_db, cbr, fragments, _ = numbers(line)
        assert 20 < psnr_db < 40 and 0.08 < cbr <= 0.0834 and fragments == 10
        assert Image.open(tmp_path / "pictures" / f"{name}.png").width == 128


def test_sweep(example, tmp_path):
    *rows, last = example("sweep", "--snr-db", "2", "10", "--trials", "2", "--out", "curve.png")
    found = {tuple(row.split(":")[0].rsplit(", ", 1)): numbers(row)[-2:] for row in rows}
    once = {snr: found["one transmission", f"{snr} dB"] for snr in (2, 10)}
    harq = {snr: found["HARQ, 4 rounds at most", f"{snr} dB"] for snr in (2, 10)}
    assert once[2][0] < 0.3 and once[10][0] > 0.7, "exact texts"
    assert harq[2][0] > 0.9 and harq[10][0] == 1
    assert once[2][1] == once[10][1] < harq[2][1], "channel uses"
    assert last == "figure in curve.png"
    assert Image.open(tmp_path / "curve.png").size == (720, 720)


def test_own_codec(example):
    *rows, last = example("own_codec")
    exact = [numbers(row)[-1] for row in rows]
    assert [numbers(row)[:2] for row in rows] == [[-9, 16], [-3, 16], [3, 16]]
    assert exact[0] < 0.5 and exact[1] > 0.9 and exact[2] == 1
    assert last == "Help is coming."


def test_own_channel(example):
    first, *rows = example("own_channel", "--share", "0", "0.3", "--texts", "10")
    # 3125 blocks: the mean of 0.7003 has a standard deviation of 0.008
    assert numbers(first)[-1] == pytest.approx(0.70, abs=0.03)
    clear, shaded = (numbers(row) for row in rows)
    assert clear == [0, 8, 1, 1, 1]
    assert shaded[2] < 1 and shaded[3] == 1 and shaded[4] > 1


def test_flowgraph(example):
    pytest.importorskip("gnuradio")
    texts = ["Good morning.", "See you at nine."]
    lines = example("flowgraph", *texts)
    assert lines[:2] == texts
    assert lines[-1].startswith("sent 2, received 2, exact 2, ")


def test_recording(example, tmp_path):
    first, *rows = example("recording", "--out", "night")
    assert first.startswith("night: 13620 samples, 13.6 ms at 1e+06 Hz")
    assert [row.split(" Hz  ")[1] for row in rows] == [
        "Good evening.",
        "The boat leaves at 6:45.",
        "See you at nine.",
    ]
    assert all(numbers(row)[2] == pytest.approx(5000, abs=200) for row in rows), "CFO, Hz"
    assert numbers(rows[0])[0] == 2.0, "ms"
    assert {path.name for path in tmp_path.iterdir()} == {"night.sigmf-meta", "night.sigmf-data"}


def test_memory(example):
    lines = example("memory", "--codec", "deflate", "--snr-db", "9")
    assert lines[:3] == [
        "slot 0: Mary moved to the bathroom.",
        "slot 1: John went to the hallway.",
        "Where is Mary?  bathroom",
    ]
    assert re.fullmatch(r"  task answer, confidence 0\.\d\d, from \(0, 1\)", lines[3])
