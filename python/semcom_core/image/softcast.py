# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SoftCast: linear analog transmission of pictures.

    picture ─► DCT ─► strongest chunks ─► × variance^(-1/4) ─► Hadamard ─► I and Q ─┐
    means, variances ─► DigitalLink with a margin (the description) ────────────────┼─► fragments
    height, width, bytes of the description ─► side part ───────────────────────────┘

Chunks are rectangles of DCT coefficients of like variance. The scaling minimises the mean squared
error for a given power, and the Hadamard transform spreads each coefficient over 16 places, so that
a lost symbol costs a little of many. The receiver estimates the coefficients of 16 places at once
by linear least squares from the variances and the noise of each symbol. No rate is chosen, so the
quality follows the channel.

Arrays: coefficients (H W 3,) of the DCT over height, width and colours; symbols (uses,), two scaled
values each; chunks are numbered row by row of a grid, three colours each.

Source: S. Jakubczak, D. Katabi, "A cross-layer design for scalable mobile video", MobiCom 2011
(SoftCast); there the chunks are of a three-dimensional DCT, and dropped by variance as here.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.fft import dctn, idctn
from scipy.linalg import hadamard

from semcom_core.config import setting
from semcom_core.errors import FrameError, check_range
from semcom_core.frame import Frame, ReceivedFrame
from semcom_core.image.codec import DecodedImage, ImageCodec
from semcom_core.image.digital import DigitalLink, index_for
from semcom_core.image.fragments import (
    collect_fragments,
    frames_of,
    parse_cbr,
    shape_for,
    uses_for,
)
from semcom_core.image.picture import MAX_SIDE, check_importance, check_pixels
from semcom_core.image.side_info import SidePart

#: Pixels a chunk along each side of a colour plane, and most chunks along a side. Measured on Kodak
#: at CBR 1/16, where there are 32 a side: with 16 the pictures are 0.7 dB worse.
_CHUNK_SIDE = 16
_MOST_CHUNKS = 32
#: One level of a chunk's variance, dB.
_STEP_DB = 1.0
#: Variance of level 1, dB; level 0 is a chunk that is not sent.
_FIRST_DB = -20.0
#: Highest level.
_LEVELS = 255
#: Colours of a picture.
_PLANES = 3
#: Coefficients that one Hadamard transform spreads.
_SPREAD = 16
_HADAMARD = hadamard(_SPREAD) / np.sqrt(_SPREAD)
#: Bits of the side part's numbers: height, width, bytes of the description.
_WIDTHS = (MAX_SIDE.bit_length(), MAX_SIDE.bit_length(), 12)
#: Grey of a picture whose description did not arrive.
_MID_GREY = 128
#: Transforms that are solved together, which bounds the memory.
_BATCH = 4096


