# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Architectures of the transformers library: sender and receiver agree, or the model is refused in
one line.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from semcom_core.channel import parse_channel
from semcom_core.cli import main
from semcom_core.errors import ModelError
from semcom_core.models import load_language_model, loader, verification
from semcom_core.models.cache import cache_folder, result_key
from semcom_core.models.trees import FloatNetwork, Way
from semcom_core.simulation import transmit_symbols
from semcom_core.text.baselines.llm_arithmetic import LlmArithmeticCodec, LlmArithmeticConfig
from semcom_core.text.spinal.codec import SpinalCodec, SpinalConfig
from tests.core.models.architectures import (
    ARCHITECTURES,
    LLAMA,
    save_architecture,
    what_it_does,
)

ROOT = Path(__file__).resolve().parents[3]
TEXT = (
    "The house has voted on the question; this is the first time that the committee will meet. "
    "Its chair, Ms Größe, said at 10:45: “We have 17 amendments, 3 reports and no time.” "
    "Nobody answered. Then the lights went out, somebody laughed, and a voice from the back row "
    "asked whether the minutes (pages 4-9) had been kept. They had not; they were lost in 1998, "
    "together with the key to the archive, two chairs and a portrait of the founder, which was "
    "found a year later in a cellar by the river & sold for $250. The question remains open until "
    "Thursday, when all of the members will vote once again."
)
#: Some of each way, for the tests that always run.
SOME = (
    "gpt2, 128 positions",
    "bloom, ALiBi",
    "gemma3, window",
    "qwen2",
    "qwen3, wide heads, tied",
    "mistral, window",
    "llama, dynamic RoPE",
    "jamba, hybrid",
    "bert",
    "bart",
    "reformer",
    "roberta, decoder",
)
#: Rounding in float32, bits; a wrong mask or position costs 0.1 bit and more.
TOLERANCE = 1e-3


