# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom grc`: listing, running without the companion, and errors in one line."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from semcom_core import resources as flowgraphs
from semcom_core import resources as places
from semcom_core.cli import grc
from semcom_core.errors import ConfigError, RadioError

FLOWGRAPHS = sorted((Path(__file__).resolve().parents[2] / "grc").glob("*.grc"))


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    grc.add_parser(parser.add_subparsers())
    args = parser.parse_args(["grc", *arguments])
    return args.run(args)


def test_list(capsys):
    assert run() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [path.stem for path in FLOWGRAPHS]
    assert all(len(line.split()) > 1 for line in lines)


def test_flowgraphs_and_blocks_that_cmake_installs_are_found(tmp_path, monkeypatch):
    source, build, prefix = (
        Path(__file__).resolve().parents[2] / "gr-semcom",
        tmp_path / "build",
        tmp_path / "prefix",
    )
    options = [
        "-G",
        "Ninja",
        f"-DPython3_EXECUTABLE={sys.executable}",
        f"-DCMAKE_INSTALL_PREFIX={prefix}",
    ]
    for command in (["cmake", *options, "-B", build, source], ["cmake", "--install", build]):
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    monkeypatch.setattr(
        places, "__file__", str(prefix / "lib/python3/site-packages/semcom_core/resources.py")
    )
    monkeypatch.setattr(places.sysconfig, "get_path", lambda *_: str(prefix))
    monkeypatch.setattr(places.sys, "prefix", str(tmp_path))
    assert grc.flowgraphs() == {
        path.stem: prefix / "share/gr-semcom/grc" / path.name for path in FLOWGRAPHS
    }
    assert grc.environment()["GRC_BLOCKS_PATH"].split(":")[0] == str(
        prefix / "share/gnuradio/grc/blocks"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("text_link", "--headless"),
        ("--headless", "text_link"),
        ("text_link_headless", "--headless"),
    ],
)
def test_headless_runs_the_twin(arguments, capfd):
    assert run(*arguments, "--", "--codec", "deflate") == 0
    assert "sent 5, received 5, exact 5" in capfd.readouterr().out


def test_exit_status_is_the_flowgraphs():
    assert (
        run(
            "text_link", "--headless", "--", "--codec", "deflate", "--text-file", "no_such_file.txt"
        )
        == 1
    )


def test_unknown_flowgraph():
    with pytest.raises(ConfigError, match="text_link_headless"):
        run("no_such_flowgraph")
    with pytest.raises(ConfigError, match="no such file"):
        run("no_such_file.grc")


def test_broken_flowgraph(tmp_path):
    path = tmp_path / "broken.grc"
    path.write_text("options: {}", encoding="utf-8")
    with pytest.raises(RadioError, match="does not compile"):
        run(str(path), "--headless")


def test_missing_gnuradio(monkeypatch):
    monkeypatch.setattr(grc.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RadioError, match="apt install gnuradio") as caught:
        run("text_link")
    assert "\n" not in str(caught.value)


def test_missing_companion(monkeypatch, tmp_path):
    monkeypatch.setattr(flowgraphs, "environment", lambda: {"PATH": str(tmp_path)})
    with pytest.raises(RadioError, match="gnuradio-companion is not on PATH"):
        run("text_link")
