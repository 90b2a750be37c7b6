# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text codec "deflate", the separate-coding baseline.

    text ─► UTF-8 ─► raw deflate ─► CRC-16 ─► 5G NR LDPC ─► QAM ─► equal fragments of at most 4095 symbols

The header's `params` is an index into RATES. Sender and receiver know the same function from (bytes, params) to channel uses, so the
receiver finds the number of bytes, the code and the modulation from the number of symbols: no length is sent.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass

import numpy as np

from semcom_core.config import from_mapping, setting
from semcom_core.errors import FrameError, check_range
from semcom_core.fec import FecLink, choose_mode, mode_for_rate
from semcom_core.phy.frame import MAX_FRAGMENTS, MAX_LENGTH, Frame, FrameHeader, ReceivedFrame
from semcom_core.text.codec import DecodedText, check_fragments
from semcom_core.text.deflate_stream import compress, decompress

#: Rate of each value of `params`: deflate bits a use for a message of _REFERENCE_BITS, 0.2 to 6.3 in steps of 5.6 %.
RATES = tuple(round(0.2 * 31.5 ** (i / 63), 4) for i in range(64))
_REFERENCE_BITS = 800
_CRC = "16"
_CRC_BITS = 16
#: Short blocks need more uses a bit: the cost of n bits grows as n + _SHORT_COST sqrt(n).
_SHORT_COST = 3.0
#: Floor of a noise variance, so that a noise-free symbol has a finite weight.
_LEAST_NOISE = 1e-9


@dataclass(frozen=True)
class DeflateConfig:
    """Settings of the deflate codec.

    Raises:
        ConfigError: a value is out of range.
    """

    efficiency: float = setting(0.8, "at most these deflate bits a use over capacity, for messages of 800 bits, 0.05 to 1")
    margin_db: float = setting(0.0, "how far below the stated SNR the channel may fall, dB, 0 to 30")

    def __post_init__(self):
        check_range("efficiency", self.efficiency, 0.05, 1.0)
        check_range("margin_db", self.margin_db, 0.0, 30.0)


def uses_of(size: int, params: int) -> int:
    """Channel uses of a deflate stream of `size` bytes; strictly increasing in size."""
    cost = _cost(8 * size + _CRC_BITS) / _cost(_REFERENCE_BITS + _CRC_BITS) * _REFERENCE_BITS
    return math.ceil(cost / RATES[params])


def size_of(uses: int, params: int) -> int:
    """Largest size in bytes whose uses_of is at most `uses`; 0 where there is none."""
    return bisect.bisect_right(range(1, uses + 2), uses, key=lambda size: uses_of(size, params))


def _cost(bits: int) -> float:
    return bits + _SHORT_COST * math.sqrt(bits)


