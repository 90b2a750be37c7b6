# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image bench: pictures, trials, rows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from semcom_core.bench.image.importance import Importance
from semcom_core.bench.image.results import describe, image_cells, image_series, summarise
from semcom_core.bench.image.trials import ImageLink, ImageTrial
from semcom_core.bench.jobs import Workers
from semcom_core.bench.published import published, published_pictures
from semcom_core.channel import parse_channel
from semcom_core.datasets.pictures import BenchPicture, bench_pictures, image_folder
from semcom_core.datasets.scenes import generate_scene
from semcom_core.errors import ConfigError, FrameError
from semcom_core.metrics.image import psnr_db


@pytest.fixture
def folder(tmp_path):
    """A folder like that of labelled photographs: three pictures of 96x112, one without objects."""
    for part in ("images", "instances"):
        (tmp_path / part).mkdir()
    entries = []
    for number, (split, shapes) in enumerate((("train", 3), ("val", 4), ("val", 0))):
        scene = generate_scene(96, 112, np.random.default_rng(number), shapes=shapes)
        Image.fromarray(scene.pixels).save(tmp_path / "images" / f"p{number}.png")
        Image.fromarray(scene.labels).save(tmp_path / "instances" / f"p{number}.png")
        entries.append(json.dumps({"file": f"p{number}.png", "split": split}))
    (tmp_path / "meta.jsonl").write_text("\n".join(entries), encoding="utf-8")
    return tmp_path


def pictures(folder, split: str = "test", limit: int = 9) -> list[BenchPicture]:
    return bench_pictures(folder, split, limit, np.random.default_rng(0))[0]


def link(codec: str = "jpeg", channel: str = "awgn:9", **more) -> ImageLink:
    cbr = more.pop("cbr", "1/8")
    return ImageLink(
        codec, {"cbr": cbr, **more.pop("settings", {})}, parse_channel(channel), cbr, **more
    )


def trial(psnr: float, **more) -> ImageTrial:
    usual = {
        "decoded": True,
        "reason": "",
        "ssim": 0.9,
        "ms_ssim": 0.95,
        "roi_psnr_db": None,
        "uses": 100,
        "air_uses": 300,
    }
    usual |= {"delivered": True, "latents_kept": None, "encode_s": 1.0, "decode_s": 3.0}
    return ImageTrial("name", 1600, psnr_db=psnr, **(usual | more))


@pytest.mark.parametrize(
    ("split", "names"), [("test", ["p1", "p2"]), ("train", ["p0"]), ("all", ["p0", "p1", "p2"])]
)
def test_pictures_are_those_of_the_part(folder, split, names):
    assert [picture.name for picture in pictures(folder, split)] == names


def test_a_sample_is_the_same_for_the_same_seed_and_in_order(folder):
    chosen = [
        [p.name for p in bench_pictures(folder, "all", 2, np.random.default_rng(seed))[0]]
        for seed in (5, 5)
    ]
    assert chosen[0] == chosen[1] == sorted(chosen[0]) and len(chosen[0]) == 2


def test_objects_leave_out_the_background_and_the_crowd(tmp_path):
    numbers = np.zeros((6, 8), np.uint8)
    numbers[2, 2:5], numbers[4, 4] = 3, 255
    Image.fromarray(numbers).save(tmp_path / "n.png")
    objects = BenchPicture(tmp_path / "x.png", tmp_path / "n.png").objects()
    assert objects.sum() == 3 and objects[2, 2:5].all()
    Image.fromarray(np.where(numbers == 255, 255, 0).astype(np.uint8)).save(tmp_path / "n.png")
    assert BenchPicture(tmp_path / "x.png", tmp_path / "n.png").objects() is None


def test_a_bad_file_among_good_ones_is_named_and_left_out(folder):
    (folder / "images" / "p1.png").write_bytes(b"no picture")
    found, refused = bench_pictures(folder, "test", 9, np.random.default_rng(0))
    assert (
        [picture.name for picture in found] == ["p2"]
        and len(refused) == 1
        and "p1.png cannot be read" in refused[0]
    )
    (folder / "images" / "p2.png").write_bytes(b"")
    with pytest.raises(ConfigError, match="no readable picture"):
        bench_pictures(folder, "test", 9, np.random.default_rng(0))


def test_data_that_is_not_there_is_said_in_a_line(folder, tmp_path, monkeypatch):
    monkeypatch.delenv("SEMCOM_DATA", raising=False)
    with pytest.raises(ConfigError, match="no data; allowed is a folder of pictures by --data"):
        image_folder(None)
    with pytest.raises(ConfigError, match="nowhere'; allowed"):
        image_folder(str(tmp_path / "nowhere"))
    monkeypatch.setenv("SEMCOM_DATA", str(tmp_path))
    with pytest.raises(ConfigError, match="kodak'; allowed"):
        image_folder(None)
    assert image_folder(str(folder)) == folder
    (folder / "meta.jsonl").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match="meta.jsonl cannot be read"):
        bench_pictures(folder, "test", 9, np.random.default_rng(0))


