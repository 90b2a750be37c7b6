# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounded memory store: store models, update rules, temporal coding of slots, recall by embedding.

Store models, which say among whom one has to leave when there is no room:

    fifo        one queue: the one that came first, whatever the update rule says
    ring        a ring for each modality, with the whole capacity each: within the modality
    retrieval   all items together

The update rule of ring and retrieval is a weighted mixture; the item of the lowest score leaves,
which may be the one that has just come:

    score = freshness 2^(-age / half_life) + value v + correlation (1 - r)

v is the item's own value and r its redundancy: the largest cosine, clipped to 0 to 1, of its
embedding with that of an item of the same modality that came after it. So of two items that say
about the same the older one leaves, and what nothing newer resembles stays, however old it is. No
rule sees a question: items are judged when they come, by what is kept.

The temporal code of a slot is sinusoidal and relative to now, of D dimensions:

    code[2k] = sin(age / 10000^(2k/D)),    code[2k + 1] = cos(age / 10000^(2k/D))

Array axes: N items, D dimensions of an embedding.

Source: Xie, Qin, Li, "Semantic communication with memory", IEEE JSAC 41 (8), 2023 (memory with
temporal coding); A. Vaswani et al., "Attention is all you need", 2017 (sinusoidal code); the
correlation rule is maximal marginal relevance without a query, J. Carbonell, J. Goldstein, SIGIR
1998.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from semcom_core.config import setting
from semcom_core.errors import ConfigError, check_choice, check_range
from semcom_core.memory.item import MODALITIES, MemoryItem

FIFO = "fifo"
RING = "ring"
RETRIEVAL = "retrieval"
#: Store models.
MODELS = (FIFO, RING, RETRIEVAL)
#: Longest period of the temporal code over 2 pi, slots.
_LONGEST = 10_000.0


@dataclass(frozen=True)
class StoreConfig:
    """Settings of a store. Weights are those of the update rule; one of them is above 0.

    Raises:
        ConfigError: a value is outside what is allowed.
    """

    model: str = setting(RETRIEVAL, f"store model, one of {', '.join(MODELS)}")
    capacity: int = setting(64, "most items, of ring for each modality, 1 to 65536")
    max_bytes: int = setting(
        1 << 26, "most bytes of payloads and embeddings, 1024 to 1099511627776"
    )
    freshness: float = setting(1.0, "weight of freshness in the update rule, 0 to 1000")
    value: float = setting(0.0, "weight of an item's value in the update rule, 0 to 1000")
    correlation: float = setting(
        0.0, "weight in the update rule of not being like a newer item, 0 to 1000"
    )
    half_life: float = setting(
        16.0, "age at which freshness has fallen to a half, slots, 0.01 to 1e9"
    )

    def __post_init__(self) -> None:
        check_choice("model", self.model, MODELS)
        check_range("capacity", self.capacity, 1, 65536)
        check_range("max_bytes", self.max_bytes, 1024, 1 << 40)
        for name in ("freshness", "value", "correlation"):
            check_range(name, getattr(self, name), 0, 1000)
        if not self.freshness + self.value + self.correlation:
            raise ConfigError(
                "freshness, value and correlation are 0; allowed is one weight above 0 or more"
            )
        check_range("half_life", self.half_life, 0.01, 1e9)


@dataclass(frozen=True)
class Recalled:
    """An item found by its embedding, and the cosine of the two, -1 to 1."""

    item: MemoryItem
    similarity: float