class DeflateCodec:
    """Deflate, CRC, LDPC and QAM with a rate fit for the SNR (see TextCodec).

    >>> codec = DeflateCodec(DeflateConfig(efficiency=0.8))
    >>> frames = codec.encode("Good morning.", snr_db=6.0)
    """

    name = "deflate"
    number = 2

    def __init__(self, config: DeflateConfig | None = None):
        self.config = config or DeflateConfig()

    @classmethod
    def from_settings(cls, **settings) -> DeflateCodec:
        """Make the codec from fields of DeflateConfig."""
        return cls(from_mapping(DeflateConfig, settings))

    def source_bits(self, text: str) -> float:
        """Length of the deflate stream, bits."""
        return 8.0 * len(compress(text))

    def encode(self, text: str, snr_db: float, message_id: int = 0) -> list[Frame]:
        """Frames of one message, one for each fragment, with a rate fit for `snr_db`.

        Raises:
            FrameError: the text does not fit the largest number of fragments, or is not Unicode text.
        """
        stream = compress(text)
        params = self._params(snr_db)
        wanted = uses_of(len(stream), params)
        fragments = -(-wanted // MAX_LENGTH)
        if fragments > MAX_FRAGMENTS:
            most = size_of(MAX_FRAGMENTS * MAX_LENGTH, params)
            raise FrameError(f"text deflates to {len(stream)} bytes; at {snr_db:g} dB the largest message has {most}")
        length = -(-wanted // fragments)
        link = _link(length * fragments, params)
        padded = np.zeros(link.info_bits // 8, np.uint8)
        padded[: len(stream)] = np.frombuffer(stream, np.uint8)
        parts = link.encode(np.unpackbits(padded)).reshape(fragments, length)
        common = {"codec": self.number, "message_id": message_id, "last_fragment": fragments - 1, "length": length, "params": params}
        return [Frame(FrameHeader(fragment=i, **common), part) for i, part in enumerate(parts)]

    def decode(self, frames: list[ReceivedFrame]) -> DecodedText:
        """Decode the fragments of one message, in any order; repeated fragments are combined, missing ones erased.

        Raises:
            FrameError: no frames, frames of another codec, or of more than one message.
        """
        message_id, fragments = check_fragments(frames)
        header = self._common_header(frames)
        symbols, noise_var = _combine(frames, header)
        bits, crc_ok = _link(symbols.size, header.params).decode(symbols, noise_var)
        text, whole = decompress(np.packbits(bits).tobytes())
        reason = "" if crc_ok and whole else _reason(fragments.count(None), len(fragments), crc_ok)
        return DecodedText(text, bool(crc_ok and whole), message_id, reason=reason)

    def _params(self, snr_db: float) -> int:
        """Index of the highest rate that does not exceed the wanted one (of the lowest rate, if all do)."""
        rate = choose_mode(snr_db, self.config.efficiency, self.config.margin_db).rate
        return max(0, bisect.bisect_right(RATES, rate) - 1)

    def _common_header(self, frames: list[ReceivedFrame]) -> FrameHeader:
        """A header of the message, after checking that all its frames are of one size and rate, for this codec."""
        header = frames[0].header
        if header.codec != self.number:
            raise FrameError(f"frame has codec number {header.codec}; the deflate codec takes {self.number}")
        sizes = {(f.header.length, f.header.params) for f in frames}
        if len(sizes) > 1:
            raise FrameError(f"frames of one message have {len(sizes)} sizes, (symbols, params) {sorted(sizes)}; one is allowed")
        if size_of(header.length * header.fragments, header.params) == 0:
            shortest = uses_of(1, header.params)
            raise FrameError(f"frame has {header.length} symbols at params {header.params}; the shortest message has {shortest}")
        return header


def _link(uses: int, params: int) -> FecLink:
    """The channel code and modulation of a message of `uses` symbols."""
    bits = 8 * size_of(uses, params)
    return FecLink(bits, uses, mode_for_rate((bits + _CRC_BITS) / uses).modulation, _CRC)


def _combine(frames: list[ReceivedFrame], header: FrameHeader) -> tuple[np.ndarray, np.ndarray]:
    """Symbols of the whole message and their noise variances: each the mean of its copies, weighted by inverse noise variance."""
    weighted = np.zeros((header.fragments, header.length), np.complex128)
    weight = np.zeros(weighted.shape)
    for frame in frames:
        inverse = 1 / np.maximum(frame.noise_var.astype(float), _LEAST_NOISE)
        weighted[frame.header.fragment] += inverse * frame.symbols
        weight[frame.header.fragment] += inverse
    noise_var = np.divide(1, weight, out=np.full(weight.shape, np.inf), where=weight > 0)
    return np.divide(weighted, weight, out=weighted, where=weight > 0).ravel(), noise_var.ravel()


def _reason(missing: int, fragments: int, crc_ok: bool) -> str:
    if missing:
        return f"{missing} of {fragments} fragments are missing"
    return "the deflate stream is damaged although its CRC holds" if crc_ok else "the CRC does not hold"
