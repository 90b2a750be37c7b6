# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stories: what is read and generated, checked against a second account of their worlds."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import numpy as np
import pytest

from semcom_core.datasets.stories import (
    BABI_WORDING,
    OWN_WORDING,
    TASKS,
    UNKNOWN,
    Question,
    Statement,
    Story,
    add_unknown,
    generate_story,
    parse_story,
    read_stories,
    unknown_question,
)
from semcom_core.errors import ConfigError

STORY = [
    "1 Mary got the milk there.",
    "2 John moved to the bedroom.",
    "3 Is John in the kitchen? \tno\t2",
    "4 Mary travelled to the hallway.",
    "5 Where is the milk? \thallway\t1 4",
]
SECOND = [*STORY[:2], "3 Where is John?\tbedroom\t2"]


def replay(story: Story, wording) -> list[str]:
    """Answers by reading the statements as a person would, with no use of the answers."""
    found = []
    place: dict[str, str] = {}
    carried: dict[str, list[str]] = {name: [] for name in wording.names}
    lies: dict[str, str | None] = {}
    for line in story.lines:
        words = re.findall(r"\w+", line.text)
        items = [word for word in words if word in wording.objects]
        names = [word for word in words if word in wording.names]
        places = [word for word in words if word in wording.places]
        if isinstance(line, Question):
            found.append(_answer(story.task, names, items, places, (place, carried, lies)))
        elif places:
            place[names[0]] = places[0]
        elif any(f" {verb} " in line.text for verb in wording.takes):
            carried[names[0]].append(items[0])
            lies.pop(items[0], None)
        else:
            carried[names[0]].remove(items[0])
            if len(names) > 1:
                carried[names[1]].append(items[0])
            else:
                lies[items[0]] = place.get(names[0])
    return found


def _answer(task, names, items, places, world) -> str:
    place, carried, lies = world
    if task == 2:
        holder = [name for name, held in carried.items() if items[0] in held]
        return (place.get(holder[0]) if holder else lies.get(items[0])) or UNKNOWN
    name = names[0]
    if task in (1, 6):
        at = place.get(name)
        return UNKNOWN if at is None else at if task == 1 else "yes" if at == places[0] else "no"
    held = carried[name]
    return ["none", "one", "two", "three"][len(held)] if task == 7 else ",".join(held) or "nothing"


def test_lines_become_slots():
    assert parse_story(2, STORY) == Story(
        2,
        (
            Statement(0, "Mary got the milk there."),
            Statement(1, "John moved to the bedroom."),
            Question(2, "Is John in the kitchen?", "no", (1,)),
            Statement(2, "Mary travelled to the hallway."),
            Question(3, "Where is the milk?", "hallway", (0, 2)),
        ),
    )
    assert [line.slot for line in parse_story(2, STORY).statements] == [0, 1, 2]


@pytest.mark.parametrize(
    "row",
    [
        "Mary went.",
        "1",
        "1 Where is Mary?\tgarden",
        "2 Where is Mary?\tgarden\t7",
        "x Mary went.",
        "2 Where is Mary?\tgarden\tone",
    ],
)
def test_a_bad_line_is_named(row):
    with pytest.raises(ConfigError, match=re.escape(repr(row)) + "; allowed is NUMBER"):
        parse_story(1, ["1 Mary went to the garden.", row])


def test_file_is_split_by_whole_stories(tmp_path):
    path = tmp_path / "qa2_two.txt"
    own = [[*STORY[:3], f"4 {name} moved to the hallway."] for name in OWN_WORDING.names]
    path.write_text("\n".join(row for rows in (STORY, SECOND, *own) for row in rows), "utf-8")
    parts = {split: read_stories(tmp_path, 2, split) for split in ("train", "test", "all")}
    assert len(parts["all"]) == 8 == len(parts["train"]) + len(parts["test"])
    letters = re.sub("[^a-z]", "", "".join(STORY).lower())
    in_test = int(hashlib.sha256(letters.encode()).hexdigest()[:8], 16) % 10 == 0
    assert (parse_story(2, STORY) in parts["test"]) is in_test


