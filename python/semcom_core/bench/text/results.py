# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of the text bench: rows, the figures that have a target, and tables.

A row is what many messages over one link amount to; summarise says what its keys mean. A figure is
a value of a row with its target. Tables are headings and rows of cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from semcom_core.bench.published import published
from semcom_core.bench.text.link import CAUSES, TextLink, Trial, shares_by_cause
from semcom_core.codecs import settings_of
from semcom_core.metrics.limits import bound_uses, limit_uses
from semcom_core.metrics.text import exact_rate, mean_bleu, mean_chrf
from semcom_core.phy import Layout, PhyConfig

#: Error probability for which the finite-blocklength limit is stated.
LIMIT_ERROR = 0.01
#: Messages a burst for which the samples on air are stated.
MESSAGES_A_BURST = (1, 2, 4, 8)
#: The codec that the targets are for, and the other codecs that it is compared with: uses over
#: theirs, at most.
HEADLINE = "spinal"
USES_OVER = {"deflate": 0.32, "llm-ac": 0.9}
#: The corpus that the targets are for, unless they say otherwise.
CORPUS = "europarl"
#: Share of exact sentences, decode time in s, bits a word of an adapted model on its own corpus,
#: deflate's efficiency.
EXACT = 0.99
DECODE_S = 1.5
ADAPTED_BITS = 5.5
BASELINE_EFFICIENCY = 0.7
#: Uses over the source bits at capacity, by SNR in dB.
BOUND = {0: 1.50, 3: 1.45, 6: 1.40, 9: 1.35, 12: 1.30}
#: BLEU-1 and BLEU-4 at a budget of BUDGET uses a word, by SNR in dB; BLEU-1 in block Rayleigh
#: fading with rounds.
BUDGET = 8.0
BLEU = {0: (0.97, 0.95), 1: (0.99, 0.98), 3: (0.998, 0.995), 6: (0.998, 0.995)}
FADING_BLEU1 = {0: 0.80, 6: 0.98, 12: 0.998}
#: Samples on air over uses, one message a burst, and the SNR at which it is asked for.
AIR_RATIO = 6.0
AIR_SNR_DB = 5.0
#: Uses with the texts before as context over uses without, and where it is asked for.
CONTEXT_RATIO = 0.9
CONTEXT_CORPORA = ("sms", "dialogue")
#: Share of wrong texts that are marked, this far below the design SNR and further, dB.
MARKED_OF_WRONG = 0.95
OFFSET_DB = 3.0
#: Columns of the table: heading, key of a row, format.
COLUMNS = (
    ("SNR dB", "snr_db", "g"),
    ("uses/word", "uses_per_word", ".2f"),
    ("bits/word", "bits_per_word", ".2f"),
    ("over bound", "bound_ratio", ".3f"),
    ("exact", "exact_rate", ".3f"),
    ("BLEU-1", "bleu1", ".3f"),
    ("BLEU-4", "bleu4", ".3f"),
    ("wrong marked", "marked_of_wrong", ".2f"),
    ("rounds", "rounds", ".2f"),
    ("decode s", "decode_s", ".2f"),
)
#: A figure with its target: name, value in words, target in words, whether it is reached.
TargetCheck = tuple[str, str, str, bool]


