# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Polar code with CRC-aided successive-cancellation list decoding, and its rate matching.

For messages of a few hundred bits, where LDPC codes lose a decibel:

    bits ─► CRC ─► inputs of the polar transform ─► rate matching ─► interleaver ─► coded bits

The transform has N = 2^n inputs and outputs. Outputs are repeated, or some are left out: from the
front where the rate is low (punctured: the receiver knows nothing of them), from the end where it
is high (shortened: inputs are frozen so that they are 0). The inputs are ordered by reliability as
their polarisation weight says, from which the table of the standard was derived; N may be larger
than the standard's 1,024.

The decoder decides the inputs one after another. Each path keeps the ratios and partial sums of the
stages between the received ratios and the input that is next: stage s has 2^s of each, at offset
2^s. At a message bit every path splits, and the best are kept. The receiver takes the most probable
path of its list whose CRC holds. Measured with 100 bits in 142 uses of QPSK at 0 dB, 1.10 times the
finite-blocklength limit: 0.9 % of the messages are lost; by the LDPC code with the same CRC 17 %.

Sources: 3GPP TS 38.212 §5.3.1 (code length, frozen inputs of punctured outputs) and §5.4.1
(sub-block interleaver, bit selection, triangular interleaver). Different from it: a CRC of 11 bits
over the message with ones before it (the standard does so for downlink control), so that the
all-zero word is no code word of a message; no distributed CRC, no segmentation. E. Arikan, "Channel
polarization", IEEE Trans. Inf. Theory 55 (2009); G. He et al., "Beta-expansion: a theoretical
framework for fast and recursive construction of polar codes", GLOBECOM 2017; I. Tal, A. Vardy,
"List decoding of polar codes", IEEE Trans. Inf. Theory 61 (2015); path metric by A.
Balatsoukas-Stimming et al., "LLR-based successive cancellation list decoding of polar codes", IEEE
Trans. Signal Process. 63 (2015).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numba
import numpy as np

from semcom_core.errors import ConfigError, check_range
from semcom_core.fec.crc import crc_bits, crc_length

#: Least and largest log2 of the transform's size.
MIN_STAGES = 5
MAX_STAGES = 11
#: Ratio of an output that is known to be 0.
_KNOWN_ZERO_LLR = 100.0
#: Up to this rate outputs are punctured, beyond it shortened.
_PUNCTURED_RATE = 7 / 16
#: A code word this little longer than 2^n, at a rate below _REPEATED_RATE, is one of length 2^n
#: with a few bits repeated.
_REPEATED_EXCESS = 9 / 8
_REPEATED_RATE = 9 / 16
#: Order of the 32 sub-blocks of the outputs (table 5.4.1.1-1).
# fmt: off
_SUB_BLOCKS = np.array([
    0, 1, 2, 4, 3, 5, 6, 7, 8, 16, 9, 17, 10, 18, 11, 19,
    12, 20, 13, 21, 14, 22, 15, 23, 24, 25, 26, 28, 27, 29, 30, 31,
])
# fmt: on
#: Base of the polarisation weight.
_BETA = 2**0.25


