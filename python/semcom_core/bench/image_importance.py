# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a codec is told to matter in the pictures of the image bench."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from semcom_core.errors import check_choice

#: Nothing, the objects that the data name, or what the attention over the segments of each picture finds.
KINDS = ("off", "objects", "attention")


class Importance:
    """Importance of one kind.

    Args:
        kind: one of KINDS; networks are loaded for the first picture that takes them.

    Raises:
        ConfigError: the kind is unknown.
    """

    def __init__(self, kind: str):
        check_choice("roi", kind, KINDS)
        self._kind = kind

    def __call__(self, pixels: np.ndarray, objects: np.ndarray | None) -> np.ndarray | None:
        """What matters in a picture, float32 (H, W) in 0 to 1; None where the codec is told nothing.

        Args:
            pixels: uint8 (H, W, 3).
            objects: where the data name objects, bool (H, W), or None.

        Raises:
            ModelError: the networks are not there.
        """
        if self._kind == "attention":
            return self._attention(pixels, "both")
        return objects.astype(np.float32) if self._kind == "objects" and objects is not None else None

    @cached_property
    def _attention(self):
        from semcom_core.bench.lam_sc_attention import BenchAttention  # loads torch

        return BenchAttention()