def summarise(link: TextLink, trials: list[Trial], context: int = 0) -> dict:
    """One row of the text bench.

    Uses are channel uses of the payload, air uses are samples of the burst (one message each;
    air_ratio has air uses over uses for several). bound_ratio is uses over the source bits at
    capacity, limit_ratio the same for the finite-blocklength limit at an error probability of
    LIMIT_ERROR, both at the channel's mean SNR. Marked texts were delivered as undecoded;
    similarity is chrF, 0 to 1. Rounds are a mean; times are a message, s. throughput is the source
    bits of messages delivered exactly over all uses, gap the share of the uses by cause.

    Args:
        link: what was sent over.
        trials: the messages, one and more.
        context: texts before each message that both ends know.
    """
    words = sum(len(t.sent.split()) for t in trials)
    uses = sum(t.uses for t in trials)
    return {
        "codec": link.codec,
        "channel": str(link.channel),
        "snr_db": link.channel.snr_db,
        "sentences": len(trials),
        "words": words,
        "bits_per_word": sum(t.bits for t in trials) / words,
        "uses_per_word": uses / words,
        "air_uses_per_word": air_uses(trials, 1) / words,
        "air_ratio": {str(n): air_uses(trials, n) / uses for n in MESSAGES_A_BURST},
        **_quality(trials),
        **_ratios(link, trials, uses),
        **{
            name: float(np.mean([getattr(t, name) for t in trials]))
            for name in ("rounds", "encode_s", "decode_s")
        },
        "design_snr_db": link.rate_snr_db,
        "efficiency": {**settings_of(link.codec), **link.settings}.get("efficiency"),
        "max_rounds": link.rounds,
        "pilots": link.pilots,
        "context": context,
        "throughput": sum(t.bits for t in trials if t.received.text == t.sent) / uses,
        "gap": shares_by_cause([t.gap for t in trials]),
    }


def _quality(trials: list[Trial]) -> dict:
    """What arrives, and what is said about it."""
    sent = [t.sent for t in trials]
    got = [t.received.text for t in trials]
    marked = sum(not t.received.decoded for t in trials)
    return {
        "exact_rate": exact_rate(sent, got),
        "delivered": (len(trials) - marked) / len(trials),
        "marked": marked,
        "marked_of_wrong": _marked_of_wrong(trials),
        **{f"bleu{n}": mean_bleu(sent, got, n) for n in (1, 2, 3, 4)},
        "similarity": mean_chrf(sent, got),
    }


def _ratios(link: TextLink, trials: list[Trial], uses: int) -> dict[str, float]:
    """Uses, and the finite-blocklength limit, over the source bits at capacity."""
    bits = np.array([t.bits for t in trials])
    snr_db = np.asarray(link.channel.snr_db, dtype=float)  # NaN without noise, and so the ratios
    bound = bound_uses(bits, snr_db).sum()
    limit = limit_uses(np.maximum(bits, 1.0), snr_db, LIMIT_ERROR).sum()
    return {"bound_ratio": float(uses / bound), "limit_ratio": float(limit / bound)}


def _marked_of_wrong(trials: list[Trial]) -> float | None:
    """Share of the wrong texts that were marked undecoded; None where no text is wrong."""
    wrong = [t for t in trials if t.received.text != t.sent]
    return sum(not t.received.decoded for t in wrong) / len(wrong) if wrong else None


def air_uses(trials: list[Trial], messages: int) -> int:
    """Samples on air of all bursts, with this many messages in each."""
    layout = Layout(PhyConfig())
    groups = (trials[i : i + messages] for i in range(0, len(trials), messages))
    return sum(
        layout.burst_samples([length for t in group for length in t.lengths]) for group in groups
    )


def series(row: dict) -> str:
    """Name of the curve that a row belongs to."""
    parts = [row["codec"]]
    if row.get("max_rounds", 1) > 1:
        parts.append(f"up to {row['max_rounds']} rounds")
    if row.get("context", 0):
        parts.append(f"context {row['context']}")
    if row.get("pilots", 0):
        parts.append(f"{row['pilots']} pilots a block")
    return ", ".join(parts)


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
    return [
        Figure(series(row), row["snr_db"], *found)
        for row in rows
        for check in CHECKS
        for found in check(row, rows, settings)
    ]


def _most(name: str, value: float, limit: float, digits: int = 3) -> TargetCheck:
    return name, f"{value:.{digits}f}", f"<= {limit:g}", value <= limit


def _least(name: str, value: float, limit: float) -> TargetCheck:
    return name, f"{value:.3f}", f">= {limit:g}", value >= limit


def _if_delivered(delivered: bool, check: TargetCheck) -> TargetCheck:
    """A figure that counts only where enough texts are delivered exactly."""
    name, value, target, _ = check
    return check if delivered else (name, f"{value}, too few exact", target, False)


