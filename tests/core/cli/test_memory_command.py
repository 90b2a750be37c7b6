# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom memory`: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from semcom_core.cli import main
from semcom_core.memory import StoreConfig, image_item, text_item
from semcom_core.memory.agreement import fingerprint
from semcom_core.memory.database import MemoryDatabase
from semcom_core.memory.measurement import Measurement, measurement_item

PIXELS = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "memory.db"
    with MemoryDatabase(path, StoreConfig("ring", 8)) as database:
        database.add(text_item(0, 3, "Mary is in\x1b[2J the kitchen.", value=0.5))
        database.add(image_item(1, 4, PIXELS))
        database.add(measurement_item(2, Measurement(5, 12.5, 100.0)))
    return path


def said(capsys, *arguments, status=0):
    assert main(["memory", *map(str, arguments)]) == status
    found = capsys.readouterr()
    return found.out if status == 0 else found.err


def test_inspect_tells_settings_and_counts(path, capsys):
    with MemoryDatabase(path) as database:
        mark = fingerprint(database.items[:2])
    out = said(capsys, "inspect", path)
    assert "settings: model ring, capacity 8" in out
    assert "items: 3 (1 text, 1 image, 1 csi)\nslots: 3 to 5, now 5\n" in out
    assert f"fingerprint of texts and pictures: {mark:08x}" in out


def test_list_is_a_line_an_item_without_control_characters(path, capsys):
    lines = said(capsys, "list", path).splitlines()
    assert len(lines) == 3 and "\x1b" not in "".join(lines)
    assert "slot      3  text     value 0.50" in lines[0] and "Mary is in␛[2J the" in lines[0]
    assert lines[1].endswith("pixels 4x4x3") and "snr_cfo_level 3" in lines[2]
    assert said(capsys, "list", path, "--modality", "csi").splitlines() == lines[2:]
    assert said(capsys, "list", path, "--limit", 2).splitlines() == lines[1:]


def test_show_prints_all_of_an_item(path, capsys):
    out = said(capsys, "show", path, 2)
    assert "snr_cfo_level: float64 (3,) [12.5, 100.0, 0.0]" in out
    assert "not the same at both ends" in out
    assert "␛[2J" in said(capsys, "show", path, 0)


def test_edit_and_forget_are_kept(path, capsys):
    said(capsys, "edit", path, 0, "--text", "John left.", "--slot", 9, "--worth", 0.25)
    out = said(capsys, "forget", path, 1, 2)
    assert out.count("forgotten:") == 2
    with MemoryDatabase(path) as database:
        (item,) = database.items
        assert (item.text, item.slot, item.value, len(item.embedding)) == ("John left.", 9, 0.25, 0)


def test_add_makes_a_file_with_its_settings(tmp_path, capsys):
    path = tmp_path / "new.db"
    for text in ("one", "two", "three"):
        out = said(capsys, "add", path, text, "--no-embed", "--model", "fifo", "--capacity", 2)
    assert "left:" in out and "one" in out and out.endswith("key 2\n")
    with MemoryDatabase(path) as database:
        assert database.store.config.model == "fifo"
        assert [(item.text, item.slot) for item in database.items] == [("two", 1), ("three", 2)]


def test_export_writes_everything(path, tmp_path, capsys):
    out = tmp_path / "export"
    assert said(capsys, "export", path, "--out", out) == f"3 items written to {out}\n"
    found = json.loads((out / "items.json").read_text(encoding="utf-8"))
    assert found["settings"]["capacity"] == 8
    assert found["items"][0]["text"] == "Mary is in\x1b[2J the kitchen."
    with Image.open(out / found["items"][1]["file"]) as picture:
        assert np.array_equal(np.asarray(picture), PIXELS)
    with np.load(out / found["items"][2]["file"]) as arrays:
        assert arrays["snr_cfo_level"].tolist() == [12.5, 100, 0]


def test_compact_gives_room_back(path, capsys):
    with MemoryDatabase(path) as database:
        database.add(text_item(5, 5, "x" * 300_000))
        database.forget(5)
    words = said(capsys, "compact", path).split()
    assert int(words[0]) > 300_000 > int(words[3])


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("show", 7), "key is 7; allowed is that of one of the 3 items"),
        (("forget", 0, 7), "key is 7; allowed is that of one of the 3 items"),
        (("edit", 0), "nothing to change; allowed is --text, --slot, --worth"),
        (("edit", 1, "--text", "x"), "item 1 is of modality 'image'; allowed is 'text'"),
        (("edit", 0, "--worth", 2), "value is 2.0; allowed is 0 to 1"),
        (("edit", 0, "--slot", -1), "slot is -1; allowed is 0 to"),
        (("list", "--modality", "smell"), "modality is 'smell'; allowed is one of"),
        (("list", "--limit", 0), "limit is 0; allowed is 1"),
    ],
)
def test_bad_input_is_one_line_and_changes_nothing(path, capsys, arguments, message):
    action, *rest = arguments
    before = [item.digest for item in MemoryDatabase(path).items]
    err = said(capsys, action, path, *rest, status=2)
    assert err.startswith("semcom: ") and message in err and err.count("\n") == 1
    assert [item.digest for item in MemoryDatabase(path).items] == before


def test_missing_and_foreign_files_are_told(tmp_path, capsys):
    path = tmp_path / "notes.txt"
    for action in (["inspect"], ["list"], ["compact"], ["forget", "0"]):
        err = said(capsys, action[0], path, *action[1:], status=2)
        assert "there is no such file or folder" in err and not path.exists()
    path.write_text("my notes", encoding="utf-8")
    err = said(capsys, "add", path, "x", "--no-embed", status=2)
    assert "it is no SQLite file" in err and path.read_text(encoding="utf-8") == "my notes"


def test_texts_are_recalled_by_meaning(tmp_path, capsys):
    pytest.importorskip("all_minilm_l6_v2")
    path = tmp_path / "new.db"
    for text in ("Mary went to the kitchen.", "John took the milk there."):
        said(capsys, "add", path, text)
    first = said(capsys, "recall", path, "Who has the milk?", "--count", 1)
    assert "John took the milk there." in first and len(first.splitlines()) == 1
