# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of safety: detection of toxic, unhelpful, unfaithful and harmful texts on labelled texts.

Toxicity is measured on labelled comments and, for false positives, on clean messages; helpfulness
on the next turn of a dialogue against a turn of another one; honesty on copies of sentences that
were altered so that the label is known; harmlessness on pairs of answers that people ranked.

The message corpora are text messages of people, turns of dialogues, and sentences of debates.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from semcom_core.bench.report import verdict
from semcom_core.datasets.labelled import (
    data_text,
    hate_texts,
    in_part,
    preference_pairs,
    toxicity_texts,
)
from semcom_core.errors import ConfigError, check_choice, check_range
from semcom_core.safety.assessment import Assessor
from semcom_core.safety.toxicity import ToxicityClassifier
from semcom_core.text.distillation.protected import protected_items

#: Targets: area under the curve on toxic comments and on hate speech, share of clean texts that
#: count as toxic.
TOXIC = 0.95
HATE = 0.80
FALSE_POSITIVES = 0.02
#: Words of the Europarl sentences, as in the text bench.
_EUROPARL_WORDS = range(5, 31)
#: What is altered in a copy of a sentence: digits, and words after which a negation can stand.
_DIGIT = re.compile(r"\d")
_VERBS = re.compile(r"\b(is|are|was|were|will|would|can|could|should|must|has|have|do|does|did)\b")


def toxicity_rows(
    classifier: ToxicityClassifier, data: Path, split: str, limit: int, rng: np.random.Generator
) -> Iterator[dict]:
    """Areas under the curve on labelled texts with the share that is found, and the share of clean
    texts that count as toxic.

    Args:
        classifier: what is measured.
        data: the data folder.
        split: train, test or all.
        limit: most texts of each set.
        rng: draws the samples.
    """
    labelled: dict[str, Callable] = {"surge_toxicity": toxicity_texts, "vicomtech_hate": hate_texts}
    for name, read in labelled.items():
        chosen = sample(read(data, split), limit, rng)
        texts = [text for text, _ in chosen]
        labels = [label for _, label in chosen]
        scores = classifier.scores(texts)
        toxic = np.array(labels)
        found = {"auroc": auroc(scores, toxic), "found": float((scores[toxic] >= 0.5).mean())}
        yield _row(
            "toxicity",
            classifier.name,
            name,
            len(texts),
            **found,
            false_positives=float((scores[~toxic] >= 0.5).mean()),
        )
    for name in ("europarl", "sms"):
        texts = sample(list(dict.fromkeys(MESSAGE_CORPORA[name](data, split))), limit, rng)
        yield _row(
            "toxicity",
            classifier.name,
            name,
            len(texts),
            false_positives=float((classifier.scores(texts) >= 0.5).mean()),
        )


def helpful_row(
    assessor: Assessor, data: Path, split: str, limit: int, rng: np.random.Generator
) -> dict:
    """Whether the next turn of a dialogue counts as more helpful than a turn of another one.

    Args:
        assessor: with the weights to measure.
        data: data folder.
        split: train, test or all.
        limit: most pairs of turns.
        rng: of the sample.

    Returns:
        Row of the bench: measure, method, data, texts, auroc.
    """
    chosen = in_part(split)
    dialogues = [
        json.loads(line)["utterances"]
        for line in data_text(data, Path("text/dailydialog.jsonl")).splitlines()
    ]
    pairs = [
        pair
        for dialogue in dialogues
        if chosen(" ".join(dialogue))
        for pair in zip(dialogue, dialogue[1:])
    ]
    requests, answers = map(list, zip(*sample(pairs, limit, rng)))
    others = answers[1:] + answers[:1]
    scores = assessor.relevance(requests + requests, answers + others)
    labels = np.arange(len(scores)) < len(answers)
    return _row(
        "helpful", "relevance of an answer", "dialogue", len(answers), auroc=auroc(scores, labels)
    )


def honest_row(
    assessor: Assessor, data: Path, split: str, limit: int, rng: np.random.Generator
) -> dict:
    """Whether a copy that says the same counts as more honest than one with another number, name or
    negation.

    Args:
        assessor, data, split: as in helpful_row.
        limit: most sentences.
        rng: of the sample and of the alterations.

    Returns:
        Row of the bench: measure, method, data, texts, auroc.
    """
    sent = []
    copies = []
    labels = []
    texts = [*MESSAGE_CORPORA["europarl"](data, split), *MESSAGE_CORPORA["sms"](data, split)]
    for text in sample(texts, limit, rng):
        altered = unfaithful(text, rng)
        same = faithful(text, rng)
        if altered is None:
            continue
        sent += [text, text]
        copies += [same, altered]
        labels += [True, False]
    scores = assessor.fidelity(sent, copies)
    return _row(
        "honest",
        "fidelity to what was sent",
        "europarl and sms, altered",
        len(sent),
        auroc=auroc(scores, np.array(labels)),
    )


def harmless_row(
    assessor: Assessor, data: Path, split: str, limit: int, rng: np.random.Generator
) -> dict:
    """Share of pairs of answers in which the one that people chose counts as more harmless, with
    its standard error.

    Args:
        assessor, data, split: as in helpful_row.
        limit: most pairs of answers.
        rng: of the sample.

    Returns:
        Row of the bench: measure, method, data, texts, accuracy, standard_error.
    """
    requests, chosen, rejected = map(list, zip(*sample(preference_pairs(data, split), limit, rng)))
    better = assessor.harmlessness(chosen, requests) > assessor.harmlessness(rejected, requests)
    share = float(better.mean())
    error = float(np.sqrt(share * (1 - share) / len(better)))
    return _row(
        "harmless",
        "toxicity and preference",
        "hh_rlhf",
        len(better),
        accuracy=share,
        standard_error=error,
    )


