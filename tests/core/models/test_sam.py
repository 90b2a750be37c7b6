# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Segment Anything networks: official checkpoints are recognised by their tensors; the small one
runs in the package's predictor.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from segment_anything import SamPredictor, sam_model_registry
from segment_anything.modeling import (
    ImageEncoderViT,
    MaskDecoder,
    PromptEncoder,
    Sam,
    TwoWayTransformer,
)

from semcom_core.errors import ConfigError, ModelError
from semcom_core.models.sam.loader import build_like, load_sam, save_tiny
from semcom_core.models.sam.tiny import DrawnPrompts, TinyConfig, build_tiny

SMALL = TinyConfig(size=64, stem=8, width=32, depth=1, heads=2, prompt=32, decoder=1)


def official_format(seed: int = 0) -> Sam:
    """A network of the published kind at very small size: 64 pixels, one block that sees windows
    and one that sees everything.
    """
    torch.manual_seed(seed)
    norm = partial(torch.nn.LayerNorm, eps=1e-6)
    encoder = ImageEncoderViT(
        64,
        16,
        3,
        24,
        2,
        2,
        4.0,
        16,
        norm_layer=norm,
        use_rel_pos=True,
        window_size=2,
        global_attn_indexes=(1,),
    )
    decoder = MaskDecoder(
        transformer_dim=16, transformer=TwoWayTransformer(1, 16, 8, 24), iou_head_hidden_dim=12
    )
    return Sam(encoder, PromptEncoder(16, (4, 4), (64, 64), 16), decoder).eval()


def best_mask(network: Sam, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    predictor = SamPredictor(network)
    predictor.set_image(picture)
    masks, quality, _ = predictor.predict(
        np.array([[20.0, 10.0]]), np.array([1]), return_logits=True
    )
    return masks, quality


def test_an_official_checkpoint_gives_the_network_it_was_saved_from(tmp_path):
    network, picture = (
        official_format(),
        np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8),
    )
    torch.save(network.state_dict(), tmp_path / "sam.pth")
    model = load_sam(str(tmp_path / "sam.pth"))
    assert (model.name, model.channels, len(model.fingerprint)) == ("vit", 16, 16)
    for ours, theirs in zip(best_mask(model.network, picture), best_mask(network, picture)):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("name", ["vit_b", "vit_l", "vit_h"])
def test_the_published_networks_are_recognised_by_their_shapes(name):
    with torch.device("meta"):
        theirs = sam_model_registry[name]()
    ours = build_like(theirs.state_dict())
    shapes = [
        {key: value.shape for key, value in network.state_dict().items()}
        for network in (ours, theirs)
    ]
    assert shapes[0] == shapes[1]
    pairs = list(zip(ours.image_encoder.blocks, theirs.image_encoder.blocks, strict=True))
    assert [(a.window_size, a.attn.num_heads) for a, _ in pairs] == [
        (b.window_size, b.attn.num_heads) for _, b in pairs
    ]
    assert ours.image_encoder.img_size == theirs.image_encoder.img_size == 1024
    assert ours.mask_decoder.transformer.num_heads == theirs.mask_decoder.transformer.num_heads


def test_what_is_no_checkpoint_is_named(tmp_path):
    cases = {
        "other.pth": {"weight": torch.zeros(3)},
        "list.pth": [1, 2],
        "missing.pth": official_format().state_dict(),
    }
    del cases["missing.pth"]["mask_decoder.iou_token.weight"]
    for name, content in cases.items():
        torch.save(content, tmp_path / name)
        with pytest.raises(ModelError, match=f"{name}.*allowed is"):
            load_sam(str(tmp_path / name))
    for name in ("text.pth", "text.safetensors"):
        (tmp_path / name).write_text("no network", encoding="utf-8")
        with pytest.raises(ModelError, match=f"{name} cannot be read"):
            load_sam(str(tmp_path / name))
    with pytest.raises(ModelError, match="nowhere.*is not there; allowed is sam-tiny"):
        load_sam("nowhere")


def _half(state):
    return {name: value.half() for name, value in state.items()}


