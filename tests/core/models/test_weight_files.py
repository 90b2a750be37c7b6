# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of weights that are something else are named in one line by every reader of weights."""

from __future__ import annotations

import os
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from semcom_core.errors import ModelError
from semcom_core.models import load_language_model
from semcom_core.models.checkpoint import read_checkpoint
from semcom_core.models.sam.loader import load_sam
from semcom_core.models.weight_files import file_defect, unwrapped

POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)
POINTED = "is a Git LFS pointer to a file of 12345 bytes, not the file"


def language_model(path):
    """Read the file as the weights of a folder."""
    return load_language_model(str(path.parent))


def adapter(path):
    """Read the file as the weights of an adapter of the model beside it."""
    return load_language_model(str(path.parent.parent / "copy"), str(path.parent))


READERS = {
    "model.safetensors": language_model,
    "pytorch_model.bin": language_model,
    "model.gguf": lambda path: load_language_model(str(path)),
    "adapter_model.safetensors": adapter,
    "adapter_model.bin": adapter,
    "sam.pth": lambda path: load_sam(str(path)),
    "sam.safetensors": lambda path: load_sam(str(path)),
    "own.safetensors": read_checkpoint,
}


@pytest.fixture(params=READERS)
def file(request, copy, tmp_path, monkeypatch):
    """A whole file where a reader looks for it, and the reader."""
    monkeypatch.setenv("SEMCOM_CACHE", str(tmp_path / "cache"))
    weights = load_file(copy / "model.safetensors")
    folder = copy if request.param in ("model.safetensors", "pytorch_model.bin") else tmp_path / "a"
    folder.mkdir(exist_ok=True)
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA", "target_modules": []}')
    if folder == copy:
        (copy / "adapter_config.json").unlink()
        (copy / "model.safetensors").unlink()
    path = folder / request.param
    if path.suffix == ".safetensors":
        save_file(weights, path, metadata={"format": "pt"})
    elif path.suffix == ".gguf":
        path.write_bytes(b"GGUF\x03\0\0\0" + bytes(30000))
    else:
        torch.save(weights, path)
    return path, READERS[request.param]


def refusal(file) -> str:
    path, read = file
    with pytest.raises(ModelError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message and path.name in message
    return message


@pytest.mark.parametrize("content, words", [(POINTER, POINTED), (b"", "is empty")])
def test_a_pointer_and_an_empty_file_are_named(file, content, words):
    file[0].write_bytes(content)
    assert words in refusal(file)


def test_a_web_page_is_named(file):
    file[0].write_bytes(b"<!DOCTYPE html><html>sign in</html>")
    assert "is a web page, not weights" in refusal(file)


def test_a_truncated_file_is_named(file):
    os.truncate(file[0], file[0].stat().st_size - 1000)
    assert "truncated" in refusal(file)


def test_a_whole_file_has_no_defect(tmp_path):
    weights = {"x": torch.zeros(30)}
    save_file(weights, tmp_path / "a.safetensors")
    torch.save(weights, tmp_path / "a.pth")
    torch.save(weights, tmp_path / "old.bin", _use_new_zipfile_serialization=False)
    for name in ("a.safetensors", "a.pth", "old.bin"):
        assert file_defect(tmp_path / name) == ""
    shutil.copy(tmp_path / "a.safetensors", tmp_path / "b.pth")
    shutil.copy(tmp_path / "a.pth", tmp_path / "b.safetensors")
    assert "is a safetensors file under the name .pth" in file_defect(tmp_path / "b.pth")
    assert "is a PyTorch checkpoint under the name .saf" in file_defect(tmp_path / "b.safetensors")


def test_wrappings_of_trainers_are_taken_off():
    weights = {"a.weight": 1, "b": 2}
    parallel = {f"module.{name}": value for name, value in weights.items()}
    for wrapped in (
        weights,
        parallel,
        {"model": weights, "optimizer": 3},
        {"state_dict": parallel, "epoch": 3},
        {"model": {"state_dict": parallel}},
    ):
        assert unwrapped(wrapped) == weights
    assert unwrapped([1]) == [1] and unwrapped({}) == {}
