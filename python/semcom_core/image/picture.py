# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Picture files and camera frames to uint8 RGB arrays, files back, checks, and downscaling.

Cameras are those of Linux (Video4Linux), by OpenCV where it is installed.

Where a picture's bytes are few, a coder downscales it by a number of steps, each of which halves
the pixels; the receiver brings the decoded picture back to its size.
"""

from __future__ import annotations

import importlib
import math
import re
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from semcom_core.errors import ConfigError, FrameError, RadioError, printable

#: Largest width and height, pixels.
MAX_SIDE = 16383
#: Most steps of downscaling.
MAX_STEPS = 15
#: Factor on the sides in each of them.
_STEP_FACTOR = math.sqrt(0.5)
#: File endings that folders of pictures are searched for.
PICTURE_SUFFIXES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".avif",
    ".bmp",
    ".tif",
    ".tiff",
    ".gif",
    ".ppm",
    ".pgm",
)


def read_picture(path: str | Path) -> np.ndarray:
    """The picture in a file, rotated as its EXIF data say, on white where it is transparent; the
    first of several frames.

    Returns:
        uint8 (H, W, 3) RGB.

    Raises:
        FrameError: the file cannot be read, is no picture, is truncated, or is larger than
            MAX_SIDE.
    """
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures, and of odd tags
            with Image.open(path) as image:
                _check_side(path, image.size)
                image.load()
                return to_rgb(ImageOps.exif_transpose(image))
    except FrameError:
        raise
    except Exception as error:  # noqa: BLE001 (damaged files end in errors of many kinds)
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise FrameError(
            f"picture {path} cannot be read: {reason}; allowed is a whole picture file"
        ) from error


def _check_side(path: str | Path, size: tuple[int, int]) -> None:
    if not 1 <= min(size) <= max(size) <= MAX_SIDE:
        raise FrameError(
            f"picture {path} has {size[0]}x{size[1]} pixels; allowed is 1 to {MAX_SIDE} a side"
        )


def to_rgb(image: Any) -> np.ndarray:
    """A PIL image as uint8 (H, W, 3): 16-bit greys keep their high byte, transparency shows white,
    CMYK and others are converted.
    """
    from PIL import Image

    if image.mode.startswith("I") or image.mode == "F":
        values = np.nan_to_num(np.asarray(image, np.float64))
        grey = np.clip(values / (256 if image.mode.startswith("I") else 1), 0, 255).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.array(image.convert("RGB"))


def check_pixels(pixels: np.ndarray) -> None:
    """Raise FrameError unless an array is a picture, uint8 (H, W, 3) with sides of 1 to
    MAX_SIDE.
    """
    if not isinstance(pixels, np.ndarray):
        raise FrameError(f"picture is {printable(pixels)}; allowed is an array, uint8 (H, W, 3)")
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise FrameError(
            f"picture is {pixels.dtype} of shape {pixels.shape}; allowed is uint8 (H, W, 3)"
        )
    if not 1 <= min(pixels.shape[:2]) <= max(pixels.shape[:2]) <= MAX_SIDE:
        raise FrameError(
            f"picture has {pixels.shape[1]}x{pixels.shape[0]} pixels; allowed is 1 to {MAX_SIDE} a "
            "side"
        )


def picture_size(pixels: np.ndarray) -> tuple[int, int]:
    """Height and width of a picture (H, W, 3)."""
    height, width = pixels.shape[:2]
    return height, width


def check_importance(importance: np.ndarray | None, pixels: np.ndarray) -> np.ndarray | None:
    """The importance as float32 (H, W), or None.

    Raises:
        ConfigError: it is of another size than the picture, or not within 0 to 1.
    """
    if importance is None:
        return None
    if np.shape(importance) != pixels.shape[:2]:
        raise ConfigError(
            f"importance has shape {np.shape(importance)}; the picture takes {pixels.shape[:2]}"
        )
    importance = np.asarray(importance)
    if not (importance.min() >= 0 and importance.max() <= 1):
        raise ConfigError(
            f"importance lies in {importance.min():g} to {importance.max():g}; allowed is 0 to 1"
        )
    return importance.astype(np.float32)


def write_picture(path: str | Path, pixels: np.ndarray) -> None:
    """Write a picture, uint8 (H, W, 3) RGB; the file's ending says the format.

    Raises:
        ConfigError: the ending is unknown, or the file cannot be written.
    """
    from PIL import Image

    check_pixels(pixels)
    try:
        Image.fromarray(pixels).save(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"picture cannot be written to {path}: {error}") from error


def pictures_in(path: str | Path) -> list[Path]:
    """The picture files that a path names: itself, or those in a folder, sorted by name.

    Raises:
        ConfigError: there is nothing at the path, or no picture in the folder.
    """
    path = Path(path)
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ConfigError(f"picture path {path} is not there; allowed is a file or a folder")
    found = sorted(
        p for p in path.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES and p.is_file()
    )
    if not found:
        raise ConfigError(
            f"folder {path} has no picture; allowed endings are {', '.join(PICTURE_SUFFIXES)}"
        )
    return found


def next_size(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height one step of downscaling below a width and height."""
    width, height = size
    return max(1, round(width * _STEP_FACTOR)), max(1, round(height * _STEP_FACTOR))


