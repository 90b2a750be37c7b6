# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Camera capture under Linux (Video4Linux) by OpenCV, where it is installed."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import numpy as np

from semcom_core.errors import ConfigError, RadioError


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
