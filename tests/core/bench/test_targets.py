# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets of the text bench: asked for where they hold, and judged right; tables for people."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.bench.published import published
from semcom_core.bench.text.results import (
    Figure,
    aligned,
    cells,
    describe,
    figures,
    gap_cells,
    published_cells,
    ratio_cells,
)

ROW = {
    "codec": "spinal",
    "channel": "awgn:0",
    "snr_db": 0.0,
    "uses_per_word": 7.9,
    "bits_per_word": 5.25,
    "air_ratio": {"1": 6.5},
    "exact_rate": 0.99,
    "marked_of_wrong": None,
    "bleu1": 0.98,
    "bleu4": 0.94,
    "bound_ratio": 1.45,
    "limit_ratio": 1.31,
    "rounds": 1.0,
    "encode_s": 0.1,
    "decode_s": 1.25,
    "design_snr_db": 0.0,
    "efficiency": 0.8,
    "max_rounds": 1,
    "pilots": 0,
    "context": 0,
    "throughput": 0.66,
    "gap": {"source": 0.75, "margin": 0.25},
    "context_ratio": None,
}
DEFLATE = {
    **ROW,
    "codec": "deflate",
    "uses_per_word": 39.5,
    "bound_ratio": 1.25,
    "gap": {"source": 0.8, "code": 0.2},
}


def told(*rows: dict, **settings) -> dict[str, tuple[str, bool]]:
    """Target and verdict of each figure of the first row."""
    first = figures([rows[0]], settings) if len(rows) == 1 else figures(list(rows), settings)
    chosen = [
        f
        for f in first
        if (f.series.partition(",")[0], f.snr_db) == (rows[0]["codec"], rows[0]["snr_db"])
    ]
    return {f.name: (f.target, f.reached) for f in chosen}


def test_delivery_and_cost_in_noise():
    expected = {
        "exact": (">= 0.99", True),
        "uses over bound": ("<= 1.5", True),
        "decode in s": ("<= 1.5", True),
    }
    assert told(ROW) == expected
    assert told({**ROW, "exact_rate": 0.98, "decode_s": 1.6}) == {
        "exact": (">= 0.99", False),
        "uses over bound": ("<= 1.5", False),
        "decode in s": ("<= 1.5", False),
    }
    assert told({**ROW, "bound_ratio": 1.51})["uses over bound"] == ("<= 1.5", False)
    at_12 = {**ROW, "snr_db": 12.0, "design_snr_db": 12.0, "channel": "awgn:12"}
    assert told(at_12)["uses over bound"] == ("<= 1.3", False)
    assert told(DEFLATE) == {
        "exact": (">= 0.99", True),
        "information bits a use over capacity": (">= 0.7", True),
    }


def test_uses_over_other_codecs_count_at_equal_delivery_only():
    llm_ac = {**DEFLATE, "codec": "llm-ac", "uses_per_word": 8.8}
    found = told(ROW, DEFLATE, llm_ac)
    assert found["uses over deflate"] == ("<= 0.32", True) and found["uses over llm-ac"] == (
        "<= 0.9",
        True,
    )
    assert told({**ROW, "exact_rate": 0.9}, DEFLATE)["uses over deflate"] == ("<= 0.32", False)
    assert told({**ROW, "exact_rate": 0.9}, {**DEFLATE, "exact_rate": 0.85})[
        "uses over deflate"
    ] == ("<= 0.32", True)
    assert "uses over deflate" not in told(ROW, {**DEFLATE, "channel": "awgn:3", "snr_db": 3.0})


def test_quality_at_a_budget():
    assert told(ROW, uses_per_word=8.0) == {
        "uses a word": ("<= 8", True),
        "BLEU-1": (">= 0.97", True),
        "BLEU-4": (">= 0.95", False),
        "decode in s": ("<= 1.5", True),
    }
    assert (
        "BLEU-1" not in told(ROW, uses_per_word=12.0)
        and told({**ROW, "uses_per_word": 8.1}, uses_per_word=8)["uses a word"][1] is False
    )
    fading = {**ROW, "channel": "rayleigh:0,block=32", "max_rounds": 4}
    assert told(fading, uses_per_word=8)["BLEU-1"] == (">= 0.8", True)
    assert "BLEU-1" not in told({**fading, "max_rounds": 1}, uses_per_word=8) | told(
        {**fading, "pilots": 2}, uses_per_word=8
    )


