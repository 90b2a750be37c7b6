# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image source: files, folders with bad files, cameras, names and pictures from a port, window,
end.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import pmt
import pytest
from gnuradio import semcom
from gnuradio.semcom import notices, pdu
from gnuradio.semcom.pdu import picture_pdu, read_picture_pdu

from semcom_core.errors import ConfigError
from semcom_core.image.picture import write_picture
from tests.blocks.pictures import picture


def read(messages):
    """(number, name, first value) of picture PDUs."""
    found = [read_picture_pdu(m) for m in messages]
    return [(meta["message_id"], meta["name"], int(pixels[0, 0, 0])) for meta, pixels in found]


def test_folder_with_bad_files_and_its_end(flowgraph, collect, tmp_path):
    for name, value in (("a.png", 1), ("c.png", 3), ("e.bmp", 5)):
        write_picture(tmp_path / name, np.full((3, 4, 3), value, np.uint8))
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:40])
    (tmp_path / "d.jpg").write_text("no picture")
    source = semcom.image_source(path=str(tmp_path))
    out, said = collect(source, "out"), collect(source, "notices")
    flowgraph.start()
    messages = out.wait(4)
    assert read(messages[:3]) == [(0, "a.png", 1), (1, "c.png", 3), (2, "e.bmp", 5)]
    assert pdu.is_end(messages[3])
    found = [notices.read_notice(m) for m in said.wait(2)]
    assert [n.state for n in found] == ["refused"] * 2 and source.refused == 2
    assert all(name in n.reason for name, n in zip(("b.png", "d.jpg"), found, strict=True))


def test_window_and_path_that_changes(flowgraph, collect, post, tmp_path):
    for name, value in (("a.png", 1), ("b.png", 2)):
        write_picture(tmp_path / name, np.full((2, 2, 3), value, np.uint8))
    source = semcom.image_source(path=str(tmp_path / "a.png"), window=1, repeat=True)
    out = collect(source, "out")
    flowgraph.start()
    assert len(out.wait(2, limit_s=0.5)) == 1
    source.set_path(str(tmp_path / "b.png"))
    post(source, "feedback", pdu.make_pdu({"state": "resolved"}, np.zeros(0, np.uint8)))
    assert read(out.wait(2)) == [(0, "a.png", 1), (1, "b.png", 2)]
    source.set_path(str(tmp_path / "nowhere"))
    assert source.path == str(tmp_path / "b.png")


def test_pictures_and_names_that_arrive(flowgraph, collect, post, tmp_path):
    write_picture(tmp_path / "a.png", np.full((2, 2, 3), 9, np.uint8))
    source = semcom.image_source()
    out = collect(source, "out")
    flowgraph.start()
    post(source, "in", pmt.cons(pmt.intern("text"), pmt.intern(str(tmp_path / "a.png"))))
    post(source, "in", pmt.intern(str(tmp_path / "none.png")))
    post(source, "in", pmt.from_long(5))
    post(source, "in", picture_pdu(picture(), name="sent"))
    found = read(out.wait(2))
    assert found[0] == (0, "a.png", 9) and found[1][:2] == (1, "sent")
    assert source.refused == 2


class VideoCapture:
    """A camera that gives two pictures."""

    left = 2

    def __init__(self, device):
        self.device = device

    def set(self, setting, value):
        """Nothing can be set."""

    def read(self):
        VideoCapture.left -= 1
        return VideoCapture.left >= 0, np.full(
            (2, 3, 3), (30, 20, 10), np.uint8
        )  # blue, green, red

    def release(self):
        """Nothing is held."""


def test_camera(flowgraph, collect, monkeypatch):
    monkeypatch.setitem(
        sys.modules, "cv2", types.SimpleNamespace(VideoCapture=VideoCapture, CAP_PROP_BUFFERSIZE=38)
    )
    monkeypatch.setattr(Path, "exists", lambda path: True)
    source = semcom.image_source(path="/dev/video7")
    out, said = collect(source, "out"), collect(source, "notices")
    flowgraph.start()
    assert read(out.wait(2)) == [(0, "video7", 10), (1, "video7", 10)]
    (failed,) = [notices.read_notice(m) for m in said.wait(1)]
    assert failed.state == "failed" and "/dev/video7 gives no picture" in failed.reason


def test_bad_arguments(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(
        ConfigError, match="camera /dev/video0 needs OpenCV, which is not installed"
    ):
        semcom.image_source(path="/dev/video0")
    monkeypatch.setitem(sys.modules, "cv2", types.SimpleNamespace())
    with pytest.raises(ConfigError, match="camera is /dev/video99; there is no such device"):
        semcom.image_source(path="/dev/video99")
    for path, words in ((str(tmp_path), "has no picture"), ("no/such/file", "is not there")):
        with pytest.raises(ConfigError, match=words):
            semcom.image_source(path=path)
    with pytest.raises(ConfigError, match="window"):
        semcom.image_source(window=300)
