# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reference carriers of a frame: pilots, the decoded header, and the fill of the last symbol.

None of them depends on the payload.
"""

from __future__ import annotations

import numpy as np

from semcom_core.phy import header as frame_header
from semcom_core.phy.burst import Burst
from semcom_core.phy.ofdm import Layout, fill_uses, pilot_carriers


def symbol_numbers(bursts: list[Burst], count: int) -> np.ndarray:
    """Numbers of the `count` symbols that each burst's next step begins with, int (B, count)."""
    return np.array([b.first for b in bursts])[:, None] + np.arange(count)


def header_places(layout: Layout, bursts: list[Burst]) -> np.ndarray:
    """Places of the next header's uses among those of the symbols read, int (B,
    layout.header_uses).
    """
    return np.array([b.uses % len(layout.data) for b in bursts])[:, None] + np.arange(
        layout.header_uses
    )


def header_carriers(
    layout: Layout, bursts: list[Burst], symbols: np.ndarray, bits: np.ndarray
) -> np.ndarray:
    """Reference values of pilots and header carriers.

    Args:
        layout: carriers.
        bursts: the B bursts, at the header.
        symbols: symbol numbers, int (B, S).
        bits: header bits, uint8 (B, 64).

    Returns:
        complex64 (B, S, A); 0 elsewhere.
    """
    known = np.zeros((*symbols.shape, len(layout.carriers)), dtype=np.complex64)
    known[:, :, layout.is_pilot] = pilot_carriers(layout, symbols)
    row = np.zeros((len(bursts), symbols.shape[1] * len(layout.data)), dtype=np.complex64)
    places = header_places(layout, bursts)
    row[np.arange(len(bursts))[:, None], places] = frame_header.modulate(bits, layout)
    known[:, :, layout.data] = row.reshape(len(bursts), -1, len(layout.data))
    return known


def frame_carriers(
    layout: Layout, bursts: list[Burst], symbols: np.ndarray, limit: int
) -> np.ndarray:
    """Reference values of all known carriers of a frame.

    Args:
        layout: carriers.
        bursts: the B bursts, whose header was decoded.
        symbols: symbol numbers, int (B, S).
        limit: absolute index one past the last sample of the stream.

    Returns:
        complex64 (B, S, A); 0 where unknown, beyond the frame or beyond `limit`.
    """
    known = header_carriers(layout, bursts, symbols, np.stack([b.header_bits for b in bursts]))
    width = len(layout.data)
    for index, burst in enumerate(bursts):
        header = burst.payload_header
        end = burst.uses + layout.header_uses + header.length
        if not header.more and end % width:
            fill = fill_uses(layout, end, -end % width)
            known[index, burst.count - 1, layout.data[end % width :]] = fill
        known[index, max(min(burst.count, burst.symbols_before(layout, limit)), 0) :] = 0
    return known
