# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of the Llama kind with integer weights: token trees and log-probabilities, bit-exact in
any order.

Faster than float32 on any processor: a step reads a quarter of the bytes. The sender's pass over a
whole text and the receiver's steps through a tree of hypotheses give identical probabilities (see
int8.kernels). Beside Llama these are its relatives:

    qwen2     biases of queries, keys and values; windows, where the configuration uses them
    qwen3     norms of each head's queries and keys, heads of a size of their own; windows
    mistral   a window over every layer

Source: "Qwen2 technical report", 2024; "Qwen3 technical report", 2025; A. Q. Jiang et al., "Mistral
7B", 2023.
"""

from __future__ import annotations

import math
import re
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from semcom_core.models.int8.kernels import (
    LAYER_PHASES,
    Matrices,
    Nodes,
    Weights,
    Workspace,
    forward,
)
from semcom_core.models.int8.simd import BLOCKS, LANES, ROWS

#: Name of the numeric profile, part of a model's fingerprint.
PROFILE = "int8-16"
#: Prompts whose keys and values are kept.
_PROMPTS = 4
#: Nodes that a tree has room for at first.
_FEWEST_NODES = 256
#: Kinds of networks that are computed.
KINDS = ("llama", "mistral", "qwen2", "qwen3")
#: Names of all weights that such a network may have.
_NAMES = re.compile(
    r"model\.(embed_tokens|norm)\.weight|lm_head\.weight|model\.layers\.\d+\.("
    r"(input|post_attention)_layernorm\.weight|self_attn\.[qk]_norm\.weight|"
    r"(self_attn\.[qkvo]|mlp\.(gate|up|down))_proj\.(weight|bias))"
)
#: Kinds of rotary embedding whose angles do not depend on the length of the text.
_STATIC_POSITIONS = ("default", "linear", "llama3")
#: Tokens that a layer without a window sees.
_ALL = 2**31 - 1


def applies(network: Any) -> bool:
    """Whether a transformers network is one that this module computes."""
    config = network.config
    if config.model_type not in KINDS or not getattr(config, "is_causal", True):
        return False
    if config.hidden_act != "silu":
        return False
    if config.hidden_size % 2 or config.intermediate_size % 2:
        return False
    if not all(_NAMES.fullmatch(name) for name in network.state_dict()):
        return False
    if min(layer_windows(config), default=0) < 1:
        return False
    rotary = network.model.rotary_emb
    size = network.model.layers[0].self_attn.head_dim
    return rotary.rope_type in _STATIC_POSITIONS and 2 * len(rotary.inv_freq) == size


def layer_windows(config: Any) -> list[int]:
    """How many tokens each layer of a network sees, a token itself included; 0 where that is not
    computed.

    Args:
        config: of a network of one of KINDS.
    """
    window = None if config.model_type == "llama" else config.sliding_window
    seen = {"full_attention": _ALL, "sliding_attention": _ALL if window is None else window}
    usual = "sliding_attention" if config.model_type == "mistral" else "full_attention"
    kinds = config.layer_types if config.model_type.startswith("qwen") else None
    return [seen.get(kind, 0) for kind in kinds or [usual] * config.num_hidden_layers]


def frequencies(rotary: Any, size: int) -> np.ndarray:
    """Angles a position of a rotary embedding, float64 (size / 2,).

    The simple kinds are computed here, as the library's differ by processor.
    """
    settings = rotary.config.rope_parameters
    if rotary.rope_type == "llama3":
        return rotary.inv_freq.double().numpy()
    return settings["rope_theta"] ** (-np.arange(0, size, 2) / size) / settings.get("factor", 1.0)


class IntegerNetwork:
    """The network, ready to grow trees.

    Args:
        network: a transformers network for which `applies`; it is read, not kept.
    """

    @torch.inference_mode()
    def __init__(self, network: Any) -> None:
        layers = network.model.layers
        config = network.config
        attention = layers[0].self_attn
        self.heads = config.num_attention_heads
        self.size = attention.head_dim
        self.shape = (len(layers), config.num_key_value_heads, self.size)
        norms = [
            norm.weight
            for layer in layers
            for norm in (layer.input_layernorm, layer.post_attention_layernorm)
        ]
        head_norms = [
            torch.stack([layer.self_attn.q_norm.weight, layer.self_attn.k_norm.weight])
            for layer in layers
            if hasattr(layer.self_attn, "q_norm")
        ]
        self.weights = Weights(
            # a copy: the original may hold a whole file in memory
            embedding=network.get_input_embeddings().weight.numpy().copy(),
            attention=pack_matrices(
                [[getattr(x.self_attn, f"{part}_proj") for part in "qkv"] for x in layers]
            ),
            projection=pack_matrices([[x.self_attn.o_proj] for x in layers]),
            gates=pack_matrices([[x.mlp.gate_proj, x.mlp.up_proj] for x in layers]),
            down=pack_matrices([[x.mlp.down_proj] for x in layers]),
            head=pack_matrices([[network.get_output_embeddings()]], math.log2(math.e)),
            norms=torch.stack([*norms, network.model.norm.weight]).numpy(),
            head_norms=torch.stack(head_norms).numpy()
            if head_norms
            else np.empty((0, 2, self.size), np.float32),
            windows=np.array(layer_windows(config)),
            eps=np.float32(config.rms_norm_eps),
        )
        self._frequencies = frequencies(network.model.rotary_emb, self.size)
        self.prefix = lru_cache(maxsize=_PROMPTS)(self._prefix)
        self.angles = lru_cache(maxsize=_PROMPTS)(self._angles)

    def tree(self, prompt: list[int]) -> IntegerTree:
        """A fresh token tree after a prompt."""
        return IntegerTree(self, prompt)

    def log2_probs(self, prompt: list[int], tokens: list[int]) -> np.ndarray:
        """Log2-probabilities of each token after a prompt and of what follows the last: float32
        (len(tokens) + 1, vocabulary).
        """
        tree = self.tree(prompt)
        root, first = tree.root()
        if not tokens:
            return first[None]
        _, found = tree.extend([*range(root, root + len(tokens))], tokens)
        return np.concatenate([first[None], found])

    def _angles(self, positions: int) -> tuple[np.ndarray, np.ndarray]:
        """Cosines and sines of the rotary embedding, float32 (positions, d / 2) each."""
        angles = np.arange(positions)[:, None] * self._frequencies
        return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)

    def _prefix(self, prompt: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Keys and values of a prompt's tokens, and the log2-probabilities after it."""
        tree = IntegerTree(self, [])
        found = tree.append(np.arange(-1, len(prompt) - 1), list(prompt), wanted=1)
        return tree.nodes.store[:, : len(prompt)].copy(), found[0]


