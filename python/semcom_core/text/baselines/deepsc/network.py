# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network of the codec "deepsc": transformers from words to channel symbols and back.

    token -> embedding -> transformer -> 8 symbols -> power 1 -> channel -> look-up -> transformer
                                                                    |       ^             -> token
                                                                    +- noise variances

After DeepSC: semantic and channel coders of both ends learned together from cross entropy.
Different from it: the receiver decides on all words at once instead of one after the other; it is
told the noise variance of each symbol, so that one network serves all channels; and it looks every
received word up in the codebook of the vocabulary, by which words that training saw twice are told
apart as well as the frequent ones.

Axes: B messages, T tokens of a message, C cores of the vocabulary.

Source: H. Xie, Z. Qin, G. Y. Li, B.-H. Juang, "Deep learning enabled semantic communication
systems", IEEE Trans. Signal Processing 69, 2021; blocks: A. Vaswani et al., "Attention is all you
need", 2017, with the norm before each part; position bias: C. Raffel et al., T5, 2020.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from semcom_core.config import setting
from semcom_core.errors import check_range

#: Complex symbols of a token at the most.
TOKEN_SYMBOLS = 8
_AXES = 2 * TOKEN_SYMBOLS
#: Floor of a noise variance.
_LEAST_NOISE = 1e-3
#: Distances beyond this many tokens share a bias.
_REACH = 24


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of the network."""

    width: int = setting(128, "features of a token, 8 to 1024")
    heads: int = setting(8, "attention heads, 1 to 64")
    sender_blocks: int = setting(3, "transformer blocks of the sender, 1 to 24")
    look_blocks: int = setting(1, "transformer blocks before the look-up in the codebook, 1 to 24")
    receiver_blocks: int = setting(4, "transformer blocks after the look-up, 1 to 24")

    def __post_init__(self) -> None:
        check_range("width", self.width, 8, 1024)
        check_range("heads", self.heads, 1, 64)
        for name in ("sender_blocks", "look_blocks", "receiver_blocks"):
            check_range(name, getattr(self, name), 1, 24)


class Decisions(NamedTuple):
    """Soft decisions of the receiver on each token.

    Args:
        states: float (B, T, width), from which the form is read.
        cores: float (B, T, C), log-odds of each core.
        look: float (B, T, C), the same from the look-up alone.
    """

    states: Tensor
    cores: Tensor
    look: Tensor


class DeepscNetwork(nn.Module):
    """Both ends, which share the embeddings and the codebook.

    Args:
        config: shape of the network.
        cores, forms: sizes of the vocabulary.
        log2_frequency: of each core in the training texts, float (cores,).
    """

    def __init__(
        self, config: NetworkConfig, cores: int, forms: int, log2_frequency: Tensor | None = None
    ) -> None:
        super().__init__()
        self.cores = nn.Parameter(torch.randn(cores, config.width) * config.width**-0.5)
        self.forms = nn.Parameter(torch.randn(forms, config.width) * config.width**-0.5)
        self.code = nn.Linear(config.width, _AXES, bias=False)
        # codewords of power 1
        nn.init.orthogonal_(self.code.weight, gain=(TOKEN_SYMBOLS * config.width / _AXES) ** 0.5)
        frequency = torch.zeros(cores) if log2_frequency is None else log2_frequency
        self.register_buffer("log2_frequency", frequency)
        self.bias = nn.Parameter(frequency * torch.log(torch.tensor(2.0)))
        self.sender = DeepscEncoder(config)
        self.receiver = DeepscDecoder(config)
        self.form_norm = nn.LayerNorm(config.width)
        self.form_bias = nn.Parameter(torch.zeros(forms))

    def send(self, cores: Tensor, forms: Tensor, sent: Tensor, hidden: Tensor) -> Tensor:
        """Symbols of mean power 1 over each message.

        Args:
            cores, forms: of each token, int (B, T).
            hidden: see Block.
            sent: which of a token's symbols go on air, bool (B, T, 8).

        Returns:
            float (B, T, 16), see DeepscDecoder; 0 where not sent.
        """
        core = self.cores[cores]
        embedded = (core + self.forms[forms]) * core.shape[2] ** 0.5
        symbols = self.sender(embedded, self.code(core), hidden) * sent.repeat(1, 1, 2)
        power = symbols.square().sum((1, 2)) / sent.sum((1, 2))
        return symbols * power.clamp(min=1e-12).rsqrt()[:, None, None]

    def receive(
        self,
        symbols: Tensor,
        noise_var: Tensor,
        hidden: Tensor,
        rivals: tuple[Tensor, Tensor] | None = None,
    ) -> Decisions:
        """Decisions on all tokens.

        Args:
            symbols, noise_var, hidden: see DeepscDecoder.
            rivals: cores to choose from, int (C,), and what is added to their log-odds, float (C,);
                None for all cores.
        """
        embeddings = self.cores
        bias = self.bias
        if rivals is not None:
            embeddings = self.cores[rivals[0]]
            bias = self.bias[rivals[0]] + rivals[1]
        return self.receiver(symbols, noise_var, embeddings, self.code(embeddings), bias, hidden)

    def form_odds(self, states: Tensor, cores: Tensor) -> Tensor:
        """Log-odds of the forms, float (..., forms), once the cores are decided or known."""
        return self.form_norm(states + self.cores[cores]) @ self.forms.T + self.form_bias


class DeepscEncoder(nn.Module):
    """Tokens to channel symbols: a codeword of the core, scaled and moved by what stands around
    it.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.blocks = blocks(config.sender_blocks, config.width, config.heads)
        self.norm = nn.LayerNorm(config.width)
        self.gain = nn.Linear(config.width, 1)
        self.shift = nn.Linear(config.width, _AXES)

    def forward(self, embedded: Tensor, codewords: Tensor, hidden: Tensor) -> Tensor:
        """Symbols before the power is set, float (B, T, 16).

        Args:
            embedded: float (B, T, width), embeddings of the tokens.
            codewords: float (B, T, 16), of their cores.
            hidden: see Block.
        """
        around = self.norm(through(self.blocks, embedded, hidden))
        return codewords * torch.exp(torch.tanh(self.gain(around))) + self.shift(around)