def test_a_trial_measures_what_was_delivered_and_what_it_cost(folder):
    (picture, _) = pictures(folder)
    found = link(keep=True).trials().run(0, picture)
    assert found.decoded and found.delivered and found.name == "p1" and found.values == 96 * 112 * 3
    assert (
        found.psnr_db == pytest.approx(psnr_db(picture.pixels(), found.pixels))
        and found.psnr_db > 24
    )
    assert found.roi_psnr_db == pytest.approx(
        psnr_db(picture.pixels(), found.pixels, picture.objects())
    )
    assert found.uses <= 96 * 112 * 3 / 8 < found.uses + 16 and found.air_uses > found.uses
    assert 0 < found.ssim < 1 and 0 < found.ms_ssim < 1 and found.latents_kept is None


def test_a_trial_without_a_picture_counts_as_grey_and_undelivered(folder):
    (_, picture) = pictures(folder)
    found = link("jpeg", "awgn:-12", design_snr_db=15.0, keep=True).trials().run(0, picture)
    assert not found.decoded and not found.delivered and "did not arrive" in found.reason
    assert found.psnr_db == pytest.approx(
        psnr_db(picture.pixels(), np.full((96, 112, 3), 128, np.uint8))
    )


def test_fragments_go_through_the_modem_one_by_one(folder):
    found = link("softcast", "awgn:12", modem=True).trials().run(0, pictures(folder)[0])
    assert found.decoded and found.psnr_db > 22
    lost = (
        link("softcast", "awgn:-25", modem=True, design_snr_db=5.0)
        .trials()
        .run(0, pictures(folder)[0])
    )
    assert not lost.delivered and "no frames" in lost.reason


def test_importance_is_that_of_the_objects():
    objects = np.eye(4, dtype=bool)
    pixels = np.zeros((4, 4, 3), np.uint8)
    assert (
        Importance("off")(pixels, objects) is None and Importance("objects")(pixels, None) is None
    )
    assert np.array_equal(Importance("objects")(pixels, objects), np.eye(4))
    with pytest.raises(ConfigError, match="roi is 'all'"):
        link(roi="all")


def test_rows_are_means_and_marked_pictures_have_their_own():
    lost = {"decoded": False, "reason": "lost"}
    trials = [
        trial(30.0, roi_psnr_db=28.0),
        trial(20.0, **lost),
        trial(10.0, **lost, delivered=False, ssim=None),
    ]
    row = summarise(link(), trials)
    assert (row["images"], row["psnr_db"], row["marked"], row["marked_psnr_db"]) == (
        3,
        20.0,
        2,
        15.0,
    )
    assert (row["roi_psnr_db"], row["ssim"], row["latents_kept"], row["delivered"]) == (
        28.0,
        0.9,
        None,
        pytest.approx(2 / 3),
    )
    assert row["cbr_spent"] == pytest.approx(100 / 1600) and (
        row["cbr"],
        row["snr_db"],
        row["design_snr_db"],
    ) == ("1/8", 9.0, 9.0)
    line = describe(row)
    assert (
        "2 marked, PSNR 15.00 dB" in line and "in objects 28.00 dB" in line and "latent" not in line
    )
    headings, table = image_cells([row])
    assert "kept" not in headings and table[0][headings.index("objects dB")] == "28.00"
    assert json.loads(json.dumps(row)) == row


def test_series_tell_what_differs():
    links = link(), link(design_snr_db=9.0), link(roi="objects"), link(settings={"margin_db": 2.0})
    names = [image_series(summarise(one, [trial(30.0)])) for one in links]
    assert names[0] == "jpeg, CBR 1/8" and len(set(names)) == 4


def test_processes_give_the_same_trials(folder):
    items = pictures(folder, "all")
    with Workers(1) as here, Workers(2) as there:
        pairs = zip(here.trials(link(), items), there.trials(link(), items), strict=True)
        assert all((a.name, a.psnr_db, a.uses) == (b.name, b.psnr_db, b.uses) for a, b in pairs)


def test_published_pictures_are_kept_apart_from_published_texts():
    (swin, *others) = published_pictures("awgn", "1/16")
    assert (swin.system, swin.psnr_db[10], swin.read) == ("SwinJSCC", 33.17, "table") and len(
        others
    ) == 3
    assert (
        published_pictures("awgn", "1/3") == [] and len(published_pictures("rayleigh", "1/16")) == 2
    )
    assert all(hasattr(one, "bleu") for one in published("awgn"))


def test_a_picture_that_a_codec_refuses_is_an_error(tmp_path):
    Image.new("RGB", (3, 3)).save(tmp_path / "tiny.png")
    with pytest.raises(FrameError, match="channel uses"):
        link().trials().run(0, BenchPicture(tmp_path / "tiny.png"))