@dataclass(frozen=True)
class PolarCode:
    """Code of a message of `info_bits` bits into `coded_bits` bits.

    >>> code = PolarCode(info_bits=80, coded_bits=200)
    >>> bits, ok = code.decode(8.0 - 16.0 * code.encode(np.zeros(80, np.uint8)))
    >>> ok
    True

    Args:
        info_bits: message bits, the CRC not counted.
        coded_bits: bits sent.
        crc: the message's CRC (see crc.POLYNOMIALS).
        paths: size of the decoder's list, 1 to 1024.

    Raises:
        ConfigError: a value is out of range, or the code rate exceeds 1.
    """

    info_bits: int
    coded_bits: int
    crc: str = "11"
    paths: int = 128

    def __post_init__(self) -> None:
        check_range("info_bits", self.info_bits, 1, float("inf"))
        check_range("paths", self.paths, 1, 1024)
        polar_match(self.total_bits, self.coded_bits)

    @property
    def total_bits(self) -> int:
        """Message bits with the message's CRC."""
        return self.info_bits + crc_length(self.crc)

    @property
    def match(self) -> PolarMatch:
        """Rate matching of the code."""
        return polar_match(self.total_bits, self.coded_bits)

    def encode(self, bits: np.ndarray) -> np.ndarray:
        """Coded bits, uint8 (coded_bits,), of a message, uint8 (info_bits,) of 0 and 1.

        Raises:
            ConfigError: the message has another length.
        """
        if bits.shape != (self.info_bits,):
            raise ConfigError(
                f"message has shape {bits.shape}; this code takes ({self.info_bits},)"
            )
        inputs = np.zeros(self.match.size, np.uint8)
        inputs[self.match.message] = np.concatenate([bits, self._crc(bits)])
        return polar_transform(inputs)[self.match.sent][triangle(self.coded_bits)]

    def decode(self, llrs: np.ndarray) -> tuple[np.ndarray, bool]:
        """Message bits from log-likelihood ratios.

        Args:
            llrs: float (coded_bits,), positive for 0; 0 for bits that were not received.

        Returns:
            uint8 (info_bits,), the best guess, and whether its CRC holds and something was
            received.

        Raises:
            ConfigError: the array has another length.
        """
        if llrs.shape != (self.coded_bits,):
            raise ConfigError(
                f"ratios have shape {llrs.shape}; this code takes ({self.coded_bits},)"
            )
        matched = np.empty(self.coded_bits)
        matched[triangle(self.coded_bits)] = llrs
        received = np.bincount(self.match.sent, weights=matched, minlength=self.match.size)
        received[self.match.known] = _KNOWN_ZERO_LLR
        inputs, costs = list_decode(received.astype(np.float32), self.match.message, self.paths)
        messages = inputs[np.argsort(costs, kind="stable")][:, self.match.message]
        for message in messages:
            bits = message[: self.info_bits]
            if llrs.any() and np.array_equal(message[self.info_bits :], self._crc(bits)):
                return bits, True
        return messages[0, : self.info_bits], False

    def _crc(self, bits: np.ndarray) -> np.ndarray:
        """CRC of the bits with ones before them."""
        ones = np.ones(crc_length(self.crc), np.uint8)
        return crc_bits(np.concatenate([ones, bits]), self.crc)


@dataclass(frozen=True)
class PolarMatch:
    """Rate matching of one polar code.

    Args:
        size: N, inputs of the transform.
        message: inputs that carry message bits, bool (N,); the others are frozen to 0.
        sent: output that each coded bit repeats, in the order before the interleaver, int (coded
            bits,).
        known: outputs that are not sent and known to be 0, int (count,).
    """

    size: int
    message: np.ndarray
    sent: np.ndarray
    known: np.ndarray


@lru_cache(maxsize=256)
def polar_match(message_bits: int, coded_bits: int) -> PolarMatch:
    """Rate matching of `message_bits` bits (CRC included) to `coded_bits` bits.

    Raises:
        ConfigError: as stages does.
    """
    size = 2 ** stages(message_bits, coded_bits)
    order = _sub_block_order(size)
    frozen = np.zeros(size, bool)
    sent = order[np.arange(coded_bits) % size]
    known = order[:0]
    if coded_bits < size and message_bits / coded_bits <= _PUNCTURED_RATE:
        sent = order[size - coded_bits :]
        frozen[order[: size - coded_bits]] = True
        frozen[: _punctured_front(size, coded_bits)] = True
    elif coded_bits < size:
        known = order[coded_bits:]
        frozen[known] = True
    weights = np.where(frozen, -1.0, _weights(size))
    message = np.zeros(size, bool)
    message[np.argsort(-weights, kind="stable")[:message_bits]] = True
    return PolarMatch(size, message, sent, known)


