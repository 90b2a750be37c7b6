# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text codec: UTF-8 and a CRC-32, each bit repeated in BPSK symbols as the SNR asks for."""

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from semcom_core.config import setting
from semcom_core.errors import check_range
from semcom_core.text import DecodedText, SymbolTextCodec


@dataclass(frozen=True)
class RepetitionConfig:
    repeats: int = setting(9, "symbols a bit, 1 to 99")

    def __post_init__(self) -> None:
        check_range("repeats", self.repeats, 1, 99)


class RepetitionCodec(SymbolTextCodec):
    name = "repetition"
    number = 24
    label = "Repetition code (BPSK)"
    config_class = RepetitionConfig

    def to_symbols(self, text: str, snr_db: float) -> np.ndarray:
        data = text.encode()
        bits = np.unpackbits(np.frombuffer(crc32(data).to_bytes(4, "big") + data, np.uint8))
        return np.repeat(1.0 - 2.0 * bits, self.config.repeats)

    def from_symbols(self, symbols: np.ndarray, noise_var: np.ndarray) -> DecodedText:
        weights = (symbols.real / noise_var)[: symbols.size - symbols.size % self.config.repeats]
        bits = weights.reshape(-1, self.config.repeats).sum(axis=1) < 0
        data = np.packbits(bits[: bits.size - bits.size % 8]).tobytes()
        whole = len(data) >= 4 and crc32(data[4:]).to_bytes(4, "big") == data[:4]
        return DecodedText(data[4:].decode(errors="replace"), whole, reason="" if whole else "CRC")
