# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the text bench: what many messages over one link amount to."""

from __future__ import annotations

import numpy as np

from semcom_core.bench.gap import shares
from semcom_core.bench.settings import defaults_of
from semcom_core.bench.text import Link, Trial
from semcom_core.metrics import bound_uses, exact_rate, limit_uses, mean_bleu, mean_chrf
from semcom_core.phy import Layout, PhyConfig

#: Error probability for which the finite-blocklength limit is stated.
LIMIT_ERROR = 0.01
#: Messages a burst for which the samples on air are stated.
MESSAGES_A_BURST = (1, 2, 4, 8)


def summarise(link: Link, trials: list[Trial], context: int = 0) -> dict:
    """One row of the text bench.

    Uses are channel uses of the payload, air uses are samples of the burst (one message each; air_ratio has air uses over uses for
    several). bound_ratio is uses over the source bits at capacity, limit_ratio the same for the finite-blocklength limit at an error
    probability of LIMIT_ERROR, both at the channel's mean SNR. Marked texts were delivered as undecoded; similarity is chrF, 0 to 1.
    Rounds are a mean; times are a message, s. throughput is the source bits of messages delivered exactly over all uses, gap the share
    of the uses by cause.

    Args:
        context: texts before each message that both ends know.
    """
    words, uses = sum(len(t.sent.split()) for t in trials), sum(t.uses for t in trials)
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
        **{name: float(np.mean([getattr(t, name) for t in trials])) for name in ("rounds", "encode_s", "decode_s")},
        "design_snr_db": link.rate_snr_db,
        "efficiency": {**defaults_of(link.codec), **link.settings}.get("efficiency"),
        "max_rounds": link.rounds,
        "pilots": link.pilots,
        "context": context,
        "throughput": sum(t.bits for t in trials if t.received.text == t.sent) / uses,
        "gap": shares([t.gap for t in trials]),
    }


def _quality(trials: list[Trial]) -> dict:
    """What arrives, and what is said about it."""
    sent, got = [t.sent for t in trials], [t.received.text for t in trials]
    marked = sum(not t.received.decoded for t in trials)
    return {
        "exact_rate": exact_rate(sent, got),
        "delivered": (len(trials) - marked) / len(trials),
        "marked": marked,
        "marked_of_wrong": _marked_of_wrong(trials),
        **{f"bleu{n}": mean_bleu(sent, got, n) for n in (1, 2, 3, 4)},
        "similarity": mean_chrf(sent, got),
    }


def _ratios(link: Link, trials: list[Trial], uses: int) -> dict[str, float]:
    """Uses, and the finite-blocklength limit, over the source bits at capacity."""
    bits, snr_db = np.array([t.bits for t in trials]), link.channel.snr_db
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
    return sum(layout.burst_samples([length for t in group for length in t.lengths]) for group in groups)


def series(row: dict) -> str:
    """What tells the rows of one curve from those of others."""
    parts = [row["codec"]]
    if row.get("max_rounds", 1) > 1:
        parts.append(f"up to {row['max_rounds']} rounds")
    if row.get("context", 0):
        parts.append(f"context {row['context']}")
    if row.get("pilots", 0):
        parts.append(f"{row['pilots']} pilots a block")
    return ", ".join(parts)
