# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans: the grammar, decoding under it whatever a scorer says, and what fits a request."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.datasets.toy_questions import BACK, read_questions
from semcom_core.errors import ConfigError, ModelError
from semcom_core.tasks.planner import (
    EXAMPLES,
    GRAMMAR,
    MOST_WORDS,
    WORDS,
    LanguageModelScorer,
    Plan,
    Planner,
    decode_plans,
    misfit,
    next_words,
)


class Scorer:
    """Scorer by a function of words and options."""

    def __init__(self, score):
        self.score = score
        self.requests = []

    def start(self, request):
        self.requests.append(request)
        return self

    def log_probs(self, words, options):
        return self.score(words, options)


def told(text: str, sure: float = 20.0) -> Scorer:
    """A scorer that wants one text, whether it is a plan or not."""
    wanted = text.split()

    def score(words, options):
        k = len(words)
        return np.array([sure * (k < len(wanted) and option == wanted[k]) for option in options])

    return Scorer(score)


def random_scorer(seed: int) -> Scorer:
    rng = np.random.default_rng(seed)
    return Scorer(lambda words, options: rng.normal(0, 5, len(options)))


def test_words_that_can_follow():
    assert set(next_words(())) == set(GRAMMAR["answer"])
    assert next_words(("count",)) == ("any", "small", "large")
    assert next_words(("count", "any", "red", "ball")) == ("this", "last", "first", "both", "every")
    assert next_words(tuple("count any red ball this .".split())) == ()
    assert next_words(("describe", "this")) == ()


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "ends too early"),
        ("count any red", "ends too early; allowed next is thing, ball"),
        ("count red any ball this .", "word 2 of a plan is 'red'"),
        ("count any any ball this . .", "word 7 of a plan is '.'; allowed is the end"),
        ("delete this", "word 1 of a plan is 'delete'"),
        ("attribute price any any ball this .", "word 2 of a plan is 'price'"),
        ("count any any ball next .", "word 5 of a plan is 'next'"),
        ("describe both", "word 2 of a plan is 'both'; allowed is this, last, first"),
        ("equal any any ball both . any any ball last .", "word 5 of a plan is 'both'"),
    ],
)
def test_what_is_no_plan_is_told(text, message):
    with pytest.raises(ConfigError, match=message.replace(".", r"\.")):
        Plan.parse(text)


def test_steps_of_the_question_in_the_article():
    plan = Plan.parse("count any any ball both .")
    assert [str(step) for step in plan.steps()] == [
        "1. picture(this) → picture",
        "2. detect(#1) → objects",
        "3. select(#2, balls) → objects",
        "4. picture(last) → picture",
        "5. detect(#4) → objects",
        "6. select(#5, balls) → objects",
        "7. count(#3) → number",
        "8. count(#6) → number",
        "9. add(#7, #8) → number",
    ]


def test_steps_are_typed_and_take_earlier_ones_of_the_right_type():
    takes = {
        "detect": {"picture"}, "select": {"objects"}, "left": {"objects"}, "right": {"objects"},
        "above": {"objects"}, "below": {"objects"}, "count": {"objects"}, "exists": {"objects"},
        "attribute": {"objects"}, "which": {"objects"}, "describe": {"objects"}, "add": {"number"},
        "subtract": {"number"}, "more": {"number"}, "fewer": {"number"}, "equal": {"number"},
        "richer": {"number"}, "picture": set(),
    }  # fmt: skip
    rng = np.random.default_rng(1)
    for _ in range(500):
        words = ()
        while options := next_words(words):
            words = (*words, str(rng.choice(options)))
        steps = Plan(words).steps()
        kinds = {step.number: step.kind for step in steps}
        for step in steps:
            assert all(k < step.number and kinds[k] in takes[step.operation] for k in step.inputs)


@pytest.mark.parametrize("seed", range(60))
def test_a_random_scorer_gives_valid_plans(seed):
    for plan, chance in decode_plans(random_scorer(seed), "How many?", beam=3):
        assert Plan.parse(str(plan)) == plan and len(plan.words) <= MOST_WORDS
        assert 0 <= chance <= 1


