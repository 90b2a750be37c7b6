# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image link end to end: a folder with a bad file, fragments that are lost, everything lost,
and what it says of a bad path.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from semcom_core.image.picture import read_picture, write_picture
from tests.blocks.pictures import picture

LIMIT_S = 100
OPTIONS = ["--codec", "jpeg", "--cbr", "1/6"]


def run(start, tmp_path, *options) -> tuple[int, dict, str]:
    """(exit status, report, what it said) of a headless run."""
    report_file = tmp_path / "report.json"
    link = start("image_link_headless", *OPTIONS, "--out-file", report_file, *options)
    said, _ = link.communicate(timeout=LIMIT_S)
    return link.returncode, json.loads(report_file.read_text(encoding="utf-8")), said


def test_headless_link_delivers_a_folder_with_one_bad_file_and_exits_with_0(start, tmp_path):
    folder, received = tmp_path / "pictures", tmp_path / "received"
    folder.mkdir()
    for number, name in enumerate(["a.png", "c.png", "d.png"]):
        write_picture(folder / name, picture(number))
    (folder / "b.png").write_bytes((folder / "a.png").read_bytes()[:100])
    status, report, said = run(
        start, tmp_path, "--image-file", folder, "--received-folder", received, "--cfo-hz", "12k"
    )
    assert status == 0, said
    assert (report["sent"], report["whole"], report["refused"], report["healthy"]) == (
        3,
        3,
        1,
        True,
    )
    assert "b.png cannot be read" in said
    assert [m["sent"] for m in report["messages"]] == ["a.png", "c.png", "d.png"]
    for number, message in enumerate(report["messages"]):
        got = read_picture(received / f"received_{number:03d}.png")
        error = np.mean((got.astype(float) - picture(number)) ** 2)
        assert (
            message["psnr_db"] == pytest.approx(10 * np.log10(255**2 / error), abs=1e-3)
            and message["psnr_db"] > 25
        )
    assert report["snr_db"] == pytest.approx(10, abs=1.5) and report["cfo_hz"] == pytest.approx(
        12e3, abs=200
    )


def test_pictures_in_deep_fades_come_marked_and_the_run_exits_with_1(start, tmp_path):
    for number in range(2):
        write_picture(tmp_path / f"{number}.png", picture(number))
    fading = ["--channel", "tdl-a:100ns,30kmh", "--snr-db", 3, "--margin-db", "-5", "--taps", 0]
    status, report, said = run(
        start, tmp_path, "--image-file", tmp_path, *fading, "--timeout-s", 10
    )
    assert status == 1, said
    assert (
        report["marked"] + report["lost"] >= 1
        and report["marked"] + report["lost"] + report["whole"] == 2
    )
    assert all(m["reason"] for m in report["messages"] if m["outcome"] == "marked")


def test_all_fragments_lost_is_said_and_nothing_hangs(start, tmp_path):
    write_picture(tmp_path / "a.png", picture())
    status, report, said = run(
        start,
        tmp_path,
        "--image-file",
        tmp_path / "a.png",
        "--snr-db",
        -20,
        "--margin-db",
        "-25",
        "--timeout-s",
        3,
    )
    assert status == 1, said
    assert (report["sent"], report["lost"], report["received"], report["healthy"]) == (
        1,
        1,
        0,
        False,
    )
