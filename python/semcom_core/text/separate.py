# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Separate source and channel coding: what its text codecs share.

    text ─► bit stream ─► CRC ─► channel code ─► QAM ─► equal fragments of at most 4095 symbols

The header's `params` is an index into rates.RATES. A stream tells where it ends, so that zeros after it do no harm.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from semcom_core.config import from_mapping, setting
from semcom_core.errors import FrameError, check_range
from semcom_core.phy.frame import MAX_FRAGMENTS, MAX_LENGTH, Frame, FrameHeader, ReceivedFrame
from semcom_core.text.codec import DecodedText, check_fragments
from semcom_core.text.rates import Rule, params_for

#: Floor of a noise variance, so that a noise-free symbol has a finite weight.
_LEAST_NOISE = 1e-9


@dataclass(frozen=True)
class SeparateConfig:
    """Settings of a separate codec without a model.

    Raises:
        ConfigError: a value is out of range.
    """

    efficiency: float = setting(0.8, "at most these compressed bits a use over capacity, for messages of 800 bits, 0.05 to 1")
    margin_db: float = setting(0.0, "how far below the stated SNR the channel may fall, dB, 0 to 30")

    def __post_init__(self):
        check_rate(self.efficiency, self.margin_db)


def check_rate(efficiency: float, margin_db: float) -> None:
    """Raise ConfigError unless both are in range."""
    check_range("efficiency", efficiency, 0.05, 1.0)
    check_range("margin_db", margin_db, 0.0, 30.0)


class SeparateCodec(ABC):
    """Text codec over a compressor (see TextCodec); a codec says how its stream is made, read and protected.

    Attributes:
        rule: channel uses of a number of bits.
        becomes: verb for what the compressor makes of a text, in errors.
    """

    name: str
    number: int
    rule: Rule
    becomes = "takes"

    def __init__(self, config: SeparateConfig | None = None):
        self.config = config or SeparateConfig()

    @classmethod
    def from_settings(cls, **settings) -> SeparateCodec:
        """Make the codec from fields of SeparateConfig."""
        return cls(from_mapping(SeparateConfig, settings))

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
        """Frames of one message, one for each fragment, with a rate fit for `snr_db`.

        Raises:
            FrameError: the text does not fit the largest number of fragments, or is not Unicode text.
        """
        stream = self.compress(text)
        params = params_for(snr_db, self.config.efficiency, self.config.margin_db)
        wanted = self.rule.uses_of(max(len(stream), self.rule.grain), params)
        fragments = -(-wanted // MAX_LENGTH)
        if fragments > MAX_FRAGMENTS:
            raise FrameError(self._too_long(len(stream), snr_db, self.rule.bits_of(MAX_FRAGMENTS * MAX_LENGTH, params)))
        length = -(-wanted // fragments)
        link = self.rule.link(length * fragments, params)
        padded = np.zeros(link.info_bits, np.uint8)
        padded[: len(stream)] = stream
        common = {"codec": self.number, "message_id": message_id, "length": length, "params": params, **self._fingerprints()}
        parts = link.encode(padded).reshape(fragments, length)
        return [Frame(FrameHeader(fragment=i, last_fragment=fragments - 1, **common), part) for i, part in enumerate(parts)]

    def decode(self, frames: list[ReceivedFrame]) -> DecodedText:
        """Decode the fragments of one message, in any order; repeated fragments are combined, missing ones erased.

        Raises:
            FrameError: no frames, frames of another codec, or of more than one message.
            ModelError: the frames were made with another model or context.
        """
        message_id, fragments = check_fragments(frames)
        header = self._common_header(frames)
        symbols, noise_var = combine(frames, header)
        bits, crc_ok = self.rule.link(symbols.size, header.params).decode(symbols, noise_var)
        text, whole = self.expand(bits, crc_ok)
        reason = "" if crc_ok and whole else self._reason(fragments.count(None), len(fragments), crc_ok)
        return DecodedText(text, bool(crc_ok and whole), message_id, reason=reason)

    def _fingerprints(self) -> dict:
        """Header fields that name what both ends must share."""
        return {}

    def _common_header(self, frames: list[ReceivedFrame]) -> FrameHeader:
        """A header of the message, after checking that all its frames are of one size and rate, for this codec."""
        header = common_header(frames, self.number, self.name)
        if self.rule.bits_of(header.length * header.fragments, header.params) == 0:
            shortest = self.rule.uses_of(self.rule.grain, header.params)
            raise FrameError(f"frame has {header.length} symbols at params {header.params}; the shortest message has {shortest}")
        return header

    def _too_long(self, bits: int, snr_db: float, most: int) -> str:
        unit = "bytes" if self.rule.grain == 8 else "bits"
        found, allowed = bits // self.rule.grain, most // self.rule.grain
        return f"text {self.becomes} {found} {unit}; at {snr_db:g} dB the largest message has {allowed}"

    def _reason(self, missing: int, fragments: int, crc_ok: bool) -> str:
        if missing:
            return f"{missing} of {fragments} fragments are missing"
        return f"the {self.name} stream is damaged although its CRC holds" if crc_ok else "the CRC does not hold"


def common_header(frames: list[ReceivedFrame], number: int, name: str) -> FrameHeader:
    """A header of a message whose frames must all be of one size and rate, for the codec of a number and name.

    Raises:
        FrameError: they are not.
    """
    header = frames[0].header
    if header.codec != number:
        raise FrameError(f"frame has codec number {header.codec}; the {name} codec takes {number}")
    sizes = {(f.header.length, f.header.params) for f in frames}
    if len(sizes) > 1:
        raise FrameError(f"frames of one message have {len(sizes)} sizes, (symbols, params) {sorted(sizes)}; one is allowed")
    return header


def combine(frames: list[ReceivedFrame], header: FrameHeader) -> tuple[np.ndarray, np.ndarray]:
    """Symbols of the whole message and their noise variances: each the mean of its copies, weighted by inverse noise variance."""
    weighted = np.zeros((header.fragments, header.length), np.complex128)
    weight = np.zeros(weighted.shape)
    for frame in frames:
        inverse = 1 / np.maximum(frame.noise_var.astype(float), _LEAST_NOISE)
        weighted[frame.header.fragment] += inverse * frame.symbols
        weight[frame.header.fragment] += inverse
    noise_var = np.divide(1, weight, out=np.full(weight.shape, np.inf), where=weight > 0)
    return np.divide(weighted, weight, out=weighted, where=weight > 0).ravel(), noise_var.ravel()