def stages(message_bits: int, coded_bits: int) -> int:
    """log2 of the transform's size for `message_bits` bits (CRC included) in `coded_bits` bits.

    Raises:
        ConfigError: more message bits than coded bits, or than the largest transform has inputs.
    """
    most = min(coded_bits, 2**MAX_STAGES)
    if not 1 <= message_bits <= most:
        raise ConfigError(
            f"polar message of {message_bits} bits (CRC included) in {coded_bits} coded bits; "
            f"allowed is 1 to {most}"
        )
    found = max(MIN_STAGES, math.ceil(math.log2(coded_bits)))
    little_longer = coded_bits <= _REPEATED_EXCESS * 2 ** (found - 1)
    if little_longer and message_bits / coded_bits < _REPEATED_RATE:
        found -= 1
    return max(MIN_STAGES, min(found, MAX_STAGES), math.ceil(math.log2(message_bits)))


def _weights(size: int) -> np.ndarray:
    """Polarisation weight of each input: the sum of beta^j over the ones of its number, float
    (size,).
    """
    inputs = np.arange(size)
    return sum(((inputs >> j & 1) * _BETA**j for j in range(size.bit_length() - 1)), np.zeros(size))


def _sub_block_order(size: int) -> np.ndarray:
    """Outputs in the order of the circular buffer, int (size,)."""
    outputs = np.arange(size)
    width = size // len(_SUB_BLOCKS)
    return _SUB_BLOCKS[outputs // width] * width + outputs % width


def _punctured_front(size: int, coded_bits: int) -> int:
    """How many of the first inputs learn too little from what is left of their outputs."""
    if coded_bits >= 3 * size / 4:
        return max(0, math.ceil(3 * size / 4 - coded_bits / 2))
    return max(0, math.ceil(9 * size / 16 - coded_bits / 4))


@lru_cache(maxsize=256)
def triangle(coded_bits: int) -> np.ndarray:
    """Order in which the triangular interleaver sends coded bits, int (coded_bits,): written by
    rows, read by columns.
    """
    side = math.ceil((math.sqrt(8 * coded_bits + 1) - 1) / 2)
    row, column = np.indices((side, side))
    starts = row * side - row * (row - 1) // 2
    place = np.where(column < side - row, starts + column, coded_bits)
    order = place.T.ravel()
    return order[order < coded_bits]


@numba.njit(cache=True)
def polar_transform(inputs: np.ndarray) -> np.ndarray:
    """Outputs of the transform, uint8 (2^n,), of inputs, uint8 (2^n,); it is its own inverse."""
    word = inputs.copy()
    half = 1
    while half < len(word):
        for start in range(0, len(word), 2 * half):
            for i in range(start, start + half):
                word[i] ^= word[i + half]
        half *= 2
    return word


@numba.njit(cache=True, nogil=True)
def list_decode(
    received: np.ndarray, message: np.ndarray, paths: int
) -> tuple[np.ndarray, np.ndarray]:
    """The most probable inputs of the transform.

    Args:
        received: log-likelihood ratios of the outputs, positive for 0, float32 (N,).
        message: inputs that are not frozen, bool (N,).
        paths: size of the list.

    Returns:
        Inputs, uint8 (found, N), and costs, float32 (found,): minus the logarithm of each path's
        probability but for a constant.
    """
    size = len(received)
    ratios = np.zeros((paths, size), np.float32)
    sums = np.zeros((paths, size), np.uint8)
    inputs = np.zeros((paths, size), np.uint8)
    costs = np.zeros(paths, np.float32)
    scratch = np.empty(size, np.uint8)
    extended = np.empty(2 * paths, np.float32)
    active = 1
    for index in range(size):
        for path in range(active):
            _descend(received, ratios[path], sums[path], index, size)
            ratio = ratios[path, 1]
            rest = math.log1p(math.exp(-abs(ratio)))
            extended[2 * path] = costs[path] + rest + max(-ratio, np.float32(0))
            extended[2 * path + 1] = costs[path] + rest + max(ratio, np.float32(0))
        if message[index]:
            active = _branch(index, active, extended, costs, inputs, ratios, sums)
        else:
            costs[:active] = extended[0 : 2 * active : 2]
        for path in range(active):
            _ascend(inputs[path, index], sums[path], scratch, index, size)
    return inputs[:active], costs[:active]


@numba.njit(cache=True)
def _branch(
    index: int,
    active: int,
    extended: np.ndarray,
    costs: np.ndarray,
    inputs: np.ndarray,
    ratios: np.ndarray,
    sums: np.ndarray,
) -> int:
    """Let every path go on with both values of message bit `index`, and keep the cheapest as far as
    the list has room.

    Args:
        index: of the message bit among the inputs.
        active: how many paths there are.
        extended: cost of path p with bit b at 2 p + b, float32 (2 paths,).
        costs, inputs, ratios, sums: state of the paths, along axis 0; updated.

    Returns:
        How many paths there are then.
    """
    paths = len(costs)
    kept = _survivors(extended[: 2 * active], paths)
    vacant = [path for path in range(active) if not (kept[2 * path] or kept[2 * path + 1])]
    vacant += list(range(active, min(paths, 2 * active)))
    for path in range(active):
        if kept[2 * path] and kept[2 * path + 1]:
            twin = vacant.pop()
            ratios[twin] = ratios[path]
            sums[twin] = sums[path]
            inputs[twin] = inputs[path]
            inputs[twin, index] = 1
            costs[twin] = extended[2 * path + 1]
        if kept[2 * path] or kept[2 * path + 1]:
            bit = 0 if kept[2 * path] else 1
            inputs[path, index] = bit
            costs[path] = extended[2 * path + bit]
    return min(paths, 2 * active)


@numba.njit(cache=True)
def _survivors(costs: np.ndarray, count: int) -> np.ndarray:
    """Whether each candidate is among the `count` cheapest, bool array."""
    kept = np.zeros(len(costs), np.bool_)
    kept[np.argsort(costs)[:count]] = True
    return kept


@numba.njit(cache=True)
def _descend(
    received: np.ndarray, ratios: np.ndarray, sums: np.ndarray, index: int, size: int
) -> None:
    """Ratio of input `index` of one path, from the deepest stage that has changed downwards; it
    ends at ratios[1].
    """
    half = size // 2
    if index > 0:
        half = index & -index
        for i in range(half):
            first, second = (
                (received[i], received[i + half])
                if 2 * half == size
                else (ratios[2 * half + i], ratios[3 * half + i])
            )
            ratios[half + i] = second - first if sums[half + i] else second + first
        half //= 2
    while half > 0:
        for i in range(half):
            first, second = (
                (received[i], received[i + half])
                if 2 * half == size
                else (ratios[2 * half + i], ratios[3 * half + i])
            )
            ratios[half + i] = _check(first, second)
        half //= 2


@numba.njit(cache=True)
def _ascend(bit: int, sums: np.ndarray, scratch: np.ndarray, index: int, size: int) -> None:
    """Put the decided bit of input `index` into the partial sums of one path."""
    scratch[0] = bit
    half = 1
    while index & half:
        for i in range(half):
            right = scratch[i]
            scratch[i] = sums[half + i] ^ right
            scratch[half + i] = right
        half *= 2
    if half < size:
        sums[half : 2 * half] = scratch[:half]


@numba.njit(inline="always", cache=True)
def _check(first: float, second: float) -> float:
    """Ratio of the modulo-2 sum of two bits."""
    least = min(abs(first), abs(second))
    signed = least if (first < 0) == (second < 0) else -least
    return (
        signed
        + math.log1p(math.exp(-abs(first + second)))
        - math.log1p(math.exp(-abs(first - second)))
    )
