# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of a language model on this machine, what low precision costs in probabilities, and the
speed of architectures of equal size beside one another.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from semcom_core.config import DEVICE_HELP, check_device, setting
from semcom_core.errors import check_choice, check_range
from semcom_core.models import LanguageModel, load_language_model
from semcom_core.models.language import TokenTree
from semcom_core.models.loader import PRECISIONS, load_network

#: Bytes of a weight, by precision.
WEIGHT_BYTES = {"int8": 1, "float32": 4}
#: Sizes of the architectures that are compared, which make about 4 million weights each.
_TOKENS = {"vocab_size": 2048, "bos_token_id": 0, "eos_token_id": 1}
_SIZES = {
    **_TOKENS,
    "hidden_size": 256,
    "intermediate_size": 768,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "max_position_embeddings": 1024,
}
_GROUPED = {**_SIZES, "num_key_value_heads": 2, "head_dim": 64}
#: Type of the configuration and its settings: those that int8 computes, then others.
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "llama": _GROUPED,
    "qwen2": {**_SIZES, "num_key_value_heads": 2},
    "qwen3": _GROUPED,
    "mistral": _GROUPED,
    "gemma": _GROUPED,
    "olmo2": {**_SIZES, "num_key_value_heads": 2},
    "stablelm": {**_SIZES, "num_key_value_heads": 2},
    "phi": {**_SIZES, "num_key_value_heads": 2},
    "gpt_neox": _SIZES,
    "gpt2": {
        **_TOKENS,
        "n_embd": 256,
        "n_inner": 768,
        "n_layer": 4,
        "n_head": 4,
        "n_positions": 1024,
    },
}
#: What the others are compared to: architecture and precision.
REFERENCE = ("llama", "float32")
#: Tokens before a step.
_BEFORE = 24


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


@dataclass(frozen=True)
class Architectures:
    """Settings of the comparison of architectures.

    Args:
        nodes: nodes of a step.
        repeats: times each is measured, all of them in turn.
        seed: of random weights and tokens.
    """

    nodes: tuple[int, ...] = (8, 16, 32)
    repeats: int = 20
    seed: int = 1

    def __post_init__(self) -> None:
        for nodes in self.nodes:
            check_range("nodes", nodes, 1, 256)
        check_range("repeats", self.repeats, 1, 1000)
        check_range("seed", self.seed, 0, 2**63 - 1)


def architecture_rows(config: Architectures) -> list[dict]:
    """One row for each architecture and precision that computes it, on the cpu.

    step_ms has the time of a step by its number of nodes, ratio that beside the row of REFERENCE,
    check_s the time of the check of a tree against whole passes when a model is loaded for the
    first time. way is how trees grow: int8, or one of models.trees.WAYS in float32.
    """
    import torch

    rows = []
    networks = []
    tokens = np.random.default_rng(config.seed).integers(0, _TOKENS["vocab_size"], _BEFORE).tolist()
    for architecture in ARCHITECTURES:
        for precision, network, weights in _networks(architecture, config.seed):
            network.log2_probs(tokens, tokens)  # what is compiled or laid out by the first pass
            started = time.perf_counter()
            way = _check(architecture, network)
            check_s = time.perf_counter() - started
            networks.append(network)
            rows.append(
                {
                    "architecture": architecture,
                    "precision": precision,
                    "way": way,
                    "threads": torch.get_num_threads(),
                    "weights": weights,
                    "check_s": check_s,
                    "step_ms": {},
                    "ratio": {},
                }
            )
    named = [(row["architecture"], row["precision"]) for row in rows]
    for nodes in config.nodes:
        steps = [_stepper(network.tree(tokens[:1]), tokens, nodes) for network in networks]
        times = _fastest_of(steps, config.repeats)
        reference = times[named.index(REFERENCE)]
        for row, value in zip(rows, times):
            row["step_ms"][str(nodes)] = value
            row["ratio"][str(nodes)] = value / reference
    return rows


def _networks(architecture: str, seed: int) -> list[tuple[str, Any, int]]:
    """Precision, network ready to grow trees, and number of weights, for each precision that
    computes an architecture; the weights are random.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from semcom_core.models.causal import pack_linear_layers
    from semcom_core.models.int8.network import IntegerNetwork, applies
    from semcom_core.models.trees import FloatNetwork

    settings = AutoConfig.for_model(architecture, **ARCHITECTURES[architecture])
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = AutoModelForCausalLM.from_config(settings).eval()
    weights = sum(weight.numel() for weight in network.parameters())
    found: list[tuple[str, Any, int]] = []
    if applies(network):
        found.append(("int8", IntegerNetwork(network), weights))
    pack_linear_layers(network)  # as when it is loaded
    return [*found, ("float32", FloatNetwork(network), weights)]


def _check(architecture: str, network: Any) -> str:
    """Check a network as when it is loaded; returns how it grows trees."""
    from semcom_core.models.int8.network import IntegerNetwork
    from semcom_core.models.verification import verify_float, verify_integer

    if isinstance(network, IntegerNetwork):
        return verify_integer(architecture, network, "").way.name
    return verify_float(architecture, network, _TOKENS["vocab_size"], "").way.name


def speed_rows(config: Speed) -> list[dict]:
    """One row for each precision.

    step_ms has the time of a step by its number of nodes, read_ms the time in which as many threads
    read as many bytes as the weights of a step take, read_ratio their ratios; prefill_ms is the
    time of a new prompt, text_ms that of a whole text; loss_bits and divergence_bits are surprisal
    and Kullback-Leibler divergence against float32, bits a token; order_bits is the largest
    difference between the probabilities of a whole text and of the same text token by token. way
    is how trees grow: int8, or one of models.trees.WAYS in float32; check_s is the time of the
    check that finds it out when a model is loaded for the first time.
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
    started = time.perf_counter()
    way = verify_model(model).way.name
    check_s = time.perf_counter() - started
    threads = torch.get_num_threads()
    read_ms = _fastest(_reader(weights * WEIGHT_BYTES[precision], threads), config.repeats)
    step_ms = {
        str(nodes): _fastest(_stepper(model.tree(), texts[0], nodes), config.repeats)
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
        "way": way,
        "device": model.device,
        "threads": threads,
        "weights": weights,
        "load_s": load_s,
        "check_s": check_s,
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
    """Shortest time of a call, ms."""
    return _fastest_of([call], repeats)[0]


def _fastest_of(calls: list[Callable[[], object]], repeats: int) -> list[float]:
    """Shortest time of each call, ms; what else runs on the machine only makes it longer, and that
    of all alike, as they take turns.
    """
    shortest = [np.inf] * len(calls)
    for _ in range(repeats + 1):
        for index, call in enumerate(calls):
            started = time.perf_counter()
            call()
            shortest[index] = min(shortest[index], time.perf_counter() - started)
    return [1e3 * value for value in shortest]


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


def _stepper(tree: TokenTree, tokens: list[int], nodes: int) -> Callable[[], object]:
    """A call that grows `nodes` nodes below the end of a text."""
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
