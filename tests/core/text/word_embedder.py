# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sentence embedding small enough for tests: which words a text has, weighted by their length."""

from __future__ import annotations

import hashlib

import numpy as np


class WordEmbedder:
    """Each word is one of 256 directions; words of one or two letters hardly count."""

    device = "cpu"

    def embed(self, texts):
        rows = np.full((len(texts), 256), 1e-6, np.float32)
        for row, text in zip(rows, texts):
            for word in text.lower().split():
                core = word.strip(".,!?")
                row[hashlib.sha256(core.encode()).digest()[0]] += max(len(core) - 2, 0.1)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)
