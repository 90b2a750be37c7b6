# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Toxicity classifiers: a head over sentence embeddings, alt-profanity-check, and Detoxify.

minilm            the project's own: logistic regression on a sentence embedding
profanity-check   linear support vector machine on words, from its package
detoxify          transformer, from a folder with a checkpoint of the Detoxify project

Each is loaded when it is first used. A folder of Detoxify holds NAME.ckpt, a mapping of `config`
(classes, architecture) and `state_dict`, and beside it the network's config.json and the files of
its tokenizer. The checkpoint is read as tensors and plain values only: nothing in it is executed.

Source: V. Zhou, profanity-check, 2019; L. Hanu and Unitary team, Detoxify, 2020 (Apache-2.0).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from semcom_core.config import check_device
from semcom_core.errors import ConfigError, ModelError, check_choice
from semcom_core.models.cache import file_stamp
from semcom_core.models.device import find_device, place_network, to_host
from semcom_core.models.sentence import Embedder, load_embedder
from semcom_core.models.weight_files import file_defect
from semcom_core.safety.heads import LinearHead, load_head, probability

#: What the class of general toxicity is called.
_CLASSES = ("toxicity", "toxic")
#: Texts at once.
_BATCH = 16


class ToxicityClassifier(Protocol):
    """Interface of a toxicity classifier.

    Attributes:
        name: its name in CLASSIFIERS.
        device: what it computes on.
    """

    name: str
    device: str

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Probability that each text is toxic, float (len(texts),); from 0.5 on it counts as
        toxic.
        """


class EmbeddingToxicity:
    """A logistic head on a sentence embedding: the project's own classifier.

    Args:
        embedder: sentence embedding that the head was trained on.
        head: its log-odds are 0 where one in a hundred texts of the training part that are not
            toxic is exceeded.
    """

    name = "minilm"

    def __init__(self, embedder: Embedder, head: LinearHead) -> None:
        self.device = embedder.device
        self._embedder = embedder
        self._head = head

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Probability that each text is toxic, float (len(texts),)."""
        return probability(self._head.log_odds(self._embedder.embed(texts)))


class ProfanityCheck:
    """The package alt-profanity-check: a linear support vector machine on words, calibrated. It
    loads its own pickles.

    Source: V. Zhou, profanity-check, 2019; maintained as alt-profanity-check.
    """

    name = "profanity-check"
    device = "cpu"

    def __init__(self) -> None:
        try:
            self._package = importlib.import_module("profanity_check")
        except ImportError as error:
            raise ModelError(
                "classifier 'profanity-check' is not installed; install it by: pip install "
                "alt-profanity-check"
            ) from error

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Probability that each text is toxic, float (len(texts),)."""
        return np.asarray(self._package.predict_prob(list(texts)), float)


class Detoxify:
    """A transformer that gives each text a probability of toxicity.

    Args:
        network: transformers sequence classifier in evaluation mode.
        tokenizer: its tokenizer.
        row: which of its outputs is toxicity.
        device: what the network computes on.
    """

    name = "detoxify"

    def __init__(self, network: Any, tokenizer: Any, row: int, device: str = "cpu") -> None:
        self.device = device
        self._network = network
        self._tokenizer = tokenizer
        self._row = row

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Probability that each text is toxic, float (len(texts),)."""
        import torch

        found = [np.zeros(0)]
        for first in range(0, len(texts), _BATCH):
            batch = list(texts[first : first + _BATCH])
            inputs = self._tokenizer(batch, return_tensors="pt", truncation=True, padding=True)
            with torch.inference_mode():
                logits = self._network(**inputs.to(self.device)).logits[:, self._row]
                found.append(to_host(torch.sigmoid(logits)).double().numpy())
        return np.concatenate(found)


