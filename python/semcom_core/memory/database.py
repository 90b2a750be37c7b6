# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory database: a store kept in an SQLite file that survives a kill at any moment.

    add, replace, forget --> one transaction (write-ahead log, synced) --> returned = kept

What one call changes, an item that came and those that left for it, is one transaction: after a
kill or a power failure the file holds the store as it was after some call, never between, and
never before one that has returned. The file says what it is (application id, version) and each row
holds a hash of its content, so that a foreign or damaged file is told and left as it is.

Several processes may have the file open; each sees what another wrote before it writes itself.

Source: SQLite, "Write-ahead logging", https://www.sqlite.org/wal.html
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Self, TypeVar

import numpy as np

from semcom_core.config import from_mapping
from semcom_core.errors import ConfigError
from semcom_core.memory.item import MemoryItem
from semcom_core.memory.store import MemoryStore, StoreConfig

Result = TypeVar("Result")

#: Marks of the file: SQLite's application id ("SCMM") and the version of the tables.
APPLICATION = 0x53434D4D
VERSION = 1
#: How long to wait for another process that writes, s.
_PATIENCE_S = 10.0
#: Bytes to which the write-ahead log is cut back.
_LOG_BYTES = 1 << 22
#: Columns of an item in the order of the table; the last is the hash of the others.
_COLUMNS = ("key", "modality", "slot", "embedding", "value", "payload", "exact", "hash")
#: Name beside the settings of the largest slot that has come.
_NOW = "now"
_SCHEMA = (
    "CREATE TABLE settings (name TEXT PRIMARY KEY, setting) WITHOUT ROWID",
    "CREATE TABLE items (sequence INTEGER PRIMARY KEY AUTOINCREMENT, key INTEGER NOT NULL UNIQUE, "
    "modality TEXT NOT NULL, slot INTEGER NOT NULL, embedding BLOB NOT NULL, value REAL NOT NULL, "
    "payload BLOB NOT NULL, exact INTEGER NOT NULL, hash BLOB NOT NULL)",
    f"PRAGMA user_version = {VERSION}",
    f"PRAGMA application_id = {APPLICATION}",
)
_INSERT = f"INSERT INTO items ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
_UPDATE = f"UPDATE items SET {', '.join(f'{name} = ?' for name in _COLUMNS[1:])} WHERE key = ?"


