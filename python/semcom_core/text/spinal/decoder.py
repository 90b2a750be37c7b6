# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the spinal decoder weighs, and what it comes to.

What was received of one fragment: the symbols of its first transmission and of its increments, in
any subset.

Every round carries fresh symbols of the same tokens at a rate of its own, so a decoder adds up
their evidence:

    round r:   token i ends at symbol ceil(alpha_r * GRID * (units_1 + ... + units_i)), then the
    tail

Source: incremental redundancy (Hagenauer, Rate-compatible punctured convolutional codes, 1988),
here without a mother code: a spinal code has as many symbols as are asked for.

Compiled inner loops of the spinal decoder: how well each next token explains the received symbols.

`rounds` is what was received of a fragment as the fields of `rounds.Received`: bits, offsets,
rates, limits, words.

Sequential decoder of the token-spinal code: best-first search over a tree of tokens.

A hypothesis is scored by the Fano metric, log2 prior plus the evidence of its symbols, so
hypotheses of different lengths compare fairly, and 2^metric summed over the frontier is the total
evidence: the posterior of a complete hypothesis is 2^metric over that sum. Each step hands the
`beam` best hypotheses, wherever they are in the tree, to the language model at once; where the
channel was kind the search walks straight on, and where it was not it goes back.

Source: Fano, A heuristic discussion of probabilistic decoding, 1963; Jelinek, Fast sequential
decoding algorithm using a stack, 1969; here with a batch of nodes a step and a language model as
the source's tree.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numba
import numpy as np
import torch

from semcom_core.models.language import TokenTree
from semcom_core.text.language_model import TextPrior
from semcom_core.text.spinal.rate import AMBIGUITY, GRID, Budget, end_position
from semcom_core.text.spinal.symbols import SYMBOLS_PER_WORD, advance, first_word, path_evidence


@dataclass(slots=True)
class Hypothesis:
    """A sequence of source symbols that may be what was sent."""

    parent: Hypothesis | None
    symbol: int | None
    units: int
    metric: float
    spine: np.uint64
    depth: int
    node: int = -1

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
    """What the search found.

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


class Received(NamedTuple):
    """Rounds of a fragment, for the compiled loops.

    Args:
        bits: float32 (n, 2, 64), evidence of the symbols of all rounds one after another.
        offsets: int64 (rounds + 1,), where each round begins, and n.
        rates: int64 (rounds,), symbols a grid unit in 16-bit fixed point.
        limits: int64 (rounds,), symbols of each round without its tail.
        words: int64 (rounds,), first label word of each round.
    """

    bits: np.ndarray
    offsets: np.ndarray
    rates: np.ndarray
    limits: np.ndarray
    words: np.ndarray


def received(parts: Sequence[tuple[Budget, np.ndarray]]) -> Received:
    """Put rounds together.

    Args:
        parts: budget and evidence (symbols, 2, 64) of each round.
    """
    lengths = np.array([len(bits) for _, bits in parts], np.int64)
    return Received(
        np.concatenate([bits for _, bits in parts]),
        np.concatenate([[0], np.cumsum(lengths)]),
        np.array([budget.fixed_rate for budget, _ in parts], np.int64),
        lengths - np.array([budget.tail for budget, _ in parts], np.int64),
        np.array([first_word(budget.round) for budget, _ in parts], np.int64),
    )


#: Evidence against a token after which the rest of its symbols is not looked at, bits.
GIVE_UP_BITS = np.float32(14.0)
_ROUND_UP = 2**16 - 1


@numba.njit(inline="always")
def _end_position(units, fixed_rate):
    return (units * fixed_rate + _ROUND_UP) >> 16


@numba.njit(cache=True, nogil=True)
def _fits(units, rounds):
    """Whether a budget spent so far leaves room in every round."""
    _, _, rates, limits, _ = rounds
    for r in range(len(rates)):
        if _end_position(units, rates[r]) > limits[r]:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def span_evidence(spine, units, spent, rounds, least):
    """Evidence of the symbols between two budgets in all rounds, bits; less than `least` where it
    gave up on the way.
    """
    bits, offsets, rates, _, words = rounds
    fit = np.float32(0.0)
    for r in range(len(rates)):
        position = _end_position(units, rates[r])
        count = _end_position(spent, rates[r]) - position
        seen = 0
        while seen < count and fit >= least:
            step = min(count - seen, SYMBOLS_PER_WORD)
            fit += path_evidence(bits, spine, words[r], offsets[r] + position, seen, step)
            seen += step
    return fit


@numba.njit(cache=True, nogil=True)
def token_scores(prior, spine, units, rounds, delta):
    """Score of one hypothesis extended by every token: its log2-prior and the evidence of its
    symbols.

    A token whose symbols are clearly not there is given up early.

    Args:
        prior: float32 (alphabet,) log2-priors.
        spine, units: state of the hypothesis.
        delta: of the budget, grid units.

    Returns:
        float32 (alphabet,); -inf where the token's symbols would pass the end or are not there.
    """
    scores = np.full(len(prior), -np.inf, np.float32)
    for token in range(len(prior)):
        chance = prior[token]
        if chance == -np.inf:
            continue
        spent = units + np.int64(np.floor(-chance / GRID + 0.5)) + delta
        if not _fits(spent, rounds):
            continue
        fit = span_evidence(advance(spine, token), units, spent, rounds, -GIVE_UP_BITS)
        if fit >= -GIVE_UP_BITS:
            scores[token] = chance + fit
    return scores


@numba.njit(cache=True, nogil=True)
def token_children(prior, tokens, spine, units, rounds, delta):
    """Extensions of one hypothesis by each of `tokens` (int64); a surprisal near a grid boundary
    gives two.

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
        for rounded in range(max(low, 0), high + 1):
            spent = units + rounded + delta
            if not _fits(spent, rounds):
                continue
            found[m], budgets[m], spines[m] = token, spent, after
            gains[m] = prior[token] + span_evidence(after, units, spent, rounds, -np.inf)
            m += 1
    return found[:m], budgets[:m], spines[:m], gains[:m]


