# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of a language model on this machine, and what low precision costs in probabilities."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np

from semcom_core.config import DEVICE_HELP, check_device, setting
from semcom_core.errors import check_choice, check_range
from semcom_core.models import LanguageModel, load_language_model
from semcom_core.models.loader import PRECISIONS, load_network

#: Bytes of a weight, by precision.
WEIGHT_BYTES = {"int8": 1, "float32": 4}


@dataclass(frozen=True)
class Speed:
    """Settings of the speed bench.

    Args:
        texts: the first is the one that steps, encoding and decoding are timed on; losses are means
            over all.
        model, adapter: the language model.
        precisions: of PRECISIONS.
        nodes: nodes of a step.
        repeats: times each is measured.
        device: what the model computes on; int8 computes on the cpu with "auto" too.
    """

    texts: tuple[str, ...]
    model: str = setting(
        "smollm2-135m", "language model: a name of `semcom models`, a path or a hub name"
    )
    adapter: str = setting("", "adapter: a name, a folder, or empty for none")
    precisions: tuple[str, ...] = setting(PRECISIONS, "numbers the model computes with")
    nodes: tuple[int, ...] = setting((8, 16, 32), "nodes of a step, 1 to 256")
    repeats: int = setting(20, "times each is measured, 1 to 1000; the fastest counts")
    device: str = setting("cpu", DEVICE_HELP)

    def __post_init__(self) -> None:
        check_range("number of texts", len(self.texts), 1, 100_000)
        for precision in self.precisions:
            check_choice("precision", precision, PRECISIONS)
        for nodes in self.nodes:
            check_range("nodes", nodes, 1, 256)
        check_range("repeats", self.repeats, 1, 1000)
        check_device(self.device)


def speed_rows(config: Speed) -> list[dict]:
    """One row for each precision.

    step_ms has the time of a step by its number of nodes, read_ms the time in which as many threads
    read as many bytes as the weights of a step take, read_ratio their ratios; prefill_ms is the
    time of a new prompt, text_ms that of a whole text; loss_bits and divergence_bits are surprisal
    and Kullback-Leibler divergence against float32, bits a token; order_bits is the largest
    difference between the probabilities of a whole text and of the same text token by token. way
    is how trees grow: int8, or one of models.trees.WAYS in float32.
    """
    exact = load_language_model(config.model, config.adapter, "float32", config.device)
    texts = [exact.tokenize(text) for text in config.texts]
    expected = [exact.log2_probs(tokens) for tokens in texts]
    weights = linear_weights(config.model)
    return [_row(config, precision, texts, expected, weights) for precision in config.precisions]


def linear_weights(name: str) -> int:
    """Weights that a step multiplies with."""
    _, network, _ = load_network(name)
    layers = [module for module in network.modules() if type(module).__name__ == "Linear"]
    return sum(layer.weight.numel() for layer in layers)


def _row(
    config: Speed, precision: str, texts: list[list[int]], expected: list[np.ndarray], weights: int
) -> dict:
    import torch

    from semcom_core.models.verification import verify_model

    started = time.perf_counter()
    model = load_language_model(config.model, config.adapter, precision, config.device)
    model.log2_probs(texts[0])
    load_s = time.perf_counter() - started
    threads = torch.get_num_threads()
    read_ms = _fastest(_reader(weights * WEIGHT_BYTES[precision], threads), config.repeats)
    step_ms = {
        str(nodes): _fastest(_stepper(model, texts[0], nodes), config.repeats)
        for nodes in config.nodes
    }
    pairs = [(model.log2_probs(tokens), exact, tokens) for tokens, exact in zip(texts, expected)]
    losses = [
        _surprisals(found, tokens) - _surprisals(exact, tokens) for found, exact, tokens in pairs
    ]
    divergences = [_divergences(exact, found) for found, exact, _ in pairs]
    return {
        "model": config.model,
        "adapter": config.adapter,
        "precision": precision,
        "fingerprint": model.fingerprint,
        "way": verify_model(model).way.name,
        "device": model.device,
        "threads": threads,
        "weights": weights,
        "load_s": load_s,
        "read_ms": read_ms,
        "step_ms": step_ms,
        "read_ratio": {nodes: value / read_ms for nodes, value in step_ms.items()},
        "prefill_ms": _fastest(_prompter(model), config.repeats),
        "text_ms": _fastest(lambda: model.log2_probs(texts[0]), config.repeats),
        "tokens": sum(len(tokens) + 1 for tokens in texts),
        "loss_bits": float(np.mean(np.concatenate(losses))),
        "divergence_bits": float(np.mean(np.concatenate(divergences))),
        "order_bits": max(_order_difference(model, tokens, found) for found, _, tokens in pairs),
    }


def _fastest(call: Callable[[], object], repeats: int) -> float:
    """Shortest time of a call, ms; what else runs on the machine only makes it longer."""
    times = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return 1e3 * min(times)


@numba.njit(cache=True, nogil=True)
def _sum(values: np.ndarray) -> np.uint64:
    """Sum of an array, so that all of it is read."""
    total = np.uint64(0)
    for i in range(len(values)):
        total += values[i]
    return total


def _reader(size: int, threads: int) -> Callable[[], object]:
    """A call that reads `size` bytes by some threads, each a part of its own."""
    parts = np.array_split(np.ones(max(threads, size // 8), np.uint64), threads)
    pool = ThreadPoolExecutor(max_workers=threads)
    return lambda: list(pool.map(_sum, parts))


def _stepper(model: LanguageModel, tokens: list[int], nodes: int) -> Callable[[], object]:
    """A call that grows `nodes` nodes below the end of a text."""
    tree = model.tree()
    node, _ = tree.root()
    for token in tokens:
        (node,), _ = tree.extend([node], [token])
    return lambda: tree.extend([node] * nodes, tokens[:1] * nodes)


def _prompter(model: LanguageModel) -> Callable[[], object]:
    """A call that starts a tree after a prompt of its own each time."""
    numbers = iter(range(1 << 30))
    return lambda: model.with_context([f"This is message number {next(numbers)}."]).tree().root()


def _surprisals(log2_probs: np.ndarray, tokens: list[int]) -> np.ndarray:
    """Surprisal of each token of a text, bits."""
    return -log2_probs[np.arange(len(tokens)), tokens].astype(float)


def _divergences(exact: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Kullback-Leibler divergence of each row, bits."""
    chances = np.exp2(exact.astype(float))
    return (chances * (exact.astype(float) - found)).sum(axis=1)


def _order_difference(model: LanguageModel, tokens: list[int], whole: np.ndarray) -> float:
    """Largest difference of the text's own tokens between probabilities of the whole text and token
    by token, bits.
    """
    tree = model.tree()
    node, row = tree.root()
    rows = [row]
    for token in tokens:
        (node,), found = tree.extend([node], [token])
        rows.append(found[0])
    differences = _surprisals(np.array(rows), tokens) - _surprisals(whole, tokens)
    return float(np.abs(differences).max(initial=0.0))
