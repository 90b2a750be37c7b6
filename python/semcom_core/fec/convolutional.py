# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tail-biting convolutional code of rate 1/4, and its soft-decision list Viterbi decoder.

The register holds the newest bit at the top; a trellis step from state s (the last six bits) on
input u is

    register = u * 64 + s,   outputs = parity(register & polynomial),   next state = register // 2

so the two ways into state n = 32 u + j come from states 2j and 2j + 1: no gather is needed in the
recursion.

Array axes: B words decoded together, K bits of a word, STATES states.

Source: polynomials (octal 117, 127, 155, 171, free distance 20) from Lee, "New rate-1/2, 1/3, and
1/4 binary convolutional encoders with an optimum distance profile", 1985; wrap-around decoding from
Shao, Lin and Fossorier, "Two decoding algorithms for tailbiting codes", 2003; list decoding by
detours from Seshadri and Sundberg, "List Viterbi decoding algorithms with applications", 1994.
"""

from __future__ import annotations

import numpy as np

#: Generator polynomials, the newest bit at the top.
POLYNOMIALS = (0o117, 0o127, 0o155, 0o171)
#: Bits of the encoder's memory, and its states.
MEMORY = 6
STATES = 2**MEMORY
#: Coded bits for each bit.
RATE = len(POLYNOMIALS)

#: All contents of the register: newest bit and state.
_REGISTERS = np.arange(2 * STATES)
#: Coded bits of each register, uint8 (2 STATES, RATE).
_OUTPUTS = np.array(
    [[bin(int(r) & p).count("1") & 1 for p in POLYNOMIALS] for r in _REGISTERS], dtype=np.uint8
)
#: The four outputs of each register as one number, registers in the order (input u, pair j, way b).
_PATTERNS = _OUTPUTS @ np.array([8, 4, 2, 1])


def encode(bits: np.ndarray) -> np.ndarray:
    """Encode words of bits (..., K), K > MEMORY, into coded bits (..., RATE * K), uint8."""
    bits = np.asarray(bits, dtype=np.uint8)
    length = bits.shape[-1]
    wrapped = np.concatenate([bits[..., length - MEMORY :], bits], axis=-1)
    coded = np.zeros((*bits.shape, RATE), dtype=np.uint8)
    for output, polynomial in enumerate(POLYNOMIALS):
        for place in range(MEMORY + 1):
            if polynomial >> place & 1:
                coded[..., output] ^= wrapped[..., place : place + length]
    return coded.reshape(*bits.shape[:-1], RATE * length)


def decode(soft: np.ndarray, ends: int = 4, detours: int = 0) -> np.ndarray:
    """Decode soft values into lists of likely words.

    Args:
        soft: float (B, RATE * K), positive where a coded bit is more likely 0; its scale does not
            matter.
        ends: how many of the best end states are traced back for each word.
        detours: how many one-detour alternatives are tried for each end state.

    Returns:
        Words (B, ends * (1 + detours), K), uint8, those without a detour first, in the order of
        their metrics.
    """
    words = soft.shape[0]
    length = soft.shape[1] // RATE
    branch = _branches(np.asarray(soft, dtype=np.float32).reshape(words, length, RATE))
    metric, _ = _sweep(np.zeros((STATES, words), dtype=np.float32), branch[length // 2 :])
    metric, lead = _sweep(metric - metric.max(axis=0), branch)
    best = np.argsort(-metric, axis=0)[:ends]
    bits, margin = _trace_back(best, lead)
    if detours:
        flips = np.argpartition(margin, detours, axis=0)[:detours].reshape(detours * ends, words)
        others, _ = _trace_back(np.tile(best, (detours, 1)), lead, flips)
        bits = np.concatenate([bits, others], axis=1)
    return bits.transpose(2, 1, 0)


def _branches(soft: np.ndarray) -> np.ndarray:
    """Branch metrics (K, 2, STATES / 2, 2, B) of soft values (B, K, RATE), by way of the 16 sums of
    four signed values.

    They are added element-wise: for a matrix product this thin the threads of BLAS cost more.
    """
    one, two, three, four = np.ascontiguousarray(soft.transpose(2, 1, 0))
    left = np.stack([one + two, one - two, two - one, -one - two], axis=1)
    right = np.stack([three + four, three - four, four - three, -three - four], axis=1)
    sums = (left[:, :, None] + right[:, None]).reshape(soft.shape[1], 16, soft.shape[0])
    return sums.take(_PATTERNS, axis=1).reshape(soft.shape[1], 2, STATES // 2, 2, soft.shape[0])


def _sweep(metric: np.ndarray, branch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Metrics (STATES, B) after the steps of `branch`, and the second way's lead into each state
    (steps, STATES, B).
    """
    length = branch.shape[0]
    words = metric.shape[1]
    lead = np.empty((length, 2, STATES // 2, words), dtype=np.float32)
    first = np.empty((2, STATES // 2, words), dtype=np.float32)
    second = np.empty_like(first)
    for step in range(length):
        np.add(metric[0::2], branch[step, :, :, 0], out=first)
        np.add(metric[1::2], branch[step, :, :, 1], out=second)
        np.subtract(second, first, out=lead[step])
        metric = np.maximum(first, second).reshape(STATES, words)
    return metric, lead.reshape(length, STATES * words)


def _trace_back(
    state: np.ndarray, lead: np.ndarray, flips: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Bits (K, paths, B) that end in `state` (paths, B), the other way taken at step `flips`; and
    the margins on the path.
    """
    words = state.shape[1]
    column = np.arange(words)
    bits = np.empty((lead.shape[0], *state.shape), dtype=np.uint8)
    margin = np.empty((lead.shape[0], *state.shape), dtype=np.float32)
    for step in range(lead.shape[0] - 1, -1, -1):
        bits[step] = state >> (MEMORY - 1)
        margin[step] = lead[step].take(state * words + column)
        way = margin[step] > 0
        if flips is not None:
            way ^= flips == step
        state = ((state << 1) & (STATES - 1)) | way
    return bits, np.abs(margin)