class MemoryDatabase:
    """A memory store in a file.

    Args:
        path: the file; made where there is none or an empty one.
        config: settings of the store; None for those that the file states, or the defaults of a
            new one. Where they differ from the file's, they are kept from now on, and items for
            which there is no room any more leave.
        create: whether a file that is not there is made.

    Raises:
        ConfigError: the file is damaged, foreign, of another version, not there or not readable;
            it is left as it is.

    >>> import tempfile
    >>> from semcom_core.memory import text_item
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with MemoryDatabase(Path(folder) / "memory.db") as database:
    ...         left = database.add(text_item(0, 0, "Mary is in the kitchen."))
    ...     with MemoryDatabase(Path(folder) / "memory.db") as database:
    ...         print(database.store.items[0].text)
    Mary is in the kitchen.
    """

    def __init__(
        self, path: str | Path, config: StoreConfig | None = None, create: bool = True
    ) -> None:
        self.path = Path(path)
        self._check_file(create)
        try:
            self._connection = sqlite3.connect(self.path, timeout=_PATIENCE_S, isolation_level=None)
        except sqlite3.Error as error:
            raise self._error(str(error)) from error
        try:
            self._open(config)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; nothing is pending."""
        self._connection.close()

    @property
    def items(self) -> tuple[MemoryItem, ...]:
        """All items in the order in which they came, as the file has them now."""
        with self._told(), self._transaction("DEFERRED"):
            self._refresh()
        return self.store.items

    def add(self, item: MemoryItem) -> list[MemoryItem]:
        """Take in an item, as MemoryStore.add does; it is in the file when this returns.

        Returns:
            The items that left.

        Raises:
            ConfigError: as of MemoryStore.add, or the file cannot be written.
        """
        return self._change(lambda store: store.add(item))

    def replace(self, item: MemoryItem) -> None:
        """Put an item in the place of the one that has its key.

        Raises:
            ConfigError: as of MemoryStore.replace, or the file cannot be written.
        """
        self._change(lambda store: store.replace(item))

    def forget(self, key: int) -> MemoryItem:
        """Remove an item; returns it.

        Raises:
            ConfigError: as of MemoryStore.forget, or the file cannot be written.
        """
        return self._change(lambda store: store.forget(key))

    def save(self, items: Iterable[MemoryItem]) -> None:
        """Make the file hold these items, the oldest first, and no others.

        Raises:
            ConfigError: they do not fit the store, or the file cannot be written.
        """
        self._change(lambda store: store.refill(items))

    def compact(self) -> tuple[int, int]:
        """Give the room of what has left back to the file system.

        Returns:
            Bytes of the file and its log before and after.

        Raises:
            ConfigError: the file cannot be written, or another process is using it.
        """
        before = self.file_bytes()
        with self._told():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return before, self.file_bytes()

    def file_bytes(self) -> int:
        """Bytes of the file and its log."""
        names = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(path.stat().st_size for path in names if path.exists())

    def _check_file(self, create: bool) -> None:
        """Refuse what is no SQLite file before SQLite touches it."""
        try:
            if not self.path.exists():
                if create and self.path.absolute().parent.is_dir():
                    return
                raise self._error("there is no such file or folder")
            with open(self.path, "rb") as file:
                start = file.read(100)
        except OSError as error:
            raise self._error(error.strerror or str(error)) from error
        if start and start[:16] != b"SQLite format 3\0":
            raise self._error("it is no SQLite file")
        version, mark = (int.from_bytes(start[at : at + 4], "big") for at in (60, 68))
        if start and mark != APPLICATION:
            raise self._error(f"it belongs to another program, application id {mark}")
        if start and version != VERSION:
            raise self._error(f"it is of version {version}, and {VERSION} is known")

    def _open(self, config: StoreConfig | None) -> None:
        with self._told():
            if not self._number("schema_version"):
                self._create(config or StoreConfig())
            (defect,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
            if defect != "ok":
                raise self._error("it is damaged: " + " ".join(defect.split()))
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
            with self._transaction("DEFERRED"):
                self.store = self._read()
        if config is not None and config != self.store.config:
            self._reconfigure(config)

    def _create(self, config: StoreConfig) -> None:
        """Make the tables in one transaction, unless another process has just done so."""
        with self._transaction("IMMEDIATE"):
            if not self._number("schema_version"):
                for statement in _SCHEMA:
                    self._connection.execute(statement)
                self._write_settings(config, 0)

    def _reconfigure(self, config: StoreConfig) -> None:
        """Keep other settings; what does not fit any more leaves."""
        with self._told(), self._transaction("IMMEDIATE"):
            kept = self._read()
            store = MemoryStore(config)
            for item in kept.items:
                store.add(item)
            self._write_settings(config, store.now)
            self._write_difference(kept, store)
        store.counts.clear()
        self.store = store

    def _change(self, change: Callable[[MemoryStore], Result]) -> Result:
        """Change the store in memory and in the file, or in neither."""
        with self._told(), self._transaction("IMMEDIATE"):
            self._refresh()
            store = self.store.copy()
            result = change(store)
            self._write_difference(self.store, store)
        self.store = store
        return result

    def _refresh(self) -> None:
        """Within a transaction: read the store anew where another process has written."""
        if self._number("data_version") != self._seen:
            self.store = self._read()

    def _read(self) -> MemoryStore:
        """Within a transaction: the store of the file."""
        self._seen = self._number("data_version")
        settings = dict(self._connection.execute("SELECT name, setting FROM settings"))
        columns = ", ".join(_COLUMNS)
        rows = self._connection.execute(f"SELECT {columns} FROM items ORDER BY sequence")
        try:
            items = [_item(row) for row in rows]
            now = settings.pop(_NOW, 0)
            return MemoryStore(from_mapping(StoreConfig, settings), items, now)
        except ConfigError as error:
            raise self._error(f"it is damaged: {error}") from error

    def _write_settings(self, config: StoreConfig, now: int) -> None:
        rows = [*asdict(config).items(), (_NOW, now)]
        self._connection.executemany("REPLACE INTO settings VALUES (?, ?)", rows)

    def _write_difference(self, old: MemoryStore, new: MemoryStore) -> None:
        """Write what one store has that another has not, whose items come in the same order."""
        before = {item.key: item for item in old.items}
        after = {item.key: item for item in new.items}
        common = [key for key in before if key in after]
        if (
            common != [key for key in after if key in before]
            or common != list(after)[: len(common)]
        ):
            common = []  # in another order: all rows are written anew
        gone = [(key,) for key in before.keys() - set(common)]
        self._connection.executemany("DELETE FROM items WHERE key = ?", gone)
        for key in common:
            if after[key] is not before[key] and after[key] != before[key]:
                row = _row(after[key])
                self._connection.execute(_UPDATE, (*row[1:], row[0]))
        if new.now != old.now:
            self._connection.execute("REPLACE INTO settings VALUES (?, ?)", (_NOW, new.now))
        came = [_row(item) for key, item in after.items() if key not in set(common)]
        self._connection.executemany(_INSERT, came)

    def _number(self, pragma: str) -> int:
        return int(self._connection.execute(f"PRAGMA {pragma}").fetchone()[0])

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[None]:
        """All that is written within, or nothing of it."""
        self._connection.execute(f"BEGIN {kind}")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of SQLite as errors of the project."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._error(" ".join(str(error).split())) from error

    def _error(self, reason: str) -> ConfigError:
        return ConfigError(
            f"memory file is {str(self.path)!r}: {reason}; allowed is a file that `semcom memory` "
            "or a link has made, or a new one"
        )


def _item(row: tuple) -> MemoryItem:
    """The item of a row.

    Raises:
        ConfigError: the row's hash does not hold, or it is no item.
    """
    if _hash(row[:-1]) != row[-1]:
        raise ConfigError(f"the item of key {row[0]} does not fit its hash")
    key, modality, slot, embedding, value, payload, exact, _ = row
    numbers = np.frombuffer(embedding, "<f4").astype(np.float32)
    return MemoryItem(key, modality, slot, numbers, value, payload, bool(exact))


def _row(item: MemoryItem) -> tuple:
    """Columns of an item."""
    embedding = item.embedding.astype("<f4").tobytes()
    content = (item.key, item.modality, item.slot, embedding, float(item.value), item.payload)
    row = (*content, int(item.exact))
    return (*row, _hash(row))


def _hash(row: tuple) -> bytes:
    return hashlib.sha256(repr(row).encode()).digest()[:16]