@lru_cache(maxsize=8)
def downscaled_sizes(height: int, width: int) -> list[tuple[int, int]]:
    """Width and height of a picture downscaled by 0 to MAX_STEPS steps."""
    found = [(width, height)]
    while len(found) <= MAX_STEPS:
        found.append(next_size(found[-1]))
    return found


def downscale(pixels: np.ndarray, steps: int) -> np.ndarray:
    """A picture, uint8 (H, W, 3), downscaled by a number of steps."""
    width, height = downscaled_sizes(*pixels.shape[:2])[steps]
    return resize(pixels, height, width)


def resize(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture at another size by Lanczos' kernel, uint8 (height, width, 3).

    Args:
        pixels: uint8 (h, w, 3).
        height, width: of the result, pixels.
    """
    from PIL import Image

    if pixels.shape[:2] == (height, width):
        return pixels
    return np.array(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


def is_camera(path: str) -> bool:
    """Whether a path names a camera: /dev/video0, /dev/video1 ..."""
    return re.fullmatch(r"/dev/video\d+", str(path)) is not None


class Camera:
    """A camera; it is opened at the first picture.

    Args:
        device: such as /dev/video0.

    Raises:
        ConfigError: OpenCV is not installed, or there is no such device.
    """

    def __init__(self, device: str):
        try:
            self._opencv = importlib.import_module("cv2")
        except ImportError as error:
            hint = (
                "apt install python3-opencv on Debian and Ubuntu; allowed without it are files "
                "and folders"
            )
            raise ConfigError(
                f"camera {device} needs OpenCV, which is not installed: {hint}"
            ) from error
        if not Path(device).exists():
            raise ConfigError(f"camera is {device}; there is no such device")
        self.device = device
        self._capture: Any = None

    def read(self) -> np.ndarray:
        """The next picture, uint8 (H, W, 3) RGB.

        Raises:
            RadioError: the camera cannot be opened or gives no picture.
        """
        if self._capture is None:
            self._capture = self._opencv.VideoCapture(self.device)
            # a buffer of one frame, so that a picture is the latest
            self._capture.set(self._opencv.CAP_PROP_BUFFERSIZE, 1)
        good, pixels = self._capture.read()
        if not good:
            self.close()
            raise RadioError(
                f"camera {self.device} gives no picture; is it in use by another program?"
            )
        return np.ascontiguousarray(pixels[..., ::-1])

    def close(self) -> None:
        """Release the camera; the next picture opens it again."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None
