# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parallel trials of a bench, in processes of this machine or of a Ray cluster."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cached_property, lru_cache
from types import ModuleType
from typing import Any, Protocol

from semcom_core.errors import ConfigError, check_range


class TrialRunner(Protocol):
    """Sender of the messages of a link, such as text.link.Trials."""

    def run(self, number: int, message: Any) -> Any:
        """The trial of message `number`."""


class BenchLink(Protocol):
    """Codec and channel of a bench, such as text.link.TextLink; it can be pickled."""

    def trials(self) -> TrialRunner:
        """A sender of messages over it."""


class Workers:
    """Processes that run trials. Use it in a `with` statement.

    Args:
        jobs: messages at once, 1 to 1024; above 1 each runs in a process of its own with one
            thread.
        address: of a Ray cluster; None is this machine, without Ray.

    Raises:
        ConfigError: jobs is out of range, or Ray is not installed or not there.
    """

    def __init__(self, jobs: int = 1, address: str | None = None):
        check_range("jobs", jobs, 1, 1024)
        self._jobs = jobs
        self._ray = connected(address) if address else None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *error: object) -> None:
        if "_pool" in self.__dict__:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def trials(self, link: BenchLink, messages: list) -> Iterator:
        """Trials of all messages, in their order; the same whatever the number of jobs. Closing it
        early stops them.
        """
        if self._ray:
            return self._by_ray(self._ray, link, messages)
        return self._by_pool(link, messages) if self._jobs > 1 else self._here(link, messages)

    @cached_property
    def _pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._jobs, multiprocessing.get_context("spawn"), _start)

    def _here(self, link: BenchLink, messages: list) -> Iterator:
        trials = link.trials()
        for number, message in enumerate(messages):
            yield trials.run(number, message)

    def _by_pool(self, link: BenchLink, messages: list) -> Iterator:
        packed = pickle.dumps(link)
        futures = [
            self._pool.submit(_run, packed, number, message)
            for number, message in enumerate(messages)
        ]
        try:
            for future in futures:
                yield future.result()
        finally:
            for future in futures:
                future.cancel()

    def _by_ray(self, ray: ModuleType, link: BenchLink, messages: list) -> Iterator:
        task = ray.remote(num_cpus=1)(_run)
        packed = pickle.dumps(link)
        waiting = []
        for number, message in enumerate(messages):
            waiting.append(task.remote(packed, number, message))
            if len(waiting) > self._jobs:
                yield ray.get(waiting.pop(0))
        for result in waiting:
            yield ray.get(result)


def connected(address: str) -> ModuleType:
    """The module ray, connected to a cluster.

    Raises:
        ConfigError: Ray is not installed, or not there.
    """
    try:
        import ray
    except ImportError as error:
        raise ConfigError(
            f"ray is {address!r}; it needs Ray: pip install 'gr-semcom[bench]'"
        ) from error
    if not ray.is_initialized():
        try:
            ray.init(address=address, log_to_driver=False, logging_level="error")
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise ConfigError(
                f"Ray at {address} cannot be reached: {str(error).splitlines()[0]}"
            ) from error
    return ray


def _start() -> None:
    """Set up a process: one thread, told before torch is loaded; an interrupt is left to the
    process that started it.
    """
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@lru_cache(maxsize=1)
def _trials(packed: bytes) -> TrialRunner:
    return pickle.loads(packed).trials()


def _run(packed: bytes, number: int, message: Any) -> Any:
    """One trial in a process that keeps its links for the next."""
    return _trials(packed).run(number, message)
