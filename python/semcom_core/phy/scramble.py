# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scrambling: keyed phase sequences, signs, and the interleaver of payload symbols.

The sequences come from SHAKE-256 (FIPS 202) of the key and a label: the same on every machine and
library version. They whiten the spectrum and flatten the envelope. A modem with another key does
not read the bursts, but the sequences are no encryption.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from math import gcd

import numpy as np


@lru_cache(maxsize=64)
def key_bytes(key: str, label: str, count: int) -> np.ndarray:
    """Bytes that depend on a key and a label, uint8 (count,), read-only.

    Args:
        key, label, count: see phases.
    """
    digest = hashlib.shake_256(f"gr-semcom/{label}/{key}".encode()).digest(count)
    return np.frombuffer(digest, dtype=np.uint8)


@lru_cache(maxsize=64)
def phases(key: str, label: str, count: int) -> np.ndarray:
    """Unit phasors exp(2j pi b / 256) of the key bytes, complex64 (count,), read-only.

    Args:
        key: of the modem; empty is the public one.
        label: use of the sequence, such as "payload".
        count: length.
    """
    found = np.exp(2j * np.pi * key_bytes(key, label, count) / 256).astype(np.complex64)
    found.setflags(write=False)
    return found


@lru_cache(maxsize=64)
def signs(key: str, label: str, count: int) -> np.ndarray:
    """Signs +1 and -1 of the key bytes' lowest bits, float32 (count,), read-only.

    Args:
        key, label, count: see phases.
    """
    found = 1.0 - 2.0 * (key_bytes(key, label, count) & 1).astype(np.float32)
    found.setflags(write=False)
    return found


@lru_cache(maxsize=4096)
def interleaver(length: int) -> np.ndarray:
    """Permutation of `length` places: place i takes element order[i]; neighbours lie about 0.618 x
    length apart.
    """
    stride = max(1, round(0.618 * length))
    while gcd(stride, length) != 1:
        stride += 1
    order = (np.arange(length) * stride) % max(length, 1)
    order.setflags(write=False)
    return order
