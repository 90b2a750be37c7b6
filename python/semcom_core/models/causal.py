# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causal language models of the transformers library behind the interface of the codecs.

A chat model is told of the messages before a message as turns of a chat, so that it expects what
follows from them:

    <|im_start|>user\\n ... <|im_end|>\\n   a message before, one turn each; the speakers alternate
    <|im_start|>assistant\\n               prompt of the message itself, which ends by <|im_end|>

A model whose prompt opens no turn gets the messages as lines of text after its prompt.

models.trees has the token trees, models.int8 those of networks with integer weights.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from semcom_core.models.language import TokenTree

if TYPE_CHECKING:
    from semcom_core.models.int8.network import IntegerNetwork
    from semcom_core.models.trees import FloatNetwork

#: Most tokens of the messages before a message; the oldest are left out.
CONTEXT_TOKENS = 384
#: Marks of a turn of a chat, and the speakers of a message and of the one before it.
_OPENING = "<|im_start|>"
_CLOSING = "<|im_end|>"
_ROLES = ("assistant", "user")
#: Rows that the layout of packed weights is chosen for; other numbers work as well.
_TYPICAL_ROWS = 8


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
        device: what the network computes on.
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
        device: str = "cpu",
    ) -> None:
        self.name = name
        self.device = device
        self.fingerprint = fingerprint
        self.context_fingerprint = ""
        self.end_token = end_of_message(tokenizer, prompt) if adapted else None
        self.vocabulary = vocabulary
        self.special_tokens = special_tokens(tokenizer, vocabulary)
        self.network = network
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

    def followed_by(self, text: str) -> CausalModel:
        """The same model with a text after its prompt; it shares the weights. Text that looks like
        a special token is text.
        """
        other = copy.copy(self)
        other._prompt = [*self._prompt, *self.tokenize(text)]
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
        return self.network.log2_probs(self._prompt, tokens)

    def tree(self) -> TokenTree:
        """A fresh token tree."""
        return self.network.tree(self._prompt)


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
        self.bias = None if linear.bias is None else linear.bias.detach()

    @property
    def weight(self) -> torch.Tensor:
        """The weights as they were, (out_features, in_features), for networks that look at them."""
        return self._packed.to_dense()

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Outputs (n, out_features) of inputs (n, in_features)."""
        return torch.ops.mkldnn._linear_pointwise(rows, self._packed, self.bias, "none", [], "")


class FastNorm(torch.nn.Module):
    """RMS norm of a few rows; a matrix product takes their mean squares in a quarter of the time of
    a reduction.
    """

    def __init__(self, weight: torch.Tensor, eps: float) -> None:
        super().__init__()
        self.weight = weight.detach()
        self.variance_epsilon = eps
        self.mean = torch.full((len(weight), 1), 1 / len(weight))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Normalised rows, (n, features) each."""
        return rows * torch.rsqrt((rows * rows) @ self.mean + self.variance_epsilon) * self.weight


def pack_linear_layers(network: torch.nn.Module) -> None:
    """Replace layers of a float32 network by faster ones that compute the same: packed linear
    layers, RMS norms by products.
    """
    packs = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    for module in list(network.modules()):
        for name, child in module.named_children():
            if packs and type(child) is torch.nn.Linear:  # its subclasses compute something else
                setattr(module, name, PackedLinear(child))
            elif type(child).__name__.endswith("RMSNorm") and hasattr(child, "variance_epsilon"):
                norm = FastNorm(child.weight, child.variance_epsilon)
                if _agrees(child, norm):
                    setattr(module, name, norm)


@torch.inference_mode()
def _agrees(norm: torch.nn.Module, fast: FastNorm) -> bool:
    """Whether a network's norm is the plain RMS norm that FastNorm computes."""
    rows = torch.linspace(-2, 3, 2 * len(fast.mean)).view(2, -1)
    try:
        return torch.allclose(norm(rows), fast(rows), rtol=1e-4, atol=1e-5)
    except (TypeError, RuntimeError):  # it takes more than rows
        return False
