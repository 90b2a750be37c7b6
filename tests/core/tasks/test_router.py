# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Router of requests: the right model on the right item, and one line where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.memory.store import MemoryStore
from semcom_core.tasks.answerer import Answer
from semcom_core.tasks.intention import Intention
from semcom_core.tasks.planner import Plan, PlanResult
from semcom_core.tasks.router import TaskPolicy, TaskRouter, named_toys, numbered_toys
from tests.core.tasks.toy_memory import PICTURES, KnowingDetector, toy_memory


class Understanding:
    """Intentions that are told."""

    def __init__(self, task, item="this", asked_back=""):
        self.found = Intention(task, item, 0.9, asked_back)

    def understand(self, request):
        return self.found


class Planning:
    """Plans that are told; None asks back."""

    def __init__(self, text=None):
        plan = None if text is None else Plan.parse(text)
        self.result = PlanResult(plan, 0.8, "" if plan else "no plan")

    def plan(self, request):
        return self.result


class Answering:
    """Answerer that answers by the number of messages, and labels by the first label."""

    def answer(self, question, messages):
        return Answer(f"{len(messages)} messages", 0.7, "test", 0.0)

    def classify(self, text, labels):
        return Answer(labels[0], 0.7, "test", 0.0)


def handled(task, item="this", request="Do it.", plan=None, memory=None, answerer=None, **policy):
    router = TaskRouter(
        Understanding(task, item), Planning(plan), KnowingDetector(), answerer, TaskPolicy(**policy)
    )
    return router.handle(request, toy_memory() if memory is None else memory)


def test_counting_over_two_pictures_shows_its_steps():
    plan = "count any any ball both ."
    found = handled("count", "both", "How many balls in both?", plan)
    assert (found.text, found.asked_back, found.keys) == ("5", "", (2, 1))
    assert found.steps[-1] == "9. add(#7, #8) → number = 5" and found.confidence == 0.8


@pytest.mark.parametrize(
    "item, text",
    [
        ("this", "one large blue ball, one large purple cone"),
        ("last", "one large red ball, one large white cylinder"),
        ("first", "one large green cube and one small yellow ring"),
        ("both", "one large red ball"),
    ],
)
def test_descriptions_of_each_item(item, text):
    assert handled("describe", item).text.startswith(text)


def test_items_by_content():
    request = "Describe the picture with the yellow ring."
    assert handled("describe", "content", request).keys == (0,)
    request = "Describe the picture with a cube and a cone."
    assert handled("describe", "content", request).keys == (2,)
    request = "Describe the picture with the black ring."
    assert (
        "no picture in the memory shows this" in handled("describe", "content", request).asked_back
    )
    assert "names no toy" in handled("describe", "content", "Describe that one.").asked_back


def test_classes_of_pictures():
    assert handled("classify", "this").text == "toy scene, mostly balls"
    empty = toy_memory(pictures=((),))
    router = TaskRouter(Understanding("classify"), Planning(), KnowingDetector(((),)))
    assert router.handle("What is it?", empty).text == "empty scene"


def test_pictures_are_given_back_as_they_are_kept():
    found = handled("reconstruct", "first")
    assert found.pixels.shape == (16, 16, 3) and (found.pixels == 0).all()
    both = handled("reconstruct", "both")
    assert both.pixels.shape == (16, 32, 3) and (both.pixels[:, 16:] == 2).all()


def test_texts_are_described_given_back_labelled_and_answered_from():
    memory = toy_memory(texts=("Mary went to the kitchen.", "The pump is broken."))
    assert handled("describe", "this", "Sum up the message.", memory=memory).text == (
        "The pump is broken."
    )
    found = handled("reconstruct", "content", "Repeat the message about Mary.", memory=memory)
    assert (found.text, found.pixels) == ("Mary went to the kitchen.", None)
    labelled = handled("classify", "last", "Sort the message.", memory=memory, answerer=Answering())
    assert labelled.text == "question"
    assert "labels messages" in handled("classify", "last", "the message", memory=memory).asked_back
    answered = handled("answer", "content", "Where is Mary?", memory=memory, answerer=Answering())
    assert (answered.text, answered.confidence, answered.keys) == ("2 messages", 0.7, (3, 4))
    assert "no message" in (
        handled("describe", "content", "The message on zebras.", memory=memory).asked_back
    )


