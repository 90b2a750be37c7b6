# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Separate source and channel coding of text: rate rules and the base class of such codecs.

    text -> compressor -> CRC -> channel code -> QAM -> equal fragments of at most 4095 symbols

Sender and receiver know the same rule from (bits, params) to channel uses, so the receiver finds
the number of bits, the code and the modulation from the number of symbols: no length is sent. The
header's `params` is an index into RATES. A stream tells where it ends, so that zeros after it do no
harm.

Source: rate of short blocks by the normal approximation of Y. Polyanskiy, H. V. Poor, S. Verdu,
"Channel coding rate in the finite blocklength regime", IEEE Trans. Inf. Theory 56, 2010.
"""

from __future__ import annotations

import bisect
import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from semcom_core.combining import combine_fragments
from semcom_core.config import setting
from semcom_core.errors import FrameError, check_range
from semcom_core.fec import MAX_RATE, FecLink, PolarLink, choose_mode, crc_length, mode_for_rate
from semcom_core.frame import MAX_FRAGMENTS, MAX_LENGTH, Frame, FrameHeader, ReceivedFrame
from semcom_core.metrics.limits import limit_rate
from semcom_core.text.codec import DecodedText, TextCodec, check_fragments

#: Bits a use that each value of `params` stands for, 0.2 to 6.3 in steps of 5.6 %.
RATES = tuple(round(0.2 * 31.5 ** (i / 63), 4) for i in range(64))
#: Message bits at which RATES is the rate of LongRule.
_REFERENCE_BITS = 800
#: CRC of LDPC and of polar coded messages.
_LONG_CRC = "16"
_SHORT_CRC = "11"
#: Short blocks need more uses a bit: the cost of n bits grows as n + _SHORT_COST sqrt(n).
_SHORT_COST = 3.0
#: Error probability for which ShortRule counts on the finite-blocklength limit.
_LIMIT_ERROR = 0.01
#: Messages up to this long are polar coded by ShortRule.
_MOST_POLAR_BITS = 600
#: Longer messages take as many uses as the LDPC code needs by _ldpc_bits, under LongRule.
_MOST_COST_BITS = 1200
#: Efficiencies that the two rules are made for.
_LONG_EFFICIENCY = 0.8
_SHORT_EFFICIENCY = 0.9
#: What the LDPC code carries at 1 % of lost messages, of 2000 and of 6000 bits: share of the
#: finite-blocklength limit at the SNR whose capacity is a rate, where the channel's is that rate
#: over _SHORT_EFFICIENCY. It is least below the lowest code rate and where the modulation changes.
_LDPC_SHARES = (
    (0.2, 0.87),
    (0.33, 0.91),
    (0.39, 0.96),
    (0.46, 0.97),
    (0.54, 0.965),
    (0.6, 0.965),
    (0.74, 1.0),
    (1.04, 1.0),
    (1.16, 0.98),
    (1.36, 0.98),
    (1.44, 0.96),
    (1.6, 0.94),
    (1.79, 0.94),
    (2.11, 0.95),
    (2.49, 0.98),
    (2.93, 0.98),
    (3.1, 0.97),
    (3.27, 0.955),
    (3.45, 0.96),
    (3.85, 0.98),
    (4.54, 0.99),
    (5.07, 1.0),
    (5.35, 0.98),
    (5.65, 1.0),
)
#: Bits that the CRC and the codes of shorter messages cost beside that.
_LDPC_COST = 24


class Rule(Protocol):
    """Rate rule: channel code and channel uses of a number of bits."""

    @property
    def grain(self) -> int:
        """Messages come in multiples of this many bits."""

    def uses_of(self, bits: int, params: int) -> int:
        """Channel uses of a message of `bits` bits, a multiple of grain; rising with it."""

    def bits_of(self, uses: int, params: int) -> int:
        """Most message bits, a multiple of grain, whose uses_of is at most `uses`; 0 where there
        are none.
        """

    def link(self, uses: int, params: int) -> FecLink | PolarLink:
        """Channel code and modulation of a message of `uses` symbols; it carries bits_of(uses,
        params) bits.
        """


def params_for(snr_db: float, efficiency: float, margin_db: float) -> int:
    """Index of the highest rate that does not exceed `efficiency` times the capacity (of the lowest
    rate, if all do).

    Args:
        snr_db: SNR, dB.
        efficiency: share of the capacity, 0.05 to 1.
        margin_db: how far below the stated SNR the channel may fall, dB.
    """
    rate = choose_mode(snr_db, efficiency, margin_db).rate
    return max(0, bisect.bisect_right(RATES, rate) - 1)


@dataclass(frozen=True)
class LongRule:
    """LDPC code and CRC-16; RATES is the rate of a message of 800 bits, and the rate rises with the
    length as the cost of a block of n bits falls, up to what the code carries.

    Args:
        grain: messages come in multiples of this many bits.
    """

    grain: int

    def uses_of(self, bits: int, params: int) -> int:
        """Channel uses of a message of so many bits (see Rule)."""
        overhead = crc_length(_LONG_CRC)
        cost = _cost(bits + overhead) / _cost(_REFERENCE_BITS + overhead) * _REFERENCE_BITS
        uses = math.ceil(cost / RATES[params])
        if bits <= _MOST_COST_BITS:
            return uses
        rate = RATES[params] * _SHORT_EFFICIENCY / _LONG_EFFICIENCY
        longer = range(uses, 2 * uses)
        return longer[0] + bisect.bisect_left(longer, bits, key=lambda n: _ldpc_bits(n, rate))

    def bits_of(self, uses: int, params: int) -> int:
        """Most message bits of so many channel uses (see Rule)."""
        sizes = range(
            self.grain, (uses * math.ceil(MAX_RATE) // self.grain + 2) * self.grain, self.grain
        )
        return self.grain * bisect.bisect_right(
            sizes, uses, key=lambda bits: self.uses_of(bits, params)
        )

    def link(self, uses: int, params: int) -> FecLink:
        """Channel code and modulation of so many channel uses (see Rule)."""
        bits = self.bits_of(uses, params)
        return FecLink(
            bits, uses, mode_for_rate((bits + crc_length(_LONG_CRC)) / uses).modulation, _LONG_CRC
        )


class ShortRule:
    """Polar code and CRC-11; a message of n symbols carries what the finite-blocklength limit
    allows at the SNR of capacity RATES.

    Measured: list decoding needs 1.10 to 1.16 times the uses of the limit, the CRC included,
    whatever the length, so one efficiency suits messages of 40 and of 400 bits. Long messages get
    the LDPC code and, where that is further from the limit, more uses (_LDPC_SHARES).
    """

    grain = 1

    def uses_of(self, bits: int, params: int) -> int:
        """Channel uses of a message of so many bits (see Rule)."""
        uses = range(1, MAX_FRAGMENTS * MAX_LENGTH + 2)
        return uses[
            min(
                bisect.bisect_left(uses, bits, key=lambda n: self.bits_of(n, params)), len(uses) - 1
            )
        ]

    def bits_of(self, uses: int, params: int) -> int:
        """Most message bits of so many channel uses (see Rule)."""
        limit = _limit_bits(uses, RATES[params]) if uses else 0.0
        if limit > _MOST_POLAR_BITS:
            limit = max(_MOST_POLAR_BITS, _ldpc_bits(uses, RATES[params]))
        return max(0, math.floor(min(limit, MAX_RATE * uses - crc_length(_LONG_CRC))))

    def link(self, uses: int, params: int) -> FecLink | PolarLink:
        """Channel code and modulation of so many channel uses (see Rule)."""
        bits = self.bits_of(uses, params)
        kind, crc = (PolarLink, _SHORT_CRC) if bits <= _MOST_POLAR_BITS else (FecLink, _LONG_CRC)
        return kind(bits, uses, mode_for_rate((bits + crc_length(crc)) / uses).modulation, crc)


def _cost(bits: int) -> float:
    return bits + _SHORT_COST * math.sqrt(bits)


def _limit_bits(uses: int, rate: float) -> float:
    """Finite-blocklength limit of channel uses, bits, at the SNR whose capacity is `rate`."""
    snr_db = 10 * math.log10(2**rate - 1)
    return float(limit_rate(np.float64(uses), snr_db, _LIMIT_ERROR))


def _ldpc_bits(uses: int, rate: float) -> int:
    """Bits that channel uses carry by the LDPC code where capacity is rate / _SHORT_EFFICIENCY."""
    rates, shares = np.transpose(_LDPC_SHARES)
    share = float(np.interp(rate, rates, shares))
    return math.floor(share * _limit_bits(uses, rate)) - _LDPC_COST


@dataclass(frozen=True)
class SeparateConfig:
    """Settings of a separate codec without a model.

    Raises:
        ConfigError: a value is out of range.
    """

    efficiency: float = setting(
        0.8,
        "at most these compressed bits a use over capacity, for messages of 800 bits, 0.05 to 1",
    )
    margin_db: float = setting(
        0.0, "how far below the stated SNR the channel may fall, dB, 0 to 30"
    )

    def __post_init__(self) -> None:
        check_rate(self.efficiency, self.margin_db)


def check_rate(efficiency: float, margin_db: float) -> None:
    """Raise ConfigError unless both are in range."""
    check_range("efficiency", efficiency, 0.05, 1.0)
    check_range("margin_db", margin_db, 0.0, 30.0)


class SeparateCodec(TextCodec):
    """Text codec over a compressor (see TextCodec); a codec says how its stream is made, read and
    protected.

    Attributes:
        rule: channel uses of a number of bits.
        becomes: verb for what the compressor makes of a text, in errors.
    """

    config_class: ClassVar[type] = SeparateConfig
    rule: Rule
    becomes = "takes"

    @abstractmethod
    def compress(self, text: str) -> np.ndarray:
        """Bit stream of a text, uint8 (n,), n a multiple of the rule's grain.

        Raises:
            FrameError: the text is not Unicode text.
        """

    @abstractmethod
    def expand(self, bits: np.ndarray, sure: bool) -> tuple[str, bool]:
        """Text of a bit stream, and whether the stream is whole and valid.

        Args:
            bits: uint8 (n,), zeros after the stream's end included.
            sure: whether its CRC holds; where it does not, a guess is wanted.
        """

    def source_bits(self, text: str) -> float:
        """Length of the compressed stream, bits."""
        return float(len(self.compress(text)))

    def encode(self, text: str, snr_db: float, message_id: int = 0) -> list[Frame]:
        """Frames of one message, of the rate for `snr_db` (see TextCodec)."""
        stream = self.compress(text)
        params = params_for(snr_db, self.config.efficiency, self.config.margin_db)
        wanted = self.rule.uses_of(max(len(stream), self.rule.grain), params)
        fragments = -(-wanted // MAX_LENGTH)
        if fragments > MAX_FRAGMENTS:
            raise FrameError(
                self._too_long(
                    len(stream), snr_db, self.rule.bits_of(MAX_FRAGMENTS * MAX_LENGTH, params)
                )
            )
        length = -(-wanted // fragments)
        link = self.rule.link(length * fragments, params)
        padded = np.zeros(link.info_bits, np.uint8)
        padded[: len(stream)] = stream
        common = {
            "codec": self.number,
            "message_id": message_id,
            "length": length,
            "params": params,
            **self._fingerprints(),
        }
        parts = link.encode(padded).reshape(fragments, length)
        return [
            Frame(FrameHeader(fragment=i, last_fragment=fragments - 1, **common), part)
            for i, part in enumerate(parts)
        ]

    def decode(self, frames: list[ReceivedFrame]) -> DecodedText:
        """Decode the fragments of one message, in any order; repeated fragments are combined,
        missing ones erased.

        Raises:
            FrameError: no frames, frames of another codec, or of more than one message.
            ModelError: the frames were made with another model or context.
        """
        message_id, fragments = check_fragments(frames)
        header = self._common_header(frames)
        symbols, noise_var = combine_fragments(frames)
        link = self.rule.link(symbols.size, header.params)
        bits, crc_ok = link.decode(symbols.ravel(), noise_var.ravel())
        text, whole = self.expand(bits, crc_ok)
        reason = (
            "" if crc_ok and whole else self._reason(fragments.count(None), len(fragments), crc_ok)
        )
        return DecodedText(text, bool(crc_ok and whole), message_id, reason=reason)

    def _fingerprints(self) -> dict[str, int]:
        """Header fields that name what both ends must share."""
        return {}

    def _common_header(self, frames: list[ReceivedFrame]) -> FrameHeader:
        """A header of the message, after checking that all its frames are of one size and rate, for
        this codec.
        """
        header = common_header(frames, self.number, self.name)
        if self.rule.bits_of(header.length * header.fragments, header.params) == 0:
            shortest = self.rule.uses_of(self.rule.grain, header.params)
            raise FrameError(
                f"frame has {header.length} symbols at params {header.params}; the shortest "
                f"message has {shortest}"
            )
        return header

    def _too_long(self, bits: int, snr_db: float, most: int) -> str:
        unit = "bytes" if self.rule.grain == 8 else "bits"
        found = bits // self.rule.grain
        allowed = most // self.rule.grain
        return (
            f"text {self.becomes} {found} {unit}; at {snr_db:g} dB the largest message has "
            f"{allowed}"
        )

    def _reason(self, missing: int, fragments: int, crc_ok: bool) -> str:
        if missing:
            return f"{missing} of {fragments} fragments are missing"
        return (
            f"the {self.name} stream is damaged although its CRC holds"
            if crc_ok
            else "the CRC does not hold"
        )


def common_header(frames: list[ReceivedFrame], number: int, name: str) -> FrameHeader:
    """A header of a message whose frames must all be of one size and rate.

    Args:
        frames: of one message, at least one.
        number: of the codec that is to decode them.
        name: of that codec.

    Raises:
        FrameError: they are of several sizes or rates, or of another codec.
    """
    header = frames[0].header
    if header.codec != number:
        raise FrameError(f"frame has codec number {header.codec}; the {name} codec takes {number}")
    sizes = {(f.header.length, f.header.params) for f in frames}
    if len(sizes) > 1:
        raise FrameError(
            f"frames of one message have {len(sizes)} sizes, (symbols, params) {sorted(sizes)}; "
            "one is allowed"
        )
    return header
