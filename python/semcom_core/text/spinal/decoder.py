# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sequential decoder of the token-spinal code: best-first search of the token tree, Fano metric.

A hypothesis t_1..t_k is scored by its log2-prior plus the information density of its symbols in
every round that was received,

    M(t_1..t_k) = sum_i ( log2 p(t_i | t_1..t_{i-1}) + sum over symbols of t_i: i(x; y) )

so that hypotheses of different lengths compare fairly. 2^M is the posterior times a constant, and
its sum over the frontier covers all that may have been sent: the posterior odds of a complete
hypothesis are 2^M over the sum of the rest, which is the decoder's check in place of a CRC.

Each step takes the `beam` best hypotheses off the stack, wherever they are in the tree, and hands
them to the language model at once; a search over a good channel walks straight on, one over a bad
channel goes back.

Rounds: an increment carries fresh symbols of the same tokens at a rate of its own, so the decoder
adds up densities over whatever rounds are there,

    round r:   token i ends at symbol ceil(alpha_r GRID (u_1 + ... + u_i)), then the tail

Source: metric: R. M. Fano, "A heuristic discussion of probabilistic decoding", IEEE Trans. Inf.
Theory 9, 1963, and its derivation as a posterior: J. L. Massey, "Variable-length codes and the Fano
metric", IEEE Trans. Inf. Theory 18, 1972; stack algorithm: F. Jelinek, "Fast sequential decoding
algorithm using a stack", IBM J. Res. Dev. 13, 1969, here with a batch of nodes a step and a
language model as the source's tree; increments: J. Hagenauer, "Rate-compatible punctured
convolutional codes", IEEE Trans. Commun. 36, 1988, here without a mother code: a spinal code has as
many symbols as are asked for.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numba
import numpy as np
import torch

from semcom_core.models.language import TokenTree
from semcom_core.text.language_model import TextPrior
from semcom_core.text.spinal.rate import AMBIGUITY, GRID, Budget, end_position
from semcom_core.text.spinal.symbols import (
    SYMBOLS_PER_WORD,
    advance,
    first_word,
    information_density,
    path_density,
)

#: Extensions of a hypothesis that join the stack.
MAX_CHILDREN = 128
#: Hypotheses this much less probable than the best are not worth a place in its batch, bits.
BATCH_SPAN_BITS = 12.0
#: With each step that gets no deeper the batch is doubled, up to this many times.
MAX_DOUBLINGS = 3
#: Density against a token from which on the rest of its symbols is not looked at, bits.
GIVE_UP_BITS = np.float32(14.0)


@dataclass(slots=True)
class Hypothesis:
    """A node of the token tree: source symbols that may be what was sent.

    Args:
        parent: the node before; None at the root.
        symbol: the source symbol that leads here from the parent; -1 at the root.
        units: budget spent so far, grid units.
        metric: Fano metric, bits.
        spine: spine after the symbol.
        depth: source symbols from the root.
        node: node of the language model's tree; -1 before it has one.
    """

    parent: Hypothesis | None
    symbol: int
    units: int
    metric: float
    spine: np.uint64
    depth: int
    node: int = -1

    @property
    def previous(self) -> int | None:
        """The source symbol that the next one follows; None at the root."""
        return None if self.parent is None else self.symbol

    def symbols(self) -> list[int]:
        """Source symbols from the first on."""
        found = []
        at = self
        while at.parent is not None:
            found.append(at.symbol)
            at = at.parent
        return found[::-1]


@dataclass(frozen=True)
class SearchResult:
    """Result of the search.

    Args:
        symbols: source symbols without the end, of the most probable hypothesis.
        complete: whether it ends where the message ends.
        confidence_bits: log2 of the posterior odds of a complete hypothesis against all others;
            -inf where none is.
        expanded: hypotheses that went through the language model.
    """

    symbols: list[int]
    complete: bool
    confidence_bits: float
    expanded: int


