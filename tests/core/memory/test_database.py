# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory database: kills at random moments, damaged and foreign files, several processes, bounds."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.memory import MemoryStore, StoreConfig, text_item
from semcom_core.memory import database as module
from semcom_core.memory.database import MemoryDatabase
from tests.core.memory.memory_writer import CONFIG, item, store_after

WRITER = Path(__file__).with_name("memory_writer.py")
KILLS = 32


@pytest.fixture
def path(tmp_path):
    return tmp_path / "memory.db"


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.parent.iterdir()}


def run_and_kill(path: Path, first: int | str, lines: int) -> int:
    """Let a writer print some lines, kill it, and return the items that it said were kept."""
    root = Path(__file__).resolve().parents[3]
    process = subprocess.Popen(
        [sys.executable, str(WRITER), str(path), str(first)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
    )
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if len(said) > lines:
                break
    finally:
        process.kill()
        said += process.stdout.readlines()
        process.wait()
        process.stdout.close()
    whole = [line for line in said if line.endswith("\n") and line != "open\n"]
    return int(whole[-1]) + 1 if whole else first if isinstance(first, int) else 0


def test_killed_at_random_moments_nothing_kept_is_lost(path):
    rng = np.random.default_rng(7)
    count = 0
    for _ in range(KILLS):
        kept = run_and_kill(path, count, int(rng.integers(0, 12)))
        with MemoryDatabase(path) as database:
            found = database.store
            # one more may have been written than was said
            states = {n: store_after(n) for n in (kept, kept + 1)}
            fits = [n for n, store in states.items() if store.items == found.items]
            assert fits and states[fits[0]].now == found.now
            assert found.config == CONFIG
            count = fits[0]
    assert count > KILLS
    assert path.stat().st_size < 8 * CONFIG.max_bytes


def test_killed_while_files_are_made(path):
    rng = np.random.default_rng(5)
    for _ in range(6):
        made = run_and_kill(path, "make", int(rng.integers(0, 9)))
        files = [file for file in path.parent.iterdir() if file.name[-1].isdigit()]
        assert len(files) >= made
        for file in files:
            with MemoryDatabase(file) as database:
                assert database.items == ()
            file.unlink()


def test_empty_file_is_a_new_one(path):
    path.write_bytes(b"")
    with MemoryDatabase(path) as database:
        assert database.items == ()


def test_store_comes_back_as_it_was(path):
    with MemoryDatabase(path, CONFIG) as database:
        for key in range(40):
            assert [one.key for one in database.add(item(key))] == [
                one.key for one in store_after(key).add(item(key))
            ]
    with MemoryDatabase(path) as database:
        expected = store_after(40)
        assert database.items == expected.items
        assert database.store.scores() == pytest.approx(expected.scores())
        assert database.store.config == CONFIG


def test_replace_forget_and_save(path):
    with MemoryDatabase(path, StoreConfig("fifo", 5)) as database:
        for key in range(4):
            database.add(text_item(key, key, f"text {key}"))
        database.replace(text_item(2, 9, "edited"))
        assert database.forget(0).text == "text 0"
    with MemoryDatabase(path) as database:
        assert [one.text for one in database.items] == ["text 1", "edited", "text 3"]
        assert database.store.now == 9
        database.save([database.items[2], database.items[0], text_item(7, 7, "new")])
        assert [one.key for one in database.items] == [3, 1, 7]
    with MemoryDatabase(path) as database:
        assert [one.text for one in database.items] == ["text 3", "text 1", "new"]


def test_refused_changes_change_nothing(path):
    with MemoryDatabase(path, StoreConfig("fifo", 3)) as database:
        database.add(text_item(1, 1, "one"))
        before = database.items
        for change in (
            lambda: database.add(text_item(1, 2, "two")),
            lambda: database.forget(5),
            lambda: database.replace(text_item(5, 2, "two")),
            lambda: database.save([text_item(k, k, "") for k in range(4)]),
        ):
            with pytest.raises(ConfigError):
                change()
            assert database.items == before
    with MemoryDatabase(path) as database:
        assert database.items == before


def test_smaller_capacity_drops_by_the_rule(path):
    with MemoryDatabase(path, StoreConfig("fifo", 5)) as database:
        for key in range(5):
            database.add(text_item(key, key, ""))
    with MemoryDatabase(path, StoreConfig("fifo", 2)) as database:
        assert [one.key for one in database.items] == [3, 4]
    with MemoryDatabase(path) as database:
        assert database.store.config.capacity == 2 and len(database.items) == 2


def test_two_at_once_see_each_other(path):
    config = StoreConfig("fifo", 3)
    with MemoryDatabase(path, config) as first, MemoryDatabase(path) as second:
        first.add(text_item(0, 0, "a"))
        assert [one.text for one in second.items] == ["a"]
        second.add(text_item(1, 1, "b"))
        with pytest.raises(ConfigError, match="key is 1; allowed is one that no item"):
            first.add(text_item(1, 1, "c"))
        first.add(text_item(2, 2, "c"))
        assert [one.text for one in second.items] == ["a", "b", "c"]


def test_a_file_that_another_process_locks_is_told(path, monkeypatch):
    with MemoryDatabase(path) as database:
        monkeypatch.setattr(module, "_PATIENCE_S", 0.05)
        with MemoryDatabase(path) as other:
            database._connection.execute("BEGIN IMMEDIATE")
            with pytest.raises(ConfigError, match="database is locked"):
                other.add(text_item(0, 0, ""))
            database._connection.execute("COMMIT")
            other.add(text_item(0, 0, ""))
        assert len(database.items) == 1


def foreign_database(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE items (key)")
    connection.close()


def other_version(path):
    MemoryDatabase(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda path: path.write_bytes(b"hello"), "it is no SQLite file"),
        (lambda path: path.write_bytes(bytes(5000)), "it is no SQLite file"),
        (lambda path: path.mkdir(), "Is a directory"),
        (foreign_database, "it belongs to another program, application id 0"),
        (other_version, "it is of version 9, and 1 is known"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(4080)), "another program"),
    ],
)
def test_foreign_files_are_told_and_left(path, make, message):
    make(path)
    before = {} if path.is_dir() else contents(path)
    with pytest.raises(ConfigError, match=message) as told:
        MemoryDatabase(path)
    assert "\n" not in str(told.value) and str(path) in str(told.value)
    assert path.is_dir() or contents(path) == before


