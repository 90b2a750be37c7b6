# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the receiving end with the task and the item that each one means.

The requests were written for this project, one by one. Training and test part were written apart
and in another style, and which part a request belongs to stands in the file: a split by hash would
put phrasings of one kind into both.

    part TAB task TAB item TAB request          # begins a remark
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from semcom_core.datasets.corpus import SPLITS
from semcom_core.errors import ConfigError, check_choice

#: No task: the request is asked back. No item: it speaks of nothing that was received.
NONE = "none"
#: Tasks that a request can ask for.
TASKS = ("classify", "count", "describe", "answer", "reconstruct", "generate", NONE)
#: What it can refer to: the newest item received, the one before it, the oldest, the newest and the
#: one before it, one to be found by its content.
ITEMS = ("this", "last", "first", "both", "content", NONE)
#: File of the requests.
_FILE = "requests.txt"


@dataclass(frozen=True)
class Request:
    """A request and what it means.

    Args:
        text: the request.
        task: one of TASKS.
        item: one of ITEMS.
    """

    text: str
    task: str
    item: str

    def __post_init__(self) -> None:
        check_choice("task", self.task, TASKS)
        check_choice("item", self.item, ITEMS)


def read_requests(part: str) -> list[Request]:
    """The requests of a part, in the order of the file.

    Args:
        part: train, test or all.

    Raises:
        ConfigError: there is no such part.
    """
    check_choice("split", part, SPLITS)
    text = resources.files("semcom_core.datasets").joinpath(_FILE).read_text(encoding="utf-8")
    return [request for where, request in parse_requests(text) if part in ("all", where)]


def parse_requests(text: str) -> list[tuple[str, Request]]:
    """Part and request of each line of a file of requests.

    Raises:
        ConfigError: a line is none.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) != 4 or fields[0] not in SPLITS[:2] or not fields[3].strip():
            raise ConfigError(
                f"line {number} of the requests is {line!r}; allowed is train or test, task, item "
                "and request with tabs between"
            )
        found.append((fields[0], Request(fields[3], fields[1], fields[2])))
    return found