def test_questions_about_toys_go_to_the_planner_even_where_there_are_texts():
    memory = toy_memory(texts=("Mary went to the kitchen.",))
    plan = "attribute colour any any cone this ."
    found = handled("answer", "this", "What colour is the cone?", plan, memory, Answering())
    assert found.text == "purple"


@pytest.mark.parametrize(
    "task, item, count, reason",
    [
        ("describe", "this", 0, "no picture has been received"),
        ("describe", "last", 1, "no picture before this one"),
        ("reconstruct", "both", 1, "no picture before this one"),
        ("classify", "first", 0, "no picture has been received"),
    ],
)
def test_missing_items_are_told_in_one_line(task, item, count, reason):
    memory = toy_memory(PICTURES[:count]) if count else MemoryStore()
    found = handled(task, item, memory=memory)
    assert reason in found.asked_back and "\n" not in found.asked_back and found.text == ""


def test_missing_messages_are_told():
    found = handled("describe", "this", "Sum up the message.")
    assert found.asked_back == "there is no such message in the memory"


def test_a_plan_over_missing_pictures_is_told():
    memory = toy_memory(PICTURES[:1])
    found = handled("count", "both", "Balls in both?", "count any any ball both .", memory)
    assert found.text == "" and "no picture before this one" in found.asked_back
    assert found.steps[-1].endswith("= none")


def test_what_is_not_understood_is_asked_back():
    router = TaskRouter(Understanding("none", "none", "fits none"), Planning(), KnowingDetector())
    assert router.handle("Blue ideas sleep.", toy_memory()).asked_back == "fits none"
    assert handled("count", request="How many dogs?").asked_back == "no plan"


def test_tasks_that_are_not_allowed_are_refused():
    found = handled("reconstruct", "this", tasks="count,answer")
    assert found.pixels is None and "'reconstruct' is not allowed here" in found.asked_back
    assert handled("describe", "this", tasks="describe").text


@pytest.mark.parametrize(
    "settings", [{"tasks": "count,fly"}, {"tasks": ""}, {"most_pictures": 0}, {"most_messages": 0}]
)
def test_policies_that_are_none_are_told(settings):
    with pytest.raises(ConfigError, match="allowed is"):
        TaskPolicy(**settings)


def test_only_the_newest_pictures_are_looked_at():
    plan = "which any green thing"
    assert handled("answer", "content", "green?", plan).text == "picture 1 of 3 and this picture"
    assert handled("answer", "content", "green?", plan, most_pictures=2).text == "this picture"


def test_generation_draws_what_is_named():
    found = handled("generate", "none", "Draw two small red balls and a large blue cube.")
    assert found.text == "two small red balls and one large blue cube"
    assert found.pixels.shape == (128, 128, 3) and found.pixels.dtype == np.uint8
    again = handled("generate", "first", "Make a new one like the first.")
    assert again.text == "one large green cube and one small yellow ring" and again.keys == (0,)
    assert "none is named" in handled("generate", "none", "Draw a horse.").asked_back
    assert "allowed is 1 to 9" in handled("generate", "none", "Draw 9 balls, 9 cubes.").asked_back


def test_a_picture_is_looked_at_once_and_the_memory_is_only_read():
    detector = KnowingDetector()
    router = TaskRouter(Understanding("describe", "both"), Planning(), detector)
    memory = toy_memory()
    before = memory.items
    for _ in range(3):
        router.handle("Describe both.", memory)
    assert detector.looked == 2 and memory.items == before


def test_the_order_is_that_of_the_slots():
    memory = MemoryStore(items=reversed(toy_memory().items))
    assert handled("describe", "first", memory=memory).keys == (0,)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("two small red balls", [(2, ("small", "red", "ball"))]),
        ("a big cube, 3 cones", [(1, ("large", "any", "cube")), (3, ("any", "any", "cone"))]),
        ("rings", [(1, ("any", "any", "ring"))]),
        ("a horse", []),
    ],
)
def test_toys_that_a_request_names(text, expected):
    assert numbered_toys(text) == expected


def test_a_colour_alone_names_any_shape():
    assert named_toys("the one with the green thing") == [("any", "green", "thing")]
    assert named_toys("that") == []
