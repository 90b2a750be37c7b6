# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of compiled flowgraphs that are not allowed: one line, as on the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

LIMIT_S = 60
ROOT = Path(__file__).resolve().parents[2]
#: Flowgraph → its parameters.
PARAMETERS = {
    path.stem: {
        block["name"]
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["blocks"]
        if block["id"] == "parameter"
    }
    for path in sorted(ROOT.glob("grc/*.grc"))
}
#: Those without a window or a twin without one, and one with a window.
NAMES = [name for name in PARAMETERS if f"{name}_headless" not in PARAMETERS or name == "text_link"]
#: What Qt itself says of an account without a folder for running programs.
UNRELATED = "QStandardPaths"
PRELUDE = """
import sys
from gnuradio import gr, semcom
from semcom_core.errors import ModelError
class link(gr.top_block):
    def __init__(self, codec="deflate", error=None):
        gr.top_block.__init__(self)
        if error is not None:
            raise error
        self.encoder = semcom.text_encoder(codec=codec)
"""


def refused(process: subprocess.Popen) -> str:
    """The one line with which a flowgraph refuses a parameter."""
    said, _ = process.communicate(timeout=LIMIT_S)
    (line,) = [line for line in said.splitlines() if UNRELATED not in line]
    assert process.returncode == 2, said
    return line


@pytest.mark.parametrize("name", [name for name in NAMES if "codec" in PARAMETERS[name]])
def test_unknown_codec(start, name):
    line = refused(start(name, "--codec", "nope"))
    known = "avif, .*webp" if "image" in name else "deepsc, .*spinal"
    assert line.startswith(f"{name}: codec is 'nope'; allowed is one of {known.split(',')[0]}, ")


@pytest.mark.parametrize(
    "name, options, expected",
    [
        ("text_link_headless", ["--text-file", "none.txt"], "text_file is 'none.txt'; it cannot"),
        ("text_link_headless", ["--out-file", "no/x.json"], "report_file is 'no/x.json'; allowed"),
        ("text_link_headless", ["--channel", "fog:3"], "channel term is 'fog:3'; allowed is adc"),
        ("image_link_headless", ["--image-file", "no/x.png"], "picture path no/x.png is not there"),
        ("two_sided_link_headless", ["--mode", "go-back-n"], "mode is 'go-back-n'; allowed is one"),
        ("harq_link_headless", ["--answer-loss", -1], "probability is -1.0; allowed is 0 to 1"),
        ("half_duplex_link_headless", ["--max-tries", 0], "max_tries is 0; allowed is 1 to 1000"),
        ("radio_text_rx_headless", ["--profile", "nope"], "profile is 'nope'; allowed is one of"),
        ("radio_text_rx_headless", ["--phy-profile", "x"], "profile is 'x'; allowed is one of"),
        ("radio_text_rx_headless", ["--settings", "{"], "settings is '{'; allowed is a mapping"),
        ("radio_text_rx_headless", ["--overrides", "[1]"], "overrides is '[1]'; allowed is a"),
        (
            "radio_text_tx",
            ["--profile", "pluto", "--overrides", "{lo_hz: 950e6}"],
            "transmission at 950 MHz, 1 MHz wide is in mobile telephony",
        ),
    ],
)
def test_other_parameters(start, name, options, expected):
    assert refused(start(name, *options)).startswith(f"{name}: {expected}")


@pytest.fixture
def run(repository):
    """run(script): (exit status, what it said) of a program with the flowgraph `link`."""

    def child(script: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-c", PRELUDE + script],
            cwd=repository,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
        return done.returncode, done.stdout + done.stderr

    return child


def test_a_failure_ends_with_1(run):
    assert run("link(error=ModelError('no weights'))") == (1, "link: no weights\n")


def test_a_flowgraph_that_is_derived_has_its_own_name(run):
    status, said = run(
        "class mine(link):\n    def __init__(self): link.__init__(self, 'nope')\nmine()"
    )
    assert status == 2 and said.startswith("mine: codec is 'nope'; allowed is one of deepsc, ")
    assert run("class mine(link): pass\nmine('deflate')") == (0, "")


def test_a_refusal_that_is_caught_changes_nothing(run):
    script = """
before = sys.excepthook
link()
assert sys.excepthook is before is sys.__excepthook__
for name in ("nope", "neither"):
    try:
        link(name)
    except ValueError as error:
        print(error)
"""
    status, said = run(script)
    assert status == 0 and [line.split(";")[0] for line in said.splitlines()] == [
        "codec is 'nope'",
        "codec is 'neither'",
    ]
    status, said = run(script + "1 / 0")
    assert status == 1 and said.splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert "Traceback" in said


def test_other_errors_keep_their_traceback(run):
    status, said = run("link(error=ValueError('a defect'))")
    assert status == 1 and "Traceback" in said and said.endswith("ValueError: a defect\n")
    status, said = run("semcom.text_encoder(codec='nope')")
    assert status == 1 and "Traceback" in said