class IntegerTree:
    """Token tree over an integer network (see models.language.TokenTree)."""

    def __init__(self, network: IntegerNetwork, prompt: list[int]) -> None:
        self._network = network
        self._prompt = tuple(prompt)
        self._count = 0
        layers, groups, size = network.shape
        store = np.empty((layers, 0, 2, groups, size), np.float32)
        self.nodes = Nodes(store, *np.empty((2, 0), np.int32), *np.empty((2, 0, 1), np.float32))

    def root(self) -> tuple[int, np.ndarray]:
        """Node before the first token, and the log2-probabilities of the first token."""
        store, found = self._network.prefix(self._prompt)
        count = self._count = len(self._prompt)
        self._make_room(count)
        self.nodes.store[:, :count] = store
        self.nodes.parents[:count] = np.arange(-1, count - 1)
        self.nodes.depths[:count] = np.arange(count)
        return count - 1, found

    def extend(self, parents: list[int], tokens: list[int]) -> tuple[list[int], np.ndarray]:
        """Grow one node below each parent; a parent may be one of the nodes before it in the same
        call.
        """
        first = self._count
        found = self.append(np.asarray(parents), tokens, wanted=len(tokens))
        return list(range(first, first + len(tokens))), found

    def append(self, parents: np.ndarray, tokens: list[int], wanted: int) -> np.ndarray:
        """Add nodes.

        Args:
            parents: int (n,), node before each; -1 above the first.
            tokens: token of each.
            wanted: nodes at the end whose probabilities are computed.

        Returns:
            float32 (wanted, vocabulary), log2-probabilities of the token after each of those.
        """
        first = self._count
        count = len(tokens)
        self._make_room(first + count)
        self._count += count
        self.nodes.parents[first : first + count] = parents
        for node, parent in enumerate(parents, first):
            self.nodes.depths[node] = self.nodes.depths[parent] + 1 if parent >= 0 else 0
        weights = self._network.weights
        out = np.empty((-(-wanted // ROWS) * ROWS, weights.head.scales.shape[1]), np.float32)
        work = _workspace(
            self._network, count, int(self.nodes.depths[first : first + count].max()) + 1
        )
        _run(weights, self.nodes, work, np.asarray(tokens, np.int64), first, wanted, out)
        return out[:wanted, : len(weights.embedding)]

    def _make_room(self, total: int) -> None:
        """Room for `total` nodes; it doubles when full."""
        old = self.nodes
        held = len(old.parents)
        if held >= total:
            return
        room = max(_FEWEST_NODES, 2 * total)
        layers, groups, size = self._network.shape
        store = np.empty((layers, room, 2, groups, size), np.float32)
        store[:, :held] = old.store
        parents, depths = np.empty((2, room), np.int32)
        parents[:held], depths[:held] = old.parents, old.depths
        self.nodes = Nodes(store, parents, depths, *self._network.angles(room))


def pack_matrices(layers: list[list[torch.nn.Linear]], factor: float = 1.0) -> Matrices:
    """Integer weights of linear layers; those of one layer that share their input become one
    matrix.

    Args:
        layers: for each layer of the network, linear layers of float32 weights (outputs, inputs);
            inputs are even in number.
        factor: of the outputs.
    """
    tile = BLOCKS * LANES
    rows = sum(len(part.weight) for part in layers[0])
    inputs = layers[0][0].weight.shape[1]
    blocks = -(-rows // tile) * BLOCKS
    weights = np.zeros((len(layers), blocks, inputs // 2, LANES, 2), np.int8)
    scales = np.zeros((len(layers), blocks * LANES), np.float32)
    biased = any(part.bias is not None for parts in layers for part in parts)
    biases = np.zeros((len(layers), rows if biased else 0), np.float32)
    for layer, parts in enumerate(layers):
        whole = torch.zeros(blocks * LANES, inputs)
        torch.cat([part.weight for part in parts], out=whole[:rows])
        steps = whole.abs().amax(1, keepdim=True).clamp_min(1e-30) / 127
        rounded = (whole / steps).round().to(torch.int8)
        weights[layer] = rounded.view(blocks, LANES, inputs // 2, 2).transpose(1, 2).numpy()
        scales[layer] = steps[:, 0].numpy() * factor
        if biased:
            added = [
                torch.zeros(len(part.weight)) if part.bias is None else part.bias for part in parts
            ]
            biases[layer] = torch.cat(added).numpy() * factor
    return Matrices(weights, scales, biases)


def _workspace(network: IntegerNetwork, count: int, depth: int) -> Workspace:
    """Room for a pass of `count` nodes, none deeper than `depth`."""
    rows = -(-count // ROWS) * ROWS
    weights = network.weights
    hidden = weights.embedding.shape[1]
    inner = weights.down.weights.shape[2] * 2
    widest = max(hidden, inner, network.heads * network.size)
    products = max(
        part.scales.shape[1]
        for part in (weights.attention, weights.projection, weights.gates, weights.down)
    )
    return Workspace(
        states=np.empty((rows, hidden), np.float32),
        inner=np.empty((rows, widest), np.float32),
        products=np.empty((rows, products), np.float32),
        inputs=np.zeros((rows + ROWS, widest), np.int16),
        scales=np.zeros(rows + ROWS, np.float32),
        scores=np.empty((rows, network.heads, depth), np.float32),
    )


@lru_cache(maxsize=1)
def _helpers() -> ThreadPoolExecutor:
    """Threads that help with a pass; where they do not run, as after a fork, the caller does all of
    it.
    """
    return ThreadPoolExecutor(max_workers=max(1, torch.get_num_threads() - 1))


def _run(weights: Weights, nodes: Nodes, *args: Any) -> None:
    """Run the pass in as many threads as torch uses."""
    workers = torch.get_num_threads()
    counters = np.zeros((LAYER_PHASES * len(nodes.store) + 3, 2), np.int64)
    call = (workers, counters, weights, nodes, *args)
    helpers = [_helpers().submit(forward, *call) for _ in range(workers - 1)]
    forward(*call)
    for helper in helpers:
        helper.cancel()
