# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of the knowledge base: its figures on masks and boundaries that are known."""

from __future__ import annotations

import argparse
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from semcom_core.bench import sam
from semcom_core.bench import sam as sam_attention
from semcom_core.bench import sam as sam_boundaries
from semcom_core.cli.bench import sam as bench_sam
from semcom_core.datasets.scenes import Scene
from semcom_core.errors import ConfigError
from semcom_core.image.segmentation.segments import Segments, segments_of


def segments(masks: np.ndarray) -> Segments:
    return segments_of(
        masks, np.linspace(0.9, 0.5, len(masks)), np.zeros((1, 1, 1), np.float32), "f"
    )


@pytest.fixture()
def scene():
    """A bright disc of radius 15 in a dark picture, a group of objects and a speck."""
    y, x = np.mgrid[:60, :80]
    labels = ((y - 30) ** 2 + (x - 30) ** 2 <= 225).astype(np.uint8)
    labels[:5, 60:], labels[58:, 78:] = 255, 2
    return Scene(np.where(labels == 1, 220, 30).astype(np.uint8)[..., None].repeat(3, 2), labels)


@pytest.fixture()
def knowing(scene):
    """A knowledge base that answers a point by a box around the disc, then the disc, and a box by
    the disc.
    """
    disc = scene.labels == 1
    square = sam.filled_box(np.array([15, 15, 46, 46]), disc.shape)
    answers = {"point": segments(np.stack([square, disc])), "box": segments(disc[None])}
    return SimpleNamespace(
        segment=lambda pixels, **prompt: answers[next(iter(prompt))],
        segments=lambda pixels: answers["box"],
    )


def test_each_method_is_scored_on_objects_that_count(knowing, scene):
    rows = {row["method"]: row for row in sam.prompt_rows(knowing, iter([scene, scene]))}
    assert {row["objects"] for row in rows.values()} == {2} and {
        row["pictures"] for row in rows.values()
    } == {2}
    disc = 709 / 31**2  # pixels of the disc, and of the box around it
    assert rows["point"]["miou"] == pytest.approx(disc) == rows["filled_box"]["miou"]
    assert rows["point_oracle"]["miou"] == rows["box"]["miou"] == 1.0
    assert rows["ellipse"]["miou"] > 0.93 and rows["felzenszwalb"]["miou"] > 0.8
    reached = {method: row["miou"] for method, row in rows.items()}
    assert "reached" in sam.describe(rows["point"], reached) and "reached" in sam.describe(
        rows["box"], reached
    )
    assert "MISSED" in sam.describe(
        {**rows["box"], "miou": 0.9}, reached
    )  # above the target, below the ellipse


def test_boundaries_are_found_within_the_tolerance():
    labels, moved = np.zeros((20, 20), int), np.zeros((20, 20), int)
    labels[:, 10:], moved[:, 12:] = 1, 1
    edges, near = sam_boundaries.boundaries(labels), sam_boundaries.boundaries(moved)
    assert edges.sum() == 20 and edges[:, 9].all()
    assert sam_boundaries.share_near(edges, near) == 1.0
    assert sam_boundaries.share_near(edges, np.roll(near, 1, axis=1)) == 0.0
    assert (
        sam_boundaries.share_near(edges, np.zeros_like(edges)),
        sam_boundaries.share_near(np.zeros_like(edges), edges),
    ) == (0.0, 1.0)


def test_methods_without_learning_stand_beside(knowing, scene):
    rows = {
        row["method"]: row
        for row in sam_boundaries.boundary_rows(
            knowing, iter([(scene.pixels, [scene.labels % 255 % 2])]), count=20
        )
    }
    assert set(rows) == {"sam", "slic", "felzenszwalb"}
    assert (rows["sam"]["recall"], rows["sam"]["precision"], rows["sam"]["segments"]) == (
        1.0,
        1.0,
        2.0,
    )
    assert rows["felzenszwalb"]["recall"] > 0.8 and rows["slic"]["precision"] < 1.0
    assert sam_boundaries.describe_boundaries(rows["slic"]).startswith("boundaries slic")


def test_importance_is_compared_with_objects(knowing, scene):
    importance = np.where(scene.labels > 0, 0.9, 0.2)
    attention = SimpleNamespace(
        importance=lambda pixels, found, mode: np.ones((60, 80)) if mode == "none" else importance
    )
    rows = {
        row["method"]: row
        for row in sam_attention.attention_rows(
            attention, knowing, iter([scene]), np.random.default_rng(0)
        )
    }
    assert (rows["both"]["auroc"], rows["both"]["miou"]) == (1.0, 1.0)
    assert rows["none"]["auroc"] == pytest.approx(0.5) and rows["none"]["miou"] == pytest.approx(
        (scene.labels > 0).mean()
    )


@pytest.fixture()
def data(tmp_path, scene):
    """A data folder with one labelled picture of the test part and one with boundaries."""
    for folder, name, pixels in (
        ("cocoseg/images", "1.jpg", scene.pixels), ("cocoseg/instances", "1.png", scene.labels),
        ("bsds500/images", "2.jpg", scene.pixels), ("bsds500/masks", "2_0.png", scene.labels),
    ):  # fmt: skip
        (tmp_path / folder).mkdir(parents=True)
        Image.fromarray(pixels).save(tmp_path / folder / name)
    (tmp_path / "cocoseg/meta.jsonl").write_text(
        json.dumps({"file": "1.jpg", "split": "val"}), encoding="utf-8"
    )
    return tmp_path


def options(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    bench_sam.add_arguments(parser)
    return parser.parse_args(given)


def test_the_command_writes_its_rows(data, knowing, monkeypatch, capsys):
    monkeypatch.setattr(bench_sam, "KnowledgeBase", lambda config: knowing)
    out = data / "rows.json"
    measures = ["--measure", "prompts", "boundaries", "speed"]
    assert bench_sam.run(options("--data", str(data), "--json", str(out), *measures)) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["bench"] == "sam" and [row["measure"] for row in found["rows"]] == [
        "prompts"
    ] * 6 + ["boundaries"] * 3 + ["speed"]
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 10 and captured.err == "devices: sam cpu\n"


def test_bad_options_are_named(data):
    for given, message in (
        (["--measure", "colour"], "measure is "
                                  "'colour'"), (["--split", "val"], "split is 'val'"), (["--limit", "0"], "limit is 0"),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=message):
            bench_sam.run(options("--data", str(data), *given))
    (data / "bsds500/masks/2_0.png").unlink()
    with pytest.raises(ConfigError, match="picture .*2.jpg has masks"):
        next(sam_boundaries.annotated(data / "bsds500", 5, np.random.default_rng(0)))
    with pytest.raises(ConfigError, match="has no pictures"):
        next(sam_boundaries.annotated(data, 5, np.random.default_rng(0)))
