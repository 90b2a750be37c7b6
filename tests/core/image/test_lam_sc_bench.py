# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three experiments on lam-sc: what is tried, what rows say, targets, and the command."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from semcom_core.bench import lam_sc
from semcom_core.channel import parse_channel
from semcom_core.cli import main
from semcom_core.datasets.pictures import BenchPicture
from semcom_core.image.picture import write_picture
from tests.core.image.jscc_models import deepjscc_weights, lam_sc_weights, scene


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder of two labelled pictures, and weights of both codecs."""
    folder = tmp_path_factory.mktemp("data")
    labels = np.zeros((136, 168), np.uint8)
    labels[60:, 20:90] = 1
    for name in ("images", "instances", "weights"):
        (folder / name).mkdir()
    for number in range(2):
        write_picture(folder / f"images/{number}.png", scene(136, 168, number))
        Image.fromarray(labels).save(folder / f"instances/{number}.png")
    lam_sc_weights(folder / "weights")
    deepjscc_weights(folder / "weights", symbols=5)
    return folder


@pytest.fixture
def pictures(data):
    return [BenchPicture(data / f"images/{n}.png", data / f"instances/{n}.png") for n in range(2)]


def weights(data):
    return str(data / "weights/lam_sc.safetensors"), str(data / "weights/deepjscc.safetensors")


def left_matters(pixels, mode):
    """Importance of the left half, another by each mode."""
    importance = np.zeros(pixels.shape[:2], np.float32)
    importance[:, : pixels.shape[1] // 2] = {"channel": 0.3, "spatial": 0.6, "both": 1.0}[mode]
    return importance


def rows(experiment, data, pictures):
    systems = [s for s in lam_sc.systems_of(experiment, *weights(data)) if s.name != "non-semantic"]
    return list(
        lam_sc.rows_of(
            experiment, systems, pictures, parse_channel("awgn:10"), left_matters, seed=1
        )
    )


def test_the_masked_system_is_set_beside_the_unmasked_and_its_peer(data, pictures):
    unmasked, masked, peer = rows("baseline", data, pictures)
    assert [row["system"] for row in (unmasked, masked, peer)] == [
        "unmasked",
        "masked",
        "trained at the same uses",
    ]
    assert unmasked["latents_kept"] == pytest.approx(1, abs=0.05) and masked[
        "latents_kept"
    ] == pytest.approx(0.4, abs=0.02)
    assert (
        unmasked["uses_ratio"] == 1
        and masked["uses_ratio"] == masked["uses"] / unmasked["uses"] < 0.6
    )
    assert peer["codec"] == "deepjscc" and peer["latents_kept"] is None and peer["uses_ratio"] < 0.5
    assert unmasked["psnr_db"] > masked["psnr_db"] and masked["roi_psnr_db"] is not None
    assert "kept 0.3" in lam_sc.describe(masked) and "of the unmasked" in lam_sc.describe(peer)


def test_modes_of_attention_have_equal_uses(data, pictures):
    found = rows("attention", data, pictures)
    assert [row["mode"] for row in found] == list(lam_sc.MODES)
    assert max(row["uses"] for row in found) < 1.03 * min(row["uses"] for row in found)
    assert found[0]["uses_ratio"] is None and len({row["psnr_db"] for row in found}) == len(found)


def test_masking_more_costs_quality_and_saves_uses(data, pictures):
    found = rows("mask", data, pictures)
    assert [row["system"] for row in found[:3]] == ["unmasked", "mask 10%", "mask 20%"] and len(
        found
    ) == 9
    kept, uses = ([row[name] for row in found] for name in ("latents_kept", "uses"))
    assert kept == pytest.approx([1 - ratio for ratio in lam_sc.MASK_RATIOS], abs=0.05)
    assert (
        uses[2:] == sorted(uses[2:], reverse=True)
        and found[0]["psnr_db"] > found[-1]["psnr_db"] + 1
    )


def row(system, **figures):
    return {
        "system": system,
        "psnr_db": 28.0,
        "roi_psnr_db": 26.0,
        "latents_kept": 0.4,
        "uses_ratio": 0.44,
        **figures,
    }


def test_targets_say_what_is_reached():
    lines = lam_sc.targets(
        [
            row("unmasked"),
            row("masked", psnr_db=27.8),
            row("trained at the same uses", psnr_db=27.0),
        ]
    )
    assert len(lines) == 5 and all("reached" in line for line in lines)
    lines = lam_sc.targets(
        [
            row("unmasked", psnr_db=26.9),
            row("masked", psnr_db=26.5, latents_kept=0.42, uses_ratio=0.46),
        ]
    )
    assert len(lines) == 4 and all("MISSED" in line for line in lines)
    assert "reached" in lam_sc.targets([row("none"), row("both", roi_psnr_db=26.5)])[0]
    assert "MISSED" in lam_sc.targets([row("none"), row("both", roi_psnr_db=26.4)])[0]
    assert lam_sc.targets([row("none"), row("both", roi_psnr_db=None)]) == []


def test_the_command_prints_and_writes_rows(data, tmp_path, capsys):
    out = tmp_path / "rows.json"
    lam, _ = weights(data)
    assert (
        main(
            [
                "bench",
                "lam-sc",
                "--experiment",
                "mask",
                "--data",
                str(data),
                "--weights",
                lam,
                "--limit",
                "1",
                "--json",
                str(out),
            ]
        )
        == 0
    )
    captured = capsys.readouterr()
    printed = captured.out
    assert captured.err == "devices: networks cpu\n"
    assert "mask 80%" in printed and "unmasked: PSNR" in printed and "target >= 27" in printed
    found = json.loads(out.read_text())
    assert (
        found["bench"] == "lam-sc"
        and len(found["rows"]) == 9
        and found["rows"][0]["experiment"] == "mask"
    )


def test_bad_options_are_named(data, capsys):
    for options, wanted in (
        (["--experiment", "colour"], "experiment is 'colour'"),
        (["--data", "none"], "none is not there"),
    ):
        assert main(["bench", "lam-sc", *options]) == 2
        assert wanted in capsys.readouterr().err
