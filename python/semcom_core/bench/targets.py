# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the text bench is meant to reach: for each row the figures that have a target there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from semcom_core.bench.rows import series

#: The codec that the targets are for, and the other codecs that it is compared with: uses over theirs, at most.
HEADLINE, USES_OVER = "spinal", {"deflate": 0.32, "llm-ac": 0.9}
#: The corpus that the targets are for, unless they say otherwise.
CORPUS = "europarl"
#: Share of exact sentences, decode time in s, bits a word of an adapted model on its own corpus, deflate's efficiency.
EXACT, DECODE_S, ADAPTED_BITS, BASELINE_EFFICIENCY = 0.99, 1.5, 5.5, 0.7
#: Uses over the source bits at capacity, by SNR in dB.
BOUND = {0: 1.50, 3: 1.45, 6: 1.40, 9: 1.35, 12: 1.30}
#: BLEU-1 and BLEU-4 at a budget of BUDGET uses a word, by SNR in dB; BLEU-1 in block Rayleigh fading with rounds.
BUDGET = 8.0
BLEU = {0: (0.97, 0.95), 1: (0.99, 0.98), 3: (0.998, 0.995), 6: (0.998, 0.995)}
FADING_BLEU1 = {0: 0.80, 6: 0.98, 12: 0.998}
#: Samples on air over uses, one message a burst, and the SNR at which it is asked for.
AIR_RATIO, AIR_SNR_DB = 6.0, 5.0
#: Uses with the texts before as context over uses without, and where it is asked for.
CONTEXT_RATIO, CONTEXT_CORPORA = 0.9, ("sms", "dialogue")
#: Share of wrong texts that are marked, this far below the design SNR and further, dB.
MARKED_OF_WRONG, OFFSET_DB = 0.95, 3.0


#: A figure as the parts below tell it: its name, its value in words, the target, whether that is reached.
Told = tuple[str, str, str, bool]


@dataclass(frozen=True)
class Figure:
    """A figure of a row with its target.

    Args:
        series: what was measured.
        snr_db: SNR of the channel, dB.
        name, value: the figure.
        target: what it should be.
        reached: whether it is.
    """

    series: str
    snr_db: float
    name: str
    value: str
    target: str
    reached: bool


def figures(rows: list[dict], settings: dict) -> list[Figure]:
    """All figures of the rows of one bench file that have a target."""
    return [Figure(series(row), row["snr_db"], *told) for row in rows for part in PARTS for told in part(row, rows, settings)]


def _most(name: str, value: float, limit: float, digits: int = 3) -> Told:
    return name, f"{value:.{digits}f}", f"<= {limit:g}", value <= limit


def _least(name: str, value: float, limit: float) -> Told:
    return name, f"{value:.3f}", f">= {limit:g}", value >= limit


def _if(delivered: bool, told: Told) -> Told:
    """A figure that counts only where enough texts are delivered exactly."""
    name, value, target, reached = told
    return told if delivered else (name, f"{value}, too few exact", target, False)


def _is_plain(row: dict, settings: dict) -> bool:
    """Whether a row is of noise alone, at the SNR that the codec was told, at its own rate."""
    return row["channel"].startswith("awgn") and row["design_snr_db"] == row["snr_db"] and settings.get("uses_per_word") is None


def _delivery(row: dict, rows: list[dict], settings: dict) -> Iterator[Told]:
    """Exact share, uses over capacity and over the baselines, decode time."""
    if not _is_plain(row, settings):
        return
    if row["efficiency"] is not None:
        yield _least("exact", row["exact_rate"], settings.get("exact", EXACT))
    if row["codec"] == "deflate":
        yield _least("information bits a use over capacity", 1 / row["bound_ratio"], BASELINE_EFFICIENCY)
    if row["codec"] != HEADLINE or row["context"] or settings.get("corpus", CORPUS) != CORPUS:
        return
    exact = settings.get("exact", EXACT)
    if row["snr_db"] in BOUND:
        yield _if(row["exact_rate"] >= exact, _most("uses over bound", row["bound_ratio"], BOUND[row["snr_db"]]))
    for other in rows:
        same = all(other[key] == row[key] for key in ("channel", "max_rounds", "pilots"))
        if other["codec"] in USES_OVER and same and not other["context"]:
            ratio, equal = row["uses_per_word"] / other["uses_per_word"], row["exact_rate"] >= min(exact, other["exact_rate"])
            yield _if(equal, _most(f"uses over {other['codec']}", ratio, USES_OVER[other["codec"]]))


def _cost(row: dict, rows: list[dict], settings: dict) -> Iterator[Told]:
    """Decode time, samples on air, bits of the adapted model."""
    if row["codec"] != HEADLINE:
        return
    if row["max_rounds"] == 1:
        yield _most("decode in s", row["decode_s"], DECODE_S, 2)
    if row["snr_db"] == AIR_SNR_DB and row["max_rounds"] == 1 and row["context"] == 0:
        yield _most("on air over uses", row["air_ratio"]["1"], AIR_RATIO, 2)
    adapter = next((one.partition("=")[2] for one in settings.get("set", []) if one.partition("=")[0].endswith("adapter")), "")
    if adapter and adapter == settings.get("corpus"):
        yield _most("bits a word", row["bits_per_word"], ADAPTED_BITS, 2)


def _budget(row: dict, rows: list[dict], settings: dict) -> Iterator[Told]:
    """Quality at a budget of uses."""
    budget = settings.get("uses_per_word")
    if row["codec"] != HEADLINE or budget is None:
        return
    yield _most("uses a word", row["uses_per_word"], budget)
    if budget > BUDGET or row["context"] or settings.get("corpus", CORPUS) != CORPUS:
        return
    if row["channel"].startswith("awgn") and row["snr_db"] in BLEU:
        for order, limit in zip((1, 4), BLEU[row["snr_db"]]):
            yield _least(f"BLEU-{order}", row[f"bleu{order}"], limit)
    if row["channel"].startswith("rayleigh") and row["max_rounds"] > 1 and row["snr_db"] in FADING_BLEU1 and not row["pilots"]:
        yield _least("BLEU-1", row["bleu1"], FADING_BLEU1[row["snr_db"]])


def _context(row: dict, rows: list[dict], settings: dict) -> Iterator[Told]:
    """Uses against those without context."""
    if row["context"] and settings.get("corpus") in CONTEXT_CORPORA and row.get("context_ratio") is not None:
        yield _most("uses over those without context", row["context_ratio"], CONTEXT_RATIO)


def _honesty(row: dict, rows: list[dict], settings: dict) -> Iterator[Told]:
    """Wrong texts that are marked, far below the design SNR."""
    below = row["design_snr_db"] - row["snr_db"] >= OFFSET_DB
    if row["codec"] == HEADLINE and below and row["marked_of_wrong"] is not None:
        yield _least("wrong texts marked", row["marked_of_wrong"], MARKED_OF_WRONG)


#: Who tells figures: (row, all rows, settings) → figures.
PARTS: tuple[Callable, ...] = (_delivery, _cost, _budget, _context, _honesty)
