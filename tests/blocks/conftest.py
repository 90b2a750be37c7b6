# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each test that runs a flowgraph has a process of its own and a time limit: an exception in work()
hangs a flowgraph's run().
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

LIMIT_S = 60
CHILD = "SEMCOM_BLOCK_TEST"


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Run a test with a flowgraph in a child process; in the child, run it as usual."""
    if os.environ.get(CHILD) or "flowgraph" not in pyfuncitem.fixturenames:
        return None
    test = f"{pyfuncitem.path}::{pyfuncitem.nodeid.split('::', 1)[1]}"
    options = [
        "-q",
        "-x",
        "--no-header",
        "-p",
        "no:cacheprovider",
        "-rN",
        "--rootdir",
        str(pyfuncitem.config.rootpath),
    ]
    command = [sys.executable, "-m", "pytest", *options, test]
    env = {**os.environ, CHILD: "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    try:
        child = subprocess.run(command, env=env, capture_output=True, text=True, timeout=LIMIT_S)
    except subprocess.TimeoutExpired as error:
        pytest.fail(
            f"not done within {LIMIT_S} s\n{(error.stdout or b'').decode(errors='replace')}",
            pytrace=False,
        )
    if child.returncode:
        pytest.fail(child.stdout + child.stderr, pytrace=False)
    return True


class Collector:
    """Keeps the messages of a port, by GNU Radio's own message_debug."""

    def __init__(self, flowgraph, block, port: str):
        from gnuradio import blocks

        self.store = blocks.message_debug()
        flowgraph.msg_connect(block, port, self.store, "store")

    def wait(self, count: int, limit_s: float = 15.0) -> list:
        """The messages, as soon as there are `count`; fewer after the time limit."""
        end = time.monotonic() + limit_s
        while self.store.num_messages() < count and time.monotonic() < end:
            time.sleep(0.01)
        return [self.store.get_message(i) for i in range(self.store.num_messages())]


@pytest.fixture
def flowgraph():
    """A top block that is stopped at the end of the test."""
    top_block = make_flowgraph()
    yield top_block
    top_block.stop()
    top_block.wait()


def make_flowgraph():
    """A top block that keeps its blocks: a Python block that is freed while its flowgraph runs
    takes the process with it.
    """
    from gnuradio import gr

    class keeping_top_block(gr.top_block):
        def __init__(self):
            gr.top_block.__init__(self)
            self.kept = []

        def connect(self, *blocks):
            self.kept += blocks
            gr.top_block.connect(self, *blocks)

        def msg_connect(self, source, source_port, sink, sink_port):
            self.kept += [source, sink]
            gr.top_block.msg_connect(self, source, source_port, sink, sink_port)

    return keeping_top_block()


@pytest.fixture
def collect(flowgraph):
    """collect(block, port): a Collector of the port's messages."""
    return lambda block, port: Collector(flowgraph, block, port)


@pytest.fixture
def post():
    """post(block, port, message): put a message on a block's input port."""
    import pmt

    return lambda block, port, message: block.to_basic_block()._post(pmt.intern(port), message)


@pytest.fixture
def make_frame():
    """make_frame(message_id, fragment, fragments, length): a frame of Gaussian symbols."""
    import numpy as np

    from semcom_core.phy import Frame, FrameHeader
    from semcom_core.units import complex_noise

    def make(message_id=0, fragment=0, fragments=1, length=60, codec=3):
        header = FrameHeader(codec, message_id, fragment, fragments - 1, length)
        return Frame(
            header, complex_noise(length, 1.0, np.random.default_rng(1000 * message_id + fragment))
        )

    return make
