# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two-sided link end to end: frames lost both ways, everything delivered; and what happens when
it cannot work.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [
    "The first sentence.",
    "Der zweite Satz: Grüße!",
    "三つ目の文です。",
    "A fourth, with 3.14159 and 42.",
    "The end \U0001f600",
]
LONG = " ".join(f"Sentence number {i} of {7919 * i % 10007}." for i in range(400))
LIMIT_S = 60


@pytest.fixture
def run(start, tmp_path):
    """run(name, texts, options): exit status, report, received texts and counts of a headless
    flowgraph.
    """

    def go(name, texts, *options):
        text_file, report_file, received_file = (
            tmp_path / part for part in ("texts.txt", "report.json", "received.txt")
        )
        text_file.write_text("\n".join(texts), encoding="utf-8")
        files = [
            "--text-file",
            text_file,
            "--out-file",
            report_file,
            "--received-file",
            received_file,
        ]
        link = start(name, "--codec", "deflate", *files, *options)
        said, _ = link.communicate(timeout=LIMIT_S)
        counts = {
            block: dict(re.findall(r"(\w+) (\d+)", line))
            for block, line in re.findall(r"^(\w+): (.+)$", said, re.MULTILINE)
        }
        counts = {
            block: {key: int(value) for key, value in some.items()}
            for block, some in counts.items()
        }
        return (
            link.returncode,
            json.loads(report_file.read_text(encoding="utf-8")),
            received_file.read_text(encoding="utf-8"),
            counts,
            said,
        )

    return go


@pytest.mark.parametrize("mode", ["stop-and-wait", "selective-repeat"])
def test_frames_are_lost_and_everything_is_delivered(mode, run):
    status, report, received, counts, said = run(
        "two_sided_link_headless", TEXTS * 2, "--loss", 0.3, "--mode", mode, "--seed", 3
    )
    assert status == 0, said
    assert received.splitlines() == TEXTS * 2
    assert (report["sent"], report["exact"], report["healthy"]) == (10, 10, True)
    assert counts["retransmitter"]["transmissions"] > 10, "some of it was lost"


def test_fragments_of_a_long_text(run):
    status, _, received, counts, said = run(
        "two_sided_link_headless", [LONG, "Short."], "--loss", 0.3, "--snr-db", 8, "--seed", 3
    )
    assert status == 0, said
    assert received.splitlines() == [LONG, "Short."]
    sender = counts["retransmitter"]
    assert sender["frames"] > sender["transmissions"], "several fragments went in one burst"


def test_copies_are_combined_where_one_does_not_decode(run):
    status, report, _, counts, said = run(
        "two_sided_link_headless", TEXTS, "--loss", 0, "--margin-db", -3
    )
    assert status == 0, said
    assert (report["exact"], counts["acknowledger"]["delivered"]) == (5, 5)
    assert counts["acknowledger"]["copies"] >= 3


def test_half_duplex(run):
    status, report, received, _, said = run(
        "half_duplex_link_headless", TEXTS[:3], "--loss", 0.2, "--seed", 2
    )
    assert status == 0, said
    assert received.splitlines() == TEXTS[:3]
    assert report["exact"] == 3


def test_stopped_flowgraph_starts_again_and_delivers(compiled, tmp_path):
    script, said = compiled(ROOT / "grc" / "two_sided_link_headless.grc")
    assert script.exists(), said
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    program = """
from two_sided_link_headless import two_sided_link_headless as link
flowgraph = link(codec="deflate", loss=0.3, text_file="texts.txt", seed=3)
for _ in range(3):
    flowgraph.start()
    flowgraph.wait()
    print(flowgraph.monitor.exit_status(), flowgraph.acknowledger.counts["delivered"])
"""
    environment = {**os.environ, "PYTHONPATH": str(script.parent)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=LIMIT_S
    )
    assert re.findall(r"^(\d) (\d)$", done.stdout, re.MULTILINE) == [("0", "5")] * 3, (
        done.stdout + done.stderr
    )


def test_without_a_way_it_ends_and_says_so(run):
    status, report, received, counts, said = run(
        "two_sided_link_headless", TEXTS, "--loss", 1, "--max-tries", 2
    )
    assert status == 1, said
    assert (report["lost"], report["healthy"], received) == (5, False, "")
    assert counts["retransmitter"]["given_up"] == 5