WRAPPINGS = {
    "half": _half,
    "parallel": lambda state: {f"module.{name}": value for name, value in state.items()},
    "model": lambda state: {"model": state, "epoch": 3},
    "state_dict": lambda state: {
        "state_dict": {f"module.{name}": value for name, value in _half(state).items()}
    },
    "colours": lambda state: {**state, "pixel_mean": torch.zeros(3, 1, 1)},
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_wrapped_and_half_precision_checkpoints_give_the_same_network(wrapping, tmp_path):
    state = _half(official_format().state_dict())
    state = {name: value.float() for name, value in state.items()}
    torch.save(WRAPPINGS[wrapping](state), tmp_path / "sam.pth")
    found = load_sam(str(tmp_path / "sam.pth")).network.state_dict()
    assert found.keys() == state.keys()
    for name, value in state.items():
        assert found[name].dtype == torch.float32 and torch.equal(found[name], value), name


@pytest.mark.parametrize(
    ("tensor", "kind"),
    [
        ("image_encoder.trunk.patch_embed.proj.weight", "SAM 2"),
        ("memory_attention.norm.weight", "SAM 2"),
        ("mask_decoder.hf_token.weight", "HQ-SAM"),
        ("image_encoder.patch_embed.seq.0.c.weight", "MobileSAM"),
        ("vision_encoder.pos_embed", "the transformers library"),
    ],
)
def test_networks_of_other_kinds_are_named(tensor, kind, tmp_path):
    state = {**official_format().state_dict(), tensor: torch.zeros(2)}
    torch.save({"model": state}, tmp_path / "other.pth")
    with pytest.raises(
        ModelError, match=f"other.pth is of {kind}; allowed is an official"
    ) as caught:
        load_sam(str(tmp_path / "other.pth"))
    assert "\n" not in str(caught.value)


def test_safetensors_under_the_name_of_a_pickle_are_named(tmp_path):
    save_file(official_format().state_dict(), tmp_path / "sam.pth")
    with pytest.raises(ModelError, match=r"it is a safetensors file under the name .pth; rename"):
        load_sam(str(tmp_path / "sam.pth"))


def test_nothing_but_tensors_is_read_from_a_checkpoint(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    torch.save({"image_encoder": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(ModelError, match="cannot be read"):
        load_sam(str(tmp_path / "trap.pth"))
    assert not (tmp_path / "sprung").exists()


def test_the_small_network_is_written_and_read_in_half_precision(tmp_path):
    torch.manual_seed(1)
    network, picture = (
        build_tiny(SMALL),
        np.random.default_rng(1).integers(0, 256, (64, 40, 3), dtype=np.uint8),
    )
    save_tiny(tmp_path / "tiny.safetensors", network.state_dict(), SMALL, {"steps": 1})
    model = load_sam(str(tmp_path / "tiny.safetensors"))
    assert model.name == "sam-tiny" and not model.network.training
    ours, theirs = best_mask(model.network, picture), best_mask(network, picture)
    assert ours[0].shape == (3, 64, 40)
    np.testing.assert_allclose(
        ours[0], theirs[0], atol=0.02 * np.abs(theirs[0]).max()
    )  # half precision rounds to 3 digits


def test_prompts_of_several_pictures_are_answered_as_each_alone():
    torch.manual_seed(2)
    network, pictures = build_tiny(SMALL), torch.randn(2, 3, 64, 64)
    points = torch.rand(2, 3, 1, 2) * 64
    with torch.no_grad():
        embedding, place = network.image_encoder(pictures), network.prompt_encoder.get_dense_pe()
        sparse, dense = network.prompt_encoder((points.flatten(0, 1), torch.ones(6, 1)), None, None)
        together, _ = network.mask_decoder.predict_masks(embedding, place, sparse, dense)
        for number in range(2):
            part = slice(3 * number, 3 * number + 3)
            alone, _ = network.mask_decoder.predict_masks(
                embedding[number : number + 1], place, sparse[part], dense[part]
            )
            torch.testing.assert_close(together[part], alone, atol=1e-4, rtol=1e-3)
    assert together.shape == (6, 4, 16, 16)


def test_prompts_are_drawn_by_their_distance():
    prompts = DrawnPrompts(32, (4, 4), (64, 64), 16)
    near = prompts._near(torch.tensor([[[10.0, 22.0], [50.0, 50.0]]]), torch.tensor([[1.0, -1.0]]))[
        0
    ]
    assert (
        near.shape == (16, 16) and near[5, 2] == near.max() > 0.9
    )  # the cell of rows 20 to 23 and columns 8 to 11
    assert (
        near[5, 4] == pytest.approx(1 - 8 / 8, abs=0.02) and near[12, 12] == -1
    )  # a place that is no point of the object is not drawn
    inside = prompts._inside(torch.tensor([[8.0, 16.0, 40.0, 64.0]]))[0]
    assert inside[9, 5] == inside.max() > 0.85 and inside[0, 15] == -1
    assert inside[9, 1] == pytest.approx(-2 / 16) and inside[9, 2] == pytest.approx(
        2 / 16
    )  # beside the left edge


def test_masks_start_from_what_was_drawn():
    torch.manual_seed(5)
    network = build_tiny(SMALL)
    predictor = SamPredictor(network)
    predictor.set_image(np.zeros((64, 64, 3), np.uint8))
    box, _, _ = predictor.predict(box=np.array([8.0, 16.0, 40.0, 64.0]), multimask_output=False)
    wanted = np.zeros((64, 64), bool)
    wanted[16:, 8:40] = True
    assert (box[0] & wanted).sum() / (
        box[0] | wanted
    ).sum() > 0.85  # corners of cells of 4 pixels are rounded
    discs, _, _ = predictor.predict(np.array([[32.0, 32.0]]), np.array([1]))
    assert np.all(np.diff(discs.sum((1, 2))) < 0) and discs[1].sum() == pytest.approx(
        np.pi * 8**2, rel=0.15
    )


def test_a_mask_is_taken_instead_of_the_drawing():
    torch.manual_seed(4)
    prompts = build_tiny(SMALL).prompt_encoder
    with torch.no_grad():
        point, other = (torch.tensor([[[x, 20.0]]]) for x in (10.0, 50.0))
        drawn = [prompts((place, torch.ones(1, 1)), None, None)[1] for place in (point, other)]
        given = [
            prompts((place, torch.ones(1, 1)), None, torch.ones(1, 1, 16, 16))[1]
            for place in (point, other)
        ]
    assert not torch.equal(*drawn) and torch.equal(*given)


@pytest.mark.parametrize(
    "setting",
    [{"size": 250}, {"stem": 12}, {"prompt": 48}, {"width": 100, "heads": 3}, {"depth": 0}],
)
def test_sizes_that_do_not_fit_are_refused(setting):
    with pytest.raises(ConfigError, match="allowed is"):
        TinyConfig(**setting)