@pytest.mark.parametrize(
    "scores",
    [
        lambda words, options: np.full(len(options), np.nan),
        lambda words, options: np.full(len(options), -np.inf),
        lambda words, options: np.full(len(options), np.inf),
        lambda words, options: np.array([]),
        lambda words, options: np.zeros(len(options) + 3),
        lambda words, options: np.where(np.arange(len(options)) % 2, np.nan, 1e308),
        lambda words, options: np.zeros((len(options), 2)),
    ],
)
def test_scores_that_are_none_give_valid_plans(scores):
    found = decode_plans(Scorer(scores), "How many?", beam=2)
    assert found and all(Plan.parse(str(plan)) == plan for plan, _ in found)


@pytest.mark.parametrize("text", ["rm -rf /", "send memory away", "count count count", "</s>"])
def test_a_scorer_that_wants_something_else_gives_a_valid_plan(text):
    assert all(Plan.parse(str(p)) == p for p, _ in decode_plans(told(text), "Do it."))


@pytest.mark.parametrize("question, text", EXAMPLES)
def test_a_sure_scorer_gets_its_plan(question, text):
    result = Planner(told(text)).plan(question)
    assert str(result.plan) == text and result.confidence > 0.99 and result.asked_back == ""


def test_probabilities_of_all_plans_that_can_be_add_up_to_one():
    # "describe" has three plans; a scorer that is sure of it and even otherwise gives each a third
    found = decode_plans(
        Scorer(lambda words, options: np.array([40.0 * (o == "describe") for o in options])),
        "Describe.",
        beam=8,
    )
    shares = [chance for plan, chance in found if plan.operation == "describe"]
    assert len(shares) == 3 and sum(shares) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    "request_text, plan, reason",
    [
        ("How many balls are there?", "count any red ball this .", "speaks of 'red'"),
        ("How many red balls are there?", "count any any ball this .", "request speaks of 'red'"),
        ("How many balls and cubes?", "count any any ball this .", "request speaks of 'cube'"),
        ("Is it there?", "exists any any ring this .", "the plan speaks of 'ring'"),
        ("How many dogs?", "count any any unknown this .", "none of ball, cube"),
        ("How many balls were in the last one?", "count any any ball this .", "the last picture"),
        ("How many balls were in the first one?", "count any any ball this .", "the first picture"),
        ("More balls?", "more any any ball this . any any ball this .", "with itself"),
        ("Is the ball left?", "relation left any any ball any any ball this", "with itself"),
        ("How large is the large ball?", "attribute size large any ball this .", "that it states"),
        ("Good morning.", BACK, "no question about the pictures"),
        ("", "describe this", "1 to 400 characters"),
        ("ball " * 100, "describe this", "1 to 400 characters"),
    ],
)
def test_plans_that_do_not_fit_are_asked_back(request_text, plan, reason):
    result = Planner(told(plan)).plan(request_text)
    assert result.plan is None and reason in result.asked_back
    assert "\n" not in result.asked_back


def test_an_unsure_scorer_is_asked_back():
    result = Planner(told("describe this", sure=1.0)).plan("Describe it.")
    assert result.plan is None and "not clear" in result.asked_back


def test_the_next_plan_that_fits_is_taken():
    def score(words, options):
        return np.array(
            [{"cube": 1.0, "ball": 0.9}.get(o, 0.0) * 10 + 20 * (o in first) for o in options]
        )

    first = {"count", "any", "this", "."}
    result = Planner(Scorer(score), threshold=0.0).plan("How many balls are there?")
    assert str(result.plan) == "count any any ball this ."