class Observation(NamedTuple):
    """Received symbols of a fragment in all rounds, as the compiled loops take them.

    Args:
        density: float32 (n, 2, 64), information density of the symbols of all rounds one after
            another, bits.
        offsets: int64 (rounds + 1,), where each round begins, and n.
        rates: int64 (rounds,), symbols a grid unit in 16-bit fixed point.
        limits: int64 (rounds,), symbols of each round without its tail.
        words: int64 (rounds,), first label word of each round.
    """

    density: np.ndarray
    offsets: np.ndarray
    rates: np.ndarray
    limits: np.ndarray
    words: np.ndarray


def observe(rounds: Sequence[tuple[Budget, np.ndarray, np.ndarray]]) -> Observation:
    """Information density of what was received of a fragment.

    Args:
        rounds: of each round its budget, its symbols, complex (n,), in the order of the code, and
            their noise variances, float (n,).
    """
    lengths = np.array([len(symbols) for _, symbols, _ in rounds], np.int64)
    budgets = [budget for budget, _, _ in rounds]
    return Observation(
        np.concatenate([information_density(symbols, noise) for _, symbols, noise in rounds]),
        np.concatenate([[0], np.cumsum(lengths)]),
        np.array([budget.fixed_rate for budget in budgets], np.int64),
        lengths - np.array([budget.tail for budget in budgets], np.int64),
        np.array([first_word(budget.round) for budget in budgets], np.int64),
    )


