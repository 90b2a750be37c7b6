# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench speed`: its figures add up, and bad input is refused. No figure is asked to be
fast.
"""

from __future__ import annotations

import json

import pytest

from semcom_core.bench.speed import ARCHITECTURES, linear_weights
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
                row["check_s"],
                *row["step_ms"].values(),
            )
            > 0
        )
        assert row["read_ratio"]["8"] == pytest.approx(row["step_ms"]["8"] / row["read_ms"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["int8", "int8", "float32", "float32", "process,"]
    assert "whole texts against steps 0 bit (target <= 0.002: reached)" in lines[1]


def test_a_table_of_architectures(tmp_path, capsys):
    path = tmp_path / "speed.json"
    arguments = ["--architectures", "--nodes", "1", "8", "--repeats", "1", "--json", str(path)]
    assert main(["bench", "speed", *arguments]) == 0
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    exact = [row["architecture"] for row in rows if row["precision"] == "int8"]
    assert exact == ["llama", "qwen2", "qwen3", "mistral"]
    floats = [row["architecture"] for row in rows if row["precision"] == "float32"]
    assert floats == list(ARCHITECTURES) and len(floats) == 10
    for row in rows:
        assert (row["way"] == "int8") == (row["precision"] == "int8")
        assert list(row["step_ms"]) == ["1", "8"] == list(row["ratio"])
        assert min(row["check_s"], *row["step_ms"].values(), *row["ratio"].values()) > 0
        assert 3e6 < row["weights"] < 5e6
    reference = rows[1]
    assert (reference["architecture"], reference["precision"]) == ("llama", "float32")
    assert reference["ratio"] == {"1": 1.0, "8": 1.0}
    for row in rows:
        for nodes, ratio in row["ratio"].items():
            assert ratio == pytest.approx(row["step_ms"][nodes] / reference["step_ms"][nodes])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[2:]] == [
        [row["architecture"], row["precision"]] for row in rows
    ]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (["--nodes", "257"], "nodes is 257; allowed is 1 to 256"),
        (["--repeats", "1001"], "repeats is 1001; allowed is 1 to 1000"),
        (["--seed", "-1"], "seed is -1; allowed is 0 to"),
    ],
)
def test_bad_settings_of_the_table_are_refused_in_one_line(bad, message, capsys):
    assert main(["bench", "speed", "--architectures", *bad]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


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