def _is_plain(row: dict, settings: dict) -> bool:
    """Whether a row is of noise alone, at the SNR that the codec was told, at its own rate."""
    return (
        row["channel"].startswith("awgn")
        and row["design_snr_db"] == row["snr_db"]
        and settings.get("uses_per_word") is None
    )


def _delivery(row: dict, rows: list[dict], settings: dict) -> Iterator[TargetCheck]:
    """Exact share, uses over capacity and over the baselines, decode time."""
    if not _is_plain(row, settings):
        return
    if row["efficiency"] is not None:
        yield _least("exact", row["exact_rate"], settings.get("exact", EXACT))
    if row["codec"] == "deflate":
        yield _least(
            "information bits a use over capacity", 1 / row["bound_ratio"], BASELINE_EFFICIENCY
        )
    if row["codec"] != HEADLINE or row["context"] or settings.get("corpus", CORPUS) != CORPUS:
        return
    exact = settings.get("exact", EXACT)
    if row["snr_db"] in BOUND:
        yield _if_delivered(
            row["exact_rate"] >= exact,
            _most("uses over bound", row["bound_ratio"], BOUND[row["snr_db"]]),
        )
    for other in rows:
        same = all(other[key] == row[key] for key in ("channel", "max_rounds", "pilots"))
        if other["codec"] in USES_OVER and same and not other["context"]:
            ratio = row["uses_per_word"] / other["uses_per_word"]
            equal = row["exact_rate"] >= min(exact, other["exact_rate"])
            yield _if_delivered(
                equal, _most(f"uses over {other['codec']}", ratio, USES_OVER[other["codec"]])
            )


def _cost(row: dict, rows: list[dict], settings: dict) -> Iterator[TargetCheck]:
    """Decode time, samples on air, bits of the adapted model."""
    if row["codec"] != HEADLINE:
        return
    if row["max_rounds"] == 1:
        yield _most("decode in s", row["decode_s"], DECODE_S, 2)
    if row["snr_db"] == AIR_SNR_DB and row["max_rounds"] == 1 and row["context"] == 0:
        yield _most("on air over uses", row["air_ratio"]["1"], AIR_RATIO, 2)
    given = [setting.partition("=") for setting in settings.get("set", [])]
    adapter = next((value for name, _, value in given if name.endswith("adapter")), "")
    if adapter and adapter == settings.get("corpus"):
        yield _most("bits a word", row["bits_per_word"], ADAPTED_BITS, 2)


def _budget(row: dict, rows: list[dict], settings: dict) -> Iterator[TargetCheck]:
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
    if (
        row["channel"].startswith("rayleigh")
        and row["max_rounds"] > 1
        and row["snr_db"] in FADING_BLEU1
        and not row["pilots"]
    ):
        yield _least("BLEU-1", row["bleu1"], FADING_BLEU1[row["snr_db"]])


def _context(row: dict, rows: list[dict], settings: dict) -> Iterator[TargetCheck]:
    """Uses against those without context."""
    if (
        row["context"]
        and settings.get("corpus") in CONTEXT_CORPORA
        and row.get("context_ratio") is not None
    ):
        yield _most("uses over those without context", row["context_ratio"], CONTEXT_RATIO)


def _marked_wrong(row: dict, rows: list[dict], settings: dict) -> Iterator[TargetCheck]:
    """Wrong texts that are marked, far below the design SNR."""
    below = row["design_snr_db"] - row["snr_db"] >= OFFSET_DB
    if row["codec"] == HEADLINE and below and row["marked_of_wrong"] is not None:
        yield _least("wrong texts marked", row["marked_of_wrong"], MARKED_OF_WRONG)


#: What checks a row: (row, all rows, settings) → its figures with a target.
CHECKS: tuple[Callable, ...] = (_delivery, _cost, _budget, _context, _marked_wrong)


