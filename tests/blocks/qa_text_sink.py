# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text sink: console, files, the message for a window, bad input."""

from __future__ import annotations

import json
import time

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
    texts = [pdu.text_pdu("one"), pdu.text_pdu("two", decoded=True), pdu.text_pdu("thr\nee", decoded=False)]
    out = show(flowgraph, collect, post, sink, texts)
    while sink.received < 3:
        time.sleep(0.01)
    flowgraph.stop()  # what follows soon is shown together, and the last of it in any case
    pair = out.wait(1)[-1]
    assert (pmt.symbol_to_string(pmt.car(pair)), pmt.symbol_to_string(pmt.cdr(pair))) == ("text", "two\n? thr ee")
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
    show(flowgraph, collect, post, sink, [pdu.text_pdu("ä\nb", message_id=3, decoded=False, snr_db=4.5)]).wait(1)
    (line,) = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {"text": "ä\nb", "message_id": 3, "decoded": False, "snr_db": 4.5}


def test_bad_messages_are_counted(flowgraph, collect, post):
    sink = semcom.text_sink(console=False)
    show(flowgraph, collect, post, sink, [pmt.from_long(2), pdu.end_pdu(), pdu.text_pdu("good")]).wait(1)
    assert (sink.received, sink.refused) == (1, 1)


def test_bad_arguments(tmp_path):
    with pytest.raises(ConfigError, match="lines"):
        semcom.text_sink(lines=0)
    with pytest.raises(ConfigError, match="nowhere"):
        semcom.text_sink(text_file=str(tmp_path / "nowhere" / "out.txt"))
