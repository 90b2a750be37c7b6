# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causal language models of the transformers library, and token trees over them.

A chat model is told of the messages before a message as turns of a chat, so that it expects what
follows from them:

    <|im_start|>user\\n ... <|im_end|>\\n   a message before, one turn each; the speakers alternate
    <|im_start|>assistant\\n               prompt of the message itself, which ends by <|im_end|>

A model whose prompt opens no turn gets the messages as lines of text after its prompt.

A token tree holds the hypotheses of a search in one key-value cache: every node is one entry, and a
mask lets it see only its ancestors.

Source: tree attention as in X. Miao et al., "SpecInfer", ASPLOS 2024; H. Touvron et al., "LLaMA:
Open and efficient foundation language models", 2023; rotary positions of J. Su et al., "RoFormer",
2021.
"""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn.functional import scaled_dot_product_attention, silu
from transformers import DynamicCache

from semcom_core.models.language import TokenTree

if TYPE_CHECKING:
    from semcom_core.models.int8.network import IntegerNetwork

#: Most tokens of the messages before a message; the oldest are left out.
CONTEXT_TOKENS = 384
#: Marks of a turn of a chat, and the speakers of a message and of the one before it.
_OPENING = "<|im_start|>"
_CLOSING = "<|im_end|>"
_ROLES = ("assistant", "user")
_BITS_PER_NAT = 1 / math.log(2)
#: Rows that the layout of packed weights is chosen for; other numbers work as well.
_TYPICAL_ROWS = 8
#: Nodes that a layer's cache has room for at first.
_FEWEST_NODES = 256


class CausalModel:
    """A causal language model behind the LanguageModel interface (see models.language).

    Args:
        name: the name it was loaded by.
        network: a FloatNetwork or an IntegerNetwork, with `tree` and `log2_probs` after a prompt.
        tokenizer: its tokenizer.
        prompt: text before every message; special tokens in it count as such.
        fingerprint: 16 hexadecimal digits.
        vocabulary: number of tokens that the network knows.
        adapted: whether an adapter has taught it where messages end.
    """

    def __init__(
        self,
        name: str,
        network: FloatNetwork | IntegerNetwork,
        tokenizer: Any,
        prompt: str,
        fingerprint: str,
        vocabulary: int,
        adapted: bool = False,
    ) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.context_fingerprint = ""
        self.end_token = end_of_message(tokenizer, prompt) if adapted else None
        self.vocabulary = vocabulary
        self.special_tokens = special_tokens(tokenizer, vocabulary)
        self._network = network
        self._tokenizer = tokenizer
        self._prompt_text = prompt
        self._prompt = prompt_tokens(tokenizer, prompt)

    def with_context(self, context: Sequence[str]) -> CausalModel:
        """The same model after some messages, the oldest first; it shares the weights."""
        other = copy.copy(self)
        other._prompt = prompt_tokens(self._tokenizer, self._prompt_text, context, CONTEXT_TOKENS)
        digest = hashlib.sha256(
            "\x1f".join(str(token) for token in other._prompt).encode()
        ).hexdigest()
        other.context_fingerprint = (
            digest[:16]
            if other._prompt != prompt_tokens(self._tokenizer, self._prompt_text)
            else ""
        )
        return other

    def tokenize(self, text: str) -> list[int]:
        """Tokens of a text. Text that looks like a special token is text."""
        return self._tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids

    def detokenize(self, tokens: list[int]) -> str:
        """Text of the tokens; bytes that are no valid UTF-8 become U+FFFD."""
        return self._tokenizer.decode(
            tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False
        )

    def log2_probs(self, tokens: list[int]) -> np.ndarray:
        """Log2-probabilities of each token and of what follows the last: float32 (len(tokens) + 1,
        vocabulary).
        """
        return self._network.log2_probs(self._prompt, tokens)

    def tree(self) -> TokenTree:
        """A fresh token tree."""
        return self._network.tree(self._prompt)


def special_tokens(tokenizer: Any, rows: int) -> tuple[int, ...]:
    """Tokens that never stand for text: the special ones, and after them rows of the network for
    which the tokenizer has no token.

    Args:
        tokenizer: a tokenizer of the transformers library.
        rows: tokens that the network knows; a special token beyond them is left out.
    """
    added = [token for token, entry in tokenizer.added_tokens_decoder.items() if entry.special]
    special = {token for token in (*tokenizer.all_special_ids, *added) if token < rows}
    unused = set(range(rows)) - set(tokenizer.get_vocab().values()) - special
    return (*sorted(special), *sorted(unused))


def is_chat(prompt: str) -> bool:
    """Whether a prompt opens a turn of a chat."""
    return prompt.startswith(_OPENING)


def end_of_message(tokenizer: Any, prompt: str) -> int | None:
    """The token that an adapter learns to end a message by; None where the tokenizer has none."""
    return tokenizer.convert_tokens_to_ids(_CLOSING) if is_chat(prompt) else tokenizer.eos_token_id


def prompt_tokens(
    tokenizer: Any, prompt: str, context: Sequence[str] = (), most: int = 1 << 20
) -> list[int]:
    """Tokens of the messages before a message and of its prompt; special tokens in the messages are
    text.

    Args:
        tokenizer: a tokenizer of the transformers library.
        prompt: text before every message; special tokens in it count as such.
        context: messages before, the oldest first; the oldest are left out where they do not fit.
        most: most tokens of the messages before.
    """
    last = tokenizer(prompt, add_special_tokens=False).input_ids
    history: list[int] = []
    for age, text in enumerate(reversed(context), 1):
        tokens = _message(tokenizer, prompt, text, _ROLES[age % 2])
        if len(history) + len(tokens) > most:
            break
        history = tokens + history
    return history + last if is_chat(prompt) else last + history


def _message(tokenizer: Any, prompt: str, text: str, role: str) -> list[int]:
    """Tokens of one message before."""

    def special(part: str) -> list[int]:
        return tokenizer(part, add_special_tokens=False).input_ids

    words = tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids
    if not is_chat(prompt):
        return words + tokenizer("\n", add_special_tokens=False).input_ids
    return special(f"{_OPENING}{role}\n") + words + special(f"{_CLOSING}\n")


def log2_softmax(logits: torch.Tensor) -> np.ndarray:
    """Log2-probabilities of logits, over the last axis."""
    return (torch.log_softmax(logits, dim=-1) * _BITS_PER_NAT).numpy()


class FloatNetwork:
    """A causal network of the transformers library, ready to grow trees.

    Args:
        network: in evaluation mode, float32.
    """

    def __init__(self, network: Any) -> None:
        self._network = network
        self._kind: type[CausalTree] = (
            LlamaTree if network.config.model_type == "llama" else CausalTree
        )

    def tree(self, prompt: list[int]) -> CausalTree:
        """A fresh token tree after a prompt."""
        return self._kind(self._network, prompt)

    @torch.inference_mode()
    def log2_probs(self, prompt: list[int], tokens: list[int]) -> np.ndarray:
        """Log2-probabilities of each token after a prompt and of what follows the last: float32
        (len(tokens) + 1, vocabulary).
        """
        inputs = torch.tensor([prompt + list(tokens)])
        logits = self._network(inputs, use_cache=False, logits_to_keep=len(tokens) + 1).logits[0]
        return log2_softmax(logits)


class CausalTree:
    """Token tree over any causal network of the transformers library (see
    models.language.TokenTree).

    Args:
        network: in evaluation mode.
        prompt: tokens before every message.
    """

    def __init__(self, network: Any, prompt: list[int]) -> None:
        self._network = network
        self._prompt = prompt
        self._cache = DynamicCache()
        self._ancestors: list[list[int]] = []

    @torch.inference_mode()
    def root(self) -> tuple[int, np.ndarray]:
        """Node before the first token, and the log2-probabilities of the first token."""
        logits = self._append([[*range(i)] for i in range(len(self._prompt))], self._prompt)
        return len(self._prompt) - 1, log2_softmax(logits[-1])

    @torch.inference_mode()
    def extend(self, parents: list[int], tokens: list[int]) -> tuple[list[int], np.ndarray]:
        """Grow one node below each parent."""
        first = len(self._ancestors)
        logits = self._append([self._ancestors[parent] for parent in parents], tokens)
        return list(range(first, first + len(tokens))), log2_softmax(logits)

    def _append(self, before: list[list[int]], tokens: list[int]) -> torch.Tensor:
        """Add nodes after the nodes `before` each; returns their logits (nodes, vocabulary)."""
        first = len(self._ancestors)
        self._ancestors += [[*nodes, first + i] for i, nodes in enumerate(before)]
        mask = torch.full((len(tokens), first + len(tokens)), -torch.inf)
        for row in range(len(tokens)):
            mask[row, self._ancestors[first + row]] = 0.0
        return self._forward(
            torch.tensor([tokens]),
            mask[None, None],
            torch.tensor([[len(nodes) for nodes in before]]),
        )

    def _forward(
        self, tokens: torch.Tensor, mask: torch.Tensor, depths: torch.Tensor
    ) -> torch.Tensor:
        out = self._network(
            tokens,
            attention_mask=mask,
            position_ids=depths,
            past_key_values=self._cache,
            use_cache=True,
        )
        return out.logits[0]


class LlamaTree(CausalTree):
    """Token tree over a Llama network, which calls the network's own layers directly.

    Measured with SmolLM2-135M, 8 nodes, two cores: 78 ms a step, 89 ms through the library.
    """

    def __init__(self, network: Any, prompt: list[int]) -> None:
        super().__init__(network, prompt)
        config = network.config
        self._head = (
            getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        )
        self._stores = [
            torch.empty(2, config.num_key_value_heads, 0, self._head) for _ in network.model.layers
        ]

    def _forward(
        self, tokens: torch.Tensor, mask: torch.Tensor, depths: torch.Tensor
    ) -> torch.Tensor:
        model = self._network.model
        rows = model.embed_tokens(tokens[0])
        cos, sin = (table[0] for table in model.rotary_emb(rows, depths))
        total = mask.shape[-1]
        for index, layer in enumerate(model.layers):
            mixed = self._attend(
                index, layer.self_attn, layer.input_layernorm(rows), cos, sin, mask[0], total
            )
            rows = rows + layer.self_attn.o_proj(mixed)
            inner = layer.post_attention_layernorm(rows)
            rows = rows + layer.mlp.down_proj(
                silu(layer.mlp.gate_proj(inner)) * layer.mlp.up_proj(inner)
            )
        return self._network.lm_head(model.norm(rows))

    def _attend(
        self,
        index: int,
        attention: Any,
        rows: torch.Tensor,
        cos: torch.Tensor,
        sin: torch.Tensor,
        mask: torch.Tensor,
        total: int,
    ) -> torch.Tensor:
        """Attention of new nodes over their ancestors.

        Args:
            index: number of the layer.
            attention: its attention module.
            rows: (nodes, hidden), states after the norm.
            cos, sin: (nodes, head size), rotary positions.
            mask: (1, nodes, total), 0 for ancestors and -inf for others.
            total: nodes in the tree, the new ones included.

        Returns:
            (nodes, heads * head size).
        """
        count = len(rows)
        query, key, value = (
            project(rows).view(count, -1, self._head).transpose(0, 1)
            for project in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        store = self._room(index, total)
        store[0, :, total - count : total] = _rotate(key, cos, sin)
        store[1, :, total - count : total] = value
        mixed = scaled_dot_product_attention(
            _rotate(query, cos, sin)[None],
            store[0, None, :, :total],
            store[1, None, :, :total],
            attn_mask=mask[None],
            enable_gqa=True,
        )
        return mixed[0].transpose(0, 1).reshape(count, -1)

    def _room(self, index: int, total: int) -> torch.Tensor:
        """The layer's keys and values (2, heads, room, head size) with room for `total` nodes; it
        doubles when full.
        """
        store = self._stores[index]
        if store.shape[2] < total:
            grown = torch.empty(*store.shape[:2], max(_FEWEST_NODES, 2 * total), self._head)
            grown[:, :, : store.shape[2]] = store
            self._stores[index] = store = grown
        return store


def _rotate(heads: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotary position embedding of (heads, nodes, head size)."""
    first, second = heads.chunk(2, dim=-1)
    return heads * cos + torch.cat([-second, first], dim=-1) * sin


