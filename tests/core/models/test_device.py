# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices: a name that is not there is one line; on the meta device every tensor of a model lies
where its network does, and every result comes back in its shape.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    BertConfig,
    BertForSequenceClassification,
    BertTokenizerFast,
    masking_utils,
)

from semcom_core.bench.lam_sc import systems_of
from semcom_core.cli import main
from semcom_core.cli.bench import print_devices
from semcom_core.codecs import load_codec, settings_of
from semcom_core.errors import ConfigError
from semcom_core.image.learned import common, lam_sc
from semcom_core.image.segmentation import attention, attention_network
from semcom_core.image.segmentation.knowledge import KnowledgeConfig
from semcom_core.image.transceiver import ImportanceEstimator
from semcom_core.models import device as devices
from semcom_core.models import load_language_model, sentence, trees
from semcom_core.models.sam import loader as sam
from semcom_core.safety import Policy, toxicity
from semcom_core.text.baselines.deepsc import codec as deepsc
from semcom_core.text.distillation.distiller import DistillConfig
from semcom_core.text.distillation.rewriter import ExpandConfig
from tests.core.safety.test_detoxify import CLASSES, WORDS, write

#: Codecs with a network, and settings that load nothing large.
CODECS = ("spinal", "llm-ac", "llm-sc", "deepsc", "deepjscc", "lam-sc")
PICTURE = np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)


