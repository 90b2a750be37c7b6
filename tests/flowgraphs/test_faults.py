# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of a running link: codecs that die or hang, blocks that raise, settings that change,
flowgraphs that start again.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

LIMIT_S = 90
PRELUDE = """
import logging, os, signal, sys, time
import numpy as np
from gnuradio import gr, semcom
from tests.flowgraphs.small_link import small_link
TEXTS = [f"Text number {number}." for number in range(12)]
"""


@pytest.fixture
def run(repository, tmp_path):
    """run(script): (exit status, what it said) of a script in a process of its own; a hang fails
    the test.
    """

    def child(script: str) -> tuple[int, str]:
        command = [sys.executable, "-c", PRELUDE + textwrap.dedent(script)]
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


def test_a_finished_flowgraph_starts_again_and_delivers(run):
    status, said = run("""
        link = small_link(TEXTS)
        for turn in (1, 2, 3):
            link.run()
            print(link.monitor.exit_status(), link.monitor.ledger.counts["exact"], link.sink.received, link.encoder.encoded)
    """)
    assert (status, said.split()) == (0, "0 12 12 12 0 12 24 24 0 12 36 36".split()), said


def test_a_stopped_flowgraph_starts_again_and_delivers(run):
    status, said = run("""
        link = small_link(TEXTS, source={"repeat": True})
        for turn in (1, 2, 3):
            link.start()
            before = link.monitor.ledger.counts["exact"] if turn == 1 else 0
            link.wait_for(lambda: link.monitor.ledger.counts["exact"] >= 10)
            link.stop()
            link.wait()
        assert link.sink.received >= 30 and link.encoder.worker.starts == 3
        assert not link.monitor.ledger.failures, link.monitor.ledger.failures
    """)
    assert status == 0, said


def test_codecs_that_are_killed_cost_their_message_and_no_more(run):
    status, said = run("""
        link = small_link(TEXTS, source={"repeat": True})
        link.start()
        for block in (link.encoder, link.decoder, link.encoder, link.decoder):
            link.wait_for(lambda: link.monitor.ledger.counts["exact"] >= 5)
            os.kill(block.worker._pipe.process.pid, signal.SIGKILL)
            starts = block.worker.starts
            link.wait_for(lambda: block.worker.starts > starts)
            link.monitor.ledger.counts["exact"] = 0
        link.wait_for(lambda: link.monitor.ledger.counts["exact"] >= 20)
        counts = link.monitor.ledger.counts
        assert counts["restarts"] == 4 and counts["lost"] <= 4, counts
        assert "restarts 4" in link.monitor.ledger.line()
        link.stop()
        link.wait()
    """)
    assert status == 0, said


def test_a_codec_that_hangs_costs_its_message(run):
    status, said = run("""
        link = small_link(TEXTS, source={"repeat": True, "window": 1})
        link.decoder.set_timeout_s(0.5)
        link.start()
        link.wait_for(lambda: link.monitor.ledger.counts["exact"] >= 3)
        os.kill(link.decoder.worker._pipe.process.pid, signal.SIGSTOP)
        link.wait_for(lambda: link.monitor.ledger.counts["lost"] == 1)
        exact = link.monitor.ledger.counts["exact"]
        link.wait_for(lambda: link.monitor.ledger.counts["exact"] >= exact + 3)
        link.stop()
        link.wait()
    """)
    assert status == 0 and "no answer within 0.5 s" in said, said


def test_a_codec_that_dies_at_each_start_fails_the_run(run):
    status, said = run("""
        from pathlib import Path
        from gnuradio.semcom.worker import process as codec_pipe
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            codec_pipe.PROGRAM = Path(folder) / "program.py"
            codec_pipe.PROGRAM.write_text("import os; os.kill(os.getpid(), 9)")
            link = small_link(TEXTS, monitor={"console": True})
            link.run()
        sys.exit(link.monitor.exit_status())
    """)
    assert status == 1 and "3 times in a row" in said, said


def test_an_exception_in_a_handler_or_a_result_fails_the_run(run):
    for spoil in (
        "link.encoder.on_done = lambda *a: 1 / 0",
        "link.sink._latest = None",
        "link.decoder._groups = None",
    ):
        status, said = run(f"""
            link = small_link(TEXTS, monitor={{"console": True}})
            {spoil}
            link.run()
            sys.exit(link.monitor.exit_status())
        """)
        assert status == 1 and "failed" in said, (spoil, said)


GUARDED = """
    class user_block(gr.sync_block):
        def __init__(self):
            gr.sync_block.__init__(self, "user_block", [np.complex64], [np.complex64])
            self.message_port_register_out(pmt.intern("feedback"))
            self.seen = 0

        {guard}
        def work(self, input_items, output_items):
            self.seen += len(output_items[0])
            if self.seen > 20000:
                raise ZeroDivisionError("a defect of the user's")
            output_items[0][:] = input_items[0]
            return len(output_items[0])

    block = user_block()
    link = small_link(TEXTS * 20, monitor={{"console": True, "timeout_s": 1.0}}, channel=[block])
    link.join(block, "feedback", (link.monitor, "notices"))
    link.run()
    sys.exit(link.monitor.exit_status())
"""


def test_a_users_own_block_that_raises_fails_the_run(run):
    script = textwrap.dedent(GUARDED.format(guard="@guarded_work"))
    status, said = run("import pmt\nfrom gnuradio.semcom.guard import guarded_work\n" + script)
    assert status == 1 and "user_block: ZeroDivisionError: a defect of the user's" in said, said


def test_a_block_without_a_guard_that_raises_ends_the_run_by_the_time_limit(run):
    script = textwrap.dedent(GUARDED.format(guard="")).replace(
        "link.run()", "link.start()\nlink.wait_for(lambda: link.monitor._over)"
    )
    script = script.replace(
        "sys.exit(link.monitor.exit_status())",
        "sys.stdout.flush()\nos._exit(link.monitor.exit_status())",
    )
    status, said = run("import pmt\n" + script)  # wait() would hang in GNU Radio itself
    assert status == 1 and "nothing has arrived for 3 times 1 s" in said, said