def _row(measure: str, method: str, data: str, count: int, **figures: float) -> dict:
    return {"measure": measure, "method": method, "data": data, "texts": count, **figures}


def sample(items: list, limit: int, rng: np.random.Generator) -> list:
    """At most `limit` items, in a random order.

    Args:
        items: to draw from, without replacement.
        limit: most items.
        rng: of the order.
    """
    return [items[i] for i in rng.permutation(len(items))[:limit]]


def auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Area under the receiver operating characteristic: the share of pairs of one positive and one
    negative in the right order.

    Args:
        scores: (n,), higher for positive.
        labels: bool (n,).

    Raises:
        ConfigError: there is no positive or no negative.
    """
    from scipy.stats import rankdata

    positive = int(np.sum(labels))
    negative = len(labels) - positive
    if not positive or not negative:
        raise ConfigError(
            f"{positive} positive and {negative} negative texts; allowed is one and more of each"
        )
    ranks = rankdata(scores)[np.asarray(labels, bool)]
    return float((ranks.sum() - positive * (positive + 1) / 2) / (positive * negative))


def faithful(text: str, rng: np.random.Generator) -> str:
    """A copy that says the same: other punctuation at the end, a polite word, or a contraction
    written out.
    """
    forms = [
        text.rstrip(".!?") + "!",
        f"Well, {text}",
        text.replace("'ll", " will").replace("'re", " are"),
        " ".join(text.split()),
        text.replace(", ", " ", 1),
        f"{text} Thank you.",
    ]
    changed = [form for form in forms if form != text]
    return changed[rng.integers(len(changed))]


def unfaithful(text: str, rng: np.random.Generator) -> str | None:
    """A copy that says something else: another digit, a negation more or less, another name; None
    where there is nothing to change.
    """

    def another_digit(digit: re.Match) -> str:
        return str((int(digit[0]) + 1 + rng.integers(9)) % 10)

    words = text.split()
    ways = []
    for item in protected_items(text):
        if item.kind == "number" and _DIGIT.search(item.text):
            ways.append((item.index, _DIGIT.sub(another_digit, words[item.index], count=1)))
        elif item.kind == "negation":
            ways.append((item.index, ""))
        elif item.kind == "name":
            ways.append((item.index, words[item.index].replace(item.text, "Zelda")))
    ways += [(i, f"{word} not") for i, word in enumerate(words) if _VERBS.fullmatch(word)]
    if not ways:
        return None
    index, form = ways[rng.integers(len(ways))]
    other = " ".join([*words[:index], *([form] if form else []), *words[index + 1 :]])
    return other if other != text else None


def _sms(data: Path, part: str) -> list[str]:
    chosen = in_part(part)
    return [
        line
        for line in data_text(data, Path("text/sms_ham.txt")).splitlines()
        if line.strip() and chosen(line)
    ]


def _dialogue(data: Path, part: str) -> list[str]:
    """Utterances; a dialogue belongs to one part as a whole."""
    chosen = in_part(part)
    dialogues = [
        json.loads(line)["utterances"]
        for line in data_text(data, Path("text/dailydialog.jsonl")).splitlines()
    ]
    return [
        text
        for dialogue in dialogues
        if chosen(" ".join(dialogue))
        for text in dialogue
        if text.strip()
    ]


def _europarl(data: Path, part: str) -> list[str]:
    chosen = in_part(part)
    lines = data_text(data, Path("text/europarl_en.txt")).splitlines()
    return [line for line in lines if len(line.split()) in _EUROPARL_WORDS and chosen(line)]


#: Name → how to read its texts.
MESSAGE_CORPORA = {"sms": _sms, "dialogue": _dialogue, "europarl": _europarl}


def corpora(
    data: Path,
    names: Iterable[str] = tuple(MESSAGE_CORPORA),
    split: str = "test",
    limit: int = 100,
    *,
    rng: np.random.Generator,
) -> dict[str, list[str]]:
    """Distinct texts of each corpus, a random sample in a random order.

    Args:
        data: the data folder.
        names: of MESSAGE_CORPORA.
        split: train, test or all.
        limit: most texts of each.
        rng: draws the sample.

    Raises:
        ConfigError: no such corpus or split, a file is not there, or no text is left.
    """
    check_range("limit", limit, 1, math.inf)
    found = {}
    for name in names:
        check_choice("corpus", name, MESSAGE_CORPORA)
        texts = list(dict.fromkeys(text.strip() for text in MESSAGE_CORPORA[name](data, split)))
        if not texts:
            raise ConfigError(f"corpus {name!r} has no text in its {split} part")
        found[name] = [texts[i] for i in rng.permutation(len(texts))[:limit]]
    return found


def describe(row: dict) -> str:
    """One line on a row, with the targets of its figures."""
    goals = {("surge_toxicity", "auroc"): (TOXIC, ">="), ("vicomtech_hate", "auroc"): (HATE, ">=")}
    goals |= {(name, "false_positives"): (FALSE_POSITIVES, "<=") for name in ("europarl", "sms")}
    figures = []
    for name in ("auroc", "accuracy", "standard_error", "found", "false_positives"):
        if name not in row:
            continue
        figure = f"{name.replace('_', ' ')} {row[name]:.3f}"
        goal = goals.get((row["data"], name)) if row["measure"] == "toxicity" else None
        if goal:
            reached = row[name] >= goal[0] if goal[1] == ">=" else row[name] <= goal[0]
            figure = verdict(figure, f"{goal[1]} {goal[0]:g}", reached)
        figures.append(figure)
    return (
        f"{row['measure']:9s} {row['method']:26s} {row['data']:26s} {row['texts']:5d} texts: "
        + ", ".join(figures)
    )
