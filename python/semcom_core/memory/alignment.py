# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text-image alignment: texts and pictures in one embedding space, for recall across modalities.

    text ----> sentence embedding - mean of captions --------------------------+--> unit length
    picture -> encoders of "sam-tiny" and "lam-sc" -> statistics -> projection -+

The features of a picture are mean, deviation and largest value over its places of each channel that
two encoders of the project give: the one of Segment Anything, with its details, and the transmitter
of the joint source-channel code "lam-sc". A linear projection, trained by ridge regression on the
sentence embeddings of captions, takes them into the space of the sentences.

Array axes: N pictures or texts, F features, D dimensions of a sentence embedding.

Source: A. Frome et al., "DeViSE: a deep visual-semantic embedding model", NIPS 2013 (a projection
into a fixed space of words); A. E. Hoerl, R. W. Kennard, "Ridge regression", 1970.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from semcom_core import models
from semcom_core.errors import ModelError
from semcom_core.image.picture import check_pixels
from semcom_core.models.checkpoint import file_cache, read_checkpoint, save_checkpoint
from semcom_core.models.sentence import load_embedder

if TYPE_CHECKING:  # it loads torch
    import torch

#: File name of the weights, and those that the project ships.
WEIGHTS = "alignment.safetensors"
SHIPPED = Path(models.__file__).parent / "weights" / "alignment" / WEIGHTS
#: Longer side at which pictures are looked at, pixels; shorter sides become at least _LEAST.
_SIDE = 256
_LEAST = 16
#: Side of a position of the joint source-channel code, pixels, and of a place of Segment Anything.
_POSITION = 8
_PLACE = 16
#: SNR, share of symbols and importance for which the joint source-channel code encodes.
_SNR_DB = 10.0
_KEPT = 1.0
_IMPORTANCE = 0.5
#: Metadata key of the encoders' fingerprints.
_ENCODERS = "encoders"


@dataclass(frozen=True)
class Projection:
    """From features of pictures to the space of sentences: ((f - mean) / scale) @ matrix.

    Args:
        mean, scale: of the features, float (F,).
        matrix: float (F, D).
        centre: mean embedding of captions, float (D,).
    """

    mean: np.ndarray
    scale: np.ndarray
    matrix: np.ndarray
    centre: np.ndarray

    def pictures(self, features: np.ndarray) -> np.ndarray:
        """Embeddings of features (N, F), of unit length, float32 (N, D)."""
        return _unit(((features - self.mean) / self.scale) @ self.matrix)

    def sentences(self, embeddings: np.ndarray) -> np.ndarray:
        """Embeddings in the common space of sentence embeddings (N, D), of unit length."""
        return _unit(embeddings - self.centre)


class Alignment:
    """Embeds texts and pictures in one space. The weights are read when it is made.

    Args:
        weights: a file that `semcom train alignment` wrote; None for the one in the package.

    Raises:
        ModelError: the file cannot be read, or was trained with other encoders.
    """

    def __init__(self, weights: str | Path | None = None) -> None:
        self.projection = _load(Path(weights or SHIPPED))

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Embeddings of texts, of unit length, float32 (N, D)."""
        return self.projection.sentences(load_embedder().embed(texts))

    def embed_pictures(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Embeddings of pictures, uint8 (H, W, 3) each, of unit length, float32 (N, D); a picture
        and its mirror image have the same.

        Raises:
            FrameError: one is no picture.
        """
        found = [
            (picture_features(pixels) + picture_features(pixels[:, ::-1])) / 2
            for pixels in pictures
        ]
        if not found:
            return np.zeros((0, self.projection.matrix.shape[1]), np.float32)
        return self.projection.pictures(np.stack(found))


