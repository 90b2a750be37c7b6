# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the spinal decoder weighs, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(slots=True)
class Hypothesis:
    """A sequence of source symbols that may be what was sent."""

    parent: Hypothesis | None
    symbol: int | None
    units: int
    metric: float
    spine: np.uint64
    depth: int
    node: int = -1

    def symbols(self) -> list[int]:
        """Source symbols from the first on."""
        found, at = [], self
        while at.parent is not None:
            found.append(at.symbol)
            at = at.parent
        return found[::-1]


@dataclass(frozen=True)
class SearchResult:
    """What the search found.

    Args:
        symbols: source symbols without the end, of the most probable hypothesis.
        complete: whether it ends where the message ends.
        confidence_bits: log2 of the posterior odds of a complete hypothesis against all others; -inf where none is.
        expanded: hypotheses that went through the language model.
    """

    symbols: list[int]
    complete: bool
    confidence_bits: float
    expanded: int
