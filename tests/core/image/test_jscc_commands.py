# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that train lam-sc and deepjscc, and the pictures that they train on."""

from __future__ import annotations

import json

import numpy as np
import pytest

from semcom_core.cli import main
from semcom_core.cli import train as train_image
from semcom_core.errors import ConfigError
from semcom_core.image import load_image_codec
from semcom_core.image.picture import write_picture
from semcom_core.train import deepjscc
from semcom_core.train import lam_sc as image
from semcom_core.train.image_loop import training_examples
from semcom_core.train.settings import CODEC, MASK
from tests.core.image.jscc_models import scene


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder of three labelled pictures, one of them of the test part, and one without
    labels.
    """
    from PIL import Image

    folder = tmp_path_factory.mktemp("data")
    for name in ("cocoseg/images", "cocoseg/instances", "photos/coco_extra"):
        (folder / name).mkdir(parents=True)
    labels = np.zeros((96, 120), np.uint8)
    labels[40:, :60], labels[:8, :8] = 1, 255
    lines = []
    for number, part in enumerate(("train", "val", "train")):
        write_picture(folder / f"cocoseg/images/{number}.png", scene(96, 120, number))
        Image.fromarray(labels).save(folder / f"cocoseg/instances/{number}.png")
        lines.append(json.dumps({"file": f"{number}.png", "split": part}))
    (folder / "cocoseg/meta.jsonl").write_text("\n".join(lines), encoding="utf-8")
    write_picture(folder / "photos/coco_extra/a.png", scene(70, 70, 9))
    return folder


def test_examples_are_of_the_training_part_at_two_sizes(data):
    found = training_examples(data, 48)
    assert sorted(example.objects.shape for example in found) == [
        (48, 60),
        (48, 60),
        (70, 70),
        (96, 120),
        (96, 120),
    ]
    assert (
        np.array_equal(found[0].pixels, scene(96, 120, 0))
        and found[0].objects[50, 3]
        and found[0].objects[2, 2]
    )
    assert found[3].pixels[5, 7].tolist() == pytest.approx(
        scene(96, 120, 0)[10:12, 14:16].mean((0, 1)), abs=0.51
    )
    assert not found[2].objects.any()
    with pytest.raises(ConfigError, match="has no training pictures"):
        training_examples(data / "photos", 48)


def test_the_commands_train(data, tmp_path, capsys):
    options = ["--data", str(data), "--steps", "2", "--pictures", "1", "--crop", "48"]
    assert (
        main(["train", "deepjscc", "--symbols", "5", "--out", str(tmp_path / "d"), *options]) == 0
    )
    assert (
        load_image_codec(
            "deepjscc", cbr="1/36", weights=str(tmp_path / "d" / deepjscc.WEIGHTS)
        ).number
        == 10
    )
    assert main(["train", "image", "--stage", "codec", "--out", str(tmp_path / "i"), *options]) == 0
    assert main(["train", "image", "--stage", "mask", "--out", str(tmp_path / "i"), *options]) == 0
    assert (
        load_image_codec("lam-sc", weights=str(tmp_path / "i" / MASK / image.WEIGHTS)).number == 9
    )
    assert (
        main(
            [
                "train",
                "image",
                "--stage",
                "codec",
                "--out",
                str(tmp_path / "i"),
                "--data",
                str(tmp_path),
            ]
        )
        == 2
    )
    assert "no training pictures" in capsys.readouterr().err


def test_all_stages_are_trained_in_their_order(data, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        train_image, "run_attention", lambda args: asked.append((args.out, args.seed))
    )
    options = [
        "--data",
        str(data),
        "--steps",
        "1",
        "--pictures",
        "1",
        "--crop",
        "48",
        "--seed",
        "5",
    ]
    assert main(["train", "image", "--stage", "attention", "--out", str(tmp_path), *options]) == 0
    assert asked == [(tmp_path / "attention", 5)] and not (tmp_path / CODEC).exists()
    assert main(["train", "image", "--out", str(tmp_path), *options]) == 0
    assert (
        len(asked) == 2
        and (tmp_path / CODEC / image.WEIGHTS).is_file()
        and (tmp_path / MASK / image.WEIGHTS).is_file()
    )
