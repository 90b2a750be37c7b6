# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of a running image link: frames that are lost, codecs that die, flowgraphs that start
again, other settings.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from semcom_core.image.picture import write_picture
from tests.blocks.pictures import picture

LIMIT_S = 110
PRELUDE = """
import os, signal, sys, time
from tests.flowgraphs.small_image_link import small_image_link
folder = sys.argv[1]

def wait_for(condition):
    end = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < end, link.monitor.ledger.line()
        time.sleep(0.02)
"""


@pytest.fixture
def run(repository, tmp_path):
    """run(script): (exit status, what it said) of a script in a process of its own, with three
    pictures; a hang fails the test.
    """
    for number in range(3):
        write_picture(tmp_path / f"{number}.png", picture(number))

    def child(script: str) -> tuple[int, str]:
        command = [sys.executable, "-c", PRELUDE + textwrap.dedent(script), str(tmp_path)]
        try:
            done = subprocess.run(
                command, cwd=repository, capture_output=True, text=True, timeout=LIMIT_S
            )
        except subprocess.TimeoutExpired as error:
            pytest.fail(
                f"not done within {LIMIT_S} s\n{error.stdout}\n{error.stderr}", pytrace=False
            )
        return done.returncode, done.stdout + done.stderr

    return child


def test_lost_fragments_cost_quality_and_nothing_else(run):
    status, said = run("""
        link = small_image_link(folder, loss=0.4)
        link.run()
        counts = link.monitor.ledger.counts
        assert link.loss.lost >= 2 and counts["marked"] >= 1, (link.loss.lost, counts)
        assert counts["received"] == 3 and not counts["lost"] and link.sink.marked == counts["marked"], counts
        assert all(m["reason"] for m in link.monitor.ledger.messages if m["outcome"] == "marked")
        assert link.monitor.exit_status() == 1 and not link.monitor.ledger.failures
    """)
    assert status == 0, said


def test_a_flowgraph_starts_again_and_a_codec_that_is_killed_costs_its_picture(run):
    status, said = run("""
        link = small_image_link(folder)
        for turn in (1, 2):
            link.run()
            assert link.monitor.exit_status() == 0, link.monitor.ledger.line()
            assert (link.sink.received, link.encoder.encoded) == (3 * turn, 3 * turn)
        link.source.set_repeat(True)
        link.start()
        for block in (link.encoder, link.decoder):
            wait_for(lambda: link.monitor.ledger.counts["whole"] >= 2)
            starts = block.worker.starts
            os.kill(block.worker._pipe.process.pid, signal.SIGKILL)
            wait_for(lambda: block.worker.starts > starts)
            link.monitor.ledger.counts["whole"] = 0
        wait_for(lambda: link.monitor.ledger.counts["whole"] >= 3)
        assert link.monitor.ledger.counts["restarts"] == 2 and link.monitor.ledger.counts["lost"] <= 2
        link.stop()
        link.wait()
    """)
    assert status == 0, said