@numba.njit(cache=True, nogil=True)
def end_evidence(spine, units, rounds):
    """Evidence of all symbols from a budget to the end of every round, tail included, bits."""
    bits, offsets, rates, _, words = rounds
    fit = np.float32(0.0)
    for r in range(len(rates)):
        position = _end_position(units, rates[r])
        count = offsets[r + 1] - offsets[r] - position
        fit += path_evidence(bits, spine, words[r], offsets[r] + position, 0, count)
    return fit


#: Extensions of a hypothesis that join the frontier.
KEPT = 128
#: Hypotheses this much less probable than the best are not worth a place in its batch, bits.
SPAN_BITS = 12.0
#: With each step that gets no deeper the batch is doubled, up to this many times.
DOUBLINGS = 3


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    """Threads that score hypotheses, as many as torch uses; the compiled loops release the
    interpreter lock.
    """
    return ThreadPoolExecutor(max_workers=torch.get_num_threads())


class SequentialDecoder:
    """Best-first search for one fragment.

    Args:
        prior, tree: source alphabet and a fresh token tree of the language model.
        rounds: what was received of the fragment.
        delta: budget added to each token, grid units.
        start: spine before the first token.
    """

    def __init__(
        self, prior: TextPrior, tree: TokenTree, rounds: Received, delta: int, start: np.uint64
    ):
        self._prior = prior
        self._tree = tree
        self._rounds = tuple(rounds)
        self._delta = delta
        self._root = Hypothesis(None, None, 0, 0.0, start, 0)
        self._frontier: list[tuple[float, int, Hypothesis]] = []
        self._count = 0
        self._best_end: Hypothesis | None = None
        self._rivals = -math.inf

    def search(self, beam: int, expansions: int, confidence_bits: float) -> SearchResult:
        """Search until a complete hypothesis is `confidence_bits` more probable than all others
        together.

        Args:
            beam: hypotheses expanded in one step.
            expansions: most hypotheses to expand besides one step for each token of the longest.
        """
        self._root.node, probabilities = self._tree.root()
        self._grow([[self._root]], probabilities[None])
        expanded = 1
        deepest = 0
        stalled = 0
        while (
            self._frontier
            and expanded < expansions + beam * deepest
            and self._confidence() < confidence_bits
        ):
            batch = self._best(beam << min(stalled, DOUBLINGS))
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
        """Take the best hypotheses off the frontier, none of them far behind the first.

        Returns:
            at most `beam` continuations, as parent node and symbol, each with the hypotheses that
            are one text in other roundings.
        """
        least = -self._frontier[0][0] - SPAN_BITS
        batch: dict[tuple[int, int], list[Hypothesis]] = {}
        while self._frontier and len(batch) < beam and -self._frontier[0][0] >= least:
            hypothesis = heapq.heappop(self._frontier)[2]
            batch.setdefault((hypothesis.parent.node, hypothesis.symbol), []).append(hypothesis)
        return batch

    def _grow(self, batch: list[list[Hypothesis]], probabilities: np.ndarray) -> None:
        """Put the likely extensions on the frontier.

        Args:
            batch: hypotheses; each entry holds those of one text, which share a row of
                probabilities.
        """
        priors = [
            self._prior.apply(row, roundings[0].symbol)
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
                heapq.heappush(self._frontier, (-child.metric, self._count, child))
            self._try_end(hypothesis, float(prior[self._prior.end]))

    def _children(self, hypothesis: Hypothesis, prior: np.ndarray) -> list[Hypothesis]:
        """The most probable extensions of a hypothesis by one token."""
        state = (hypothesis.spine, hypothesis.units, self._rounds, self._delta)
        scores = token_scores(prior, *state)
        scores[self._prior.end] = -np.inf
        tokens = np.argpartition(scores, -KEPT)[-KEPT:]
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
            _, _, rates, limits, _ = self._rounds
            if not np.array_equal(end_position(units, rates), limits):
                continue
            spine = np.uint64(advance(hypothesis.spine, self._prior.end))
            metric = (
                hypothesis.metric
                + prior
                + float(end_evidence(spine, hypothesis.units, self._rounds))
            )
            self._complete(
                Hypothesis(hypothesis, self._prior.end, units, metric, spine, hypothesis.depth + 1)
            )

    def _complete(self, end: Hypothesis) -> None:
        """Keep the best complete hypothesis; another rounding of the same text is no rival."""
        best = self._best_end
        if best is None or end.metric > best.metric:
            self._best_end = end
            end = best
        if end is not None and end.symbols() != self._best_end.symbols():
            self._rivals = np.logaddexp2(self._rivals, end.metric)

    def _confidence(self) -> float:
        """Log2 of the odds of the best complete hypothesis against the rest of the frontier."""
        if self._best_end is None:
            return -math.inf
        rest = np.logaddexp2.reduce([-entry[0] for entry in self._frontier], initial=self._rivals)
        return self._best_end.metric - rest

    def _result(self, expanded: int) -> SearchResult:
        confidence = self._confidence()
        if self._best_end is not None:
            return SearchResult(self._best_end.symbols()[:-1], True, confidence, expanded)
        best = self._frontier[0][2] if self._frontier else self._root
        return SearchResult(best.symbols(), False, confidence, expanded)
