# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text-image alignment: data, training, recall, and the weights that ship."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semcom_core.bench.alignment import (
    alignment_rows,
    colour_features,
    describe_alignment,
)
from semcom_core.cli import main
from semcom_core.datasets.captions import captioned_pictures
from semcom_core.datasets.corpus import is_test
from semcom_core.errors import ConfigError, FrameError, ModelError
from semcom_core.memory import MemoryStore, StoreConfig, image_item, text_item
from semcom_core.memory.alignment import (
    SHIPPED,
    WEIGHTS,
    Alignment,
    Projection,
    encoder_fingerprints,
    picture_features,
    ridge,
)
from semcom_core.models.checkpoint import save_checkpoint
from semcom_core.train.alignment import seen, views_of
from semcom_core.train.settings import AlignmentTraining

COLOURS = {"red": (220, 30, 30), "green": (30, 190, 60), "blue": (40, 60, 220)}
PLACES = {"left": 8, "right": 56}


def painted(colour: str, place: str) -> np.ndarray:
    pixels = np.full((64, 96, 3), 235, np.uint8)
    pixels[16:48, PLACES[place] : PLACES[place] + 32] = COLOURS[colour]
    return pixels


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A folder as it is expected, with squares for photographs."""
    folder = tmp_path_factory.mktemp("data")
    images = folder / "cocoseg" / "images"
    further = folder / "photos" / "coco_extra"
    for place in (images, further, folder / "text"):
        place.mkdir(parents=True)
    rows = []
    captions = []
    for number, colour in enumerate([*COLOURS] * 8):
        place = [*PLACES][number // 3 % 2]
        split = "val" if number >= 12 else "train"
        name = f"{number:03d}.jpg"
        Image.fromarray(painted(colour, place)).save(images / name)
        texts = [f"a {colour} square on the {place}", f"there is something {colour} here"]
        box = [PLACES[place], 16, 32, 32]
        square = {"category": f"{colour} square", "bbox": box, "visible_area": 1024}
        rows.append(
            {
                "file": name,
                "split": split,
                "captions": texts if number % 2 else [],
                "objects": [square],
            }
        )
        if number % 2 == 0 and number != 4:  # the captions of one are nowhere
            captions += [f"{name}\t{text}" for text in texts]
    Image.fromarray(painted("red", "left")).save(further / "x.jpg")
    captions.append("x.jpg\ta square of red colour")
    (folder / "cocoseg" / "meta.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "text" / "coco_captions.tsv").write_text("\n".join(captions) + "\n")
    return folder


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory) -> Path:
    pytest.importorskip("all_minilm_l6_v2")
    out = tmp_path_factory.mktemp("out")
    assert main(["train", "alignment", "--data", str(data), "--out", str(out)]) == 0
    return out


def test_parts_are_apart_and_test_sentences_are_not_trained_on(data):
    train = captioned_pictures(data, "train")
    test = captioned_pictures(data, "test")
    assert len(train) == 13 and len(test) == 12
    assert not {one.path.name for one in train} & {one.path.name for one in test}
    assert not any(is_test(text) for one in train for text in one.captions)
    assert train[4].captions == () and train[4].objects[0][0] == "green square"
    assert len(test[0].captions) == 2 and train[-1].path.name == "x.jpg"


def test_views_are_the_picture_its_mirror_and_its_objects(data):
    train = captioned_pictures(data, "train")
    views = views_of(train[4], AlignmentTraining())
    assert [view.weight for view in views] == [0.5, 0.5, 0.3]
    assert views[0].texts == ("a photo of a green square",) == views[2].texts
    assert np.array_equal(views[1].pixels, views[0].pixels[:, ::-1])
    assert views[2].pixels.shape == (42, 42, 3)
    assert seen(train[-1]) == ()


def test_features_are_of_two_encoders_and_do_not_change(data):
    found = picture_features(painted("red", "left"))
    assert found.shape == (3 * 384 + 3 * 160,) and found.dtype == np.float32
    assert np.array_equal(found, picture_features(painted("red", "left")))
    assert picture_features(np.zeros((4, 900, 3), np.uint8)).shape == found.shape
    with pytest.raises(FrameError):
        picture_features(np.zeros((4, 4)))


def test_ridge_is_the_least_squares_under_its_penalty():
    rng = np.random.default_rng(1)
    features = rng.normal(3, 2, (40, 6))
    targets = rng.normal(size=(40, 4))
    weights = rng.uniform(0.2, 1, 40)
    found = ridge(features, targets, weights, 0.7)
    rows = (features - found.mean) / found.scale
    normal = rows.T @ (weights[:, None] * rows) + 0.7 * np.eye(6)
    wanted = np.linalg.solve(normal, rows.T @ (weights[:, None] * (targets - found.centre)))
    assert found.matrix == pytest.approx(wanted, abs=1e-9)
    assert np.sum(rows**2) == pytest.approx(40, rel=0.01)


def test_pictures_are_recalled_by_what_is_said_of_them(data, trained):
    alignment = Alignment(trained / WEIGHTS)
    store = MemoryStore(StoreConfig("ring", 9))
    pictures = [(colour, "left") for colour in COLOURS]
    embedded = alignment.embed_pictures([painted(*one) for one in pictures])
    assert np.linalg.norm(embedded, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    for key, (one, embedding) in enumerate(zip(pictures, embedded, strict=True)):
        store.add(image_item(key, key, painted(*one), embedding))
    store.add(text_item(9, 9, "x", alignment.embed_texts(["x"])[0]))
    for key, (colour, _) in enumerate(pictures):
        (query,) = alignment.embed_texts([f"show me the {colour} thing"])
        assert store.recall(query, 1, "image")[0].item.key == key
    assert alignment.embed_pictures([]).shape == (0, 384)


def test_interrupted_training_goes_on_with_its_features(data, trained, monkeypatch, capsys):
    before = Alignment(trained / WEIGHTS).projection
    monkeypatch.setattr("semcom_core.train.alignment.picture_features", None)
    assert main(["train", "alignment", "--data", str(data), "--out", str(trained)]) == 0
    again = Alignment(trained / WEIGHTS).projection
    assert np.array_equal(again.matrix, before.matrix) and again is not before
    assert f"weights written to {trained}" in capsys.readouterr().out


def test_rows_stand_beside_colours_and_chance(data, trained):
    rows = alignment_rows(data, weights=trained / WEIGHTS)
    assert len(rows) == 6 and [row["system"] for row in rows[4:]] == ["chance"] * 2
    found = {(row["system"], row["direction"]): row for row in rows}
    chance = found["chance", "text to picture"]
    assert (chance["recall_1"], chance["recall_10"]) == (1 / 12, 10 / 12)
    # two of 24 captions are a picture's own: 1 - 22/24
    assert found["chance", "picture to text"]["recall_1"] == pytest.approx(1 / 12)
    own = found["sam-tiny and lam-sc", "text to picture"]
    assert own["recall_5"] > 0.6 and own["captions"] == 24
    assert own["recall_5_low"] <= own["recall_5"] <= own["recall_5_high"]
    assert "@10" in describe_alignment(own)


def test_colours_alone_are_shares_and_a_small_picture():
    found = colour_features(painted("red", "left"))
    assert found.shape == (64 + 48,) and np.sum(found[:64] ** 2) == pytest.approx(1)


def test_bad_data_and_weights(data, tmp_path):
    with pytest.raises(ConfigError, match="coco_captions.tsv cannot be read"):
        captioned_pictures(tmp_path, "train")
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "coco_captions.tsv").write_text("a\tb\n")
    with pytest.raises(ConfigError, match="meta.jsonl cannot be read"):
        captioned_pictures(tmp_path, "train")
    with pytest.raises(ConfigError, match="part is 'all'"):
        captioned_pictures(data, "all")
    with pytest.raises(ModelError, match="cannot be read"):
        Alignment(tmp_path / "none.safetensors")
    with pytest.raises(ConfigError, match="penalty is 0"):
        AlignmentTraining(penalty=0)
    tensors = {"mean": (5,), "scale": (5,), "matrix": (5, 3), "centre": (3,)}
    arrays = {name: np.ones(shape, np.float32) for name, shape in tensors.items()}
    save_checkpoint(tmp_path / "other.safetensors", arrays, metadata={"encoders": "a b"})
    with pytest.raises(ModelError, match="were trained with encoders a b; those here are"):
        Alignment(tmp_path / "other.safetensors")
    save_checkpoint(
        tmp_path / "shape.safetensors",
        {**arrays, "centre": np.ones(4, np.float32)},
        metadata={"encoders": encoder_fingerprints()},
    )
    with pytest.raises(ModelError, match="tensor 'centre' has shape"):
        Alignment(tmp_path / "shape.safetensors")


def test_shipped_weights_are_those_of_the_card():
    card = (SHIPPED.parent / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256(SHIPPED.read_bytes()).hexdigest() in card
    projection = Alignment().projection
    assert isinstance(projection, Projection) and projection.matrix.shape == (1632, 384)
    assert SHIPPED.stat().st_size < 4_000_000


@pytest.mark.skipif("SEMCOM_DATA" not in os.environ, reason="SEMCOM_DATA names no data folder")
def test_shipped_weights_recall_photographs_better_than_colours_do():
    rows = alignment_rows(Path(os.environ["SEMCOM_DATA"]), limit=60)
    recall = {(row["system"], row["direction"]): row["recall_10"] for row in rows}
    direction = "text to picture"
    shipped = recall["sam-tiny and lam-sc", direction]
    assert shipped > recall["colours alone", direction] > recall["chance", direction]
    assert shipped > 1.8 * recall["chance", direction]
