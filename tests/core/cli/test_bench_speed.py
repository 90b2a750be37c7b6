# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench speed`: its figures add up, and bad input is refused. No figure is asked to be
fast.
"""

from __future__ import annotations

import json

import pytest

from semcom_core.bench.speed import linear_weights
from semcom_core.cli import main
from tests.core.models.conftest import save_tiny_model

SENTENCES = [
    "the house has voted on the question",
    "this is the first time that the committee will meet",
]


@pytest.fixture(scope="module")
def arguments(tmp_path_factory) -> list[str]:
    folder = tmp_path_factory.mktemp("speed")
    save_tiny_model(folder / "model")
    (folder / "sentences.txt").write_text("\n".join(SENTENCES) + "\n", encoding="utf-8")
    shared = [
        "--model",
        str(folder / "model"),
        "--data",
        str(folder / "sentences.txt"),
        "--split",
        "all",
        "--repeats",
        "2",
    ]
    return ["bench", "speed", *shared, "--nodes", "1", "8"]


def test_figures_of_both_precisions(arguments, tmp_path, capsys):
    path = tmp_path / "speed.json"
    assert main([*arguments, "--json", str(path)]) == 0
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert [row["precision"] for row in rows] == ["int8", "float32"]
    assert rows[0]["fingerprint"] != rows[1]["fingerprint"]
    assert rows[0]["order_bits"] == 0.0 < rows[1]["order_bits"] < 1e-3
    assert rows[1]["loss_bits"] == rows[1]["divergence_bits"] == 0.0
    assert 0 < rows[0]["divergence_bits"] < 0.1
    for row in rows:
        assert list(row["step_ms"]) == ["1", "8"] == list(row["read_ratio"])
        assert (
            min(
                row["read_ms"],
                row["prefill_ms"],
                row["text_ms"],
                row["load_s"],
                *row["step_ms"].values(),
            )
            > 0
        )
        assert row["read_ratio"]["8"] == pytest.approx(row["step_ms"]["8"] / row["read_ms"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["int8", "int8", "float32", "float32", "process,"]
    assert "whole texts against steps 0 bit (target <= 0.002: reached)" in lines[1]


def test_weights_are_those_of_all_products(arguments):
    inner, outer = 2 * (32 * (32 + 2 * 16) + 32 * 32 + 3 * 32 * 64), 32
    vocabulary, rest = divmod(linear_weights(arguments[3]) - inner, outer)
    assert rest == 0 and vocabulary > 256


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (["--precision", "int4"], "precision is 'int4'; allowed is one of float32, int8"),
        (["--nodes", "0"], "nodes is 0; allowed is 1 to 256"),
        (["--repeats", "0"], "repeats is 0; allowed is 1 to 1000"),
        (["--threads", "0"], "threads is 0; allowed is 1 to 256"),
        (["--json", "/no/such/folder/speed.json"], "allowed is a file in a folder that exists"),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments, bad, message, capsys):
    assert main([*arguments, *bad]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
