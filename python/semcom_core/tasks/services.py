# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task services: what the worker processes of the task blocks run.

    task_router       whether a received text is content or a request, and which task it asks for
    semantic_memory   keeps received texts and pictures in a memory file, with their embeddings
    answerer          carries out requests over the memory file

The memory is a file (memory.database), so that the processes share it: what the service
semantic_memory has kept is there for the next request of the service answerer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from semcom_core.config import from_mapping, setting
from semcom_core.errors import ConfigError, check_range
from semcom_core.memory.database import MemoryDatabase
from semcom_core.memory.item import IMAGE, TEXT, MemoryItem, image_item, text_item
from semcom_core.memory.store import MODELS, RETRIEVAL, MemoryStore, StoreConfig
from semcom_core.models.sentence import Embedder, load_embedder
from semcom_core.tasks.answerer import DECODER, AnswerPolicy, load_answerer
from semcom_core.tasks.intention import THRESHOLD, Intention, IntentionClassifier, load_intentions
from semcom_core.tasks.parser import load_parser
from semcom_core.tasks.planner import Planner
from semcom_core.tasks.router import TaskPolicy, TaskResult, TaskRouter
from semcom_core.tasks.vision import load_detector

#: Characters of an item that `contents` shows.
_SHOWN = 70


@dataclass(frozen=True)
class RouterConfig:
    """Settings of the service task_router."""

    threshold: float = setting(
        THRESHOLD, "least confidence with which a request is not asked back, 0 to 1"
    )

    def __post_init__(self) -> None:
        check_range("threshold", self.threshold, 0, 1)


class RequestSorter:
    """Tells requests from content.

    A text that ends in a question mark is a request. Of the others one is where its intention is
    clear: what fits no task is content.

    Args:
        intentions: understands requests.
    """

    def __init__(self, intentions: IntentionClassifier) -> None:
        self._intentions = intentions

    @classmethod
    def from_settings(cls, **settings: Any) -> RequestSorter:
        """Make a sorter from keyword settings (RouterConfig) and load its network."""
        return cls(load_intentions(threshold=from_mapping(RouterConfig, settings).threshold))

    def sort(self, text: str) -> Intention | None:
        """The intention of a request; None for content.

        Args:
            text: as received.
        """
        found = self._intentions.understand(text)
        asks = text.rstrip().endswith("?")
        return None if found.asked_back and not asks else found


@dataclass(frozen=True)
class MemoryServiceConfig:
    """Settings of the service semantic_memory; those of the store as in StoreConfig."""

    memory_file: str = setting("", "file of the memory; made where there is none")
    model: str = setting(RETRIEVAL, f"store model, one of {', '.join(MODELS)}")
    capacity: int = setting(64, "most items, of ring for each modality, 1 to 65536")
    freshness: float = setting(1.0, "weight of freshness in the update rule, 0 to 1000")
    value: float = setting(0.0, "weight of an item's value in the update rule, 0 to 1000")
    correlation: float = setting(
        0.0, "weight in the update rule of not being like a newer item, 0 to 1000"
    )
    embed: bool = setting(True, "whether texts get their sentence embedding")

    def __post_init__(self) -> None:
        if not self.memory_file:
            raise ConfigError("memory_file is empty; allowed is the name of a file")
        self.store()

    def store(self) -> StoreConfig:
        """Settings of the store.

        Raises:
            ConfigError: a value is outside what is allowed.
        """
        names = ("model", "capacity", "freshness", "value", "correlation")
        return StoreConfig(**{name: getattr(self, name) for name in names})


@dataclass(frozen=True)
class Kept:
    """An item that was kept.

    Args:
        key, slot: of the item.
        left: how many items have left for it.
        contents: what the memory holds now, a line for each item, the newest last.
    """

    key: int
    slot: int
    left: int
    contents: tuple[str, ...]


