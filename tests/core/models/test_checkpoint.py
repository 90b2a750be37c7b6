# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one reader and writer of weights: what it refuses, atomic writing, and the cache."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file as save_arrays
from torch import nn

from semcom_core.errors import ModelError
from semcom_core.models.checkpoint import (
    file_cache,
    load_checkpoint,
    read_checkpoint,
    save_checkpoint,
)


@dataclass(frozen=True)
class Size:
    """Configuration of the network."""

    inputs: int = 3
    outputs: int = 2


@dataclass(frozen=True)
class OtherSize:
    """Configuration of another kind of network."""

    depth: int = 3


def network_of(size: Size) -> nn.Module:
    return nn.Linear(size.inputs, size.outputs)


@pytest.fixture
def path(tmp_path):
    """A checkpoint of an untrained network."""
    torch.manual_seed(1)
    size = Size(inputs=4)
    save_checkpoint(tmp_path / "a.safetensors", network_of(size), size, {"training": [{"n": 1}]})
    return tmp_path / "a.safetensors"


def load(path):
    return load_checkpoint(path, Size, network_of, "a file of this test")


def assert_refused(path, message):
    with pytest.raises(ModelError, match=message) as caught:
        load(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_a_network_comes_back_with_its_configuration_and_metadata(path):
    torch.manual_seed(1)
    expected = network_of(Size(inputs=4))
    network, checkpoint = load(path)
    assert not network.training
    assert torch.equal(network.weight, expected.weight) and torch.equal(network.bias, expected.bias)
    assert checkpoint.config(Size) == Size(4, 2)
    assert checkpoint.metadata["training"] == '[{"n": 1}]' and len(checkpoint.fingerprint) == 16
    assert os.listdir(path.parent) == [path.name]


def test_half_precision_leaves_whole_numbers_as_they_are(tmp_path):
    save_checkpoint(
        tmp_path / "a.safetensors",
        {"x": torch.tensor([1 / 3]), "count": torch.tensor([70000])},
        half=True,
    )
    tensors = read_checkpoint(tmp_path / "a.safetensors").tensors
    assert tensors["x"].dtype == torch.float16 and tensors["count"].tolist() == [70000]


def test_arrays_are_written_and_read_without_torch(tmp_path):
    program = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from semcom_core.models.checkpoint import read_checkpoint, save_checkpoint\n"
        "path = Path(sys.argv[1])\n"
        "save_checkpoint(path, {'x': np.arange(6, dtype=np.float32).reshape(2, 3).T})\n"
        "print(read_checkpoint(path, framework='numpy').tensors['x'].tolist())\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.safetensors")],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "[[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]\n", done.stderr


def test_a_file_that_is_not_there_is_named(tmp_path):
    assert_refused(tmp_path / "none", "cannot be read: no such file; allowed is a file of this")
    assert_refused(tmp_path, "cannot be read")


@pytest.mark.parametrize("size", [0, 7, 100, -1])
def test_a_truncated_file_is_refused(path, size):
    os.truncate(path, size if size >= 0 else path.stat().st_size - 1)
    assert_refused(path, "cannot be read")


def test_a_damaged_file_is_refused(path):
    data = bytearray(path.read_bytes())
    data[:4] = b"\xff" * 4
    path.write_bytes(data)
    assert_refused(path, "cannot be read")


def test_another_kind_of_network_is_refused(path):
    with pytest.raises(ModelError, match="of another network: setting 'depth' is missing"):
        read_checkpoint(path).config(OtherSize)


@pytest.mark.parametrize(
    ("described", "message"),
    [
        ({}, "no configuration"),
        ({"network": "{"}, "no JSON"),
        ({"network": "[1]"}, "no mapping"),
        ({"network": '{"inputs": 4}'}, "setting 'outputs' is missing"),
        ({"network": '{"inputs": 4, "outputs": 2, "x": 1}'}, "setting 'x' is unknown"),
        ({"network": '{"inputs": 4, "outputs": "two"}'}, "outputs is 'two'"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(path, described, message):
    save_arrays({"weight": np.zeros((2, 4))}, path, metadata=described)
    assert_refused(path, message)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"weight": torch.zeros(2, 4)}, "tensor 'bias' is missing"),
        (
            {"weight": torch.zeros(2, 4), "bias": torch.zeros(2), "x": torch.zeros(1)},
            "tensor 'x' is unknown",
        ),
        (
            {"weight": torch.zeros(4, 2), "bias": torch.zeros(2)},
            r"tensor 'weight' has shape \(4, 2\); allowed is \(2, 4\)",
        ),
        (
            {"weight": torch.full((2, 4), float("nan")), "bias": torch.zeros(2)},
            "not finite in tensor 'weight'",
        ),
        (
            {"weight": torch.zeros(2, 4), "bias": torch.tensor([0, float("inf")])},
            "not finite in tensor 'bias'",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_refused(path, tensors, message):
    save_checkpoint(path, tensors, Size(inputs=4))
    assert_refused(path, message)


def test_an_error_while_writing_leaves_the_old_file_alone(path, monkeypatch):
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk is full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk is full"):
        save_checkpoint(path, {"x": torch.zeros(3)})
    assert path.read_bytes() == before and os.listdir(path.parent) == [path.name]


def test_a_kill_between_writing_and_renaming_leaves_the_old_file(path):
    before = path.read_bytes()
    program = (
        "import os, sys, numpy as np\n"
        "from pathlib import Path\n"
        "from semcom_core.models.checkpoint import save_checkpoint\n"
        "os.replace = lambda *_: os.kill(os.getpid(), 9)\n"
        "save_checkpoint(Path(sys.argv[1]), {'x': np.zeros(3)})\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], timeout=120)
    assert done.returncode == -9
    assert path.read_bytes() == before and load(path)
    save_checkpoint(path, network_of(Size()), Size())
    assert load(path)[1].config(Size) == Size()


def test_a_retrained_file_is_read_anew(path):
    reads = []

    @file_cache(maxsize=2)
    def fingerprint(path, suffix):
        reads.append(path)
        return read_checkpoint(path).fingerprint + suffix

    first = fingerprint(path, "!")
    assert fingerprint(path, "!") is first and len(reads) == 1
    save_checkpoint(path, {"x": torch.zeros(9)})
    second = fingerprint(path, "!")
    assert second != first and len(reads) == 2
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert fingerprint(path, "!") == second and len(reads) == 3


def test_a_folder_is_read_anew_when_one_of_its_files_changes(path):
    names = file_cache(maxsize=1)(lambda folder: sorted(os.listdir(folder)))
    assert names(path.parent) is names(path.parent)
    (path.parent / "words.json").write_text("{}", encoding="utf-8")
    assert names(path.parent) == ["a.safetensors", "words.json"]
