# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one asks for an outlined object with: a point inside it, and the box around it."""

from __future__ import annotations

import numpy as np

#: Number of the pixels of a group of objects, in which no single one is outlined.
CROWD = 255


def bounding_box(mask: np.ndarray) -> np.ndarray:
    """Left, top, right and bottom edge of a mask, bool (H, W), that is not empty; right and bottom lie just outside it."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])


def inner_point(mask: np.ndarray) -> np.ndarray:
    """x and y of the pixel of a mask that lies farthest from everything outside it: the maximum of the distance transform.

    A mask that fills the picture has nothing outside it, and gets the middle.
    """
    from scipy.ndimage import distance_transform_edt

    if mask.all():
        return np.array(mask.shape[::-1]) // 2
    left, top, right, bottom = bounding_box(mask)
    left, top = max(0, left - 1), max(0, top - 1)
    distances = distance_transform_edt(mask[top : bottom + 1, left : right + 1])
    y, x = np.unravel_index(distances.argmax(), distances.shape)
    return np.array([x + left, y + top])