class MemoryStore:
    """Bounded store of items in the order in which they came.

    Time is the largest slot that has come: an item of an earlier slot, from a clock that went
    backwards, is kept in the order of arrival and counted, and makes no other item younger.

    Args:
        config: settings; None for the defaults.
        items: to begin with, the oldest first; they must fit.
        now: the largest slot that has come, where that is above those of the items.

    Raises:
        ConfigError: two items have the same key, or there are more than fit.
    """

    def __init__(
        self, config: StoreConfig | None = None, items: Iterable[MemoryItem] = (), now: int = 0
    ) -> None:
        self.config = config or StoreConfig()
        self.counts: Counter[str] = Counter()
        self._items: dict[int, MemoryItem] = {}
        self._bytes = 0
        # of each item the redundancy, and the key of the newer item that it is of
        self._redundancy: dict[int, tuple[float, int]] = {}
        self._latest = 0
        for item in items:
            if item.key in self._items:
                raise ConfigError(f"two items have the key {item.key}; allowed is one of each key")
            if self.add(item):
                raise ConfigError(
                    f"items are more than fit into a memory of {self.config.capacity} items and "
                    f"{self.config.max_bytes} bytes"
                )
        self.counts.clear()
        self._latest = max(self._latest, now)

    @property
    def items(self) -> tuple[MemoryItem, ...]:
        """All items in the order in which they came."""
        return tuple(self._items.values())

    @property
    def now(self) -> int:
        """The largest slot that has come."""
        return self._latest

    @property
    def size(self) -> int:
        """Bytes of payloads and embeddings."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[MemoryItem]:
        return iter(self.items)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def get(self, key: int) -> MemoryItem:
        """The item of a key.

        Raises:
            ConfigError: there is none.
        """
        try:
            return self._items[key]
        except KeyError as error:
            raise ConfigError(
                f"key is {key}; allowed is that of one of the {len(self)} items in the memory"
            ) from error

    def next_key(self) -> int:
        """A key that no item of the store has: one above the largest."""
        return max(self._items, default=-1) + 1

    def copy(self) -> Self:
        """The same store, which changes by itself from now on; the items are shared."""
        other = copy.copy(self)
        other.counts = self.counts.copy()
        other._items = self._items.copy()
        other._redundancy = self._redundancy.copy()
        return other

    def add(self, item: MemoryItem) -> list[MemoryItem]:
        """Take in an item; where there is no room, others leave by the update rule.

        Args:
            item: the item; its key may not be there yet.

        Returns:
            The items that left, the first to leave first; the new one among them where it scored
            lowest, or does not fit at all.

        Raises:
            ConfigError: an item of this key is there.
        """
        if item.key in self._items:
            raise ConfigError(f"key is {item.key}; allowed is one that no item in the memory has")
        self.counts["added"] += 1
        self.counts["backwards"] += item.slot < self._latest
        if item.size > self.config.max_bytes:
            self.counts["too_large"] += 1
            return [item]
        self._latest = max(self._latest, item.slot)
        if self.config.correlation:
            self._compare(item)
        self._items[item.key] = item
        self._redundancy[item.key] = (0.0, -1)
        self._bytes += item.size
        left = []
        while crowd := self._crowd(item):
            key = self._leaving(crowd)
            left.append(self._items[key])
            self._remove(key)
        self.counts["evicted"] += len(left)
        return left

    def forget(self, key: int) -> MemoryItem:
        """Remove an item; returns it.

        Raises:
            ConfigError: there is none of this key.
        """
        item = self.get(key)
        self._remove(key)
        return item

    def replace(self, item: MemoryItem) -> None:
        """Put an item in the place of the one that has its key.

        Raises:
            ConfigError: there is none of this key, or the new one does not fit.
        """
        old = self.get(item.key)
        if self._bytes - old.size + item.size > self.config.max_bytes:
            raise ConfigError(
                f"item {item.key} has {item.size} bytes; allowed is what fits into max_bytes = "
                f"{self.config.max_bytes}"
            )
        self.refill([item if other.key == item.key else other for other in self._items.values()])

    def refill(self, items: Iterable[MemoryItem]) -> None:
        """Hold these items, the oldest first, instead of those that are there.

        Raises:
            ConfigError: they do not fit, or two have the same key.
        """
        fresh = type(self)(self.config, items, self._latest)
        self._items = fresh._items
        self._redundancy = fresh._redundancy
        self._bytes = fresh._bytes
        self._latest = fresh._latest

    def scores(self, now: int | None = None) -> np.ndarray:
        """Scores of the items by the update rule, float (N,); the lowest leaves first.

        Args:
            now: the slot that it is; None for the largest that has come.
        """
        return self._scores(list(self._items), self._latest if now is None else now)

    def recall(
        self, embedding: ArrayLike, count: int = 1, modality: str | None = None
    ) -> list[Recalled]:
        """The items whose embeddings are most like one, the most similar first, the newer of two
        equals.

        Args:
            embedding: what is looked for, float (D,); items of other dimensions are passed over.
            count: most items, 1 or more.
            modality: one of MODALITIES; None for all.

        Raises:
            ConfigError: a value is out of range, or the embedding is no finite vector.
        """
        check_range("count", count, 1, 1 << 30)
        if modality is not None:
            check_choice("modality", modality, MODALITIES)
        wanted = np.asarray(embedding, np.float32)
        if wanted.ndim != 1 or not len(wanted) or not np.isfinite(wanted).all():
            raise ConfigError(
                f"embedding has shape {wanted.shape}; allowed is a vector of finite numbers"
            )
        found = [
            item
            for item in reversed(self._items.values())
            if modality in (None, item.modality) and len(item.embedding) == len(wanted)
        ]
        if not found:
            return []
        cosines = _cosines(np.stack([item.embedding for item in found]), wanted)
        order = np.argsort(-cosines, kind="stable")[:count]
        return [Recalled(found[i], float(cosines[i])) for i in order]

    def _compare(self, item: MemoryItem) -> None:
        """Enter that a newer item has come into the redundancies of those that are there."""
        keys = [
            key
            for key, other in self._items.items()
            if other.modality == item.modality and len(other.embedding) == len(item.embedding) > 0
        ]
        if not keys:
            return
        rows = np.stack([self._items[key].embedding for key in keys])
        for key, cosine in zip(keys, np.clip(_cosines(rows, item.embedding), 0, 1), strict=True):
            if cosine > self._redundancy[key][0]:
                self._redundancy[key] = (float(cosine), item.key)

    def _crowd(self, item: MemoryItem) -> list[int]:
        """Keys of those among whom one has to leave after an item came; empty where there is
        room.
        """
        if self._bytes > self.config.max_bytes:
            return list(self._items)
        if self.config.model != RING:
            return list(self._items) if len(self._items) > self.config.capacity else []
        alike = [key for key, other in self._items.items() if other.modality == item.modality]
        return alike if len(alike) > self.config.capacity else []

    def _leaving(self, keys: list[int]) -> int:
        """Who of these leaves: the one of the lowest score, the older of two equals."""
        if self.config.model == FIFO:
            return keys[0]
        return keys[int(np.argmin(self._scores(keys, self._latest)))]

    def _scores(self, keys: list[int], now: int) -> np.ndarray:
        config = self.config
        items = [self._items[key] for key in keys]
        age = np.array([max(now - item.slot, 0) for item in items], float)
        value = np.array([item.value for item in items])
        redundancy = np.array([self._redundancy[key][0] for key in keys])
        return (
            config.freshness * np.exp2(-age / config.half_life)
            + config.value * value
            + config.correlation * (1 - redundancy)
        )

    def _remove(self, key: int) -> None:
        """Take an item out, and find anew the redundancies that were of it."""
        gone = self._items.pop(key)
        del self._redundancy[key]
        self._bytes -= gone.size
        orphans = [other for other, (_, source) in self._redundancy.items() if source == key]
        for orphan in orphans:
            self._redundancy[orphan] = self._redundancy_of(orphan)

    def _redundancy_of(self, key: int) -> tuple[float, int]:
        item = self._items[key]
        keys = list(self._items)
        newer = [
            other
            for other in keys[keys.index(key) + 1 :]
            if self._items[other].modality == item.modality
            and len(self._items[other].embedding) == len(item.embedding)
        ]
        if not newer:
            return (0.0, -1)
        rows = np.stack([self._items[other].embedding for other in newer])
        cosines = np.clip(_cosines(rows, item.embedding), 0, 1)
        best = int(cosines.argmax())
        return (float(cosines[best]), newer[best]) if cosines[best] > 0 else (0.0, -1)


def _cosines(rows: np.ndarray, one: np.ndarray) -> np.ndarray:
    """Cosines of vectors (N, D) with one (D,), float (N,); 0 for a vector of zeros."""
    rows = rows.astype(float)
    one = one.astype(float)
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(one)
    return np.divide(rows @ one, lengths, out=np.zeros(len(rows)), where=lengths > 0)


def slot_codes(slots: ArrayLike, now: int, dimensions: int) -> np.ndarray:
    """Temporal codes of slots, sinusoidal and relative to now.

    Args:
        slots: whole numbers (N,); a slot after now counts as now.
        now: the slot that it is.
        dimensions: of a code, D, an even number of 2 to 4096.

    Returns:
        float32 (N, D).

    Raises:
        ConfigError: the dimensions are not allowed.
    """
    check_range("dimensions", dimensions, 2, 4096)
    check_range("dimensions % 2", dimensions % 2, 0, 0)
    age = np.maximum(now - np.asarray(slots, np.int64), 0).astype(float)
    rate = _LONGEST ** (-np.arange(0, dimensions, 2) / dimensions)
    angle = age[:, None] * rate
    return (
        np.stack([np.sin(angle), np.cos(angle)], 2).reshape(len(age), dimensions).astype(np.float32)
    )