class SequentialDecoder:
    """Best-first search for one fragment (see the module).

    Args:
        prior, tree: source alphabet and a fresh token tree of the language model.
        observation: what was received of the fragment.
        delta: budget added to each token, grid units.
        start: spine before the first token.
    """

    def __init__(
        self,
        prior: TextPrior,
        tree: TokenTree,
        observation: Observation,
        delta: int,
        start: np.uint64,
    ) -> None:
        self._prior = prior
        self._tree = tree
        self._observed: _Observed = tuple(observation)
        self._delta = delta
        self._root = Hypothesis(None, -1, 0, 0.0, start, 0)
        # Jelinek's stack, ordered by metric: a heap of (-metric, serial number, hypothesis)
        self._stack: list[tuple[float, int, Hypothesis]] = []
        self._count = 0
        self._best_end: Hypothesis | None = None
        self._rivals = -math.inf

    def search(self, beam: int, expansions: int, confidence_bits: float) -> SearchResult:
        """Search until a complete hypothesis is `confidence_bits` more probable than all others
        together.

        Args:
            beam: hypotheses expanded in one step.
            expansions: most hypotheses to expand besides one step for each token of the longest.
            confidence_bits: log2 odds from which the search ends.
        """
        self._root.node, probabilities = self._tree.root()
        self._grow([[self._root]], probabilities[None])
        expanded = 1
        deepest = 0
        stalled = 0
        while (
            self._stack
            and expanded < expansions + beam * deepest
            and self._confidence() < confidence_bits
        ):
            batch = self._best(beam << min(stalled, MAX_DOUBLINGS))
            nodes, probabilities = self._tree.extend(
                [parent for parent, _ in batch],
                [self._prior.model_token(symbol) for _, symbol in batch],
            )
            for roundings, node in zip(batch.values(), nodes):
                for hypothesis in roundings:
                    hypothesis.node = node
            self._grow(list(batch.values()), probabilities)
            expanded += len(batch)
            depth = max(roundings[0].depth for roundings in batch.values())
            stalled = 0 if depth > deepest else stalled + 1
            deepest = max(deepest, depth)
        return self._result(expanded)

    def _best(self, beam: int) -> dict[tuple[int, int], list[Hypothesis]]:
        """Take the best hypotheses off the stack, none of them far behind the first.

        Returns:
            at most `beam` continuations, as parent node and symbol, each with the hypotheses that
            are one text in other roundings.
        """
        least = -self._stack[0][0] - BATCH_SPAN_BITS
        batch: dict[tuple[int, int], list[Hypothesis]] = {}
        while self._stack and len(batch) < beam and -self._stack[0][0] >= least:
            hypothesis = heapq.heappop(self._stack)[2]
            parent = hypothesis.parent
            assert parent is not None  # the root is never on the stack
            batch.setdefault((parent.node, hypothesis.symbol), []).append(hypothesis)
        return batch

    def _grow(self, batch: list[list[Hypothesis]], probabilities: np.ndarray) -> None:
        """Put the likely extensions on the stack.

        Args:
            batch: hypotheses; each entry holds those of one text, which share a row of
                probabilities.
        """
        priors = [
            self._prior.apply(row, roundings[0].previous)
            for roundings, row in zip(batch, probabilities)
        ]
        work = [
            (hypothesis, prior)
            for roundings, prior in zip(batch, priors)
            for hypothesis in roundings
        ]
        for (hypothesis, prior), children in zip(work, _threads().map(self._children, *zip(*work))):
            for child in children:
                self._count += 1
                heapq.heappush(self._stack, (-child.metric, self._count, child))
            self._try_end(hypothesis, float(prior[self._prior.end]))

    def _children(self, hypothesis: Hypothesis, prior: np.ndarray) -> list[Hypothesis]:
        """The most probable extensions of a hypothesis by one token."""
        state = (hypothesis.spine, hypothesis.units, self._observed, self._delta)
        scores = token_scores(prior, *state)
        scores[self._prior.end] = -np.inf
        tokens = np.argpartition(scores, -MAX_CHILDREN)[-MAX_CHILDREN:]
        found = token_children(prior, tokens[scores[tokens] > -np.inf], *state)
        return [
            Hypothesis(
                hypothesis,
                int(token),
                int(units),
                hypothesis.metric + float(gain),
                spine,
                hypothesis.depth + 1,
            )
            for token, units, spine, gain in zip(*found)
        ]

    def _try_end(self, hypothesis: Hypothesis, prior: float) -> None:
        """Complete the hypothesis if the end of the message, in one of its roundings, lands exactly
        on the last position of all rounds.
        """
        for grid in {math.floor((AMBIGUITY * sign - prior) / GRID + 0.5) for sign in (-1, 1)}:
            units = hypothesis.units + grid + self._delta
            _, _, rates, limits, _ = self._observed
            if [end_position(units, rate) for rate in rates.tolist()] != limits.tolist():
                continue
            spine = np.uint64(advance(hypothesis.spine, self._prior.end))
            metric = (
                hypothesis.metric
                + prior
                + float(end_density(spine, hypothesis.units, self._observed))
            )
            self._complete(
                Hypothesis(hypothesis, self._prior.end, units, metric, spine, hypothesis.depth + 1)
            )

    def _complete(self, end: Hypothesis) -> None:
        """Keep the best complete hypothesis; another rounding of the same text is no rival."""
        best = self._best_end
        if best is None:
            self._best_end = end
            return
        winner, loser = (end, best) if end.metric > best.metric else (best, end)
        self._best_end = winner
        if loser.symbols() != winner.symbols():
            self._rivals = np.logaddexp2(self._rivals, loser.metric)

    def _confidence(self) -> float:
        """Log2 of the odds of the best complete hypothesis against the rest of the stack."""
        if self._best_end is None:
            return -math.inf
        rest = np.logaddexp2.reduce([-entry[0] for entry in self._stack], initial=self._rivals)
        return self._best_end.metric - rest

    def _result(self, expanded: int) -> SearchResult:
        confidence = self._confidence()
        if self._best_end is not None:
            return SearchResult(self._best_end.symbols()[:-1], True, confidence, expanded)
        best = self._stack[0][2] if self._stack else self._root
        return SearchResult(best.symbols(), False, confidence, expanded)


# Compiled loops; they take the fields of an Observation as a plain tuple.

_Observed: TypeAlias = tuple[np.ndarray, ...]
_end_position = numba.njit(inline="always")(end_position)


