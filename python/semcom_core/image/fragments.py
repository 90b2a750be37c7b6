# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fragmentation of a picture's channel symbols into frames, and reassembly.

Symbol i travels in fragment i mod F, so that a fragment that fades or is lost costs each part of
the picture, and each code block, the same share of its symbols.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from semcom_core.combining import combine_fragments
from semcom_core.errors import ConfigError, FrameError
from semcom_core.frame import (
    MAX_LENGTH,
    MAX_WIDE_FRAGMENTS,
    Frame,
    FrameHeader,
    ReceivedFrame,
    check_received,
)

#: Fragments of a picture that has symbols enough: independent fades to spread over.
USUAL_FRAGMENTS = 16
#: Least symbols that make a fragment of its own worth its preamble and header.
_LEAST_LENGTH = 256


@dataclass(frozen=True)
class Shape:
    """Number and length of the equally long fragments of one picture."""

    fragments: int
    length: int

    @property
    def uses(self) -> int:
        """Channel uses of the picture."""
        return self.fragments * self.length


@dataclass(frozen=True)
class Reception:
    """Received symbols of one picture.

    Args:
        symbols: complex128 (uses,), 0 where nothing arrived.
        noise_var: float64 (uses,), inf where nothing arrived.
        header: of one of its frames.
        missing: fragments that did not arrive.
    """

    symbols: np.ndarray
    noise_var: np.ndarray
    header: FrameHeader
    missing: int

    @property
    def shortfall(self) -> str:
        """How many fragments are missing, in words."""
        return f"{self.missing} of {self.header.fragments} fragments are missing"


def uses_for(cbr: float, height: int, width: int) -> int:
    """Channel uses of a picture.

    Args:
        cbr: channel bandwidth ratio, uses over 3 H W.
        height, width: of the picture, pixels.
    """
    return math.floor(cbr * 3 * height * width)


def parse_cbr(text: str | float) -> float:
    """A channel bandwidth ratio from a number or a fraction such as 1/16.

    Raises:
        ConfigError: it is neither, or not above 0 and at most 4.
    """
    try:
        value = float(Fraction(str(text).replace(" ", "")))
    except (ValueError, ZeroDivisionError) as error:
        raise ConfigError(
            f"cbr is {text!r}; allowed is a number or a fraction such as 1/16"
        ) from error
    if not 0 < value <= 4:
        raise ConfigError(f"cbr is {text}; allowed is above 0 to 4")
    return value


def shape_for(uses: int) -> Shape:
    """Fragments for at most `uses` channel uses: USUAL_FRAGMENTS of them, or fewer where they would
    be short, or more where too long.

    The shape is that of its own uses: shape_for(shape.uses) == shape.

    Raises:
        FrameError: there are too many uses for one message, or none.
    """
    most = MAX_WIDE_FRAGMENTS * MAX_LENGTH
    if not 1 <= uses <= most:
        raise FrameError(
            f"picture takes {uses} channel uses; allowed is 1 to {most}: change cbr or the size of "
            "the picture"
        )
    fragments = max(min(USUAL_FRAGMENTS, uses // _LEAST_LENGTH), -(-uses // MAX_LENGTH), 1)
    shape = Shape(fragments, uses // fragments)
    return shape if shape.uses == uses else shape_for(shape.uses)


def frames_of(symbols: np.ndarray, codec: int, message_id: int, params: int = 0) -> list[Frame]:
    """Frames of a picture.

    Args:
        symbols: complex (uses,), as many as a Shape has.
        codec: number of the codec.
        message_id: number of the message, 0 to 255.
        params: the header's field of the same name.

    Raises:
        FrameError: no Shape has this number of symbols.
    """
    shape = shape_for(len(symbols))
    if shape.uses != len(symbols):
        raise FrameError(
            f"picture has {len(symbols)} symbols; {shape.fragments} fragments of {shape.length} "
            f"hold {shape.uses}"
        )
    common = {
        "codec": codec,
        "message_id": message_id,
        "last_fragment": shape.fragments - 1,
        "length": shape.length,
        "params": params,
    }
    parts = np.asarray(symbols, np.complex64).reshape(shape.length, shape.fragments).T
    return [
        Frame(FrameHeader(fragment=i, **common), np.ascontiguousarray(part))
        for i, part in enumerate(parts)
    ]


def collect_fragments(frames: list[ReceivedFrame], codec: int, name: str) -> Reception:
    """Symbols and noise variances of one picture, copies of a fragment combined.

    Args:
        frames: of the picture, in any order.
        codec: number of the codec that decodes.
        name: its name, for error messages.

    Raises:
        FrameError: no frames, frames of another codec, or of more than one picture.
    """
    if not frames:
        raise FrameError("no frames to decode; at least one is needed")
    check_received(frames)
    header = frames[0].header
    if header.codec != codec:
        raise FrameError(f"frame has codec number {header.codec}; the {name} codec takes {codec}")
    kinds = {
        (
            f.header.codec,
            f.header.message_id,
            f.header.last_fragment,
            f.header.length,
            f.header.params,
        )
        for f in frames
    }
    if len(kinds) > 1:
        what = "(codec, message, last fragment, length, params)"
        raise FrameError(
            f"frames are of {len(kinds)} pictures, {what} {sorted(kinds)}; one is allowed"
        )
    # single precision is that of the noise variances, and what all figures were measured with
    symbols, noise_var = combine_fragments(frames, np.float32)
    missing = header.fragments - len({f.header.fragment for f in frames})
    return Reception(symbols.T.ravel(), noise_var.T.ravel(), header, missing)
