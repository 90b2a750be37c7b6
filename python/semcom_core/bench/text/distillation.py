# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of context distillation: channel symbols saved, meaning kept, and fallbacks.

A model's own rewriting that does not pass the checks falls back to a safer method.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from semcom_core.bench.report import verdict
from semcom_core.bench.safety import MESSAGE_CORPORA, corpora
from semcom_core.text.codec import TextCodec
from semcom_core.text.distillation.distiller import Distiller
from semcom_core.text.distillation.protected import kept_items

__all__ = ["MESSAGE_CORPORA", "corpora", "describe", "distill_row", "targets"]

#: Similarity (cosine of sentence embeddings) that counts as the same meaning, and the target of the
#: symbols saved.
SIMILARITY = 0.85
SAVED = 0.2


def distill_row(
    corpus: str, texts: Sequence[str], codec: TextCodec, snr_db: float, distiller: Distiller
) -> dict:
    """One row: uses are channel symbols of a codec for all texts, similarities are cosines of
    sentence embeddings.

    Args:
        corpus: its name.
        texts: messages.
        codec: what sends them, with and without distillation.
        snr_db: SNR that the codec chooses its rate for.
        distiller: what makes them shorter.
    """
    begun = time.perf_counter()
    found = [distiller.distill(text) for text in texts]
    elapsed = time.perf_counter() - begun
    kept, wanted = np.array([kept_items(one.original, one.text) for one in found]).sum(axis=0)
    before = sum(_uses(codec, one.original, snr_db) for one in found)
    after = sum(_uses(codec, one.text, snr_db) for one in found)
    similarity = np.array([one.similarity for one in found])
    return {
        "corpus": corpus,
        "mode": distiller.config.mode,
        "codec": codec.name,
        "snr_db": snr_db,
        "sentences": len(found),
        "protected": int(wanted),
        "protected_kept": float(kept / wanted) if wanted else 1.0,
        "uses_before": int(before),
        "uses_after": int(after),
        "symbols_saved": float(1 - after / before),
        "similarity": float(similarity.mean()),
        "similarity_least": float(similarity.min()),
        "similarity_below": float((similarity < SIMILARITY).mean()),
        "fallbacks": sum(one.fell_back for one in found),
        "unchanged": sum(one.text == one.original for one in found),
        "distill_s": elapsed / len(found),
    }


def _uses(codec: TextCodec, text: str, snr_db: float) -> int:
    return sum(len(frame.symbols) for frame in codec.encode(text, snr_db))


def describe(row: dict) -> str:
    """One line on a row."""
    return "; ".join(
        [
            f"{row['corpus']:9s} {row['mode']:11s} {row['sentences']} texts, {row['snr_db']:g} dB, "
            f"{row['codec']}",
            f"uses {row['uses_before']} -> {row['uses_after']}, saved {row['symbols_saved']:.1%}",
            f"similarity {row['similarity']:.3f}, least {row['similarity_least']:.3f}, below "
            f"{SIMILARITY:g}: {row['similarity_below']:.1%}",
            f"protected kept {row['protected_kept']:.1%} of {row['protected']}",
            f"{row['fallbacks']} fell back, {row['unchanged']} unchanged, {row['distill_s']:.2f} s "
            "a text",
        ]
    )


def targets(rows: Sequence[dict]) -> list[str]:
    """The figures that have a target, a line each: protected items of every corpus, symbols saved
    of messages and dialogues.
    """
    lines = []
    for row in rows:
        figures = [
            verdict(
                f"protected items kept {row['protected_kept']:.1%}",
                "100 %",
                row["protected_kept"] == 1,
            )
        ]
        if row["corpus"] in ("sms", "dialogue"):
            reached = row["symbols_saved"] >= SAVED and row["similarity_below"] == 0
            said = (
                f"symbols saved {row['symbols_saved']:.1%}, {1 - row['similarity_below']:.1%} "
                f"of the texts at {SIMILARITY:g} or more"
            )
            figures.append(verdict(said, f">= {SAVED:.0%} with all", reached))
        lines.append(f"{row['corpus']} {row['mode']}: " + "; ".join(figures))
    return lines
