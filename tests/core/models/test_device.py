# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices: a name that is not there is one line; on the meta device every tensor of a model lies
where its network does, and every result comes back in its shape.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, masking_utils

from semcom_core.cli import main
from semcom_core.codecs import load_codec, settings_of
from semcom_core.errors import ConfigError
from semcom_core.image.learned import common, lam_sc
from semcom_core.image.segmentation.knowledge import KnowledgeConfig
from semcom_core.models import device as devices
from semcom_core.models import load_language_model, trees
from semcom_core.models.sam import loader as sam
from semcom_core.text.baselines.deepsc import codec as deepsc

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

    for module in (devices, common, deepsc, sam, trees, lam_sc):
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


def test_the_knowledge_base_has_the_setting():
    assert KnowledgeConfig().device == "cpu"
    with pytest.raises(ConfigError, match="device is 'tpu'; allowed is"):
        KnowledgeConfig(device="tpu")


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
