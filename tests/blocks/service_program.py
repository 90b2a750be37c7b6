# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker process whose services are real but for their models, which are small: started in place
of codec_process.py.
"""

from __future__ import annotations

import sys
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from semcom_core.errors import ConfigError, SemcomError  # noqa: E402
from semcom_core.safety import Policy  # noqa: E402
from semcom_core.safety.policy import SafetyGate  # noqa: E402
from tests.core.safety.counting_classifier import CountingClassifier  # noqa: E402


def make(name: str, options: dict):
    """A service that needs no weights; the path or model `absent` does not load, and a text with
    `die` in it kills.
    """
    if options.get("path") == "absent" or options.get("model") == "absent":
        raise ConfigError("absent")
    if name == "distiller":
        from semcom_core.text.distillation.distiller import DistillConfig, Distiller
        from semcom_core.text.spinal.codec import SpinalCodec, SpinalConfig
        from tests.core.text.toy_model import ToyModel
        from tests.core.text.word_embedder import WordEmbedder

        return Distiller(
            DistillConfig(**options), SpinalCodec(SpinalConfig(), ToyModel()), WordEmbedder()
        )
    if name == "safety_gate":
        return SafetyGate(Policy(**options), CountingClassifier())
    return make_task_service(name, options)


def make_task_service(name: str, options: dict):
    """A service of the task blocks; its memory is real."""
    from semcom_core.config import from_mapping
    from semcom_core.memory.database import MemoryDatabase
    from semcom_core.tasks import services
    from semcom_core.tasks.router import TaskPolicy, TaskRouter
    from tests.core.tasks.small_models import LastWordAnswerer, WordIntentions
    from tests.core.text.word_embedder import WordEmbedder

    if name == "task_router":
        return services.RequestSorter(WordIntentions())
    if name == "semantic_memory":
        config = from_mapping(services.MemoryServiceConfig, options)
        database = MemoryDatabase(config.memory_file, config.store())
        return services.MemoryService(database, WordEmbedder() if config.embed else None)
    config = from_mapping(services.AnswerServiceConfig, options)
    policy = TaskPolicy(tasks=config.tasks)
    router = TaskRouter(WordIntentions(), None, None, LastWordAnswerer(), policy)
    return services.AnswerService(MemoryDatabase(config.memory_file), router)


def main() -> None:
    connection = Connection(int(sys.argv[1]))
    name, options = connection.recv()
    try:
        service = make(name, options)
    except SemcomError as error:
        connection.send(("failed", str(error)))
        return
    connection.send(("ready", name))
    while True:
        verb, arguments, settings = connection.recv()
        if any(isinstance(each, str) and "die" in each for each in arguments):
            sys.exit(9)
        connection.send(("done", getattr(service, verb)(*arguments, **settings)))


if __name__ == "__main__":
    main()
