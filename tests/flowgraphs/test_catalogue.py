# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every flowgraph compiles and is well kept; every block's catalogue entry agrees with its
class.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import yaml
from gnuradio import semcom

ROOT = Path(__file__).resolve().parents[2]
FLOWGRAPHS = sorted([*ROOT.glob("grc/*.grc"), *ROOT.glob("gr-semcom/examples/*.grc")])
ENTRIES = sorted(ROOT.glob("gr-semcom/grc/*.block.yml"))
#: Arguments that a catalogue entry makes from a parameter of another name.
RENAMED = {"on_done": "stop_flowgraph"}
#: Parameters of the companion alone.
COMPANION = {"gui_hint"}


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FLOWGRAPHS, ids=lambda p: p.stem)
def test_flowgraph_compiles_without_warnings(path, compiled):
    script, said = compiled(path)
    assert script.exists(), said
    assert "warning" not in said.lower()
    assert "error" not in said.lower()
    compile(script.read_text(encoding="utf-8"), script.name, "exec")


@pytest.mark.parametrize("path", FLOWGRAPHS, ids=lambda p: p.stem)
def test_flowgraph_is_well_kept(path):
    flowgraph = load(path)
    options = flowgraph["options"]["parameters"]
    assert options["id"] == path.stem
    assert all(options[name] for name in ("title", "author", "description"))
    values = [value for block in flowgraph["blocks"] for value in block["parameters"].values()]
    assert not any(str(value).strip("'\"").startswith(("/", "~")) for value in values), (
        "no absolute path"
    )
    places = [(block["name"], *block["states"]["coordinate"]) for block in flowgraph["blocks"]]
    close = [
        (a, b)
        for a, x, y in places
        for b, u, v in places
        if a < b and abs(x - u) < 100 and abs(y - v) < 80
    ]
    assert not close, "blocks are about 100 to 180 wide and 50 to 120 high"
    ours = [block for block in flowgraph["blocks"] if block["id"].startswith("semcom_")]
    assert ours
    assert all(block["parameters"].get("comment") for block in ours), "each stage has a comment"


@pytest.mark.parametrize("path", ENTRIES, ids=lambda p: p.name.split(".")[0])
def test_entry_matches_its_block(path):
    entry = load(path)
    assert entry["id"] == path.name.removesuffix(".block.yml")
    block = getattr(semcom, entry["id"].removeprefix("semcom_"))
    signature = inspect.signature(block.__init__).parameters
    arguments = set(signature) - {"self"}
    make = entry["templates"]["make"]
    assert set(re.findall(r"(\w+)=", make)) == arguments
    assert make.startswith(f"semcom.{block.__name__}(")
    assert {parameter["id"] for parameter in entry["parameters"]} - COMPANION == {
        RENAMED.get(name, name) for name in arguments
    }
    for callback in entry["templates"].get("callbacks", []):
        assert callable(getattr(block, callback.split("(")[0]))
    ours = [cls for cls in block.__mro__ if cls.__module__.startswith(semcom.__name__)]
    setters = {
        name.removeprefix("set_") for cls in ours for name in vars(cls) if name.startswith("set_")
    }
    assert setters == {
        callback.split("(")[0].removeprefix("set_")
        for callback in entry["templates"].get("callbacks", [])
    }


@pytest.mark.parametrize("path", ENTRIES, ids=lambda p: p.name.split(".")[0])
def test_entry_defaults_are_the_blocks(path):
    entry = load(path)
    signature = inspect.signature(
        getattr(semcom, entry["id"].removeprefix("semcom_")).__init__
    ).parameters
    for parameter in entry["parameters"]:
        if parameter["id"] in {*RENAMED.values(), *COMPANION}:
            continue
        default = signature[parameter["id"]].default
        stated = parameter["default"]
        value = (
            stated
            if parameter["dtype"] in ("string", "enum", "file_open", "file_save", "dir_select")
            else yaml.safe_load(stated)
        )
        value = None if stated == "None" else value
        assert value == (
            type(value)()
            if default is None
            else list(default)
            if isinstance(default, tuple)
            else default
        ), parameter["id"]


@pytest.mark.parametrize("path", ENTRIES, ids=lambda p: p.name.split(".")[0])
def test_entry_is_documented(path):
    entry = load(path)
    text = entry["documentation"]
    block = getattr(semcom, entry["id"].removeprefix("semcom_"))
    for port in [*entry.get("inputs", []), *entry.get("outputs", [])]:
        if port["domain"] == "message":
            assert re.search(rf"\b{port['id']}\b", text), port
    for parameter in entry["parameters"]:
        assert re.sub(r" \(.*\)", "", parameter["label"]) in text, parameter["label"]
    for name in set(inspect.signature(block.__init__).parameters) - {"self"}:
        assert re.search(rf"^\s+{name}: ", block.__doc__, re.MULTILINE), name


def test_every_block_has_an_entry_a_place_and_a_test():
    names = {path.name.removeprefix("semcom_").removesuffix(".block.yml") for path in ENTRIES}
    assert names == set(semcom.__all__)
    tree = load(ROOT / "gr-semcom/grc/semcom.tree.yml")["[Semcom]"]
    assert {f"semcom_{name}" for name in names} == {
        block for group in tree for blocks in group.values() for block in blocks
    }
    for name in names:
        assert (ROOT / f"gr-semcom/python/semcom/{name}.py").exists()
        assert (ROOT / f"tests/blocks/qa_{name}.py").exists()
