# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verification that token trees agree with whole passes, and the choice of a network's way.

A sender's probabilities come from a pass over its text, a receiver's from a tree of hypotheses.
Where the two differ, a message is lost although the channel is clean. So both are compared when a
model is loaded, on a probe of random tokens:

    causal      tokens at the end do not change what comes before them; else it is an encoder
    steady      a longer text gives the same as a shorter one; else RoPE changes with the length
    agreement   trees below three prompts, with siblings and a node that is gone back to, differ
                from whole passes by at most TOLERANCE_BITS

The probe is longer than any window that the configuration names, as far as that is affordable; a
way is taken only up to a window or a change of RoPE that the probe does not reach. What was found
is kept by fingerprint, configuration and versions of the libraries.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from semcom_core.errors import ModelError
from semcom_core.models.cache import kept_result, result_file
from semcom_core.models.causal import CausalModel, PackedLinear
from semcom_core.models.int8.network import IntegerNetwork
from semcom_core.models.language import LanguageModel
from semcom_core.models.trees import WAYS, FloatNetwork, Way

#: Most bits by which log2-probabilities of a tree and of a whole pass may differ.
TOLERANCE_BITS = 0.001
#: Tokens of a probe: without a window, beyond a window, and the most.
_PLAIN = 48
_BEYOND = 24
_MOST = 512
#: Weights times tokens that a pass of the probe may cost, and the fewest tokens all the same.
_COST = 4e10
_FEWEST = 32
#: Weights times tokens up to which it is tried whether positions end.
_POSITIONS_COST = 6e11
#: Weights from which a check takes seconds, so that it says what it does: measured with a Llama of
#: 506 million, 5 s of one core in float32 and 1 s in int8.
_MANY_WEIGHTS = 3e8
#: Log2-probabilities below this count as this.
_LEAST_LOG2 = -100.0
#: Names under which configurations say how many positions there are.
_POSITIONS = ("max_position_embeddings", "n_positions", "max_seq_len", "context_length")
#: Names under which they say how far their attention sees: a window, or a chunk, of which a token
#: sees its own and, where the number is 2, the one before.
_WINDOWS = {
    "sliding_window": 1,
    "sliding_window_size": 1,
    "attention_window_size": 1,
    "local_attention_window_len": 1,
    "local_attention": 1,
    "keep_window_size": 1,
    "window_size": 1,
    "attention_chunk_size": 1,
    "local_attn_chunk_length": 2,
    "lsh_attn_chunk_length": 2,
    "block_size": 2,
    "index_topk": 1,
}


@dataclass(frozen=True)
class Verification:
    """What the check of a model found.

    Args:
        way: how it grows trees.
        tokens: of the probe.
        difference_bits: largest difference between a tree and a whole pass.
        limits: what the configuration names that depends on the length of a text, with its tokens.
    """

    way: Way
    tokens: int
    difference_bits: float
    limits: dict[str, int]

    def describe(self) -> str:
        """One line."""
        parts = [f"trees by {self.way.name!r}"]
        if self.way.span is not None:
            parts.append(f"up to {self.way.span} tokens, then a pass for each token")
        parts.append(
            f"tree against whole pass {self.difference_bits:.2g} bit over {self.tokens} tokens"
        )
        parts += [f"{name} {tokens}" for name, tokens in self.limits.items()]
        if self.way.positions is not None:
            parts.append(f"positions end at {self.way.positions}")
        return "; ".join(parts)


def verify_model(model: LanguageModel) -> Verification:
    """Check a loaded model anew.

    Raises:
        ModelError: as when it is loaded, or it has no network to check.
    """
    network = model.network if isinstance(model, CausalModel) else None
    if isinstance(network, IntegerNetwork):
        return verify_integer(model.name, network, "")
    if isinstance(network, FloatNetwork):
        return verify_float(model.name, network, model.vocabulary, "")
    raise ModelError(f"model {model.name!r} has no network to check; allowed is a loaded model")


def verify_integer(name: str, network: IntegerNetwork, key: str) -> Verification:
    """Check a network with integer weights, or find what was found before.

    Raises:
        ModelError: its tree differs from its whole pass by any bit.
    """
    known = _read(key)
    if known is None:
        tokens = _probe(len(network.weights.embedding), _PLAIN)
        known = Verification(Way("int8"), len(tokens), _difference(network, tokens), {})
        if known.difference_bits:
            raise ModelError(
                f"model {name!r} in int8 differs between whole texts and steps by "
                f"{known.difference_bits:.2g} bit; allowed is 0; use precision=float32"
            )
        _write(key, known)
    return known