class DeepscDecoder(nn.Module):
    """Noisy symbols to decisions."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.entry = nn.Linear(_AXES + TOKEN_SYMBOLS, config.width)
        self.look_blocks = blocks(config.look_blocks, config.width, config.heads)
        self.question = nn.Linear(config.width, _AXES + TOKEN_SYMBOLS)
        self.mismatch = nn.Parameter(torch.tensor(-3.0))
        self.blocks = blocks(config.receiver_blocks, config.width, config.heads)
        self.norm = nn.LayerNorm(config.width)

    def forward(
        self,
        symbols: Tensor,
        noise_var: Tensor,
        embeddings: Tensor,
        codebook: Tensor,
        bias: Tensor,
        hidden: Tensor,
    ) -> Decisions:
        """Decide on all tokens.

        Args:
            symbols: float (B, T, 16), the real parts of a token's symbols, then the imaginary
                parts; 0 where erased.
            noise_var: of each symbol, float (B, T, 8); inf where erased.
            embeddings, codebook, bias: of the cores to choose from, float (C, width), (C, 16),
                (C,).
            hidden: see Block.
        """
        trust = 1 / (1 + noise_var)
        states = self.entry(torch.cat([symbols * trust.repeat(1, 1, 2), trust], 2))
        states = through(self.look_blocks, states, hidden)
        sharp = 1 / (noise_var.clamp(min=_LEAST_NOISE) + nn.functional.softplus(self.mismatch))
        query = torch.cat([symbols * sharp.repeat(1, 1, 2), sharp], 2) + self.question(states)
        power = codebook[:, :TOKEN_SYMBOLS] ** 2 + codebook[:, TOKEN_SYMBOLS:] ** 2
        # half precision is too coarse for the likelihoods of a good channel
        with torch.autocast("cpu", enabled=False):
            look = query.float() @ torch.cat([2 * codebook, -power], 1).float().T + bias
        states = through(
            self.blocks, states + look.softmax(2) @ embeddings * embeddings.shape[1] ** 0.5, hidden
        )
        states = self.norm(states)
        return Decisions(states, states @ embeddings.T + look, look)


class Block(nn.Module):
    """Self-attention with a learned bias for each distance, then two dense layers.

    Args:
        width: features of a token.
        heads: attention heads; they divide the width.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention = nn.LayerNorm(width)
        self.before_dense = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.mixed = nn.Linear(width, width)
        self.wide = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)
        self.distance = nn.Parameter(torch.zeros(heads, 2 * _REACH + 1))

    def forward(self, states: Tensor, hidden: Tensor) -> Tensor:
        """New states.

        Args:
            states: float (B, T, width).
            hidden: 0 for tokens, -inf for padding, float (B, 1, 1, T).
        """
        states = states + self._attention(self.before_attention(states), hidden)
        return states + self.narrow(self.wide(self.before_dense(states)).relu())

    def _attention(self, states: Tensor, hidden: Tensor) -> Tensor:
        size, length, width = states.shape
        parts = (
            self.query_key_value(states)
            .view(size, length, 3, self.heads, -1)
            .permute(2, 0, 3, 1, 4)
        )
        query = parts[0]
        key = parts[1]
        value = parts[2]
        places = torch.arange(length, device=states.device)
        bias = self.distance[:, (places - places[:, None]).clamp(-_REACH, _REACH) + _REACH]
        weights = (query @ key.transpose(2, 3)) * (width // self.heads) ** -0.5 + bias + hidden
        return self.mixed((weights.softmax(3) @ value).transpose(1, 2).reshape(size, length, width))


def blocks(count: int, width: int, heads: int) -> nn.ModuleList:
    """Blocks in a row.

    Args:
        count: how many.
        width, heads: of each (see Block).
    """
    return nn.ModuleList(Block(width, heads) for _ in range(count))


def through(layers: nn.ModuleList, states: Tensor, hidden: Tensor) -> Tensor:
    """States after all blocks.

    Args:
        layers: of `blocks`.
        states, hidden: see Block.forward.
    """
    for layer in layers:
        states = layer(states, hidden)
    return states


def hidden_of(lengths: Tensor) -> Tensor:
    """Attention bias that hides padding, float (B, 1, 1, T), of the number of tokens of each
    message, int (B,).
    """
    places = torch.arange(int(lengths.max()))
    return torch.where(places < lengths[:, None], 0.0, float("-inf"))[:, None, None, :]