class PackedLinear(torch.nn.Module):
    """y = x W^T + b for inference with the weights laid out once for oneDNN; the same result as
    torch.nn.Linear but for rounding.

    Measured with SmolLM2-135M, float32, 8 rows, one core: 150 ms a step with torch.nn.Linear, 87 ms
    packed.
    """

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        self.in_features = linear.in_features
        self.out_features = linear.out_features
        self._packed = torch.ops.mkldnn._reorder_linear_weight(
            linear.weight.detach(), _TYPICAL_ROWS
        )
        self._bias = None if linear.bias is None else linear.bias.detach()

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Outputs (n, out_features) of inputs (n, in_features)."""
        return torch.ops.mkldnn._linear_pointwise(rows, self._packed, self._bias, "none", [], "")


class FastNorm(torch.nn.Module):
    """RMS norm of a few rows; a matrix product takes their mean squares in a quarter of the time of
    a reduction.
    """

    def __init__(self, weight: torch.Tensor, eps: float) -> None:
        super().__init__()
        self._weight = weight.detach()
        self._eps = eps
        self._mean = torch.full((len(weight), 1), 1 / len(weight))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Normalised rows, (n, features) each."""
        return rows * torch.rsqrt((rows * rows) @ self._mean + self._eps) * self._weight


def pack_linear_layers(network: torch.nn.Module) -> None:
    """Replace layers of a float32 network by faster ones that compute the same: packed linear
    layers, RMS norms by products.
    """
    packs = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    for module in list(network.modules()):
        for name, child in module.named_children():
            if packs and isinstance(child, torch.nn.Linear):
                setattr(module, name, PackedLinear(child))
            elif type(child).__name__.endswith("RMSNorm") and hasattr(child, "variance_epsilon"):
                setattr(module, name, FastNorm(child.weight, child.variance_epsilon))
