# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Distillation: what is left out, what never is, what the guard refuses."""

from __future__ import annotations

import pytest

from semcom_core.errors import ConfigError, FrameError
from semcom_core.text.distillation.cost import CostMeter as Meter
from semcom_core.text.distillation.distiller import DistillConfig, Distiller, load_distiller
from semcom_core.text.distillation.extractive import (
    Edit,
    apart,
    apply,
    first_draft,
    omissions,
    plainer,
)
from semcom_core.text.distillation.protected import altered, protected_items
from semcom_core.text.distillation.rewriter import Rewriter
from semcom_core.text.spinal.codec import SpinalCodec, SpinalConfig
from tests.core.text.talking_model import TalkingModel
from tests.core.text.toy_model import ToyModel
from tests.core.text.word_embedder import WordEmbedder

LONG = (
    "hello there, the committee will of course meet again on thursday at 6:45 in room 12, xq "
    "zzt, not in the big hall"
)


def make(mode="extractive", model=None, **settings):
    codec = SpinalCodec(SpinalConfig(), model or ToyModel())
    return Distiller(DistillConfig(mode=mode, **settings), codec, WordEmbedder())


def test_extractive_saves_bits_and_stays_close():
    found = make().distill(LONG)
    assert found.method == "extractive" and not found.fell_back
    assert found.bits_after < 0.95 * found.bits_before
    assert 0.85 <= found.similarity < 1
    assert found.text.split() == [word for word in found.text.split() if word.strip(".,") in LONG]
    assert altered(LONG, found.text) == ""


def test_a_lower_floor_saves_more():
    strict, loose = (make(least_similarity=least).distill(LONG) for least in (0.97, 0.7))
    assert strict.bits_after > loose.bits_after
    assert strict.similarity >= 0.97


@pytest.mark.parametrize(
    "text",
    [
        "i owe you 300 pounds and it is really so very nice of you to wait",
        "do not come to the meeting of the committee this time",
        "the code is 7 7 3 1 and nothing else will open the door for us",
        "please write to anna.k@example.org about the report of the house",
    ],
)
def test_nothing_makes_it_drop_a_protected_item(text):
    found = make(least_similarity=0.0, looks=1000).distill(text)
    assert found.text != text, "with no floor for the similarity all else goes"
    items = [item.text for item in protected_items(text)]
    assert [item for item in items if item in found.text.lower().split()] == items


@pytest.mark.parametrize(
    "answer, reason",
    [
        (
            "the committee will meet on thursday at 7 in room 12, not in the big hall",
            "'6:45' is lost",
        ),
        (
            "the committee will meet again on thursday at 6:54 in room 12, not in the big hall",
            "'6:45' is lost",
        ),
        (
            "the committee will meet again on thursday at 6:45 in room 12 in the big hall",
            "'not' is lost",
        ),
        ("again on thursday at 6:45 in room 12, not in the big hall of 1999", "'1999' is new"),
        ("", "nothing is left"),
        (LONG, "costs no fewer bits"),
    ],
)
def test_abstractive_that_alters_falls_back_and_says_so(answer, reason):
    found = make("abstractive", TalkingModel(answer)).distill(LONG)
    assert found.method == "extractive" and found.fell_back
    assert reason in found.reason
    assert found.text == make().distill(LONG).text


def test_abstractive_that_strays_falls_back():
    answer = "on thursday at 6:45 in room 12, not in the big"
    found = make("abstractive", TalkingModel(answer)).distill(LONG)
    assert found.fell_back and "similarity is 0." in found.reason


def test_abstractive_that_keeps_all_is_used():
    answer = "the committee will meet again on thursday at 6:45 in room 12, not in the big hall"
    found = make("abstractive", TalkingModel(answer)).distill(LONG)
    assert (found.method, found.text, found.fell_back) == ("abstractive", answer, False)
    assert 0 < found.reduction < 1


def test_canonical_only_writes_more_plainly():
    found = make("canonical", least_similarity=0.5).distill(
        "thank   you so much!!!  the report is sooooo good..."
    )
    assert found.text.split()[0] == "thank" and len(found.text.split()) == 9
    assert "!!" not in found.text and "ooo" not in found.text


def test_off_leaves_every_byte():
    text = "  two  spaces and 5\ttabs "
    found = make("off").distill(text)
    assert (found.text, found.method, found.reduction) == (text, "off", 0.0)


@pytest.mark.parametrize(
    "text", ["", "   ", "5", "not", "a", "\u0928\u092e\u0938\u094d\u0924\u0947"]
)
def test_short_and_foreign_texts_come_through(text):
    found = make().distill(text)
    assert found.text == text or found.bits_after < found.bits_before
    assert found.text.split() or not text.split()


def test_long_texts_are_sent_as_they_are():
    text = "word " * 30
    assert make(most_words=29).distill(text).text == text


def test_settings_are_checked():
    with pytest.raises(
        ConfigError, match="mode is 'brief'; allowed is one of abstractive, canonical"
    ):
        DistillConfig(mode="brief")
    with pytest.raises(ConfigError, match="least_similarity is 1.5"):
        DistillConfig(least_similarity=1.5)
    with pytest.raises(ConfigError, match="no setting 'lenght'"):
        load_distiller("off", SpinalCodec(SpinalConfig(), ToyModel()), lenght=3)
    with pytest.raises(FrameError, match="lone surrogate"):
        make().distill("\ud800")


def test_words_bits_add_up_to_the_text():
    meter = Meter(SpinalCodec(SpinalConfig(delta_bits=0.0), ToyModel()))
    words = "the committee will meet".split()
    end = 7.0
    assert meter.word_bits(words).sum() == pytest.approx(meter.bits(" ".join(words)) - end, abs=0.1)


def test_edits_leave_locked_words_and_move_the_closing_mark():
    draft = first_draft("Where will you meet Anna tomorrow or so?")
    spans = [draft.words[edit.first : edit.stop] for edit in omissions(draft)]
    assert ("or", "so?") in spans
    assert not any({"Anna", "tomorrow"} & set(span) for span in spans)
    assert apply(draft, [Edit(6, 8)]).text == "Where will you meet Anna tomorrow?"
    assert apply(draft, [Edit(0, 1), Edit(6, 8)]).text == "Will you meet Anna tomorrow?"
    assert apart([Edit(0, 1), Edit(1, 2), Edit(3, 5)], 5) == [Edit(0, 1), Edit(3, 5)]


def test_plainer_edits_keep_protected_words():
    edits = {edit.form for edit in plainer(first_draft("Pls call me at 10!!! sooooo gd"))}
    assert edits == {"Please", "10!", "soo", "good"}


def test_rewriter_stops_at_the_end_of_the_line_and_of_patience():
    assert Rewriter(TalkingModel("short\nand more")).shorten("a longer text than that") == "short"
    assert len(Rewriter(TalkingModel("x" * 5000)).shorten("abc")) == len("Shorten: abc") + 4