@numba.njit(cache=True, nogil=True)
def token_scores(
    prior: np.ndarray, spine: np.uint64, units: int, observed: _Observed, delta: int
) -> np.ndarray:
    """Gain in metric of one hypothesis by every token: its log2-prior and the density of its
    symbols.

    A token whose symbols are clearly not there is given up early.

    Args:
        prior: float32 (alphabet,), log2-priors.
        spine: spine of the hypothesis.
        units: budget it has spent, grid units.
        observed: what was received.
        delta: budget added to each token, grid units.

    Returns:
        float32 (alphabet,); -inf where the token's symbols would pass the end or are not there.
    """
    scores = np.full(len(prior), -np.inf, np.float32)
    for token in range(len(prior)):
        log2_prob = prior[token]
        if log2_prob == -np.inf:
            continue
        spent = units + np.int64(np.floor(-log2_prob / GRID + 0.5)) + delta
        if not _fits(spent, observed):
            continue
        gain = span_density(advance(spine, token), units, spent, observed, -GIVE_UP_BITS)
        if gain >= -GIVE_UP_BITS:
            scores[token] = log2_prob + gain
    return scores


@numba.njit(cache=True, nogil=True)
def token_children(
    prior: np.ndarray,
    tokens: np.ndarray,
    spine: np.uint64,
    units: int,
    observed: _Observed,
    delta: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Extensions of one hypothesis by some tokens; a surprisal near a grid boundary gives two.

    Args:
        prior: float32 (alphabet,), log2-priors.
        tokens: int64 (n,), the tokens to extend by.
        spine, units, observed, delta: as token_scores takes them.

    Returns:
        tokens int64, units int64, spines uint64 and gains float32, all (m,).
    """
    size = 2 * len(tokens)
    found = np.empty(size, np.int64)
    budgets = np.empty(size, np.int64)
    spines = np.empty(size, np.uint64)
    gains = np.empty(size, np.float32)
    m = 0
    for token in tokens:
        cost = -prior[token] / GRID + 0.5
        low = np.int64(np.floor(cost - AMBIGUITY / GRID))
        high = np.int64(np.floor(cost + AMBIGUITY / GRID))
        after = advance(spine, token)
        for rounded in range(max(low, np.int64(0)), high + 1):
            spent = units + rounded + delta
            if not _fits(spent, observed):
                continue
            found[m] = token
            budgets[m] = spent
            spines[m] = after
            gains[m] = prior[token] + span_density(after, units, spent, observed, -np.inf)
            m += 1
    return found[:m], budgets[:m], spines[:m], gains[:m]


@numba.njit(cache=True, nogil=True)
def end_density(spine: np.uint64, units: int, observed: _Observed) -> np.float32:
    """Density of all symbols from a budget to the end of every round, tail included, bits.

    Args:
        spine: spine after the end of the message.
        units: budget spent before the end, grid units.
        observed: what was received.
    """
    density, offsets, rates, _, words = observed
    total = np.float32(0.0)
    for r in range(len(rates)):
        position = _end_position(units, rates[r])
        count = offsets[r + 1] - offsets[r] - position
        total += path_density(density, spine, words[r], offsets[r] + position, 0, count)
    return total


@numba.njit(cache=True, nogil=True)
def span_density(
    spine: np.uint64, units: int, spent: int, observed: _Observed, least: float
) -> np.float32:
    """Density of the symbols of one token in all rounds, bits.

    Args:
        spine: spine after the token.
        units: budget spent before it, grid units.
        spent: budget spent after it, grid units.
        observed: what was received.
        least: gives up where the sum falls below this, bits.
    """
    density, offsets, rates, _, words = observed
    total = np.float32(0.0)
    for r in range(len(rates)):
        position = _end_position(units, rates[r])
        count = _end_position(spent, rates[r]) - position
        seen = 0
        while seen < count and total >= least:
            step = min(count - seen, SYMBOLS_PER_WORD)
            total += path_density(density, spine, words[r], offsets[r] + position, seen, step)
            seen += step
    return total


@numba.njit(cache=True, nogil=True)
def _fits(units: int, observed: _Observed) -> bool:
    """Whether a budget spent so far leaves room in every round."""
    _, _, rates, limits, _ = observed
    for r in range(len(rates)):
        if _end_position(units, rates[r]) > limits[r]:
            return False
    return True


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    """Threads that score hypotheses, as many as torch uses; the compiled loops release the
    interpreter lock.
    """
    return ThreadPoolExecutor(max_workers=torch.get_num_threads())
