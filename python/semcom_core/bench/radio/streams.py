# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Continuity of sample streams through a radio: lost samples, and recovery after a failure.

What is sent is a counter: the lower half of its bits in the real part, the upper half in the
imaginary part, so that each sample says which one it is. 11 bits each go exactly through converters
of 12 bits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import cycle

import numpy as np

from semcom_core.errors import RadioError
from semcom_core.radio.diagnostics.measure import BackgroundTransmitter
from semcom_core.radio.process.supervisor import RadioProcess

#: Bits of the counter in each part of a sample, and samples until it starts anew.
BITS = 11
PERIOD = 1 << 2 * BITS
#: Samples sent and read at once.
PIECE = 1 << 15
#: Longest wait for a sample, s.
PATIENCE_S = 20.0


def counter(first: int, count: int) -> np.ndarray:
    """Samples `first` to first + count - 1 of the sequence, complex64; each part is -1/2 to 1/2 of
    full scale.
    """
    number = np.arange(first, first + count, dtype=np.int64) % PERIOD
    parts = np.stack([number % (1 << BITS), number >> BITS], axis=-1) - (1 << (BITS - 1))
    return (parts / (1 << BITS)).astype(np.float32).view(np.complex64)[:, 0]


def numbers(samples: np.ndarray) -> np.ndarray:
    """Which samples of the sequence these are, int64 (n,); nonsense where they are none."""
    parts = np.rint(
        np.ascontiguousarray(samples).view(np.float32).reshape(-1, 2) * (1 << BITS)
    ).astype(np.int64) + (1 << (BITS - 1))
    return parts[:, 0] + (parts[:, 1] << BITS)


def breaks(samples: np.ndarray, before: int | None) -> tuple[int, int]:
    """Places where a stream does not go on, and the number of its last sample. Silence or noise
    between two parts is one place.

    Args:
        samples: complex64 (n,).
        before: number of the sample before them; None: they are the first.
    """
    found = numbers(samples)
    wrong = np.diff(found if before is None else np.concatenate([[before], found])) % PERIOD != 1
    return int(np.count_nonzero(wrong[1:] & ~wrong[:-1])) + int(wrong[:1].sum()), int(found[-1])


def sequence() -> Iterator[np.ndarray]:
    """Pieces of the sequence, without end."""
    whole = counter(0, PERIOD)
    return cycle(np.split(whole, PERIOD // PIECE))


def stream(radio: RadioProcess, transmitter: RadioProcess, seconds: float) -> dict[str, int]:
    """Send and receive for a while.

    Args:
        radio: receives; it is started.
        transmitter: sends; it is started, and may be the same.
        seconds: how long, s.

    Returns:
        samples read, discontinuities among them, and how often the radio said that samples were
        lost.
    """
    total = int(seconds * radio.profile.rate_hz)
    read = 0
    broken = 0
    last = None
    with BackgroundTransmitter(transmitter, sequence()):
        _wait_for_clean_piece(radio)
        overruns = radio.counts.get("overruns", 0)
        underruns = transmitter.counts.get("underruns", 0)
        while read < total:
            samples = radio.read(PIECE, PATIENCE_S)
            more, last = breaks(samples, last)
            broken += more
            read += len(samples)
        overruns = radio.counts.get("overruns", 0) - overruns
        underruns = transmitter.counts.get("underruns", 0) - underruns
    return {
        "samples": read,
        "discontinuities": broken,
        "overruns": overruns,
        "underruns": underruns,
    }


def _wait_for_clean_piece(radio: RadioProcess) -> None:
    """Read until a piece is of the sequence and without a break."""
    end = time.monotonic() + PATIENCE_S
    while breaks(radio.read(PIECE, PATIENCE_S), None)[0]:
        if time.monotonic() > end:
            raise RadioError(
                f"radio {radio.profile.name} receives nothing of what is sent; allowed is a clean "
                "link at the reference gains"
            )


def time_to_resume(
    radio: RadioProcess, interrupt: Callable[[], object], restore: Callable[[], object]
) -> dict[str, float]:
    """Receive, lose the radio, have it back: how long until samples flow again.

    Args:
        radio: it receives, and is started.
        interrupt: takes the radio away.
        restore: gives it back; returns when it can be reached.

    Returns:
        resume_s: from then to the first sample, s; reconnects: how often the radio was opened anew.
    """
    for _ in range(8):
        radio.read(PIECE, PATIENCE_S)
    interrupt()
    time.sleep(1.0)
    while True:  # what had been received before
        try:
            radio.read(PIECE, 0.2)
        except TimeoutError:
            break
    restore()
    begun = time.monotonic()
    radio.read(PIECE, PATIENCE_S)
    return {"resume_s": time.monotonic() - begun, "reconnects": radio.counts["reconnects"]}