def describe(row: dict) -> str:
    """One line on a row."""
    marked = ""
    if row["marked_of_wrong"] is not None:
        marked = f", wrong ones marked {row['marked_of_wrong']:.2f}"
    figures = [
        f"{series(row):8s} {row['channel']:10s} exact {row['exact_rate']:.3f}{marked}",
        f"{row['uses_per_word']:6.2f} uses/word, {row['bits_per_word']:.2f} bits/word",
        f"uses over bound {row['bound_ratio']:.3f} (limit {row['limit_ratio']:.3f})",
        f"BLEU-1/4 {row['bleu1']:.3f}/{row['bleu4']:.3f}",
        "on air with "
        + ", ".join(f"{n}: {ratio:.2f} x" for n, ratio in row["air_ratio"].items())
        + " messages a burst",
        f"encode {row['encode_s']:.2f} s, decode {row['decode_s']:.2f} s",
    ]
    if row["max_rounds"] > 1:
        figures.insert(4, f"{row['rounds']:.2f} rounds, {row['throughput']:.2f} bits/use delivered")
    if row["efficiency"] is not None:
        figures.append(f"efficiency {row['efficiency']:g}")
    return "; ".join(figures)


def cells(rows: list[dict]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of the table of all rows; what is not known is a dash."""
    headings = ["codec", *(heading for heading, _, _ in COLUMNS)]
    return headings, [
        [
            series(row),
            *("-" if row[key] is None else format(row[key], form) for _, key, form in COLUMNS),
        ]
        for row in rows
    ]


def gap_cells(rows: list[dict]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of the table of uses by cause, in uses a word."""
    causes = [cause for cause in CAUSES if any(cause in row["gap"] for row in rows)]
    table = [
        [
            series(row),
            f"{row['snr_db']:g}",
            *(f"{_uses(row, c):.2f}" if c in row["gap"] else "-" for c in causes),
        ]
        for row in rows
        if row["gap"] and row["max_rounds"] == 1
    ]
    return ["codec", "SNR dB", *causes], table


def _uses(row: dict, cause: str) -> float:
    """Uses a word of a cause, to hundredths and never -0."""
    return round(row["gap"][cause] * row["uses_per_word"], 2) + 0.0


def ratio_cells(rows: list[dict]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of the table of the headline codec's uses over those of each other codec,
    with what that one delivers.
    """
    plain = [row for row in rows if row["max_rounds"] == 1 and row["context"] == 0]
    own = {row["snr_db"]: row for row in plain if row["codec"] == HEADLINE}
    others = list(dict.fromkeys(row["codec"] for row in plain if row["codec"] != HEADLINE))
    found = {(row["codec"], row["snr_db"]): row for row in plain}
    if not own or not others:
        return [], []
    table = []
    for snr_db, row in own.items():
        pairs = [(row, found.get((codec, snr_db))) for codec in others]
        table.append(
            [f"{snr_db:g}", f"{row['exact_rate']:.3f}", *(_ratio(*pair) for pair in pairs)]
        )
    return ["SNR dB", f"{HEADLINE} exact", *others], table


def _ratio(row: dict, other: dict | None) -> str:
    """Uses of a row over those of another, and what that one delivers."""
    if other is None:
        return "-"
    ratio = row["uses_per_word"] / other["uses_per_word"]
    return f"{ratio:.3f} (exact {other['exact_rate']:.3f})"


def published_cells(kind: str) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of the table of published figures for a kind of channel."""
    curves = published(kind)
    snrs = sorted({snr_db for curve in curves for snr_db in curve.bleu})
    table = []
    for curve in curves:
        pairs = (curve.bleu.get(snr_db) for snr_db in snrs)
        table.append(
            [
                curve.system,
                curve.uses,
                *(f"{pair[0]:.3f} / {pair[1]:.3f}" if pair else "-" for pair in pairs),
            ]
        )
    return ["system", "uses", *(f"{snr_db:g} dB" for snr_db in snrs)], table


def aligned(headings: list[str], table: list[list[str]]) -> list[str]:
    """A table as lines of text, columns as wide as they need."""
    lines = [headings, *table]
    widths = [max(len(line[i]) for line in lines) for i in range(len(headings))]
    return [
        "  ".join(
            [
                line[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:])),
            ]
        )
        for line in lines
    ]
