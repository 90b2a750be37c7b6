# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes items to a memory file for ever and says which are kept, or makes ever more files: to be
killed by a test.
"""

from __future__ import annotations

import sys

import numpy as np

from semcom_core.memory import MemoryItem, MemoryStore, StoreConfig
from semcom_core.memory.database import MemoryDatabase

CONFIG = StoreConfig("retrieval", 12, max_bytes=60_000, freshness=0.2, value=0.3, correlation=1.0)


def item(key: int) -> MemoryItem:
    """The item of a number; the same in every process."""
    rng = np.random.default_rng(key)
    payload = rng.bytes(int(rng.integers(0, 9000)))
    embedding = rng.normal(size=8).astype(np.float32)
    return MemoryItem(key, "text", key // 2, embedding, float(rng.random()), payload)


def store_after(count: int) -> MemoryStore:
    """The store as it is after so many items."""
    store = MemoryStore(CONFIG)
    for key in range(count):
        store.add(item(key))
    return store


def make_files(path: str) -> None:
    """Make one file after the other."""
    print("open", flush=True)
    for number in range(1 << 30):
        MemoryDatabase(f"{path}{number}", CONFIG).close()
        print(number, flush=True)


if __name__ == "__main__":
    if sys.argv[2] == "make":
        make_files(sys.argv[1])
    with MemoryDatabase(sys.argv[1], CONFIG) as database:
        print("open", flush=True)
        for key in range(int(sys.argv[2]), 1 << 30):
            database.add(item(key))
            print(key, flush=True)