def verify_float(name: str, network: FloatNetwork, vocabulary: int, key: str) -> Verification:
    """Check a float32 network and set the fastest way that is right, or take what was found before.

    Args:
        name: what to call it in an error.
        network: the network; its way is set.
        vocabulary: number of tokens.
        key: what the result is kept by; empty for a fresh check that is not kept.

    Raises:
        ModelError: it is no causal language model, or fails on the probe.
    """
    found = _read(key)
    if found is None:
        if key and _weights(network.network) >= _MANY_WEIGHTS:
            print(f"checking model {name!r} once, some seconds", file=sys.stderr)
        try:
            found = _choose(name, network, vocabulary)
        except ModelError:
            raise
        except Exception as error:  # a network may fail in any way
            reason = textwrap.shorten(f"{type(error).__name__}: {error}", 200, placeholder=" …")
            raise ModelError(
                f"model {name!r} cannot be used: its network ({_kind(network)}) fails on a text of "
                f"some tokens: {reason}"
            ) from error
        _write(key, found)
    network.way = found.way
    return found


def length_limits(config: Any) -> dict[str, int]:
    """What a configuration names that depends on the length of a text, and from how many tokens."""
    text = config.get_text_config()
    found = {}
    for name, chunks in _WINDOWS.items():
        value = getattr(text, name, None)
        if isinstance(value, int) and value > 0 and getattr(text, "use_sliding_window", True):
            found[name] = chunks * value
    rates = [rate for rate in (getattr(text, "compress_rates", None) or {}).values() if rate > 1]
    if rates:  # older tokens are seen in groups, of which index_topk are picked
        found["compress_rates"] = 2 * max(rates)
        found["index_topk"] = found.get("index_topk", 1) * min(rates)
    rope = getattr(text, "rope_parameters", None) or {}
    for part in [rope, *(part for part in rope.values() if isinstance(part, dict))]:
        kind = part.get("rope_type", "")
        longest = getattr(text, "max_position_embeddings", None)
        if kind == "longrope":
            longest = part.get("original_max_position_embeddings") or longest
        if kind in ("longrope", "dynamic") and longest:
            found[f"RoPE {kind}"] = int(longest)
    return found


def _choose(name: str, network: FloatNetwork, vocabulary: int) -> Verification:
    """Find the fastest way that is right."""
    config = network.network.config
    limits = length_limits(config)
    changes = [tokens for limit, tokens in limits.items() if limit.startswith("RoPE")]
    weights = _weights(network.network)
    base = Way(positions=_positions(network, weights), changing=bool(changes))
    network.way = base
    affordable = int(min(_MOST, max(_FEWEST, _COST / weights), base.positions or _MOST))
    wanted = max([_PLAIN, *(limit + _BEYOND for limit in limits.values() if limit < _MOST)])
    tokens = _probe(vocabulary, min(wanted, affordable), config)
    _check_causal(name, network, tokens)
    # what the probe does not reach, and where a longer text changes what comes before it
    ends = [limit - 1 for limit in changes]
    ends += [limit for limit in limits.values() if limit + _BEYOND > len(tokens)]
    ends += [base.positions] if base.positions is not None else []
    steady = tokens if not changes else tokens[: min(changes) - 1]
    if not _is_steady(network, steady):
        ends = [0]
    span = min(ends) if ends else None
    names = WAYS if config.model_type == "llama" else WAYS[1:]
    for way in names:
        if span == 0 and way != "passes":
            continue
        network.way = replace(
            base, name=way, span=_passes_span(span, changes, base) if way == "passes" else span
        )
        try:
            difference = _difference(network, tokens)
        except Exception:  # a way that a network does not take fails in any way
            if way == "passes":
                raise
            continue
        if difference <= TOLERANCE_BITS:
            return Verification(network.way, len(tokens), difference, limits)
    raise ModelError(
        f"model {name!r} ({_kind(network)}) does not give the same probabilities twice: they "
        f"differ by {difference:.2g} bit; allowed is {TOLERANCE_BITS} bit"
    )


def _passes_span(span: int | None, changes: list[int], base: Way) -> int | None:
    """Tokens up to which one whole pass stands for a pass of each token."""
    ends = [limit - 1 for limit in changes]
    ends += [base.positions] if base.positions is not None else []
    return 0 if span == 0 else min(ends) if ends else None


def _probe(vocabulary: int, count: int, config: Any = None) -> list[int]:
    """Random tokens, the same for each run, after the special ones that a configuration names: a
    prompt may be one of them, and some networks count no positions for padding.
    """
    text = None if config is None else config.get_text_config()
    named = [getattr(text, f"{name}_token_id", None) for name in ("pad", "bos", "eos")]
    special = [token for token in named if isinstance(token, int) and 0 <= token < vocabulary]
    random = np.random.default_rng(1).integers(0, vocabulary, count).tolist()
    return [*dict.fromkeys(special), *random][:count]


