# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which texts are for training and which for tests."""

from __future__ import annotations

import hashlib
import re


def is_test(sentence: str) -> bool:
    """Whether a sentence belongs to the test part: one in ten, by the hash of its lower-case letters."""
    letters = re.sub("[^a-z]", "", sentence.lower())
    return int(hashlib.sha256(letters.encode()).hexdigest()[:8], 16) % 10 == 0
