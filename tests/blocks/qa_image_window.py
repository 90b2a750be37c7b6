# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image window: panels that appear with their pictures, notes, what is no picture, and no Qt where
there is no window.
"""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from gnuradio import semcom
from gnuradio.semcom import pdu
from gnuradio.semcom.image_window import PANELS, note
from gnuradio.semcom.pdu import picture_pdu

from semcom_core.errors import ConfigError
from tests.blocks.pictures import picture


@pytest.fixture
def application():
    """A Qt application."""
    widgets = pytest.importorskip("PyQt5.QtWidgets")
    return widgets.QApplication.instance() or widgets.QApplication([])


def test_panels_show_what_came(flowgraph, post, application):
    shown = semcom.image_window(title="Link", smallest=100)
    flowgraph.msg_connect(semcom.image_source(), "out", shown, "sent")
    flowgraph.start()
    panels = shown.widget.panels
    shown.widget.resize(900, 300)
    shown.widget.show()
    assert all(panel.isHidden() for panel in panels.values())
    post(shown, "sent", picture_pdu(picture(1), name="a.png"))
    post(shown, "view", picture_pdu(picture(2), name="importance"))
    post(shown, "view", picture_pdu(picture(2), name="something else"))
    post(
        shown,
        "received",
        picture_pdu(picture(3), decoded=False, reason="<b>2 fragments</b>", snr_db=7.25),
    )
    post(shown, "received", pdu.text_pdu("no picture"))
    post(shown, "received", pdu.end_pdu())
    end = time.monotonic() + 15
    while (
        panels["received"].isHidden() or panels["importance"].isHidden() or not shown.refused
    ) and time.monotonic() < end:
        application.processEvents()
        time.sleep(0.01)
    assert [name for name, panel in panels.items() if not panel.isHidden()] == [
        "sent",
        "importance",
        "received",
    ]
    assert shown.refused == 1
    assert panels["received"].note.text() == "128x96, SNR 7.2 dB, degraded: <b>2 fragments</b>"
    seen = panels["sent"].picture.pixmap().toImage()
    assert seen.width() >= 100 and abs(seen.width() * 96 / 128 - seen.height()) <= 1
    middle = seen.pixelColor(seen.width() // 2, seen.height() // 2)
    assert (middle.red(), middle.green(), middle.blue()) == pytest.approx(
        picture(1)[48, 64], abs=12
    )


def test_notes():
    assert set(PANELS) == {"sent", "segments", "importance", "received"}
    assert note("sent", (3, 4, 3), {"name": "a.png"}) == "4x3, a.png"
    assert note("segments", (3, 4, 3), {"name": "segments"}) == "4x3"
    assert note("received", (3, 4, 3), {"decoded": False}) == "4x3, degraded: not decoded"


def test_without_a_window_qt_is_not_imported_and_a_window_without_qt_is_refused():
    code = """
        import sys
        from gnuradio import semcom
        assert not [name for name in sys.modules if name.startswith("PyQt5")]
        try:
            semcom.image_window()
        except ValueError as error:
            print(error)
    """
    lines = "\n".join(line[8:] for line in code.splitlines())
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "allowed is a flowgraph with the generate option QT GUI" in done.stdout


def test_bad_arguments(application):
    with pytest.raises(ConfigError, match="smallest"):
        semcom.image_window(smallest=0)
