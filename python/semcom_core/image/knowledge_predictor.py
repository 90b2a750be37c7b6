# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The predictor of Segment Anything with a memory for the last picture, so that several questions about it encode it once."""

from __future__ import annotations

import hashlib

import numpy as np
from segment_anything import SamPredictor


class RememberingPredictor(SamPredictor):
    """Predictor that encodes a picture only if it is another one than the last."""

    _last: tuple | None = None

    def set_image(self, image: np.ndarray, image_format: str = "RGB") -> None:
        """Encode a picture, uint8 (H, W, 3)."""
        digest = hashlib.sha256(repr(image.shape).encode() + np.ascontiguousarray(image).tobytes()).digest()
        if self._last is None or self._last[0] != digest:
            super().set_image(image, image_format)
            self._last = digest, self.features, self.original_size, self.input_size
        _, self.features, self.original_size, self.input_size = self._last
        self.is_image_set = True

    def embedding(self) -> np.ndarray:
        """What the network made of the picture, float32 (C, h, w): padding and folded details left out."""
        encoder, channels = self.model.image_encoder, self.model.mask_decoder.transformer_dim
        height, width = (-(-n * self.features.shape[2] // encoder.img_size) for n in self.input_size)
        return self.features[0, :channels, :height, :width].float().numpy()
