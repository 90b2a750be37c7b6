# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences of a text bench one after the other, or several at once by Ray."""

from __future__ import annotations

from collections.abc import Iterator

from semcom_core.bench.text import Link, Trial, Trials
from semcom_core.errors import ConfigError, check_range


def run_all(link: Link, texts: list[str], jobs: int = 1, address: str | None = None) -> Iterator[Trial]:
    """Trials of all sentences, in their order; the same whatever the number of jobs.

    Args:
        jobs: sentences at once, 1 to 1024; above 1 each runs in a process of its own with one thread.
        address: of a Ray cluster; None is this machine.

    Raises:
        ConfigError: jobs is out of range, or Ray is not installed or not there.
    """
    check_range("jobs", jobs, 1, 1024)
    if jobs == 1:
        trials = Trials(link)
        return (trials.run(number, text) for number, text in enumerate(texts))
    return _by_ray(link, texts, jobs, address)


def _by_ray(link: Link, texts: list[str], jobs: int, address: str | None) -> Iterator[Trial]:
    try:
        import ray
        from ray.util import ActorPool
    except ImportError as error:
        raise ConfigError(f"jobs is {jobs}; more than 1 needs Ray: pip install 'gr-semcom[bench]'") from error
    if not ray.is_initialized():
        try:
            local = {} if address else {"num_cpus": jobs, "include_dashboard": False}
            ray.init(address=address, log_to_driver=False, logging_level="error", **local)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise ConfigError(f"Ray at {address or 'this machine'} cannot be reached: {str(error).splitlines()[0]}") from error
    actor = ray.remote(num_cpus=1)(_Worker)
    pool = ActorPool([actor.remote(link) for _ in range(min(jobs, len(texts)))])
    return pool.map(lambda worker, item: worker.run.remote(*item), list(enumerate(texts)))


class _Worker(Trials):
    """Trials in a process of its own with one thread."""

    def __init__(self, link: Link):
        import torch

        torch.set_num_threads(1)
        super().__init__(link)
