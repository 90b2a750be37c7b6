# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""VVC pictures of at most so many bytes.

Sizes are nearly exponential in the quantisation parameter, so a few encodings find the parameter: two by the fastest preset show the slope,
and each further pair, by the preset asked for, aims closer. Each pair runs on two cores.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from semcom_core.errors import FrameError
from semcom_core.image import vvc
from semcom_core.image.shrink import MAX_STEPS, shrunk

#: A picture that needs a coarser parameter is shrunk before it is coded: measured, from about there on that is better.
_COARSE = 48.0
#: Pictures whose shorter side is less are not shrunk further, pixels.
_LEAST_SIDE = 48
#: Where the search begins: bits a pixel at a parameter, and how the logarithm of the size falls with it.
_FIRST_BITS, _FIRST_QP, _SLOPE = 0.7, 33.0, -0.1
#: How much steeper that is for each step of a coarser parameter.
_CURVE = -0.0022
#: Parameters of the first pair lie so far apart.
_SPAN = 7.0
#: Shares of the bytes that the pairs aim at, and the size of a file by each preset over that by the fastest.
_AIMS = ((1.0, 0.97), (0.998, 0.988))
_SMALLER = dict(zip(vvc.PRESETS, (1.0, 0.993, 0.965, 0.955, 0.955, 0.955), strict=True))
#: A picture that fills this share of the bytes is good enough; one that fills less than the other share is not
#: even after all pairs: so many more are tried.
_ENOUGH, _LEAST, _RESCUES = 0.99, 0.9, 4
#: What the slope can be, whatever a few sizes say.
_SLOPES = (-0.3, -0.03)


def compress(pixels: np.ndarray, most: int, preset: str, pairs: int = len(_AIMS)) -> tuple[bytes, int]:
    """A VVC stream of a picture in at most `most` bytes.

    Args:
        pixels: uint8 (H, W, 3) RGB.
        preset: one of vvc.PRESETS.
        pairs: of encodings by the preset, 1 or 2, unless the bytes are hardly filled then.

    Returns:
        The stream, and how often the picture was shrunk before (see shrink).

    Raises:
        FrameError: the picture fits no stream of that size.
    """
    steps = 0
    while True:
        search = _Search(shrunk(pixels, steps), most)
        if search.best_qp <= _COARSE or min(search.pixels.shape[:2]) < _LEAST_SIDE or steps == MAX_STEPS:
            break
        steps += 1
    data = search.run(preset, pairs)
    if data is None:
        height, width = pixels.shape[:2]
        size = f"picture of {width}x{height} pixels"
        raise FrameError(f"{size} fits no file of {most} bytes; more channel uses are needed: raise cbr") from search.problem
    return data, steps


class _Search:
    """Looks for the finest parameter at which a picture has at most `most` bytes."""

    def __init__(self, pixels: np.ndarray, most: int):
        self.pixels, self._most = pixels, most
        self.problem: FrameError | None = None  # why a stream is empty
        first = _FIRST_QP + math.log(8 * most / (pixels.shape[0] * pixels.shape[1]) / _FIRST_BITS) / _SLOPE
        self._found: dict[float, bytes] = {}  # parameter → stream; empty where FFmpeg had no room for it
        self._preset = vvc.PRESETS[0]
        self._encode([first - _SPAN / 2, first + _SPAN / 2])
        self._fast = self._fitting()

    @property
    def best_qp(self) -> float:
        """The parameter that is expected to fill the bytes."""
        return self._aim(1.0)

    def run(self, preset: str, pairs: int) -> bytes | None:
        """The finest stream that fits, or None where none does."""
        for shares in _AIMS[:pairs]:
            larger = _SMALLER[self._preset] / _SMALLER[preset]
            aimed = [self._aim(share * larger) for share in shares]
            if self._preset != preset:
                self._found, self._preset = {}, preset
            self._encode(aimed)
            if self._filled >= _ENOUGH:
                break
        share = _AIMS[1][1]
        for _ in range(_RESCUES):
            if self._filled >= _LEAST:
                break
            self._encode([self._aim(share)])
            share *= 0.99
        return self._fitting() or self._fast

    @property
    def _filled(self) -> float:
        """The share of the bytes that the best stream fills, 0 where none fits."""
        return len(self._fitting() or b"") / self._most

    def _fitting(self) -> bytes | None:
        fitting = [data for data in self._found.values() if 0 < len(data) <= self._most]
        return max(fitting, key=len, default=None)

    def _aim(self, share: float) -> float:
        """The parameter at which a share of the bytes is expected, from the two sizes that are nearest."""
        target = math.log(share * self._most)
        logs = {qp: math.log(len(data) or self.pixels.shape[0] * self.pixels.shape[1]) for qp, data in self._found.items()}
        nearest = sorted((abs(size - target), qp, size) for qp, size in logs.items())
        (_, qp, size), *others = nearest
        slope = _SLOPE
        if others:  # it is that in the middle of the two; what is wanted lies elsewhere
            span = others[0][1] - qp
            slope = np.clip((others[0][2] - size) / span, *_SLOPES)
            slope = np.clip(slope + _CURVE * ((target - size) / slope - span) / 2, *_SLOPES)
        return float(np.clip(qp + (target - size) / slope, vvc.FINEST, vvc.COARSEST))

    def _encode(self, parameters: list[float]) -> None:
        new = sorted({float(np.clip(qp, vvc.FINEST, vvc.COARSEST)) for qp in parameters} - self._found.keys())
        with ThreadPoolExecutor(2) as workers:
            self._found |= zip(new, workers.map(self._stream, new), strict=True)

    def _stream(self, qp: float) -> bytes:
        try:
            return vvc.encode(self.pixels, qp, self._preset)
        except FrameError as error:
            self.problem = error
            return b""
