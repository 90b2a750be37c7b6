# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of known toys in a memory, and a detector that knows the truth."""

from __future__ import annotations

import numpy as np

from semcom_core.datasets.toys import SceneObject
from semcom_core.memory.item import image_item, text_item
from semcom_core.memory.store import MemoryStore


def toy(text: str, x: float = 0.5, y: float = 0.5) -> SceneObject:
    """A toy such as "small red ball" at a place."""
    size, colour, shape = text.split()
    return SceneObject(shape, colour, size, x, y, 0.06 if size == "small" else 0.12)


#: The first picture, the last one and this one.
PICTURES = (
    (toy("small yellow ring", 0.2), toy("large green cube", 0.7)),
    (
        toy("large red ball", 0.2),
        toy("small red ball", 0.5),
        toy("small blue cone", 0.8, 0.2),
        toy("large white cylinder", 0.8, 0.8),
    ),
    (
        toy("large blue ball", 0.2, 0.5),
        toy("small red cube", 0.5, 0.5),
        toy("large purple cone", 0.8, 0.3),
        toy("small blue ball", 0.8, 0.7),
        toy("small green ball", 0.4, 0.9),
    ),
)


class KnowingDetector:
    """Detector that gives the objects of picture k for pixels that are all k, and counts."""

    def __init__(self, pictures=PICTURES):
        self.pictures = pictures
        self.looked = 0

    def detect(self, pixels: np.ndarray) -> tuple[SceneObject, ...]:
        self.looked += 1
        return self.pictures[int(pixels[0, 0, 0])]


def toy_memory(pictures=PICTURES, texts=()) -> MemoryStore:
    """A memory of these pictures, the oldest first, and of texts after them."""
    store = MemoryStore()
    for k in range(len(pictures)):
        store.add(image_item(k, k, np.full((16, 16, 3), k, np.uint8)))
    for k, text in enumerate(texts, len(pictures)):
        store.add(text_item(k, k, text))
    return store