@pytest.fixture
def nothing_else(monkeypatch):
    """A computer with a cpu alone."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.fixture
def meta(monkeypatch):
    """The name "mps" finds the meta device, from which results come back as zeros."""
    find = devices.find_device

    def find_meta(name):
        return "meta" if name == "mps" else find("cpu" if name == "auto" else name)

    def to_host(tensor):
        return torch.zeros(tensor.shape, dtype=tensor.dtype) if tensor.is_meta else tensor

    networks = (common, lam_sc, deepsc, sam, trees, sentence, toxicity)
    for module in (devices, *networks, attention, attention_network):
        if hasattr(module, "find_device"):
            monkeypatch.setattr(module, "find_device", find_meta)
        if hasattr(module, "to_host"):
            monkeypatch.setattr(module, "to_host", to_host)


def test_auto_takes_the_first_that_is_there(monkeypatch, nothing_else):
    assert devices.devices_here() == ["cpu"] and devices.find_device("auto") == "cpu"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert devices.find_device("auto") == devices.find_device("mps") == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert devices.devices_here() == ["cuda", "mps", "cpu"]
    assert devices.find_device("auto") == "cuda" and devices.find_device("cpu") == "cpu"


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_one_line_that_says_what_is(name, nothing_else, tiny_folder):
    loads = [
        lambda: load_language_model(str(tiny_folder), "", "float32", name),
        lambda: sam.load_sam(device=name),
        lambda: load_codec("deepsc", device=name),
        lambda: load_codec("deepjscc", device=name),
        lambda: load_codec("lam-sc", device=name),
        lambda: load_codec("spinal", model=str(tiny_folder), precision="float32", device=name),
        lambda: sentence.load_embedder(str(tiny_folder), name),
        lambda: toxicity.load_toxicity("minilm", str(tiny_folder), name),
        lambda: toxicity.load_toxicity("detoxify", str(tiny_folder), name),
        lambda: attention.Attention(device=name),
        lambda: ImportanceEstimator(name),
    ]
    for load in loads:
        with pytest.raises(ConfigError) as caught:
            load()
        assert str(caught.value) == (
            f"device is {name!r}, which is not there; allowed is one of cpu, auto"
        )


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_with_a_network_has_the_setting(codec):
    assert settings_of(codec)["device"] == "cpu"
    with pytest.raises(
        ConfigError, match="device is 'tpu'; allowed is one of auto, cpu, cuda, mps"
    ):
        load_codec(codec, device="tpu")


@pytest.mark.parametrize("kind", [KnowledgeConfig, Policy, DistillConfig, ExpandConfig])
def test_what_loads_a_network_has_the_setting(kind):
    assert kind().device == "cpu"
    with pytest.raises(ConfigError, match="device is 'tpu'; allowed is"):
        kind(device="tpu")


def test_words_are_looked_up_on_the_cpu():
    with pytest.raises(
        ConfigError,
        match="device is 'mps'; classifier 'profanity-check' has no network; allowed is cpu, auto",
    ):
        toxicity.load_toxicity("profanity-check", device="mps")


@pytest.mark.parametrize("bench", ["lam-sc", "sam", "safety", "speed"])
def test_benches_have_the_option(bench, nothing_else, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("SEMCOM_DATA", str(tmp_path))
    (tmp_path / "text" / "toxicity").mkdir(parents=True)
    lines = [f"The committee will meet again on day {day}.\n" for day in range(300)]
    (tmp_path / "text" / "europarl_en.txt").write_text("".join(lines), encoding="utf-8")
    assert main(["bench", bench, "--device", "cuda", "--split", "all"]) != 0
    error = capsys.readouterr().err
    assert "device is 'cuda', which is not there; allowed is one of cpu, auto" in error
    assert error.count("\n") == 1


def test_benches_print_what_codecs_compute_on(tiny_folder, capsys):
    settings = {"model": str(tiny_folder), "device": "auto"}
    print_devices({"spinal": settings, "deflate": {}, "deepjscc": {"weights": "none"}}.items())
    assert capsys.readouterr().err.splitlines()[-1] == "devices: spinal cpu, deflate cpu"


def test_the_bench_of_lam_sc_hands_the_device_on():
    for experiment in ("baseline", "attention", "mask"):
        systems = systems_of(experiment, "weights", "peer", "auto")
        assert {system.settings["device"] for system in systems} == {"auto"}


def test_int8_computes_on_the_cpu_alone(meta, tiny_folder):
    with pytest.raises(ConfigError, match="device is 'meta', where precision int8 is not computed"):
        load_language_model(str(tiny_folder), device="mps")
    automatic = load_language_model(str(tiny_folder), device="auto")
    plain = load_language_model(str(tiny_folder))
    assert automatic.device == plain.device == "cpu"
    assert automatic.fingerprint == plain.fingerprint


def test_the_device_is_no_part_of_a_message(tiny_folder):
    for name, text in (("deepsc", "I declare the session closed."), ("spinal", "the house")):
        settings = {"model": str(tiny_folder)} if name == "spinal" else {}
        here = load_codec(name, device="cpu", **settings).encode(text, 10.0)
        usual = load_codec(name, **settings).encode(text, 10.0)
        assert [frame.header for frame in here] == [frame.header for frame in usual]


@pytest.mark.parametrize("way", trees.WAYS)
def test_a_language_model_keeps_all_on_its_device(way, meta, tiny_folder, monkeypatch):
    network = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype="float32").to("meta").eval()
    # the library looks at the numbers of positions, of which the meta device has none
    monkeypatch.setattr(masking_utils, "find_packed_sequence_indices", lambda positions: None)
    network.config.sliding_window = 4
    placed = trees.FloatNetwork(network, trees.Way(way))
    assert placed.device.type == "meta"
    assert placed.log2_probs([0], [5, 6]).shape == (3, 300)
    tree = placed.tree([0, 3])
    node, row = tree.root()
    nodes, rows = tree.extend([node, node], [5, 6])
    nodes, rows = tree.extend([nodes[0], nodes[1]], [7, 8])
    assert row.shape == (300,) and rows.shape == (2, 300) and len(set(nodes)) == 2


def test_learned_picture_codecs_keep_all_on_their_device(meta):
    for name in ("deepjscc", "lam-sc"):
        codec = load_codec(name, device="mps")
        assert codec.device == "meta"
        assert {weight.device.type for weight in codec._network.parameters()} == {"meta"}
    codec = load_codec("deepjscc", device="mps")
    frames = codec.encode(PICTURE, 10.0)
    assert sum(len(frame.symbols) for frame in frames) > 0


def test_networks_of_lam_sc_compute_where_they_lie(meta):
    model = common.load_model(lam_sc.SHIPPED, lam_sc.LamScNetwork, lam_sc.LamScShape, "mps")
    pictures = torch.zeros(1, 3, 24, 40, device="meta")
    importance = torch.zeros(1, 1, 3, 5, device="meta")
    conditions = lam_sc.conditions_of(10.0, 0.5, 1).to("meta")
    latent = model.network.sender(pictures, importance, conditions)
    groups = torch.ones(latent.scores.shape, device="meta")
    values, mask, amplitude = model.network.send(latent, groups)
    noise = torch.ones(1, 12, 3, 5, device="meta")
    received = model.network.receive(values, noise, latent.important, groups, amplitude)
    assert {tensor.device.type for tensor in (values, mask, received)} == {"meta"}
    assert received.shape == (1, 3, 24, 40) and values.shape == (1, 24, 3, 5)


def test_deepsc_keeps_all_on_its_device(meta):
    codec = load_codec("deepsc", device="mps")
    frames = codec.encode("I declare the session closed.", 10.0)
    assert codec.device == "meta" and len(frames) == 1
    assert frames[0].header.length == len(frames[0].symbols)
    assert not np.any(frames[0].symbols)  # what comes back from the meta device is zeros


def test_sam_keeps_all_on_its_device(meta):
    model = sam.load_sam(device="mps")
    assert model.device == "meta" and model.network.device.type == "meta"
    assert sam.load_sam().network.device.type == "cpu"
    predictor = sam.RememberingPredictor(model.network)
    predictor.set_image(PICTURE)
    assert predictor.features.is_meta
    assert predictor.embedding().shape[0] == model.channels


@pytest.fixture
def bert(tmp_path):
    """A folder of a small encoder that is both a sentence embedding and a checkpoint of Detoxify."""
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    BertTokenizerFast(vocab=str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    config = BertConfig(
        vocab_size=len(WORDS),
        num_labels=len(CLASSES),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    with torch.random.fork_rng():
        torch.manual_seed(4)
        network = BertForSequenceClassification(config)
    network.bert.save_pretrained(tmp_path)
    write(tmp_path, network.state_dict())
    return str(tmp_path)


def test_sentence_embedding_and_classifier_keep_all_on_their_device(meta, bert, monkeypatch):
    # the library looks whether there is padding, which the meta device does not know
    monkeypatch.setattr(masking_utils, "_ignore_bidirectional_mask_sdpa", lambda *args: False)
    texts = ["you are kind", "you are awful awful"]
    here = sentence.load_embedder(bert)
    assert here.device == "cpu" and here is sentence.load_embedder(bert, "auto")
    assert np.linalg.norm(here.embed(texts), axis=1) == pytest.approx([1, 1], abs=1e-6)
    there = sentence.load_embedder(bert, "mps")
    assert there.device == there._network.device.type == "meta"
    assert there.embed(texts).shape == (2, 16) and not there.embed(texts).any()
    detoxify = toxicity.load_toxicity("detoxify", bert, "mps")
    assert detoxify.device == detoxify._network.device.type == "meta"
    assert detoxify.scores(texts).shape == (2,)
    assert toxicity.load_toxicity("detoxify", bert).scores(texts).min() > 0


def test_attention_keeps_all_on_its_device(meta):
    there = attention.Attention(device="mps")
    assert there.device == "meta"
    assert {weight.device.type for weight in there._network.parameters()} == {"meta"}
    # zeros come back from the meta device, and a logit of 0 is one half
    assert np.array_equal(
        there.importance(PICTURE, None, "spatial"), np.full((24, 40), 0.5, np.float32)
    )
    here = attention.Attention(device="auto")
    assert here.device == "cpu" and here.importance(PICTURE, None, "spatial").std() > 0.01


def test_float32_on_every_device():
    """The two ends of a link come to the same probabilities on whatever they compute."""
    assert set(devices.FLOAT_TYPES.values()) == {"float32"}
    network = torch.nn.Linear(3, 3).half()
    assert devices.place_network(network, "meta").weight.dtype == torch.float32


def test_the_command_prints_the_devices(nothing_else, tiny_folder, capsys):
    assert main(["models", "devices"]) == 0
    assert capsys.readouterr().out == "cpu, float32\n"
    assert main(["models", "verify", str(tiny_folder), "--device", "auto"]) == 0
    assert "bits a word, on cpu\n" in capsys.readouterr().out
    assert main(["models", "fetch", str(tiny_folder), "--device", "cuda"]) != 0
    assert "device is 'cuda', which is not there" in capsys.readouterr().err
