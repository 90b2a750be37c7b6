# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text sink: console, files, the message for a window, bad input."""

from __future__ import annotations

import json
import time

import numpy as np
import pmt
import pytest
from gnuradio import semcom
from gnuradio.semcom import pdu

from semcom_core.errors import ConfigError


def show(flowgraph, collect, post, sink, messages):
    out = collect(sink, "out")
    flowgraph.start()
    for message in messages:
        post(sink, "in", message)
    return out


def test_console_and_lines_shown(flowgraph, collect, post, capsys):
    sink = semcom.text_sink(lines=2)
    texts = [
        pdu.text_pdu("one"),
        pdu.text_pdu("two", decoded=True),
        pdu.text_pdu("thr\nee", decoded=False),
    ]
    out = show(flowgraph, collect, post, sink, texts)
    while sink.received < 3:
        time.sleep(0.01)
    # What follows soon is shown together, and the last of it in any case.
    end, shown = time.monotonic() + 10, []
    while ("text", "two\n? thr ee") not in shown and time.monotonic() < end:
        time.sleep(0.01)
        shown = [
            (pmt.symbol_to_string(pmt.car(pair)), pmt.symbol_to_string(pmt.cdr(pair)))
            for pair in out.wait(0)
        ]
    assert shown[-1] == ("text", "two\n? thr ee")
    assert capsys.readouterr().out == "one\ntwo\n? thr\nee\n"


def test_text_file_is_written_at_once(flowgraph, collect, post, tmp_path, capsys):
    sink = semcom.text_sink(console=False, text_file=str(tmp_path / "out.txt"))
    show(flowgraph, collect, post, sink, [pdu.text_pdu("ä\nb"), pdu.text_pdu("c")])
    while sink.received < 2:
        time.sleep(0.01)
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == "ä b\nc\n"
    assert capsys.readouterr().out == ""


def test_json_lines(flowgraph, collect, post, tmp_path):
    sink = semcom.text_sink(console=False, text_file=str(tmp_path / "out.jsonl"), json_lines=True)
    show(
        flowgraph,
        collect,
        post,
        sink,
        [pdu.text_pdu("ä\nb", message_id=3, decoded=False, snr_db=4.5)],
    ).wait(1)
    (line,) = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {"text": "ä\nb", "message_id": 3, "decoded": False, "snr_db": 4.5}


def test_bad_messages_are_counted(flowgraph, collect, post):
    sink = semcom.text_sink(console=False)
    show(
        flowgraph, collect, post, sink, [pmt.from_long(2), pdu.end_pdu(), pdu.text_pdu("good")]
    ).wait(1)
    assert (sink.received, sink.refused) == (1, 1)


def test_bad_arguments(tmp_path):
    with pytest.raises(ConfigError, match="lines"):
        semcom.text_sink(lines=0)
    with pytest.raises(ConfigError, match="nowhere"):
        semcom.text_sink(text_file=str(tmp_path / "nowhere" / "out.txt"))


def test_what_comes_from_the_air_does_not_steer_the_terminal(
    flowgraph, collect, post, tmp_path, capsys
):
    sink = semcom.text_sink(text_file=str(tmp_path / "out.txt"))
    text = "\x1b]0;owned\x07\x1b[2J\r\0\x9b1m\u202e"
    pair = show(flowgraph, collect, post, sink, [pdu.text_pdu(text, decoded=False)]).wait(1)[0]
    shown = "? ␛]0;owned␇␛[2J␍␀<U+009B>1m<U+202E>"
    assert capsys.readouterr().out == shown + "\n"
    assert pmt.symbol_to_string(pmt.cdr(pair)) == shown
    assert "\x1b[2J" in (tmp_path / "out.txt").read_text(
        encoding="utf-8"
    )  # a file gets the text as it is


def test_another_file_and_a_second_run(flowgraph, collect, post, tmp_path):
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    sink = semcom.text_sink(console=False, text_file=str(first))
    out = collect(sink, "out")
    flowgraph.start()
    for count, (text, path) in enumerate((("a", first), ("b", second), ("c", second)), 1):
        if sink.text_file != str(path):
            sink.set_text_file(str(path))
        post(sink, "in", pdu.text_pdu(text))
        while sink.received < count:
            time.sleep(0.01)
        flowgraph.stop()
        flowgraph.wait()
        flowgraph.start()
    assert (first.read_text(), second.read_text()) == ("a\n", "b\nc\n")
    assert out.wait(1)


def test_json_has_null_for_what_is_no_number_and_no_arrays(flowgraph, collect, post, tmp_path):
    sink = semcom.text_sink(console=False, text_file=str(tmp_path / "out.jsonl"), json_lines=True)
    message = pdu.make_pdu(
        {"snr_db": float("nan"), "noise_var": np.ones(3, np.float32)}, np.frombuffer(b"x", np.uint8)
    )
    show(flowgraph, collect, post, sink, [message]).wait(1)
    assert json.loads((tmp_path / "out.jsonl").read_text()) == {"text": "x", "snr_db": None}