class MemoryService:
    """Keeps what is received in a memory file, one time slot each.

    Args:
        database: the memory.
        embedder: of texts; None to keep them without an embedding.
    """

    def __init__(self, database: MemoryDatabase, embedder: Embedder | None = None) -> None:
        self._database = database
        self._embedder = embedder

    @classmethod
    def from_settings(cls, **settings: Any) -> MemoryService:
        """Open the memory from keyword settings (MemoryServiceConfig)."""
        config = from_mapping(MemoryServiceConfig, settings)
        embedder = load_embedder() if config.embed else None
        return cls(MemoryDatabase(config.memory_file, config.store()), embedder)

    def keep_text(self, text: str, exact: bool = True) -> Kept:
        """Keep a received text.

        Args:
            text: as received.
            exact: whether the far end has the same.
        """
        embedding = self._embedder.embed([text])[0] if self._embedder else ()
        key, slot = self._next()
        return self._keep(text_item(key, slot, text, embedding, exact=exact))

    def keep_picture(self, pixels: np.ndarray) -> Kept:
        """Keep a received picture.

        Args:
            pixels: uint8 (H, W, 3).
        """
        key, slot = self._next()
        return self._keep(image_item(key, slot, pixels))

    def latest_slot(self) -> int:
        """Slot of what was kept last; -1 where the memory is empty."""
        return self._database.store.now if self._database.items else -1

    def _next(self) -> tuple[int, int]:
        slot = self.latest_slot() + 1
        return self._database.store.next_key(), slot

    def _keep(self, item: MemoryItem) -> Kept:
        left = self._database.add(item)
        contents = tuple(shown(each) for each in self._database.store)
        return Kept(item.key, item.slot, len(left), contents)


def shown(item: MemoryItem) -> str:
    """An item in a line."""
    if item.modality == TEXT:
        words = item.text
    elif item.modality == IMAGE:
        height, width = item.pixels.shape[:2]
        words = f"picture, {width}x{height}"
    else:
        words = f"{item.modality}, {len(item.payload)} bytes"
    return f"{item.slot}: {words[:_SHOWN]}"


@dataclass(frozen=True)
class AnswerServiceConfig:
    """Settings of the service answerer."""

    memory_file: str = setting("", "file of the memory; made where there is none")
    model: str = setting(DECODER, "a family of models, or a model's name, folder or hub name")
    adapter: str | None = setting(None, "adapter of a decoder-only model; none for the default")
    device: str = setting("cpu", "what the models compute on: cpu, cuda, mps or auto")
    least_confidence: float = setting(
        AnswerPolicy.least_confidence, "a less certain answer is unknown, probability, 0 to 1"
    )
    tasks: str = setting(TaskPolicy.tasks, "tasks that may be done, with commas between")

    def __post_init__(self) -> None:
        if not self.memory_file:
            raise ConfigError("memory_file is empty; allowed is the name of a file")


class AnswerService:
    """Carries out requests over a memory file.

    Args:
        database: the memory, which is only read.
        router: carries out requests.
    """

    def __init__(self, database: MemoryDatabase, router: TaskRouter) -> None:
        self._database = database
        self._router = router

    @classmethod
    def from_settings(cls, **settings: Any) -> AnswerService:
        """Open the memory and load the models from keyword settings (AnswerServiceConfig)."""
        config = from_mapping(AnswerServiceConfig, settings)
        policy = AnswerPolicy(least_confidence=config.least_confidence)
        router = TaskRouter(
            load_intentions(),
            Planner(load_parser()),
            load_detector(),
            load_answerer(config.model, config.adapter, config.device, policy=policy),
            TaskPolicy(tasks=config.tasks),
        )
        return cls(MemoryDatabase(config.memory_file), router)

    def carry_out(
        self, request: str, intention: dict[str, Any] | None = None, slot: int | None = None
    ) -> TaskResult:
        """Carry out a request over the memory.

        Args:
            request: as received.
            intention: fields of its Intention, where it is understood already.
            slot: of what was kept last when the request came: later items, which the memory may
                hold by now, are not looked at. None: the memory as it is now.
        """
        known = Intention(**intention) if intention else None
        items = self._database.items  # read anew, so that what other processes have kept is seen
        memory = self._database.store
        if slot is not None:
            memory = MemoryStore(memory.config, [item for item in items if item.slot <= slot])
        return self._router.handle(request, memory, known)