def test_missing_file_is_not_made_where_that_is_not_wanted(path):
    with pytest.raises(ConfigError, match="there is no such file or folder"):
        MemoryDatabase(path, create=False)
    with pytest.raises(ConfigError, match="there is no such file or folder"):
        MemoryDatabase(path.parent / "nowhere" / "memory.db")
    assert list(path.parent.iterdir()) == []


def test_damaged_files_are_told_and_left(path):
    with MemoryDatabase(path, CONFIG) as database:
        for key in range(12):
            database.add(item(key))
    whole = path.read_bytes()
    expected = store_after(12).items
    rng = np.random.default_rng(11)
    told = 0
    for _ in range(60):
        data = bytearray(whole)
        at = int(rng.integers(100, len(data)))
        data[at : at + 40] = rng.bytes(len(data[at : at + 40]))
        path.write_bytes(data)
        try:
            with MemoryDatabase(path) as database:
                assert database.items == expected  # what was hit holds nothing
        except ConfigError as error:
            told += 1
            assert "\n" not in str(error)
            assert path.read_bytes() == bytes(data)
    assert told > 30
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError, match="memory file is"):
        MemoryDatabase(path)


def test_a_changed_row_is_told(path):
    with MemoryDatabase(path) as database:
        database.add(text_item(3, 1, "Mary is in the kitchen."))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE items SET slot = 2")
    connection.close()
    with pytest.raises(ConfigError, match="it is damaged: the item of key 3 does not fit its hash"):
        MemoryDatabase(path)


def test_file_stays_bounded_and_compact_gives_room_back(path):
    with MemoryDatabase(path, StoreConfig("fifo", 20, max_bytes=200_000)) as database:
        for key in range(300):
            database.add(text_item(key, key, "x" * 9_000))
        assert database.file_bytes() < 200_000 * 2 + module._LOG_BYTES + 200_000
        database.save(database.items[:1])
        before, after = database.compact()
        assert after < 60_000 < before
        assert len(database.items) == 1


def test_a_full_disk_is_told_and_nothing_changes(path):
    with MemoryDatabase(path) as database:
        database.add(text_item(0, 0, "kept"))
        pages = database._number("page_count")
        database._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(ConfigError, match="database or disk is full"):
            database.add(text_item(1, 1, "x" * 100_000))
        assert [one.key for one in database.items] == [0]
        database._connection.execute("PRAGMA max_page_count = 100000")
        database.add(text_item(1, 1, "x" * 100_000))
    with MemoryDatabase(path) as database:
        assert len(database.items) == 2 and isinstance(database.store, MemoryStore)
