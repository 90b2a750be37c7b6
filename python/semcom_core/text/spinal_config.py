# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the token-spinal codec."""

from __future__ import annotations

from dataclasses import dataclass

from semcom_core.config import setting
from semcom_core.errors import check_range
from semcom_core.text.budget import Budget
from semcom_core.text.model_codec import ModelConfig


@dataclass(frozen=True)
class SpinalConfig(ModelConfig):
    """Settings of the token-spinal codec. All but efficiency, increment and the search's must be the same at both ends."""

    efficiency: float = setting(0.73, "information bits a use over capacity at 0 dB, without the tail, 0.1 to 1.2")
    increment: float = setting(0.3, "symbols of each further round over those of the first, 0.05 to 2")
    beam: int = setting(8, "hypotheses the language model sees at once, 1 to 256")
    expansions: int = setting(4096, "most hypotheses to try for one fragment, 1 to 1000000")
    confidence_bits: float = setting(6.0, "log2 odds from which a text counts as decoded, 0 to 40")
    key: str = setting("", "pre-shared key that scrambles the code; empty for public")
    delta_bits: float = setting(0.0, "budget added to each token, bits, 0 to 4")
    tail_bits: float = setting(6.0, "budget of the tail that confirms a text, bits, 0 to 64")

    def __post_init__(self):
        super().__post_init__()
        check_range("efficiency", self.efficiency, 0.1, 1.2)
        check_range("increment", self.increment, 0.05, 2)
        check_range("beam", self.beam, 1, 256)
        check_range("expansions", self.expansions, 1, 1_000_000)
        check_range("confidence_bits", self.confidence_bits, 0, 40)
        Budget(0, self.delta_bits, self.tail_bits)