@pytest.mark.parametrize(
    ("row", "settings", "name", "expected"),
    [
        (
            {"context": 3, "context_ratio": 0.85},
            {"corpus": "dialogue"},
            "uses over those without context",
            ("<= 0.9", True),
        ),
        (
            {"context": 3, "context_ratio": 0.95},
            {"corpus": "sms"},
            "uses over those without context",
            ("<= 0.9", False),
        ),
        (
            {"context": 3, "context_ratio": 0.85},
            {"corpus": "europarl"},
            "uses over those without context",
            None,
        ),
        (
            {"design_snr_db": 3.0, "marked_of_wrong": 0.96},
            {},
            "wrong texts marked",
            (">= 0.95", True),
        ),
        (
            {"design_snr_db": 3.0, "marked_of_wrong": 0.94},
            {},
            "wrong texts marked",
            (">= 0.95", False),
        ),
        ({"design_snr_db": 2.0, "marked_of_wrong": 0.94}, {}, "wrong texts marked", None),
        ({}, {"corpus": "europarl", "set": ["adapter=europarl"]}, "bits a word", ("<= 5.5", True)),
        (
            {},
            {"corpus": "europarl", "set": ["spinal.adapter=europarl"]},
            "bits a word",
            ("<= 5.5", True),
        ),
        ({}, {"corpus": "sms", "set": ["adapter=europarl"]}, "bits a word", None),
        ({"snr_db": 5.0, "design_snr_db": 5.0}, {}, "on air over uses", ("<= 6", False)),
        ({"max_rounds": 4}, {}, "decode in s", None),
        ({}, {"corpus": "sms"}, "uses over bound", None),
        ({"bleu1": 0.5}, {"corpus": "sms", "uses_per_word": 8.0}, "BLEU-1", None),
    ],
)
def test_targets_of_other_conditions(row, settings, name, expected):
    assert told({**ROW, **row}, **settings).get(name) == expected


def test_figures_say_what_was_measured_and_where():
    found = figures([{**ROW, "context": 2, "context_ratio": 0.5}], {"corpus": "sms"})
    assert (
        Figure("spinal, context 2", 0.0, "uses over those without context", "0.500", "<= 0.9", True)
        in found
    )


def test_tables_have_a_line_a_row_and_dashes_for_what_is_not_known():
    headings, table = cells([ROW, DEFLATE])
    assert dict(zip(headings, table[1])) | {
        "codec": "deflate",
        "uses/word": "39.50",
        "wrong marked": "-",
    } == dict(zip(headings, table[1]))
    assert gap_cells([ROW, DEFLATE]) == (
        ["codec", "SNR dB", "source", "margin", "code"],
        [["spinal", "0", "5.93", "1.98", "-"], ["deflate", "0", "31.60", "-", "7.90"]],
    )
    assert ratio_cells([ROW, DEFLATE]) == (
        ["SNR dB", "spinal exact", "deflate"],
        [["0", "0.990", "0.200 (exact 0.990)"]],
    )
    assert ratio_cells([DEFLATE])[1] == []
    assert aligned(["a", "long"], [["bcd", "1"]]) == ["a    long", "bcd     1"]


def test_a_line_on_a_row_of_several_rounds():
    line = describe({**ROW, "max_rounds": 4, "rounds": 1.75, "marked_of_wrong": 0.5})
    assert line.startswith("spinal, up to 4 rounds awgn:0     exact 0.990, wrong ones marked 0.50;")
    assert "1.75 rounds, 0.66 bits/use delivered" in line and line.endswith("efficiency 0.8")


def test_published_curves_rise_and_name_their_source():
    for channel, count in (("awgn", 4), ("rayleigh", 2)):
        curves = published(channel)
        assert len(curves) == count and all(curve.uses and curve.short for curve in curves)
        for curve in curves:
            (snr_db, one), (_, four) = curve.curve(1), curve.curve(4)
            assert (
                snr_db == [0, 3, 6, 9, 12, 18]
                and np.all(np.array(four) <= one)
                and one[0] < one[-1] <= 1
            )
    assert published("awgn")[1].bleu[0] == [0.726, 0.365] and published("rician") == []
    headings, table = published_cells("rayleigh")
    assert headings[:3] == ["system", "uses", "0 dB"] and table[0][:3] == [
        "DeepSC",
        "8 complex symbols a word",
        "0.544 / 0.282",
    ]
    assert published_cells("rician")[1] == []
