# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands that train share: the folder for the result, and a bar that shows how far a training is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from tqdm import tqdm

from semcom_core.errors import ConfigError


class State(Protocol):
    """How far a training is."""

    step: int
    steps: int


def prepare(folder: Path) -> None:
    """Make the output folder.

    Raises:
        ConfigError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"output folder is {str(folder)!r}: {error.strerror}; allowed is a folder that can be written") from error


def follow(progress: Iterable[State], shown: Callable[[State], str]) -> int:
    """Show a training's progress to its end; returns its steps.

    Args:
        shown: what stands beside the bar, in a few words.
    """
    bar, steps = tqdm(unit="step"), 0
    for state in progress:
        bar.total, bar.n = state.steps, state.step
        bar.set_postfix_str(shown(state))
        bar.refresh()
        steps = state.step
    bar.close()
    return steps