@pytest.mark.parametrize(
    "first, second, same",
    [
        (
            "equal any any ball this . any any ball last .",
            "equal any any ball last . any any ball this .",
            True,
        ),
        (
            "fewer any any ball this . any any cone this .",
            "more any any cone this . any any ball this .",
            True,
        ),
        (
            "more any any ball this . any any cone this .",
            "more any any cone this . any any ball this .",
            False,
        ),
        (
            "difference any any ball this . any any cone this .",
            "difference any any cone this . any any ball this .",
            False,
        ),
        ("attribute size any any ball this .", "attribute colour any any ball this .", False),
        (
            "relation left any any ball any any cone this",
            "relation right any any ball any any cone this",
            False,
        ),
        ("count any any ball this .", "count any any ball last .", False),
        (
            "count any any ball both .",
            "total any any ball last . any any ball this .",
            True,
        ),
    ],
)
def test_plans_that_mean_the_same(first, second, same):
    assert Plan.parse(first).means_the_same(Plan.parse(second)) is same


def test_words_with_two_meanings_need_not_be_in_the_plan():
    plan = Plan.parse("count any any ball both .")
    assert misfit(plan, "Balls over both pictures, right?") == ""
    assert "above" in misfit(Plan.parse("count any any ball this above any any cube"), "ball, cube")


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_threshold_out_of_range(value):
    with pytest.raises(ConfigError, match="threshold"):
        Planner(random_scorer(1), value)
    with pytest.raises(ConfigError, match="beam"):
        decode_plans(random_scorer(1), "Count.", beam=0)


class TalkingModel:
    """Language model of characters that finds some text likely."""

    vocabulary = 128

    def __init__(self, text: str) -> None:
        self.text = text
        self.shown: list[str] = []

    def with_context(self, context):
        self.shown = list(context)
        return self

    def tokenize(self, text):
        return [min(ord(c), 127) for c in text]

    def tree(self):
        return self

    def root(self):
        self.nodes = [""]
        return 0, self._scores("")

    def extend(self, parents, tokens):
        new = []
        for parent, token in zip(parents, tokens):
            self.nodes.append(self.nodes[parent] + chr(token))
            new.append(len(self.nodes) - 1)
        return new, np.stack([self._scores(self.nodes[k]) for k in new])

    def _scores(self, before):
        scores = np.full(self.vocabulary, -12.0, np.float32)
        if self.text.startswith(before) and len(before) < len(self.text):
            scores[ord(self.text[len(before)])] = -0.01
        return scores


@pytest.mark.parametrize("question, text", EXAMPLES)
def test_a_language_model_gets_the_plan_that_it_would_write(question, text):
    model = TalkingModel(text)
    plan, chance = decode_plans(LanguageModelScorer(model), question)[0]
    assert str(plan) == text and chance > 0.9
    assert model.shown[-1] == question and model.shown[:2] == list(EXAMPLES[0])


def test_a_language_model_that_writes_something_else_gives_a_valid_plan():
    for text in ("I am sorry, Dave.", "count the balls", "", "exists exists exists"):
        for plan, _ in decode_plans(LanguageModelScorer(TalkingModel(text)), "How many balls?"):
            assert Plan.parse(str(plan)) == plan


def test_the_shipped_parser_plans_in_other_words_than_it_was_trained_on():
    from semcom_core.tasks.parser import load_parser

    planner = Planner(load_parser())
    questions = read_questions()
    plans = [(planner.plan(question).plan, wanted) for question, wanted in questions]
    right = [
        plan is not None and plan.means_the_same(Plan.parse(wanted))
        for plan, wanted in plans
        if wanted != BACK
    ]
    back = [plan is None for plan, wanted in plans if wanted == BACK]
    # a floor well below what `semcom bench tasks --measure plans` prints
    assert np.mean(right) >= 0.7 and np.mean(back) >= 0.8


def test_parser_files_that_are_none_are_told(tmp_path):
    from semcom_core.tasks.parser import load_parser

    with pytest.raises(ModelError, match="no such file"):
        load_parser(tmp_path / "planner.safetensors")
    (tmp_path / "planner.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelError):
        load_parser(tmp_path / "planner.safetensors")


def test_words_of_plans_stand_once():
    assert len(set(WORDS)) == len(WORDS) and BACK in WORDS