def test_bad_arguments_are_named(tmp_path):
    with pytest.raises(ConfigError, match="allowed is a folder with qa1_"):
        read_stories(tmp_path, 1)
    with pytest.raises(ConfigError, match="task is 3"):
        read_stories(tmp_path, 3)
    with pytest.raises(ConfigError, match="split is 'half'"):
        read_stories(tmp_path, 1, "half")
    (tmp_path / "qa1_x.txt").write_bytes(b"1 \xff")
    with pytest.raises(ConfigError, match="allowed is UTF-8"):
        read_stories(tmp_path, 1)
    rng = np.random.default_rng(1)
    with pytest.raises(ConfigError, match="questions is 0"):
        generate_story(1, rng, questions=0)
    with pytest.raises(ConfigError, match="unknown is 2"):
        generate_story(1, rng, unknown=2)


@pytest.mark.parametrize("wording", [OWN_WORDING, BABI_WORDING])
@pytest.mark.parametrize("task", TASKS)
def test_generated_answers_follow_from_the_statements(task, wording):
    rng = np.random.default_rng(task)
    answers = []
    for _ in range(60):
        story = generate_story(task, rng, wording=wording)
        assert [line.slot for line in story.statements] == list(range(len(story.statements)))
        assert len(story.questions) == 5
        assert [question.answer for question in story.questions] == replay(story, wording)
        for question in story.questions:
            assert question.support and max(question.support) < question.slot
        answers += [question.answer for question in story.questions]
    assert len(set(answers)) >= (2 if task == 6 else 3)
    assert UNKNOWN not in answers


@pytest.mark.parametrize("task", TASKS)
def test_unknown_questions_are_about_what_no_statement_names(task):
    rng = np.random.default_rng(task)
    count = 0
    for _ in range(40):
        story = generate_story(task, rng, unknown=0.5)
        for question in story.questions:
            if question.answer == UNKNOWN:
                count += 1
                before = " ".join(s.text for s in story.statements if s.slot < question.slot)
                subject = next(w for w in OWN_WORDING.subjects if f" {w}" in question.text)
                assert not re.search(rf"\b{subject}\b", before) and question.support == ()
    assert 60 < count < 140


def test_unknown_questions_end_where_all_is_named():
    told = [f"{name} walked." for name in OWN_WORDING.names]
    rng = np.random.default_rng(1)
    assert unknown_question(1, told, rng) is None
    assert unknown_question(2, told, rng).answer == UNKNOWN
    story = Story(1, tuple(Statement(i, text) for i, text in enumerate(told)))
    assert add_unknown(story, rng) == story
    asked = add_unknown(story, rng, BABI_WORDING).lines[-1]
    assert (asked.slot, asked.answer) == (6, UNKNOWN)


def test_the_same_seed_gives_the_same_story():
    first, second = (generate_story(7, np.random.default_rng(5)) for _ in range(2))
    assert first == second != generate_story(7, np.random.default_rng(6))


@pytest.mark.skipif(
    "SEMCOM_DATA" not in os.environ, reason="SEMCOM_DATA does not name the data folder"
)
@pytest.mark.parametrize("task, test_stories", [(1, 229), (2, 210), (6, 212), (7, 198), (8, 221)])
def test_babi_is_read_as_it_is_meant(task, test_stories):
    folder = Path(os.environ["SEMCOM_DATA"])
    stories = read_stories(folder, task, "all")
    assert len(stories) == 2000
    right = [
        sorted(question.answer.split(",")) == sorted(answer.split(","))
        for story in stories
        for question, answer in zip(story.questions, replay(story, BABI_WORDING))
    ]
    assert len(right) == 10000 and all(right)
    print(task, len(read_stories(folder, task)))