@pytest.fixture(autouse=True)
def own_results(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("SEMCOM_CACHE", str(tmp_path_factory.mktemp("cache")))


def load(title: str, folder: Path, precision: str = "float32"):
    """The model of an architecture; None where it is refused in one line."""
    save_architecture(title, folder)
    try:
        return load_language_model(str(folder), precision=precision)
    except ModelError as error:
        message = str(error)
        assert message.startswith(f"model {str(folder)!r} is no causal language model: ")
        assert "\n" not in message and len(message) < 400
        return None


def differences(model, tokens: list[int]) -> list[float]:
    """Largest differences between a tree's rows along a text, beside siblings, and a whole pass."""
    whole = model.log2_probs(tokens)
    tree = model.tree()
    node, row = tree.root()
    rows = [row]
    for token in tokens:
        (node, _), found = tree.extend([node, node], [token, (token + 7) % model.vocabulary])
        rows.append(found[0])
    return np.abs(np.array(rows) - whole).max(axis=1).tolist()


def check_text(model, codec, text: str) -> None:
    """A text arrives exactly by a codec over noise of 10 dB. One message in a hundred is lost at
    the codecs' rates, and marked; not two of two.
    """
    frames = codec.encode(text, 10.0)
    channel = parse_channel("awgn:10")
    for seed in (2, 3):
        rng = np.random.default_rng(seed)
        found = codec.decode([transmit_symbols(frame, channel, rng) for frame in frames])
        if found.decoded:
            assert found.text == text
            return
    pytest.fail(f"lost twice: {found.reason}")


def check_codecs(model, text: str) -> None:
    """A text arrives exactly by both codecs whose model has to agree at both ends."""
    check_text(model, SpinalCodec(SpinalConfig(), model), text)
    check_text(model, LlmArithmeticCodec(LlmArithmeticConfig(), model), text)


def check_architecture(title: str, folder: Path, text: str, count: int) -> None:
    """No text is lost, and no tree differs, over `count` tokens."""
    model = load(title, folder)
    if model is None:
        return
    tokens = model.tokenize(TEXT)
    assert max(differences(model, tokens[:count])) <= TOLERANCE
    check_codecs(model, text)
    exact = load_language_model(str(folder))
    if exact.fingerprint != model.fingerprint:  # it has integer weights
        assert max(differences(exact, tokens[:count])) == 0.0
        check_codecs(exact, text)


@pytest.mark.parametrize("title", SOME)
def test_some_architectures_lose_no_text(title, tmp_path):
    check_architecture(title, tmp_path / "model", TEXT[:24], 72)


@pytest.mark.slow
@pytest.mark.parametrize("title", ARCHITECTURES)
def test_no_architecture_loses_a_text(title, tmp_path):
    assert len(TEXT.encode()) >= 600
    check_architecture(title, tmp_path / "model", TEXT, 200)


def test_what_was_found_is_kept_and_depends_on_the_configuration(tmp_path, monkeypatch):
    folder = tmp_path / "model"
    one = load("mistral, window", folder)
    found = list((cache_folder() / "checks").iterdir())
    assert len(found) == 1 and one.network.way == Way("windows")
    calls = []
    monkeypatch.setattr(verification, "_choose", lambda *args: calls.append(args))
    kept = result_key(one.fingerprint, one.network.network.config)
    verification.verify_float("again", one.network, one.vocabulary, kept)
    assert not calls and found[0].stem == kept
    one.network.network.config.sliding_window = 8
    assert result_key(one.fingerprint, one.network.network.config) != kept


def test_a_long_check_says_so_once(tmp_path, monkeypatch, capsys):
    load("qwen2", tmp_path / "short")
    assert "checking" not in capsys.readouterr().err
    monkeypatch.setattr(verification, "_MANY_WEIGHTS", 1)
    folder = tmp_path / "long"
    load("qwen3", folder)
    assert f"checking model {str(folder)!r} once, some seconds\n" in capsys.readouterr().err
    loader._load.cache_clear()  # as another process
    load_language_model(str(folder), precision="float32")
    assert "checking" not in capsys.readouterr().err


def test_a_result_that_cannot_be_read_is_found_again(tmp_path):
    folder = tmp_path / "model"
    way = load("gpt2, 128 positions", folder).network.way
    for path in (cache_folder() / "checks").iterdir():
        path.write_text("[]", encoding="utf-8")
    network = FloatNetwork(AutoModelForCausalLM.from_pretrained(folder, dtype="float32").eval())
    verification.verify_float("again", network, 304, path.stem)
    assert network.way == way == Way("mask", 128, 128)


def test_a_cache_that_cannot_be_written_keeps_nothing(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SEMCOM_CACHE", str(tmp_path / "file"))
    assert load("qwen2", tmp_path / "model") is not None


def test_the_probe_is_longer_than_what_a_configuration_names(tmp_path, monkeypatch):
    monkeypatch.setitem(ARCHITECTURES, "wide", ("mistral", {**LLAMA, "sliding_window": 80}))
    found = verification.verify_model(load("wide", tmp_path / "model"))
    assert found.limits == {"sliding_window": 80} and found.tokens == 104
    assert found.way == Way("windows") and "over 104 tokens; sliding_window 80" in found.describe()
    # two chunks of 64, below which all tokens see each other
    assert verification.length_limits(AutoConfig.for_model("reformer", is_decoder=True)) == {
        "local_attn_chunk_length": 128,
        "lsh_attn_chunk_length": 128,
    }
    # 512 groups of 4 tokens are picked; beyond two groups of 128, older ones are seen as groups
    limits = verification.length_limits(AutoConfig.for_model("deepseek_v4"))
    assert (limits["index_topk"], limits["compress_rates"]) == (2048, 256)


def test_the_probe_begins_with_special_tokens(tmp_path):
    """A network that counts no position for padding is right where padding is the prompt."""
    model = load("roberta, decoder", tmp_path / "model")
    config = model.network.network.config
    assert verification._probe(model.vocabulary, 8, config)[:2] == [0, 1]
    assert verification._probe(model.vocabulary, 8)[:2] != [0, 1]
    model.network.way = Way("cache")
    tokens = model.tokenize(TEXT)[:30]
    assert max(differences(model, tokens)) > 0.1


def test_a_window_beyond_the_probe_ends_the_span_of_the_fast_way(tmp_path, monkeypatch):
    monkeypatch.setattr(verification, "_MOST", 16)
    model = load("mistral, window", tmp_path / "model")
    assert model.network.way == Way("mask", 16)
    assert max(differences(model, model.tokenize(TEXT)[:40])) <= TOLERANCE


def test_rope_that_changes_is_that_of_each_prefix(tmp_path):
    """Beyond the length at which it changes, a token has what the network says of its prefix."""
    folder = tmp_path / "model"
    model = load("llama, dynamic RoPE", folder)
    tokens = model.tokenize(TEXT)[:70]
    found = model.log2_probs(tokens)
    prompt = load_language_model(str(folder), precision="float32")._prompt
    for count in (10, 62, 66, 70):
        fresh = AutoModelForCausalLM.from_pretrained(folder, dtype="float32").eval()
        with torch.inference_mode():
            logits = fresh(torch.tensor([[*prompt, *tokens[:count]]])).logits[0, -1]
        expected = (torch.log_softmax(logits, dim=-1) / np.log(2)).numpy()
        assert found[count] == pytest.approx(expected, abs=TOLERANCE)


def test_a_network_that_ends_sees_the_last_tokens(tmp_path):
    model = load("gpt2, 128 positions", tmp_path / "model")
    tokens = (model.tokenize(TEXT) * 2)[:140]
    found = model.log2_probs(tokens)
    assert found.shape == (141, model.vocabulary)
    # 141 tokens with the prompt: those from the 64th on are seen
    assert found[-1] == pytest.approx(model.network.whole(tokens[63:], 1)[0], abs=TOLERANCE)


def test_trees_without_a_window_differ_where_the_network_has_one(tmp_path):
    """What the check is there for: the mask of ancestors alone is wrong beyond a window."""
    model = load("mistral, window", tmp_path / "model")
    tokens = model.tokenize(TEXT)[:40]
    model.network.way = Way("mask")
    assert max(differences(model, tokens)[:15]) <= TOLERANCE
    assert max(differences(model, tokens)) > 0.1


def test_verify_prints_what_it_found(tmp_path, capsys):
    folder = tmp_path / "model"
    save_architecture("mistral, window", folder)
    assert main(["models", "verify", str(folder), "--precision", "float32"]) == 0
    assert "trees by 'windows'; tree against whole pass " in capsys.readouterr().out
    assert main(["models", "verify", str(folder)]) == 0
    assert "trees by 'int8'; tree against whole pass 0 bit over" in capsys.readouterr().out
    save_architecture("bert", tmp_path / "bert")
    assert main(["models", "verify", str(tmp_path / "bert")]) != 0
    error = capsys.readouterr().err
    assert "is no causal language model: in bert later tokens change" in error
    assert error.rstrip().count("\n") == 0


@pytest.mark.parametrize("title", ("qwen2", "mistral, long window", "bert", "bart", "reformer"))
def test_the_page_says_what_an_architecture_does(title, tmp_path):
    save_architecture(title, tmp_path / "model")
    page = (ROOT / "gr-semcom" / "docs" / "models.md").read_text(encoding="utf-8")
    assert f"| {title} | {what_it_does(tmp_path / 'model')} |" in page
    assert all(f"| {title} | " in page for title in ARCHITECTURES)
