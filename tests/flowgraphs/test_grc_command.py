# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom grc`: listing, running without the companion, and errors in one line."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from semcom_core import resources as flowgraphs
from semcom_core import resources as places
from semcom_core.cli import grc
from semcom_core.errors import ConfigError, RadioError

FLOWGRAPHS = sorted((Path(__file__).resolve().parents[2] / "grc").glob("*.grc"))
#: What the companion does when it opens files: its errors, by file.
OPEN = """
import json, sys
from gnuradio import gr
from gnuradio.grc.core.platform import Platform
version = (gr.major_version(), gr.api_version(), gr.minor_version())
platform = Platform(version=gr.version(), version_parts=version, prefs=gr.prefs())
platform.build_library()
errors = {"": sorted(name for name in platform.blocks if name.startswith("semcom_"))}
for path in sys.argv[1:]:
    flow_graph = platform.make_flow_graph(path)
    flow_graph.rewrite()
    flow_graph.validate()
    valid = flow_graph.is_valid()
    errors[path] = [] if valid else [str(error) for error in flow_graph.iter_error_messages()]
print(json.dumps(errors))
"""


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
        == 2
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


def outside(home: Path, *command: str | Path, first: str = "") -> str:
    """Output of a command of GNU Radio's own interpreter with the environment that `semcom grc
    --environment` prints, and nothing else of this one.
    """
    semcom = shlex.join([sys.executable, "-m", "semcom_core.cli"])
    python = Path(getattr(sys, "_base_executable", sys.executable))
    script = f"""set -e; {first}
eval "$({semcom} grc --environment)"
exec {shlex.join(map(str, [python, *command]))}"""
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=home,
        env={"HOME": str(home), "PATH": f"{python.parent}:/usr/bin:/bin", **OFFSCREEN},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen", "MPLBACKEND": "Agg"}


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> dict[str, list[str]]:
    """What a companion that was not started by this project says of each flowgraph."""
    home = tmp_path_factory.mktemp("home")
    return json.loads(outside(home, "-c", OPEN, *FLOWGRAPHS).splitlines()[-1])


def test_plain_companion_has_all_blocks(opened):
    entries = Path(__file__).resolve().parents[2].glob("gr-semcom/grc/*.block.yml")
    assert opened[""] == sorted(path.name.removesuffix(".block.yml") for path in entries)


@pytest.mark.parametrize("path", FLOWGRAPHS, ids=lambda path: path.stem)
def test_plain_companion_opens_it(opened, path):
    assert opened[str(path)] == []


def test_plain_companion_runs_it(tmp_path):
    compiler = "from gnuradio.grc.compiler import main; main()"
    path = next(path for path in FLOWGRAPHS if path.stem == "text_link_headless")
    outside(tmp_path, "-c", compiler, "-o", tmp_path, path)
    said = outside(tmp_path, tmp_path / f"{path.stem}.py", "--codec", "deflate")
    assert "sent 5, received 5, exact 5" in said


def test_environment_is_put_before_what_is_there(tmp_path):
    first = "export PYTHONPATH='/a b' GRC_BLOCKS_PATH=/mine"
    code = "import os; print(os.environ['PYTHONPATH'], os.environ['GRC_BLOCKS_PATH'], sep='\\n')"
    python, blocks = outside(tmp_path, "-c", code, first=first).splitlines()
    assert python.endswith(":/a b") and blocks.endswith(f"gr-semcom/grc{os.pathsep}/mine")


def test_flowgraphs_import_the_blocks_package_alone():
    blocks = [
        block for path in FLOWGRAPHS for block in grc.yaml.safe_load(path.read_text())["blocks"]
    ]
    lines = [block["parameters"]["imports"] for block in blocks if block["id"] == "import"]
    assert lines and not [line for line in lines if "semcom_core" in line]


@pytest.mark.parametrize("name", ["image_link_headless", "radio_text_tx"])
def test_flowgraphs_that_import_the_core_still_work(name, tmp_path):
    path = next(path for path in FLOWGRAPHS if path.stem == name)
    old = path.read_text(encoding="utf-8")
    for helper, module in (
        ("load_profile", "semcom_core.radio.profile"),
        ("example_picture", "semcom_core.image.example"),
    ):
        old = old.replace(f"from gnuradio.semcom import {helper}", f"from {module} import {helper}")
    assert "from semcom_core" in old
    (tmp_path / path.name).write_text(old, encoding="utf-8")
    assert flowgraphs.compiled(tmp_path / path.name, tmp_path).exists()


def test_link_to_the_blocks_follows_the_checkout(tmp_path, monkeypatch):
    checkout = tmp_path / "checkout"
    (checkout / "gr-semcom/python/semcom").mkdir(parents=True)
    monkeypatch.setattr(places, "__file__", str(checkout / "python/semcom_core/resources.py"))
    monkeypatch.setattr(places.sys, "prefix", str(tmp_path))
    link = tmp_path / "share/gr-semcom/python/gnuradio/semcom"
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "former")
    python = flowgraphs.companion_environment()["PYTHONPATH"].split(os.pathsep)
    assert python[:2] == [str(tmp_path / "share/gr-semcom/python"), str(checkout / "python")]
    assert link.resolve() == checkout / "gr-semcom/python/semcom"
    link.unlink()
    link.mkdir()
    with pytest.raises(RadioError, match="gnuradio/semcom.* cannot be made: .*; allowed is"):
        flowgraphs.companion_environment()