def load_detoxify(path: str, device: str = "cpu") -> Detoxify:
    """Load a checkpoint of a folder.

    Args:
        path: the folder.
        device: what the network computes on, one of config.DEVICES.

    Raises:
        ConfigError: there is no such device.
        ModelError: there is not one checkpoint, it is none of Detoxify, or its weights do not fit
            its configuration.
    """
    device = find_device(device)
    folder = Path(path).expanduser()
    found = sorted(folder.glob("*.ckpt")) if path else []
    if len(found) != 1:
        raise ModelError(
            f"path is {path!r} with {len(found)} checkpoints; allowed is a folder with one, its "
            "config and tokenizer"
        )
    try:
        network, classes = _network(folder, found[0])
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder)
    except ModelError:
        raise
    except Exception as error:  # a broken file makes its reader fail in any way
        reason = str(error).splitlines()[0] if str(error) else ""
        raise ModelError(
            f"checkpoint {str(found[0])!r} cannot be loaded: {type(error).__name__}: {reason}"
        ) from error
    row = next((classes.index(name) for name in _CLASSES if name in classes), None)
    if row is None:
        raise ModelError(
            f"checkpoint {str(found[0])!r} has the classes {', '.join(classes)}; one called "
            "toxicity is needed"
        )
    return Detoxify(place_network(network, device), tokenizer, row, device)


def _network(folder: Path, checkpoint: Path) -> tuple[Any, list[str]]:
    """The network with the checkpoint's weights, and the names of its classes."""
    import torch
    import transformers

    defect = file_defect(checkpoint)
    if defect:
        raise ModelError(f"checkpoint {str(checkpoint)!r} cannot be read: it {defect}")
    loaded = torch.load(checkpoint, map_location="cpu", weights_only=True)
    if not isinstance(loaded, dict) or not {"config", "state_dict"} <= set(loaded):
        raise ModelError(
            f"checkpoint {str(checkpoint)!r} has no config and state_dict; a checkpoint of "
            "Detoxify is needed"
        )
    classes = list(loaded["config"]["dataset"]["args"]["classes"])
    name = loaded["config"]["arch"]["args"]["model_name"]
    if not str(name).endswith("ForSequenceClassification"):
        raise ModelError(
            f"checkpoint {str(checkpoint)!r} names the network {name!r}; allowed is one for "
            "sequence classification"
        )
    kind = getattr(transformers, name)
    network = kind(transformers.AutoConfig.from_pretrained(folder, num_labels=len(classes)))
    report = network.load_state_dict(loaded["state_dict"], strict=False)
    if report.missing_keys:
        raise ModelError(
            f"checkpoint {str(checkpoint)!r} lacks {len(report.missing_keys)} tensors, "
            f"{report.missing_keys[0]} the first"
        )
    return network.eval(), classes


def _minilm(path: str, device: str) -> ToxicityClassifier:
    return EmbeddingToxicity(load_embedder(path, device), load_head("toxicity"))


def _profanity_check(path: str, device: str) -> ToxicityClassifier:
    if device not in ("cpu", "auto"):
        raise ConfigError(
            f"device is {device!r}; classifier 'profanity-check' has no network; allowed is cpu, "
            "auto"
        )
    if path:
        raise ConfigError(
            f"path is {path!r}; classifier 'profanity-check' has its weights in its package and "
            "takes none"
        )
    return ProfanityCheck()


#: Name → how to load it, given a path (of another embedding's folder for minilm, of a folder with a
#: checkpoint for detoxify) and a device.
CLASSIFIERS: dict[str, Callable[[str, str], ToxicityClassifier]] = {
    "minilm": _minilm,
    "profanity-check": _profanity_check,
    "detoxify": load_detoxify,
}


def load_toxicity(name: str = "minilm", path: str = "", device: str = "cpu") -> ToxicityClassifier:
    """Load a classifier on first use; a second call gives the same object, unless a file at its
    path has changed since.

    Args:
        name: one of CLASSIFIERS.
        path: of its weights, where it does not bring its own.
        device: what its network computes on, one of config.DEVICES.

    Raises:
        ConfigError: no such classifier or device.
        ModelError: its weights are not there or do not load.
    """
    check_choice("toxicity classifier", name, CLASSIFIERS)
    check_device(device)
    return _load(name, path, device, file_stamp(Path(path).expanduser()) if path else ())


@lru_cache(maxsize=4)
def _load(name: str, path: str, device: str, _stamp: tuple) -> ToxicityClassifier:
    """Load a classifier; the stamp of its files is part of the cache's key."""
    return CLASSIFIERS[name](path, device)
