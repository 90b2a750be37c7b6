# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of the semantic attention: does importance tell what people outlined as objects from the rest?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from semcom_core.bench.safety import auroc
from semcom_core.image.attention import MODES, Attention
from semcom_core.image.knowledge import KnowledgeBase
from semcom_core.image.scenes import Scene

#: Pixels of a picture whose importance is compared with that of all pictures' pixels.
_SAMPLE = 1000


def attention_rows(attention: Attention, knowledge: KnowledgeBase, scenes: Iterator[Scene], rng: np.random.Generator) -> Iterator[dict]:
    """For each mode the area under the curve over pixels of all pictures, and the mean over pictures of the IoU at importance 0.5."""
    scores: dict[str, list] = {mode: [] for mode in MODES}
    shares: dict[str, list] = {mode: [] for mode in MODES}
    wanted = []
    for scene in scenes:
        objects = scene.labels > 0
        places = rng.integers(objects.size, size=_SAMPLE)
        wanted.append(objects.reshape(-1)[places])
        segments = knowledge.segments(scene.pixels)
        for mode in MODES:
            importance = attention.importance(scene.pixels, segments, mode)
            scores[mode].append(importance.reshape(-1)[places])
            found = importance >= 0.5
            shares[mode].append((found & objects).sum() / max(1, (found | objects).sum()))
    for mode in MODES:
        area = auroc(np.concatenate(scores[mode]), np.concatenate(wanted))
        yield {"measure": "attention", "method": mode, "pictures": len(wanted), "auroc": area, "miou": float(np.mean(shares[mode]))}


def describe(row: dict) -> str:
    """One line on a row of attention_rows."""
    return f"attention  {row['method']:14s} {row['pictures']:5d} pictures: AUROC {row['auroc']:.3f}, mIoU with objects {row['miou']:.3f}"
