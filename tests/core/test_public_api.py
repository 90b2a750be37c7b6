# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`import semcom_core`: what it offers, what it costs, its examples, and the figures it gives."""

from __future__ import annotations

import ast
import doctest
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import semcom_core as sc
from semcom_core.cli import main
from semcom_core.config import read_settings
from semcom_core.image.transceiver import IMPORTANCES
from semcom_core.text.distillation import MODES

ROOT = Path(__file__).resolve().parents[2]
MOST_FILES = 40
TEXTS = ["See you at nine.", "", "The boat leaves at 6:45."]


def python(code: str) -> str:
    """The output of a program in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_import_loads_nothing():
    code = (
        "import sys, time; t = time.perf_counter(); import semcom_core; "
        "print(time.perf_counter() - t, *(m for m in sys.modules "
        "if m.split('.')[0] in ('semcom_core', 'numpy', 'torch', 'scipy', 'yaml')))"
    )
    seconds, *modules = python(code).split()
    assert float(seconds) < 0.3 and modules == ["semcom_core"]


def test_type_checkers_see_what_is_exported():
    tree = ast.parse(Path(sc.__file__).read_text(encoding="utf-8"))
    imported = {
        alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        for alias in node.names
    }
    found = {name: f"semcom_core.{module}" for name, module in sc._MODULE_OF.items()}
    assert imported == found
    assert set(sc.__all__) == {*found, "__version__"}
    assert (Path(sc.__file__).parent / "py.typed").exists()


@pytest.mark.parametrize("name", sc.__all__)
def test_each_name_is_there_and_documented(name):
    assert name in dir(sc)
    assert getattr(sc, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'semcom_core' has no attribute 'missing'"):
        sc.missing  # noqa: B018


@pytest.mark.parametrize(
    "module", ["semcom_core", "semcom_core.simulation", "semcom_core.phy.modem"]
)
def test_examples_in_docstrings(module):
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testmod(importlib.import_module(module), optionflags=options)
    assert tried > 3 and failed == 0


def test_the_readme_shows_what_works():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("\n## In Python\n")[1].split("\n## ")[0]
    code = "\n".join(re.findall(r"^    (.*)$", section, re.MULTILINE))
    assert code.count("\n") >= 8
    example = doctest.DocTestParser().get_doctest(code, {}, "README.md", None, 0)
    assert len(example.examples) > 4 and doctest.DocTestRunner().run(example).failed == 0


@pytest.fixture
def command(tmp_path):
    """command(options): rows that `semcom sim` writes."""

    def run(*options):
        path = tmp_path / "sim.json"
        main(["sim", *options, "--json", str(path)])
        return json.loads(path.read_text(encoding="utf-8"))["rows"]

    return run


@pytest.mark.parametrize(
    "options, settings, harq",
    [
        ([], {}, False),
        (["--no-modem"], {"modem": False}, False),
        (["--profile", "long-range"], {"modem": sc.Modem("long-range")}, False),
        (["--harq", "--design-snr-db", "9"], {}, True),
    ],
)
def test_texts_come_out_as_on_the_command_line(command, tmp_path, options, settings, harq):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(TEXTS), encoding="utf-8")
    channel = "rayleigh:8,block=32"
    if "modem" not in settings:
        channel = "tdl-a:8+cfo:3khz"
    rows = command(
        "--text-file",
        str(path),
        "--codec",
        "deflate",
        "--channel",
        channel,
        "--seed",
        "5",
        *options,
    )
    codec = sc.load_text_codec("deflate")
    link = sc.Simulation(channel, seed=5, **settings)
    snr_db = 9.0 if harq else None
    found = [
        link.send_text(codec, text, snr_db, harq=harq, message_id=i).to_dict()
        for i, text in enumerate(TEXTS)
    ]
    assert found == rows and list(found[0]) == list(rows[0])
    first = sc.simulate(codec, TEXTS[0], channel, snr_db=snr_db, harq=harq, seed=5, **settings)
    assert first.to_dict() == rows[0]


def test_pictures_come_out_as_on_the_command_line(command, tmp_path):
    from PIL import Image

    pixels = np.random.default_rng(1).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noise.png")
    (row,) = command(
        "--image", str(tmp_path / "noise.png"), "--codec", "softcast", "--channel", "tdl-a:9"
    )
    result = sc.simulate(sc.load_image_codec("softcast"), pixels, "tdl-a:9", seed=1)
    assert row == {"image": str(tmp_path / "noise.png"), "received": None, **result.to_dict()}
    assert result.received.shape == pixels.shape and result.cbr == row["cbr"]
    assert result.design_snr_db == pytest.approx(8.7)


def test_what_does_not_go_with_a_kind_of_message_is_refused():
    with pytest.raises(sc.ConfigError, match="harq is given with a picture"):
        sc.simulate(None, np.zeros((8, 8, 3), np.uint8), "awgn:5", harq=True)
    with pytest.raises(sc.ConfigError, match="importance is given with a text"):
        sc.simulate(None, "text", "awgn:5", importance=np.zeros((8, 8)))


def test_what_does_not_fit_is_refused_in_one_line():
    codec = sc.load_text_codec("deflate")
    with pytest.raises(sc.ConfigError, match="modem is 'long-range'; allowed is True, False or"):
        sc.transmit(codec.encode("text", snr_db=5), "awgn:5", modem="long-range")
    with pytest.raises(sc.ConfigError, match="codec is 'deflate'; allowed .* one of images"):
        sc.simulate(codec, np.zeros((8, 8, 3), np.uint8), "awgn:5")
    with pytest.raises(sc.ConfigError, match="codec is 'softcast'; allowed .* one of texts"):
        sc.simulate(sc.load_image_codec("softcast"), "text", "awgn:5")


TEXT_CODEC = sc.load_text_codec("deflate")
IMAGE_CODEC = sc.load_image_codec("softcast")
PIXELS = np.zeros((64, 96, 3), np.uint8)
FRAMES = TEXT_CODEC.encode("text", snr_db=5)
MODEM = sc.Modem()
#: A call with an argument of another type or out of range, the error, and how its message begins.
REFUSED = [
    (lambda: sc.load_text_codec(None), sc.ConfigError, "codec is None; allowed is one of deepsc"),
    (lambda: sc.load_text_codec(b"spinal"), sc.ConfigError, "codec is b'spinal'; allowed is one"),
    (lambda: sc.load_image_codec([]), sc.ConfigError, "codec is []; allowed is one of avif"),
    (lambda: TEXT_CODEC.encode(None, 5), sc.FrameError, "text is None; allowed is a str"),
    (lambda: TEXT_CODEC.encode(b"a", 5), sc.FrameError, "text is b'a'; allowed is a str"),
    (lambda: TEXT_CODEC.encode("a", None), sc.ConfigError, "snr_db is None; allowed is a number"),
    (lambda: TEXT_CODEC.encode("a", "5"), sc.ConfigError, "snr_db is '5'; allowed is a number"),
    (
        lambda: TEXT_CODEC.encode("a", np.zeros(2)),
        sc.ConfigError,
        "snr_db is an array of float64, shape (2,); allowed is a number",
    ),
    (
        lambda: TEXT_CODEC.encode("a", 5, message_id=1.5),
        sc.FrameError,
        "header field message_id is 1.5; allowed is 0 to 255",
    ),
    (
        lambda: TEXT_CODEC.encode("a", 5, message_id=None),
        sc.FrameError,
        "header field message_id is None; allowed is 0 to 255",
    ),
    (
        lambda: TEXT_CODEC.decode(FRAMES[0]),
        sc.FrameError,
        "frames are Frame(header=FrameHeader(codec=2, ",
    ),
    (lambda: IMAGE_CODEC.encode(None, 5), sc.FrameError, "picture is None; allowed is an array"),
    (lambda: IMAGE_CODEC.encode(PIXELS, None), sc.ConfigError, "snr_db is None; allowed is a num"),
    (
        lambda: IMAGE_CODEC.encode(PIXELS[..., 0], 5),
        sc.FrameError,
        "picture is uint8 of shape (64, 96); allowed is uint8 (H, W, 3)",
    ),
    (lambda: sc.transmit(None, "awgn:5"), sc.ConfigError, "frames are None; allowed is a list of"),
    (lambda: sc.transmit([None], "awgn:5"), sc.ConfigError, "frame is None; allowed is a Frame"),
    (
        lambda: sc.transmit(["a"], "awgn:5", modem=False),
        sc.ConfigError,
        "frame is 'a'; allowed is a Frame",
    ),
    (lambda: sc.transmit(FRAMES, None), sc.ConfigError, "channel is None; allowed is a string of"),
    (lambda: sc.transmit(FRAMES, b"awgn:5"), sc.ConfigError, "channel is b'awgn:5'; allowed is a"),
    (
        lambda: sc.transmit(FRAMES, "awgn:5", seed=-1),
        sc.ConfigError,
        "seed is -1; allowed is a whole number from 0, a sequence of them, or a numpy Generator",
    ),
    (lambda: sc.transmit(FRAMES, "awgn:5", seed=1.5), sc.ConfigError, "seed is 1.5; allowed is a"),
    (lambda: sc.Simulation("awgn:5", seed="a"), sc.ConfigError, "seed is 'a'; allowed is a whole"),
    (lambda: sc.Simulation("awgn:5", seed=[1, -1]), sc.ConfigError, "seed is [1, -1]; allowed is"),
    (lambda: sc.Simulation(5), sc.ConfigError, "channel is 5; allowed is a string of terms"),
    (
        lambda: sc.Simulation("awgn:5").send_text(IMAGE_CODEC, "a"),
        sc.ConfigError,
        "codec is 'softcast'; allowed with this message is one of texts",
    ),
    (
        lambda: sc.Simulation("awgn:5").send_image(None, PIXELS),
        sc.ConfigError,
        "codec is None; allowed with this message is one of images",
    ),
    (
        lambda: sc.apply_channel(np.zeros((2, 3), complex), "awgn:5"),
        sc.ConfigError,
        "samples are an array of complex128, shape (2, 3); allowed is complex (n,)",
    ),
    (lambda: sc.apply_channel(None, "awgn:5"), sc.ConfigError, "samples are None; allowed is com"),
    (lambda: sc.apply_channel([1j], None), sc.ConfigError, "channel is None; allowed is a string"),
    (lambda: sc.apply_channel([1j], "awgn:5", seed=-3), sc.ConfigError, "seed is -3; allowed is a"),
    (
        lambda: sc.apply_channel([1j], "awgn:5", modem=True),
        sc.ConfigError,
        "modem is True; allowed is a Modem or None",
    ),
    (
        lambda: sc.apply_channel([1j], "awgn:5", rate_hz="1M"),
        sc.ConfigError,
        "rate_hz is '1M'; allowed is 1.0 to 1000000000000.0",
    ),
    (
        lambda: sc.simulate(TEXT_CODEC, None, "awgn:5"),
        sc.ConfigError,
        "message is None; allowed is a str, or a picture, uint8 (H, W, 3)",
    ),
    (
        lambda: sc.simulate(TEXT_CODEC, b"a", "awgn:5"),
        sc.ConfigError,
        "message is b'a'; allowed is",
    ),
    (lambda: sc.simulate("deflate", "a", "awgn:5"), sc.ConfigError, "codec is 'deflate'; allowed"),
    (
        lambda: sc.simulate(TEXT_CODEC, "a", "awgn:5", snr_db="9"),
        sc.ConfigError,
        "design SNR in dB is '9'; allowed is -20 to 60",
    ),
    (lambda: sc.Modem(None), sc.ConfigError, "profile is None; allowed is a text"),
    (lambda: MODEM.burst(None), sc.ConfigError, "frames are None; allowed is a list of frames"),
    (lambda: MODEM.modulate(FRAMES[0]), sc.ConfigError, "frames are Frame(header=FrameHeader("),
    (lambda: MODEM.modulate(FRAMES, -1), sc.ConfigError, "silence is -1; allowed is 0 to 67108864"),
    (lambda: MODEM.modulate(FRAMES, 1.5), sc.ConfigError, "silence is 1.5; allowed is a whole num"),
    (lambda: MODEM.demodulate(None), sc.ConfigError, "samples are None; allowed is complex (n,)"),
    (lambda: MODEM.demodulate("abc"), sc.ConfigError, "samples are 'abc'; allowed is complex (n,)"),
    (lambda: MODEM.demodulate(3), sc.ConfigError, "samples are 3; allowed is complex (n,)"),
    (
        lambda: MODEM.push(np.zeros((2, 3))),
        sc.ConfigError,
        "samples are an array of float64, shape (2, 3); allowed is complex (n,)",
    ),
    (lambda: MODEM.push(["a"]), sc.ConfigError, "samples are ['a']; allowed is complex (n,)"),
    (lambda: sc.load_language_model(7), sc.ConfigError, "model is 7; allowed is a name of the cat"),
    (
        lambda: sc.load_language_model(adapter=b"chat"),
        sc.ConfigError,
        "adapter is b'chat'; allowed is the name of an adapter, or a folder",
    ),
    (lambda: sc.Frame(None, None), sc.FrameError, "frame has header None and symbols None; allow"),
]


@pytest.mark.parametrize(
    "call, error, expected", REFUSED, ids=[f"{i}-{row[-1][:40]}" for i, row in enumerate(REFUSED)]
)
def test_arguments_of_another_type_are_refused_in_one_line(call, error, expected):
    with pytest.raises(error) as caught:
        call()
    said = str(caught.value)
    assert said.startswith(expected) and "; allowed is" in said.replace(" with this message", "")
    assert "\n" not in said and len(said) < 250


def test_what_numpy_and_sequences_give_is_taken():
    assert len(sc.transmit(tuple(FRAMES), "awgn:20", seed=np.int64(3))) == 1
    assert sc.Simulation(sc.parse_channel("awgn:20"), modem=False, seed=[1, 2]).transmit([]) == []
    assert TEXT_CODEC.encode("a", np.float32(5), message_id=np.uint8(7))[0].header.message_id == 7
    assert MODEM.demodulate([]) == MODEM.demodulate([0j] * 100) == []
    assert len(sc.apply_channel([1, 2j, 0], "awgn:5", seed=np.random.default_rng(1))) == 3


@pytest.mark.parametrize(
    "text, found",
    [
        ("", {}),
        ("{beam: 16, key: secret}", {"beam": 16, "key": "secret"}),
        ('{"adapter": null}', {"adapter": None}),
    ],
)
def test_settings_in_yaml(text, found):
    assert read_settings(text) == found


@pytest.mark.parametrize(
    "text", ["{", "3", "[1]", "{1: 2}", "a: b: c", "{a: 2020-99-99}", "\ud800"]
)
def test_what_states_no_settings_is_refused_in_one_line(text):
    with pytest.raises(sc.ConfigError, match="overrides is .*; allowed is a mapping") as caught:
        read_settings(text, "overrides")
    assert "\n" not in str(caught.value)


def test_a_channel_without_snr_needs_one_to_design_for():
    codec = sc.load_text_codec("deflate")
    with pytest.raises(sc.ConfigError, match="states no SNR"):
        sc.simulate(codec, "text", "clean", modem=False)
    assert sc.simulate(codec, "text", "clean", modem=False, snr_db=10.0).exact
    with pytest.raises(sc.ConfigError, match="design SNR in dB is 99"):
        sc.simulate(codec, "text", "awgn:5", snr_db=99.0)


def test_a_modem_takes_its_samples_in_pieces_of_any_size():
    modem = sc.Modem(key="secret", rate_hz=2e6)
    frames = [f for text in TEXTS for f in sc.load_text_codec("deflate").encode(text, snr_db=5)]
    samples = sc.apply_channel(modem.modulate(frames), "awgn:5+cfo:3khz", modem=modem, seed=2)
    whole = modem.demodulate(samples)
    assert [f.header.length for f in whole] == [len(f.symbols) for f in frames]
    for size in (1, 77, len(samples)):
        pieces = [samples[at : at + size] for at in range(0, len(samples), size)]
        found = [frame for piece in pieces for frame in modem.push(piece)] + modem.flush()
        assert len(found) == len(whole)
        for one, other in zip(found, whole):
            assert one.header == other.header
            np.testing.assert_array_equal(one.symbols, other.symbols)
    assert modem.stats.frames == 3 * len(frames)
    assert sc.Modem(rate_hz=2e6).demodulate(samples) != whole, "another key"


def test_transmission_is_modem_channel_modem():
    modem = sc.Modem()
    frames = sc.load_text_codec("deflate").encode(TEXTS[2], snr_db=5)
    (received,) = sc.transmit(frames, "awgn:5+taps:0,-6", seed=4)
    samples = sc.apply_channel(modem.modulate(frames), "awgn:5+taps:0,-6", modem=modem, seed=4)
    (other,) = modem.demodulate(samples)
    np.testing.assert_array_equal(received.symbols, other.symbols)
    np.testing.assert_array_equal(received.noise_var, other.noise_var)


def test_each_fragment_of_a_picture_has_a_burst():
    pixels = np.random.default_rng(1).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    frames = sc.load_image_codec("softcast").encode(pixels, snr_db=20)
    assert len(frames) > 1
    received = sc.transmit(frames, "awgn:20", seed=1)
    starts = {frame.start_sample for frame in sc.Modem().demodulate(sc.Modem().modulate(frames))}
    assert len(received) == len(frames) == len(starts)


def test_a_modem_names_what_it_does_not_know():
    with pytest.raises(sc.ConfigError, match="profile is 'short'; allowed is one of"):
        sc.Modem("short")
    with pytest.raises(sc.ConfigError, match="PhyConfig has no setting 'speed'"):
        sc.Modem(speed=3)


def test_the_help_states_what_the_options_allow(capsys):
    with pytest.raises(SystemExit):
        main(["sim", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert f"one of {', '.join(MODES)} (default off)" in said
    assert f"one of {', '.join(IMPORTANCES)} (default none" in said


@pytest.fixture(scope="module")
def modules_of_a_text():
    """Modules of the project that `semcom sim --text` has imported when it ends."""
    code = (
        "import sys; from semcom_core.cli import main; "
        "assert main(['sim', '--codec', 'spinal', '--text', 'See you at nine.', '--channel', "
        "'awgn:5']) == 0; "
        "print(*(m for m in sys.modules if m.split('.')[0] == 'semcom_core'), sep='\\n')"
    )
    return [line for line in python(code).splitlines() if line.startswith("semcom_core")]


def test_a_text_passes_few_files(modules_of_a_text):
    """From the command line to symbols and back; package fronts, which pass on names, not counted."""
    packages = {name.rpartition(".")[0] for name in modules_of_a_text}
    passed = set(modules_of_a_text) - packages
    assert len(passed) <= MOST_FILES, sorted(passed)
