# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A package of somebody else, installed beside this one: its codecs and its channel term run in
`sim`, in benches, in a flowgraph and over a virtual radio.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

HERE = Path(__file__).parent
LIMIT_S = 180
TEXTS = ["The boat leaves at 6:45.", "Grüße aus Köln."]


@pytest.fixture(scope="session")
def installed(tmp_path_factory) -> Path:
    """Folder into which pip has installed the package."""
    source = tmp_path_factory.mktemp("plugin") / "source"
    shutil.copytree(HERE, source, ignore=shutil.ignore_patterns("__pycache__", "test_*"))
    target = source.parent / "installed"
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", "-q", *options, "--target", target, source]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


@pytest.fixture
def environment(installed) -> dict[str, str]:
    """Environment of a user who has installed the package."""
    path = os.pathsep.join(filter(None, [str(installed), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path}


@pytest.fixture
def semcom(environment, tmp_path):
    """semcom(*arguments): exit status and output of a command."""

    def run(*arguments) -> tuple[int, str]:
        command = [sys.executable, "-m", "semcom_core.cli", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        done = subprocess.run(command, env=environment, cwd=tmp_path, timeout=LIMIT_S, **pipes)
        return done.returncode, done.stdout

    return run


@pytest.fixture
def picture(tmp_path) -> Path:
    """A picture whose sides are no multiples of the network's step."""
    skimage_data = pytest.importorskip("skimage.data")
    path = tmp_path / "astronaut.png"
    Image.fromarray(skimage_data.astronaut()[:203, 100:301]).save(path)
    return path


@pytest.fixture
def text_file(tmp_path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(TEXTS), encoding="utf-8")
    return path


def result_of(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["rows"]


@pytest.mark.parametrize("name", ["repetition", "semcom_plugin.repetition:RepetitionCodec"])
def test_a_text_through_the_modem(semcom, tmp_path, name):
    options = ["--channel", "awgn:3+cfo:3khz", "--json", "out.json"]
    status, said = semcom("sim", "--codec", name, "--text", TEXTS[1], *options)
    (row,) = result_of(tmp_path / "out.json")
    bits = 8 * (len(TEXTS[1].encode()) + 4)
    assert (status, row["received"], row["uses"]) == (0, TEXTS[1], 9 * bits), said


def test_increments_are_copies(semcom, tmp_path):
    options = ["--channel", "awgn:-5", "--design-snr-db", "3", "--no-modem", "--harq"]
    status, said = semcom(
        "sim", "--codec", "repetition", "--text", TEXTS[0], *options, "--json", "out.json"
    )
    (row,) = result_of(tmp_path / "out.json")
    assert status == 0 and 2 <= row["rounds"] <= 4, said


def test_a_picture_through_the_modem(semcom, picture, tmp_path):
    options = ["--channel", "awgn:13", "--json", "out.json", "--out", "received"]
    status, said = semcom("sim", "--codec", "torch-pair", "--image", picture, *options)
    (row,) = result_of(tmp_path / "out.json")
    assert status == 0 and row["decoded"] and row["psnr_db"] > 22, said
    shape = np.asarray(Image.open(tmp_path / "received" / "astronaut_received.png")).shape
    assert shape == (203, 201, 3)


def test_its_channel_term(semcom, tmp_path):
    status, said = semcom(
        "sim", "--codec", "repetition", "--text", TEXTS[0], "--channel", "awgn:6+hum:-20"
    )
    assert status == 0, said
    status, said = semcom("sim", "--text", "a", "--channel", "fog:6")
    assert status == 2 and "hum" in said


def test_benches(semcom, text_file, picture, tmp_path):
    options = ["--snr-db", "3", "--json", "text.json", "--set", "repetition.repeats=7"]
    codecs = ["--codec", "repetition", "deflate"]
    status, said = semcom(
        "bench", "text", *codecs, "--data", text_file, "--words", "1:9", "--split", "all", *options
    )
    rows = {row["codec"]: row for row in result_of(tmp_path / "text.json")}
    assert status == 0 and rows["repetition"]["exact_rate"] == 1, said
    options = [
        "--codec",
        "torch-pair",
        "--data",
        picture.parent,
        "--snr-db",
        "13",
        "--split",
        "all",
    ]
    status, said = semcom("bench", "image", *options, "--json", "image.json")
    (row,) = result_of(tmp_path / "image.json")
    assert status == 0 and row["delivered"] == 1 and row["psnr_db"] > 22, said


def test_both_ends_name_other_settings(environment):
    code = """
from semcom_core.errors import ModelError
from semcom_core.text import load_text_codec
import semcom_core as sc
frames = load_text_codec("repetition", repeats=9).encode("a", snr_db=9)
received = sc.transmit(frames, "awgn:20", seed=1)
try:
    load_text_codec("repetition", repeats=5).decode(received)
except ModelError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.stdout.startswith("frame was made by codec number 24 with fingerprint"), done
    assert done.stdout.count("\n") == 1 and "'repetition'" in done.stdout


@pytest.mark.parametrize(
    "name, reason",
    [
        ("morse", "allowed is one of"),
        ("semcom_plugin.missing:Codec", "cannot be imported: ModuleNotFoundError"),
        ("semcom_plugin.hum:hum", "is no class derived from"),
        ("torch-pair", "codec is 'torch-pair'; allowed is one of"),
    ],
)
def test_names_that_are_no_text_codec(semcom, name, reason):
    status, said = semcom("sim", "--codec", name, "--text", "a")
    assert status == 2 and reason in said and said.count("\n") == 1
    assert "allowed" not in reason or "repetition" in said


@pytest.fixture
def flowgraph_run(environment, tmp_path):
    """flowgraph_run(name, *arguments): exit status and output of a headless flowgraph."""
    pytest.importorskip("gnuradio.gr")

    def run(name: str, *arguments) -> tuple[int, str]:
        command = [sys.executable, "-m", "semcom_core.cli", "grc", name, "--headless", "--"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        options = {"env": environment, "cwd": tmp_path, "timeout": LIMIT_S, **pipes}
        done = subprocess.run([*command, *map(str, arguments)], **options)
        return done.returncode, done.stdout

    return run


def test_a_flowgraph_carries_texts(flowgraph_run, text_file, tmp_path):
    files = ["--text-file", text_file, "--out-file", "report.json"]
    status, said = flowgraph_run("text_link", "--codec", "repetition", "--snr-db=3", *files)
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert status == 0 and (report["sent"], report["exact"]) == (2, 2), said


def test_a_flowgraph_carries_pictures(flowgraph_run, picture, tmp_path):
    files = ["--image-file", picture, "--out-file", "report.json"]
    status, said = flowgraph_run("image_link", "--codec", "torch-pair", "--snr-db=13", *files)
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert status == 0 and report["psnr_db"] > 22, said


def test_a_virtual_radio_carries_texts(semcom, tmp_path):
    status, said = semcom(
        *("bench", "radio", "--part", "link", "--transport", "pluto", "--codec", "repetition"),
        *("--texts", "3", "--pictures", "0", "--json", "radio.json"),
    )
    rows = result_of(tmp_path / "radio.json")
    assert status == 0 and rows and rows[0]["exact_rate"] == 1, said
