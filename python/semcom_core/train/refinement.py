# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Table of coefficient variances of the hybrid codec's refinement layer, measured on pictures.

    picture ─► two digital layers ─► residual ─► mean square of the coefficients of each class

    python -m semcom_core.train.refinement DATA_FOLDER [OUT_FOLDER]

Every fourth picture of the training part of the folder's cocoseg/ and photos/coco_extra/ is
measured.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from semcom_core.image.hybrid.analog import (
    SHIPPED,
    TABLE_SHAPE,
    block_dct,
    variance_classes,
)
from semcom_core.image.hybrid.layers import compress_layers
from semcom_core.models.checkpoint import save_checkpoint
from semcom_core.train.image_loop import training_examples

#: Bytes a pixel of the two layers for which the table is measured.
BYTES_A_PIXEL = ((0.006, 0.02), (0.012, 0.05), (0.02, 0.09))
#: One picture in so many is measured.
_EVERY = 4
#: Least side of a picture that is measured, pixels.
_LEAST_SIDE = 320
#: Prior of a class: so many coefficients of this mean square.
_PRIOR_COUNT = 20
_PRIOR_SQUARE = 8.0


def measure(pictures: Iterable[np.ndarray], speed: int = 9) -> np.ndarray:
    """Variances, float32 (TABLE_SHAPE).

    Args:
        pictures: uint8 (H, W, 3) each.
        speed: of the encoder, 0 (slow) to 10.
    """
    squares = np.full(TABLE_SHAPE, _PRIOR_COUNT * _PRIOR_SQUARE)
    counts = np.full(TABLE_SHAPE, float(_PRIOR_COUNT))
    for pixels in pictures:
        for sizes in BYTES_A_PIXEL:
            layers = compress_layers(
                pixels, [int(size * pixels[..., 0].size) for size in sizes], "vvc", speed
            )
            found = variance_classes(layers.pictures[-1], layers.pictures[-2])
            np.add.at(squares, found, block_dct(pixels - layers.pictures[-1]) ** 2)
            np.add.at(counts, found, 1)
    return (squares / counts).astype(np.float32)


def main(arguments: list[str]) -> int:
    """Measure the pictures of a data folder and write the table."""
    out = Path(arguments[1]) if len(arguments) > 1 else SHIPPED.parent
    examples = training_examples(Path(arguments[0]), _LEAST_SIDE)[::_EVERY]
    variances = measure(example.pixels for example in examples)
    save_checkpoint(out / SHIPPED.name, {"variances": variances})
    print(f"{out / SHIPPED.name}: {len(examples)} pictures")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
