# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text source: numbering, file, window, end, and texts from a port."""

from __future__ import annotations

import time

import pmt
import pytest
from gnuradio import semcom
from gnuradio.semcom import notices, pdu

from semcom_core.errors import ConfigError


def resolved():
    return pdu.make_pdu({"state": "resolved"}, pdu.np.zeros(0, pdu.np.uint8))


def run(flowgraph, collect, source, count):
    out = collect(source, "out")
    flowgraph.start()
    return out.wait(count)


def test_texts_then_end(flowgraph, collect):
    source = semcom.text_source(texts=["one", "two"])
    messages = run(flowgraph, collect, source, 3)
    assert [pdu.read_text(m) for m in messages[:2]] == [
        ({"message_id": 0}, "one"),
        ({"message_id": 1}, "two"),
    ]
    assert pdu.is_end(messages[2])


def test_file_without_blank_lines(flowgraph, collect, tmp_path):
    (tmp_path / "texts.txt").write_text("eins\n\nzwei ü\n  \ndrei", encoding="utf-8")
    source = semcom.text_source(text_file=str(tmp_path / "texts.txt"))
    messages = run(flowgraph, collect, source, 4)
    assert [pdu.read_text(m)[1] for m in messages[:3]] == ["eins", "zwei ü", "drei"]


def test_numbers_wrap(flowgraph, collect):
    source = semcom.text_source(texts=["x"] * 300)
    messages = run(flowgraph, collect, source, 301)
    assert [pdu.read_text(m)[0]["message_id"] for m in messages[:300]] == [
        i % 256 for i in range(300)
    ]


def test_window_waits_for_feedback(flowgraph, collect, post):
    source = semcom.text_source(texts=["x"] * 5, window=2)
    out = collect(source, "out")
    flowgraph.start()
    assert len(out.wait(3, limit_s=0.5)) == 2
    post(source, "feedback", resolved())
    assert len(out.wait(4, limit_s=0.5)) == 3
    for _ in range(4):
        post(source, "feedback", resolved())
    assert len(out.wait(6)) == 6


def test_end_notice_ends_the_flowgraph(flowgraph, collect, post):
    source = semcom.text_source(texts=["x"])
    out = collect(source, "out")
    flowgraph.start()
    out.wait(2)
    post(source, "feedback", pdu.make_pdu({"state": "end"}, pdu.np.zeros(0, pdu.np.uint8)))
    flowgraph.wait()
    assert source.sent == 1


def test_typed_text(flowgraph, collect, post):
    source = semcom.text_source()
    out = collect(source, "out")
    flowgraph.start()
    post(source, "in", pmt.intern("typed"))
    post(source, "in", pmt.from_long(5))
    post(source, "in", pdu.text_pdu("sent"))
    assert [pdu.read_text(m)[1] for m in out.wait(2)] == ["typed", "sent"]
    assert source.refused == 1


def test_period_and_repeat(flowgraph, collect):
    source = semcom.text_source(texts=["a", "b"], period_s=0.05, repeat=True)
    begin = time.monotonic()
    messages = run(flowgraph, collect, source, 5)
    assert [pdu.read_text(m)[1] for m in messages[:5]] == ["a", "b", "a", "b", "a"]
    assert time.monotonic() - begin >= 4 * 0.05


def test_bad_arguments():
    with pytest.raises(ConfigError, match="/no/such/file"):
        semcom.text_source(text_file="/no/such/file")
    with pytest.raises(ConfigError, match="window"):
        semcom.text_source(window=256)
    with pytest.raises(ConfigError, match="period_s"):
        semcom.text_source(period_s=-1)


def test_states_are_documented():
    assert all(state in notices.__doc__ for state in notices.STATES)