def forward_transform(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal DCT over height, width and colours of a picture less its means.

    Args:
        pixels: uint8 (H, W, 3).

    Returns:
        float64 (H W 3,) of coefficients, and uint8 (3,), the means of the colours.
    """
    means = np.round(pixels.mean(axis=(0, 1))).astype(np.uint8)
    return dctn(pixels - means.astype(float), norm="ortho").ravel(), means


def inverse_transform(
    coefficients: np.ndarray, means: np.ndarray, height: int, width: int
) -> np.ndarray:
    """The picture, uint8 (height, width, 3), of its transform.

    Args:
        coefficients: float (H W 3,).
        means: of the colours, uint8 (3,).
        height, width: of the picture, pixels.
    """
    values = idctn(coefficients.reshape(height, width, _PLANES), norm="ortho") + means
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


@lru_cache(maxsize=4)
def chunk_of(height: int, width: int) -> np.ndarray:
    """Number of the chunk that each coefficient belongs to, int (H W 3,)."""
    rows, columns = (min(max(side // _CHUNK_SIDE, 1), _MOST_CHUNKS) for side in (height, width))
    row, column = np.arange(height) * rows // height, np.arange(width) * columns // width
    chunk = (row[:, None, None] * columns + column[:, None]) * _PLANES + np.arange(_PLANES)
    return chunk.ravel()


@dataclass(frozen=True)
class Chunks:
    """Description of the chunks of a picture that are sent.

    Args:
        height, width: of the picture.
        means: uint8 (3,), taken off the colours.
        levels: uint8 (chunks,), 0 where a chunk is not sent, else its variance in steps.
    """

    height: int
    width: int
    means: np.ndarray
    levels: np.ndarray

    @property
    def variances(self) -> np.ndarray:
        """Variance of each chunk's coefficients, float64 (chunks,); 0 where it is not sent."""
        return np.where(
            self.levels > 0, 10 ** ((_FIRST_DB + _STEP_DB * (self.levels - 1.0)) / 10), 0.0
        )

    @property
    def sent(self) -> np.ndarray:
        """Places of the coefficients that are sent, chunk after chunk, those of the largest
        variance first, int (count,).
        """
        chunk = chunk_of(self.height, self.width)
        places = np.flatnonzero(self.levels[chunk])
        return places[np.lexsort((chunk[places], -self.levels[chunk[places]].astype(int)))]

    def packed(self) -> bytes:
        """Means and levels as bytes, compressed; zeros may follow."""
        return zlib.compress(self.means.tobytes() + self.levels.tobytes(), 9)

    @staticmethod
    def unpacked(data: bytes, height: int, width: int) -> Chunks:
        """Read what `packed` made.

        Args:
            data: the bytes; zeros may follow.
            height, width: of the picture, pixels.

        Raises:
            FrameError: the bytes do not describe a picture of this size.
        """
        count = int(chunk_of(height, width)[-1]) + 1
        try:
            plain = zlib.decompressobj().decompress(data, _PLANES + count + 1)
        except zlib.error as error:
            raise FrameError(f"description of the chunks cannot be read: {error}") from error
        if len(plain) != _PLANES + count:
            raise FrameError(
                f"description of the chunks has {len(plain)} bytes; a picture of {width}x{height} "
                f"takes {_PLANES + count}"
            )
        values = np.frombuffer(plain, np.uint8)
        return Chunks(height, width, values[:_PLANES], values[_PLANES:])


def strongest_chunks(
    coefficients: np.ndarray, means: np.ndarray, height: int, width: int, most: int
) -> Chunks:
    """The chunks of the largest variances that have at most `most` coefficients together.

    Args:
        coefficients: float64 (H W 3,).
        means: of the colours, uint8 (3,).
        height, width: of the picture, pixels.
        most: coefficients.
    """
    chunk = chunk_of(height, width)
    sizes = np.bincount(chunk)
    variances = np.bincount(chunk, weights=coefficients**2) / sizes
    levels = np.round((10 * np.log10(np.maximum(variances, 1e-9)) - _FIRST_DB) / _STEP_DB) + 1
    levels = np.clip(levels, 0, _LEVELS).astype(np.uint8)
    order = np.argsort(-variances, kind="stable")
    levels[order[np.cumsum(sizes[order] * (levels[order] > 0)) > most]] = 0
    return Chunks(height, width, means, levels)


@dataclass(frozen=True)
class SoftcastConfig:
    """Settings of the SoftCast codec.

    Raises:
        ConfigError: a value is out of range.
    """

    cbr: str = setting(
        "1/16", "channel uses over 3 H W, a number or a fraction; the description is counted"
    )
    margin_db: float = setting(
        4.0, "how far below the stated SNR the description still arrives, dB, 0 to 30"
    )

    def __post_init__(self) -> None:
        parse_cbr(self.cbr)
        check_range("margin_db", self.margin_db, 0.0, 30.0)


class SoftcastCodec(ImageCodec):
    """Image codec of scaled DCT coefficients (see ImageCodec)."""

    name = "softcast"
    config_class = SoftcastConfig

    def encode(
        self,
        pixels: np.ndarray,
        snr_db: float,
        message_id: int = 0,
        importance: np.ndarray | None = None,
    ) -> list[Frame]:
        """Frames of one picture (see ImageCodec).

        `snr_db` sets the rate of the description alone, and the importance is not used.
        """
        check_pixels(pixels)
        check_importance(importance, pixels)
        height, width = pixels.shape[:2]
        uses = shape_for(uses_for(parse_cbr(self.config.cbr), height, width)).uses
        params = index_for(snr_db, self.config.margin_db)
        side = SidePart(uses, _WIDTHS)
        coefficients, means = forward_transform(pixels)
        size = 0
        chunks = strongest_chunks(coefficients, means, height, width, 2 * uses)
        # fewer chunks fit beside a longer description, which is seldom longer again
        while len(chunks.packed()) > size:
            size = len(chunks.packed())
            link, analog = _divide_uses(uses - side.uses, size, params)
            chunks = strongest_chunks(coefficients, means, height, width, 2 * analog)
        parts = [
            side.encode(height, width, size),
            link.encode(chunks.packed()),
            _modulate(coefficients, chunks, analog),
        ]
        return frames_of(np.concatenate(parts), self.number, message_id, params)

    def decode(self, frames: list[ReceivedFrame]) -> DecodedImage:
        """The picture in some of its frames, in any order; it is marked where any is missing (see
        ImageCodec).
        """
        reception = collect_fragments(frames, self.number, self.name)
        header = reception.header
        uses = reception.symbols.size
        side = SidePart(uses, _WIDTHS)
        numbers = side.decode(reception.symbols, reception.noise_var)
        if numbers is None or not all(numbers):
            raise FrameError(
                f"the size of picture {header.message_id} did not arrive; {reception.shortfall}"
            )
        height, width, size = numbers
        link, _ = _divide_uses(uses - side.uses, size, header.params)
        ends = side.uses, side.uses + link.uses
        described, whole = link.decode(
            reception.symbols[slice(*ends)], reception.noise_var[slice(*ends)]
        )
        if not whole:
            pixels = np.full((height, width, 3), _MID_GREY, np.uint8)
            reason = f"the description of the chunks did not arrive; {reception.shortfall}"
        else:
            chunks = Chunks.unpacked(described, height, width)
            estimate = _estimate(
                reception.symbols[ends[1] :], reception.noise_var[ends[1] :], chunks
            )
            pixels = inverse_transform(estimate, chunks.means, height, width)
            reason = reception.shortfall if reception.missing else ""
        return DecodedImage(
            pixels, not reason, header.message_id, reason, reception.missing, header.fragments
        )


def _divide_uses(uses: int, size: int, params: int) -> tuple[DigitalLink, int]:
    """The link of a description of `size` bytes, and the channel uses left to the chunks, a
    multiple of what one transform fills.

    Raises:
        FrameError: nothing is left.
    """
    step = _SPREAD // 2
    for described in range(step + uses % step, uses, step):
        link = DigitalLink(described, params)
        if link.capacity_bytes >= size and size < 2 ** _WIDTHS[2]:
            return link, uses - described
    raise FrameError(
        f"{uses} channel uses leave nothing beside a description of {size} bytes at rate index "
        f"{params}; raise cbr"
    )


def _scaled(chunks: Chunks, values: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places of the coefficients that are sent, their gains, and their deviations after scaling:
    mean power 1/2 over `values` values.
    """
    places = chunks.sent
    deviations = np.sqrt(chunks.variances[chunk_of(chunks.height, chunks.width)[places]])
    gains = np.sqrt(values / 2 / max(deviations.sum(), 1e-9) / np.maximum(deviations, 1e-9))
    return places, gains, gains * deviations


def _modulate(coefficients: np.ndarray, chunks: Chunks, uses: int) -> np.ndarray:
    """Symbols of the chunks, complex64 (uses,)."""
    places, gains, _ = _scaled(chunks, 2 * uses)
    values = np.zeros((_SPREAD, 2 * uses // _SPREAD))
    values.ravel()[: places.size] = gains * coefficients[places]
    return (_HADAMARD @ values).T.ravel().view(np.complex128).astype(np.complex64)


def _estimate(symbols: np.ndarray, noise_var: np.ndarray, chunks: Chunks) -> np.ndarray:
    """Coefficients (H W 3,) of the least mean squared error, from the symbols of the chunks.

    With z = D u, u of unit variance, and y = A z + n, the estimate of u is (I + D A' W A D)^-1 D A'
    W y, W the inverse noise variances.
    """
    values = symbols.astype(np.complex128).view(float).reshape(-1, _SPREAD)
    weights = np.repeat(2 / np.maximum(noise_var, 1e-9), 2).reshape(-1, _SPREAD)
    places, gains, deviations = _scaled(chunks, values.size)
    spread = np.zeros((_SPREAD, len(values)))
    spread.ravel()[: places.size] = deviations
    scaled = spread.T
    found = np.empty_like(values)
    for first in range(0, len(values), _BATCH):
        part = slice(first, first + _BATCH)
        mixed = _HADAMARD * scaled[part, None, :]
        precision = np.eye(_SPREAD) + np.matmul(
            mixed.transpose(0, 2, 1) * weights[part, None, :], mixed
        )
        known = np.matmul(mixed.transpose(0, 2, 1), (weights[part] * values[part])[..., None])
        found[part] = scaled[part] * np.linalg.solve(precision, known)[..., 0]
    coefficients = np.zeros(chunk_of(chunks.height, chunks.width).size)
    coefficients[places] = found.T.ravel()[: places.size] / gains
    return coefficients