def _check_causal(name: str, network: FloatNetwork, tokens: list[int]) -> None:
    """Raise ModelError where a network is no causal language model."""
    other = [*tokens[:-4], *((token + 1) % max(tokens) for token in tokens[-4:])]
    one = network.whole(tokens, len(tokens))
    two = network.whole(other, len(tokens))
    if one.ndim != 2 or not np.isfinite(one.max(axis=-1)).all():
        raise ModelError(
            f"model {name!r} ({_kind(network)}) gives no probabilities of a next token; allowed is "
            "a causal language model with finite weights"
        )
    if _gap(one[:-4], two[:-4]) > TOLERANCE_BITS:
        raise ModelError(
            f"model {name!r} is no causal language model: in {_kind(network)} later tokens change "
            "the probabilities of earlier ones, as in an encoder"
        )


def _is_steady(network: FloatNetwork, tokens: list[int]) -> bool:
    """Whether a text and its beginning get the same probabilities."""
    half = len(tokens) // 2
    whole = network.whole(tokens, len(tokens))
    return _gap(network.whole(tokens[:half], half), whole[:half]) <= TOLERANCE_BITS


def _difference(network: FloatNetwork | IntegerNetwork, tokens: list[int]) -> float:
    """Largest difference between trees and whole passes over a probe, bits."""
    count = len(tokens)
    worst = 0.0
    for cut in sorted({1, count // 2, count - 6}):
        for row, expected in _pairs(network, tokens[:cut], tokens[cut : cut + 6]):
            worst = max(worst, _gap(row, expected))
    return worst


def _pairs(
    network: FloatNetwork | IntegerNetwork, prompt: list[int], tokens: list[int]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Log2-probabilities of a tree's nodes below a prompt, and of whole passes."""
    expected = network.log2_probs(prompt, tokens)
    tree = network.tree(prompt)
    root, row = tree.root()
    yield row, expected[0]
    siblings = [tokens[0], tokens[1], tokens[2]]
    nodes, rows = tree.extend([root] * 3, siblings)
    yield rows[0], expected[1]
    for token, row in zip(siblings[1:], rows[1:]):
        yield row, network.log2_probs(prompt, [token])[-1]
    (deeper,), rows = tree.extend([nodes[2]], [tokens[3]])
    yield rows[0], network.log2_probs(prompt, [siblings[2], tokens[3]])[-1]
    node = nodes[0]
    for index in range(1, len(tokens)):  # goes back to the first sibling
        pair, rows = tree.extend([node, deeper], [tokens[index], tokens[0]])
        node = pair[0]
        yield rows[0], expected[index + 1]


def _gap(one: np.ndarray, two: np.ndarray) -> float:
    """Largest difference of log2-probabilities; NaN counts as no end of a difference."""
    gap = np.abs(np.maximum(one, _LEAST_LOG2) - np.maximum(two, _LEAST_LOG2))
    return float(np.nan_to_num(gap, nan=np.inf).max())


def _positions(network: FloatNetwork, weights: int) -> int | None:
    """Tokens that a network takes at most; None where its positions do not end."""
    text = network.network.config.get_text_config()
    if getattr(text, "rope_parameters", None):
        return None
    named = [getattr(text, name, None) for name in _POSITIONS]
    most = next((value for value in named if isinstance(value, int) and value > 0), None)
    if most is None:
        return None
    embedding = network.network.get_input_embeddings()
    tables = [
        module.num_embeddings
        for module in network.network.modules()
        if isinstance(module, torch.nn.Embedding) and module is not embedding
    ]
    if any(most <= rows <= most + 8 for rows in tables):
        return most
    if weights * most > _POSITIONS_COST:
        return most
    try:
        network.whole([0] * (most + 1), 1)
    except (IndexError, RuntimeError, ValueError, AssertionError):
        return most
    return None


def _weights(network: torch.nn.Module) -> int:
    """Number of a network's weights, those of packed layers included."""
    packed = [module for module in network.modules() if isinstance(module, PackedLinear)]
    return sum(weight.numel() for weight in network.parameters()) + sum(
        module.in_features * module.out_features for module in packed
    )


def _kind(network: FloatNetwork) -> str:
    return str(network.network.config.model_type)


def _read(key: str) -> Verification | None:
    """A result that was kept; None where there is none that can be read."""
    try:
        found = kept_result(key)
        return None if found is None else Verification(**{**found, "way": Way(**found["way"])})
    except (TypeError, KeyError):
        return None


def _write(key: str, found: Verification) -> None:
    """Keep a result, whole or not at all; a folder that cannot be written keeps none."""
    if not key:
        return
    place = result_file(key)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=place.parent, suffix=".part", delete=False, encoding="utf-8"
        ) as file:
            json.dump(asdict(found), file)
        os.replace(file.name, place)
    except OSError:
        pass
