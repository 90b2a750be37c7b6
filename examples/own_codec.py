#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A text codec of one's own: a phrase book, each phrase a random codeword (Shannon 1948).

python examples/own_codec.py
PYTHONPATH=examples ./run semcom sim --codec own_codec:PhraseCodec --text "Help is coming."
"""

from dataclasses import dataclass

import numpy as np

import semcom_core as sc
from semcom_core.config import setting

PHRASES = ["Help is coming.", "Stay where you are.", "The boat leaves at 6:45.", "All is well."]


@dataclass(frozen=True)
class PhraseConfig:
    symbols: int = setting(16, "channel symbols a phrase")
    least_odds_bits: float = setting(6.0, "log2 of the odds from which a phrase counts as decoded")


class PhraseCodec(sc.SymbolTextCodec):
    name = "phrases"
    number = 25  # in the frame header; 24 and 25 are kept for text codecs of other packages
    config_class = PhraseConfig  # both ends must have the same; frames carry its fingerprint

    def codeword(self, phrase: str) -> np.ndarray:
        """Symbols of modulus 1 with random phases; the phrase is the seed."""
        rng = np.random.default_rng(list(phrase.encode()))
        return np.exp(2j * np.pi * rng.random(self.config.symbols))

    def to_symbols(self, text: str, snr_db: float) -> np.ndarray:
        if text not in PHRASES:
            raise sc.FrameError(f"text is {text!r}; allowed is one of {', '.join(PHRASES)}")
        return self.codeword(text)

    def from_symbols(self, symbols: np.ndarray, noise_var: np.ndarray) -> sc.DecodedText:
        """Most likely phrase: the least sum of |y - x|^2 / noise_var; inf erases a symbol."""
        words = np.array([self.codeword(phrase) for phrase in PHRASES])
        log2_likelihood = -(np.abs(symbols - words) ** 2 / noise_var).sum(axis=1) / np.log(2)
        best = int(np.argmax(log2_likelihood))
        odds = log2_likelihood[best] - np.logaddexp2.reduce(np.delete(log2_likelihood, best))
        sure = bool(odds >= self.config.least_odds_bits)
        reason = "" if sure else f"the odds are {odds:.1f} bits"
        return sc.DecodedText(PHRASES[best], sure, score=float(odds), reason=reason)


if __name__ == "__main__":
    codec = PhraseCodec()
    for snr_db in (-9, -3, 3):
        link = sc.Simulation(f"awgn:{snr_db}", modem=False, seed=1)
        results = [link.send_text(codec, phrase) for phrase in PHRASES * 50]
        exact = np.mean([result.exact for result in results])
        print(f"{snr_db} dB: {results[0].uses} channel uses, exact {exact:.2f}")
    print(sc.simulate(codec, PHRASES[0], "awgn:3+cfo:12khz", seed=1).received)  # over the modem
