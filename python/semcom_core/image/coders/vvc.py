# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""VVC (H.266) still pictures of a given size, by VVenC and FFmpeg's decoder.

    RGB ─► YCbCr (BT.709, full range, 10 bits), chroma at half size ─► VVenC, intra ─► bytes

Both are in the ffmpeg program that imageio-ffmpeg brings. Measured on kodim05 and kodim09 at 0.35
to 1.2 bits a pixel: the preset "fast" without perceptual quantisation is 0.1 to 0.5 dB better in
PSNR than libaom at speed 3 in less than half the time, and 6 steps finer chroma, since all colours
count alike here, brings 0.25 to 0.5 dB more.

Rate control: sizes are nearly exponential in the quantisation parameter, so a few encodings find
it. Two by the fastest preset show the slope, and each further pair, by the preset asked for, aims
closer. Each pair runs on two cores.

Source: ITU-T H.266; A. Wieckowski et al., "VVenC: an open and optimized VVC encoder
implementation", IEEE ICMEW 2021.
"""

from __future__ import annotations

import math
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from semcom_core.errors import ConfigError, FrameError
from semcom_core.image.picture import MAX_STEPS, downscale

#: Presets, the fastest first: VVenC's own, and "faster" with blocks that are split once more, which
#: is half as far from "fast" in quality at 0.4 times its time.
PRESETS = ("faster", "faster-split", "fast", "medium", "slow", "slower")
#: Quantisation parameters, the finest and the coarsest.
FINEST = 0
COARSEST = 63
#: How all streams begin: the start code and header of an access unit delimiter.
START = b"\0\0\0\1\0\xa1"
#: Steps by which chroma is quantised finer than luma.
_CHROMA_STEPS = 6
#: A fraction of a step of the parameter is made by the encoder's Lagrange multiplier: its logarithm
#: for one step, at an equal file size.
_LOG_LAMBDA = 0.37
#: Settings of VVenC for all pictures.
_PARAMS = (
    f"DecodingRefreshType=idr:intraperiod=1:CbQpOffset=-{_CHROMA_STEPS}:CrQpOffset=-{_CHROMA_STEPS}"
)
#: Luma weights of red and blue (BT.709).
_RED = 0.2126
_BLUE = 0.0722
#: Largest value of 10 bits, and its half.
_MOST = 1023
_HALF = 512
#: Least side of a coded picture, pixels.
_LEAST_SIDE = 16
#: Time limit of the ffmpeg program, s.
_LIMIT_S = 300
#: A picture that needs a coarser parameter is downscaled before it is coded, which from about here
#: on is better (measured).
_COARSE = 48.0
#: Pictures whose shorter side is less are not downscaled further, pixels.
_LEAST_FITTED_SIDE = 48
#: Start of the search: bits a pixel at a parameter.
_FIRST_BITS = 0.7
_FIRST_QP = 33.0
#: Slope of the logarithm of the size over the parameter at the start.
_SLOPE = -0.1
#: How much steeper that is for each step of a coarser parameter.
_CURVE = -0.0022
#: Distance of the parameters of the first pair.
_SPAN = 7.0
#: Shares of the bytes that the pairs aim at.
_AIMS = ((1.0, 0.97), (0.998, 0.988))
#: Size of a file by each preset over that by the fastest.
_SMALLER = dict(zip(PRESETS, (1.0, 0.993, 0.965, 0.955, 0.955, 0.955), strict=True))
#: Share of the bytes at which the search ends.
_ENOUGH = 0.99
#: Below this share after all pairs, so many more encodings are tried.
_LEAST = 0.9
_RESCUES = 4
#: Limits of the slope.
_SLOPES = (-0.3, -0.03)


def compress(
    pixels: np.ndarray, most: int, preset: str, pairs: int = len(_AIMS)
) -> tuple[bytes, int]:
    """A VVC stream of a picture in at most `most` bytes.

    Args:
        pixels: uint8 (H, W, 3) RGB.
        most: bytes.
        preset: one of PRESETS.
        pairs: of encodings by the preset, 1 or 2, unless the bytes are hardly filled then.

    Returns:
        The stream, and by how many steps the picture was downscaled before (see picture.downscale).

    Raises:
        FrameError: the picture fits no stream of that size.
    """
    steps = 0
    while True:
        search = _Search(downscale(pixels, steps), most)
        if (
            search.best_qp <= _COARSE
            or min(search.pixels.shape[:2]) < _LEAST_FITTED_SIDE
            or steps == MAX_STEPS
        ):
            break
        steps += 1
    data = search.run(preset, pairs)
    if data is None:
        height, width = pixels.shape[:2]
        size = f"picture of {width}x{height} pixels"
        raise FrameError(
            f"{size} fits no file of {most} bytes; more channel uses are needed: raise cbr"
        ) from search.problem
    return data, steps


class _Search:
    """Search for the finest parameter at which a picture has at most `most` bytes.

    Args:
        pixels: uint8 (H, W, 3) RGB.
        most: bytes.
    """

    def __init__(self, pixels: np.ndarray, most: int):
        self.pixels = pixels
        self._most = most
        #: Why a stream is empty.
        self.problem: FrameError | None = None
        #: Parameter → stream, empty where FFmpeg has no room for it.
        self._found: dict[float, bytes] = {}
        bits = 8 * most / (pixels.shape[0] * pixels.shape[1])
        first = _FIRST_QP + math.log(bits / _FIRST_BITS) / _SLOPE
        self._preset = PRESETS[0]
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
                self._found = {}
                self._preset = preset
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
        """The parameter at which a share of the bytes is expected, from the two sizes that are
        nearest.
        """
        target = math.log(share * self._most)
        logs = {
            qp: math.log(len(data) or self.pixels.shape[0] * self.pixels.shape[1])
            for qp, data in self._found.items()
        }
        nearest = sorted((abs(size - target), qp, size) for qp, size in logs.items())
        (_, qp, size), *others = nearest
        slope = _SLOPE
        if others:
            # the slope of the chord is that in its middle; the target lies elsewhere on the curve
            span = others[0][1] - qp
            slope = np.clip((others[0][2] - size) / span, *_SLOPES)
            slope = np.clip(slope + _CURVE * ((target - size) / slope - span) / 2, *_SLOPES)
        return float(np.clip(qp + (target - size) / slope, FINEST, COARSEST))

    def _encode(self, parameters: list[float]) -> None:
        new = sorted(
            {float(np.clip(qp, FINEST, COARSEST)) for qp in parameters} - self._found.keys()
        )
        with ThreadPoolExecutor(2) as workers:
            self._found |= zip(new, workers.map(self._stream, new), strict=True)

    def _stream(self, qp: float) -> bytes:
        try:
            return encode(self.pixels, qp, self._preset)
        except FrameError as error:
            self.problem = error
            return b""


def encode(pixels: np.ndarray, qp: float, preset: str) -> bytes:
    """A VVC stream of one picture.

    Args:
        pixels: uint8 (H, W, 3) RGB.
        qp: quantisation parameter, FINEST to COARSEST, not only whole numbers; the quantiser
            doubles every 6.
        preset: one of PRESETS.

    Raises:
        FrameError: the stream would have more than about a byte a pixel, for which FFmpeg has no
            room.
        ConfigError: no ffmpeg program with VVenC is there.
    """
    planes = _to_planes(pixels)
    height, width = planes[0].shape
    step = round(qp)
    own, _, split = preset.partition("-")
    params = f"{_PARAMS}:LambdaModifierI={math.exp(_LOG_LAMBDA * (qp - step)):.4f}"
    if split:
        params += ":MaxMTTDepthI=1"
    picture = f"-f rawvideo -pix_fmt yuv420p10le -s {width}x{height} -i - -frames:v 1".split()
    coder = f"-c:v libvvenc -preset {own} -qp {step} -qpa 0 -threads 1".split()
    # to a file: VVenC writes remarks to the standard output
    with TemporaryDirectory() as folder:
        path = Path(folder, "picture.vvc")
        _, problem = _ffmpeg(
            [*picture, *coder, "-vvenc-params", params, "-f", "vvc", str(path)],
            b"".join(plane.tobytes() for plane in planes),
        )
        data = path.read_bytes() if path.exists() else b""
    if not data and "submitting" in problem:
        raise FrameError(
            f"picture of {width}x{height} pixels makes no VVC stream at quantisation parameter "
            f"{qp:.1f}: {problem}"
        )
    if not data:
        raise ConfigError(
            f"ffmpeg program {_program()} makes no VVC picture: {problem}; coder=av1 needs none"
        )
    return data


def decode(data: bytes, height: int, width: int) -> np.ndarray:
    """Decode a stream, uint8 (height, width, 3) RGB.

    Args:
        data: the stream; zeros may follow.
        height, width: of the picture, pixels.

    Raises:
        FrameError: the bytes are no stream of a picture of that size.
    """
    rows, columns = _padded(height), _padded(width)
    raw, problem = _ffmpeg("-f vvc -i - -f rawvideo -pix_fmt yuv420p10le -".split(), data)
    luma = rows * columns
    chroma = rows * columns // 4
    if len(raw) != 2 * (luma + 2 * chroma):
        raise FrameError(
            f"{len(data)} bytes are no VVC picture of {width}x{height} pixels: "
            f"{problem or 'its size is another'}"
        )
    values = np.frombuffer(raw, "<u2").astype(np.float32)
    y, cb, cr = np.split(values, [luma, luma + chroma])
    half = (rows // 2, columns // 2)
    return _to_rgb(y.reshape(rows, columns), cb.reshape(half), cr.reshape(half))[:height, :width]


def _to_planes(pixels: np.ndarray) -> list[np.ndarray]:
    """Y, Cb and Cr of pixels (H, W, 3), uint16, sides padded by their last row and column."""
    height, width = pixels.shape[:2]
    padded = (
        np.pad(
            pixels,
            ((0, _padded(height) - height), (0, _padded(width) - width), (0, 0)),
            mode="edge",
        ).astype(np.float32)
        / 255
    )
    red, green, blue = np.moveaxis(padded, 2, 0)
    luma = _RED * red + (1 - _RED - _BLUE) * green + _BLUE * blue
    planes = [_MOST * luma]
    for colour, weight in ((blue, _BLUE), (red, _RED)):
        plane = _MOST * (colour - luma) / (2 * (1 - weight)) + _HALF
        planes.append(_resized(plane, luma.shape[0] // 2, luma.shape[1] // 2))
    return [np.clip(np.rint(plane), 0, _MOST).astype("<u2") for plane in planes]


def _to_rgb(luma: np.ndarray, cb: np.ndarray, cr: np.ndarray) -> np.ndarray:
    cb, cr = (_resized(plane - _HALF, *luma.shape) for plane in (cb, cr))
    blue = luma + 2 * (1 - _BLUE) * cb
    red = luma + 2 * (1 - _RED) * cr
    green = (luma - _RED * red - _BLUE * blue) / (1 - _RED - _BLUE)
    return np.clip(np.rint(np.stack([red, green, blue], axis=2) * (255 / _MOST)), 0, 255).astype(
        np.uint8
    )


def _resized(plane: np.ndarray, height: int, width: int) -> np.ndarray:
    from PIL import Image

    return np.asarray(
        Image.fromarray(plane.astype(np.float32)).resize((width, height), Image.Resampling.LANCZOS)
    )


def _padded(side: int) -> int:
    return max(side + side % 2, _LEAST_SIDE)


def _ffmpeg(arguments: list[str], data: bytes) -> tuple[bytes, str]:
    """Standard output of the program, and the first line of its standard error."""
    command = [_program(), "-v", "error", "-threads", "1", *arguments]
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, timeout=_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return b"", str(error)
    return done.stdout, next(iter(done.stderr.decode(errors="replace").splitlines()), "")


@lru_cache(maxsize=1)
def _program() -> str:
    """Path of the program; the environment variable IMAGEIO_FFMPEG_EXE names another one.

    Raises:
        ConfigError: there is none.
    """
    try:
        import imageio_ffmpeg

        return os.fspath(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise ConfigError(
            f"VVC pictures need an ffmpeg program: {error}; allowed is `pip install imageio-ffmpeg`"
        ) from error