def picture_features(pixels: np.ndarray) -> np.ndarray:
    """Features of a picture, float32 (F,).

    Args:
        pixels: uint8 (H, W, 3).

    Raises:
        FrameError: that is no picture.
    """
    import torch  # a list of a memory's items needs none of these
    from PIL import Image

    from semcom_core.image.learned.common import blocks_of
    from semcom_core.image.learned.lam_sc_network import conditions_of

    check_pixels(pixels)
    scale = _SIDE / max(pixels.shape[:2])
    height, width = (max(_LEAST, round(n * scale)) for n in pixels.shape[:2])
    small = np.asarray(Image.fromarray(pixels).resize((width, height), Image.BILINEAR))
    shown = torch.from_numpy(small.copy()).permute(2, 0, 1)[None].float()
    sam, lam = _encoders()
    with torch.inference_mode():
        inside = sam.image_encoder(sam.preprocess(shown))[0]
        seen = inside[:, : -(-height // _PLACE), : -(-width // _PLACE)]
        rows, columns = height // _POSITION, width // _POSITION
        whole = shown[:, :, : rows * _POSITION, : columns * _POSITION] / 255 - 0.5
        importance = torch.full((1, 1, rows, columns), _IMPORTANCE)
        sent = lam.sender.trunk(
            torch.cat([blocks_of(whole), importance], 1), conditions_of(_SNR_DB, _KEPT, 1)
        )[0]
        return torch.cat([_statistics(seen), _statistics(sent)]).numpy()


def _encoders() -> tuple:
    """The networks of "sam-tiny" and of "lam-sc"."""
    from semcom_core.image.learned import lam_sc
    from semcom_core.image.learned.common import load_model
    from semcom_core.models.sam.loader import load_sam

    network = load_model(lam_sc.SHIPPED, lam_sc.LamScNetwork, lam_sc.LamScShape).network
    return load_sam().network, network


def encoder_fingerprints() -> str:
    """Fingerprints of the encoders whose features are projected."""
    from semcom_core.image.learned import lam_sc
    from semcom_core.models.cache import file_sha256
    from semcom_core.models.sam import loader

    return " ".join(file_sha256(path)[:16] for path in (loader.SHIPPED, lam_sc.SHIPPED))


def _statistics(channels: torch.Tensor) -> torch.Tensor:
    """Mean, deviation and largest value of channels (C, h, w) over their places, (3 C,)."""
    import torch

    flat = channels.flatten(1)
    return torch.cat([flat.mean(1), flat.std(1, correction=0), flat.amax(1)])


def ridge(
    features: np.ndarray, targets: np.ndarray, weights: np.ndarray, penalty: float
) -> Projection:
    """The projection that explains sentence embeddings best under a penalty on its weights.

    Args:
        features: float (N, F), scaled here to mean 0 and deviation 1.
        targets: sentence embeddings, float (N, D).
        weights: of the pictures, float (N,), above 0.
        penalty: on the squared weights, of features whose squares sum to about 1 a picture.
    """
    mean = features.mean(axis=0)
    scale = (features.std(axis=0) + 1e-6) * np.sqrt(features.shape[1])
    centre = np.average(targets, axis=0, weights=weights)
    root = np.sqrt(weights)[:, None]
    rows = root * (features - mean) / scale
    # the dual form: there are more features than pictures
    inner = np.linalg.solve(rows @ rows.T + penalty * np.eye(len(rows)), root * (targets - centre))
    return Projection(mean, scale, rows.T @ inner, centre)


def save_projection(path: Path, projection: Projection, training: dict) -> None:
    """Write a projection, its matrix in half precision.

    Args:
        path: the file.
        projection: to write.
        training: settings of the training.
    """
    tensors = {
        "mean": projection.mean.astype(np.float32),
        "scale": projection.scale.astype(np.float32),
        "matrix": projection.matrix.astype(np.float16),
        "centre": projection.centre.astype(np.float32),
    }
    save_checkpoint(
        path, tensors, metadata={"training": training, _ENCODERS: encoder_fingerprints()}
    )


@file_cache(maxsize=2)
def _load(path: Path) -> Projection:
    allowed = "a file that `semcom train alignment` wrote"
    checkpoint = read_checkpoint(path, allowed, "numpy")
    features, dimensions = getattr(checkpoint.tensors.get("matrix"), "shape", (0, 0))
    checkpoint.check_shapes(
        {
            "mean": (features,),
            "scale": (features,),
            "matrix": (features, dimensions),
            "centre": (dimensions,),
        }
    )
    trained_with = checkpoint.metadata.get(_ENCODERS, "")
    if trained_with != encoder_fingerprints():
        raise ModelError(
            f"weights {path} were trained with encoders {trained_with or 'unknown'}; those here "
            f"are {encoder_fingerprints()}"
        )
    tensors = {name: array.astype(np.float32) for name, array in checkpoint.tensors.items()}
    return Projection(**tensors)


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows of unit length, float32."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.maximum(lengths, 1e-12)).astype(np.float32)
