# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the channel uses of a message go, by cause."""

from __future__ import annotations

from semcom_core.metrics import bound_uses
from semcom_core.text import TextCodec

#: What a cause means, in the order in which causes are stacked; a codec that tells none has the first and the last.
CAUSES = {
    "source": "source bits at capacity",
    "end": "end of the message at capacity",
    "grid": "surprisal rounded to the grid",
    "delta": "budget added to each token",
    "margin": "rate below capacity",
    "tail": "tail that confirms the text",
    "code": "channel code, modulation and check",
}


def gap_of(codec: TextCodec, text: str, snr_db: float) -> dict[str, float]:
    """Channel uses of a text by cause, a part of CAUSES.

    A codec with a method `gap` tells them itself; any other has what its source bits need at capacity, and the rest.
    """
    if hasattr(codec, "gap"):
        return codec.gap(text, snr_db)
    bound = float(bound_uses(codec.source_bits(text), snr_db))
    uses = sum(len(frame.symbols) for frame in codec.encode(text, snr_db))
    return {"source": bound, "code": uses - bound}


def shares(gaps: list[dict[str, float]]) -> dict[str, float]:
    """Share of the uses of all messages by cause, in the order of CAUSES; 1 in all."""
    total = sum(sum(gap.values()) for gap in gaps)
    causes = [cause for cause in CAUSES if any(cause in gap for gap in gaps)]
    return {cause: sum(gap.get(cause, 0.0) for gap in gaps) / total for cause in causes} if total else {}
