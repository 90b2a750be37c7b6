# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image sink: files, report, the line for a window, what is no picture, folders that cannot be
written.
"""

from __future__ import annotations

import json

import numpy as np
import pmt
import pytest
from gnuradio import semcom
from gnuradio.semcom import notices, pdu
from gnuradio.semcom.image_sink import described
from gnuradio.semcom.pdu import picture_pdu

from semcom_core.errors import ConfigError
from semcom_core.image.picture import read_picture
from tests.blocks.pictures import picture


def test_files_report_and_line(flowgraph, collect, post, tmp_path):
    sink = semcom.image_sink(
        console=False,
        folder=str(tmp_path / "new" / "folder"),
        json_file=str(tmp_path / "report.jsonl"),
    )
    out, said = collect(sink, "out"), collect(sink, "feedback")
    flowgraph.start()
    marked = {
        "message_id": 4,
        "decoded": False,
        "reason": "the header is lost",
        "missing": 1,
        "fragments": 16,
        "snr_db": float("nan"),
    }
    good = picture_pdu(picture(1), message_id=3, decoded=True)
    for message in (good, pdu.end_pdu(), pdu.text_pdu("x"), picture_pdu(picture(2), **marked)):
        post(sink, "in", message)
    lines = [pmt.symbol_to_string(pmt.cdr(m)) for m in out.wait(2)]
    assert lines[-1] == "received_001.png  128x96, degraded: the header is lost"
    for number in (0, 1):
        assert np.array_equal(
            read_picture(tmp_path / "new" / "folder" / f"received_00{number}.png"),
            picture(number + 1),
        )
    entries = [json.loads(line) for line in (tmp_path / "report.jsonl").read_text().splitlines()]
    assert entries[0] == {
        "file": "received_000.png",
        "height": 96,
        "width": 128,
        "message_id": 3,
        "decoded": True,
    }
    assert entries[1]["reason"] == "the header is lost" and entries[1]["snr_db"] is None
    assert [notices.read_notice(m).state for m in said.wait(1)] == ["refused"]
    assert (sink.received, sink.marked, sink.refused) == (2, 1, 1)


def test_a_folder_that_is_gone_is_a_failure(flowgraph, collect, post, tmp_path):
    sink = semcom.image_sink(console=False, folder=str(tmp_path / "folder"))
    said = collect(sink, "feedback")
    flowgraph.start()
    (tmp_path / "folder").rmdir()
    (tmp_path / "folder").write_text("a file")
    post(sink, "in", picture_pdu(picture()))
    assert [notices.read_notice(m).state for m in said.wait(1)] == ["failed"]


def test_line_of_a_picture():
    assert described("a.png", (3, 4, 3), {}) == "a.png  4x3"
    assert described("a.png", (3, 4, 3), {"decoded": False}) == "a.png  4x3, degraded: not decoded"
    marked = {"decoded": False, "missing": 2, "fragments": 16}
    assert (
        described("a.png", (3, 4, 3), marked) == "a.png  4x3, degraded: 2 of 16 fragments missing"
    )


def test_bad_arguments(tmp_path):
    (tmp_path / "file").write_text("x")
    for settings in (
        {"folder": str(tmp_path / "file")},
        {"prefix": ""},
        {"prefix": "a/b"},
        {"json_file": str(tmp_path / "no" / "file")},
    ):
        with pytest.raises(ConfigError, match=next(iter(settings))):
            semcom.image_sink(**settings)
