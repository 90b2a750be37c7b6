# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python blocks to which nobody but their flowgraph refers: they work, and go when it goes. Each
flowgraph has a process of its own, which a block that is freed too early would end.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

LIMIT_S = 60
#: Connections of blocks without a name; `tb` is the flowgraph.
FLOWGRAPHS = {
    "stream": """
tb.connect(semcom.burst_transmitter(zero_fill=True), semcom.burst_receiver())
""",
    "hierarchical": """
tb.connect(semcom.burst_transmitter(zero_fill=True), semcom.channel("awgn:20"), blocks.null_sink(8))
""",
    "with ports": """
tb.connect((semcom.burst_transmitter(zero_fill=True), 0), (semcom.burst_receiver(), 0))
""",
    "two inputs": """
switch = semcom.half_duplex()
tb.connect(blocks.null_source(8), (switch, 0))
tb.connect(semcom.burst_transmitter(zero_fill=True), (switch, 1))
tb.connect(switch, semcom.recorder(FOLDER + "/a", rate_hz=1e6))
del switch
""",
    "messages": """
tb.msg_connect(semcom.text_source(["a", "b"]), "out", semcom.text_sink(console=False), "in")
""",
    "messages by pairs": """
tb.msg_connect((semcom.text_source(["a", "b"]), "out"), (semcom.link_monitor(), "sent"))
""",
    "codecs": """
tb.msg_connect(semcom.text_encoder(codec="deflate"), "out", semcom.frame_loss(), "in")
""",
    "arq": """
tb.msg_connect(semcom.retransmitter(), "out", semcom.acknowledger(), "in")
""",
    "radio": """
tb.connect(blocks.null_source(8), semcom.radio_sink(profile="file", address=FOLDER + "/b"))
""",
    "own hierarchical block": """
class inner(gr.hier_block2):
    def __init__(self):
        signature = gr.io_signature(1, 1, gr.sizeof_gr_complex)
        gr.hier_block2.__init__(self, "inner", signature, gr.io_signature(0, 0, 0))
        self.connect(self, semcom.burst_receiver())
tb.connect(blocks.null_source(8), inner())
""",
    "own block": """
class own(gr.sync_block):
    def __init__(self):
        gr.sync_block.__init__(self, "own", [np.complex64], None)
    def work(self, input_items, output_items):
        return len(input_items[0])
tb.connect(blocks.null_source(8), own())
""",
}
PROGRAM = """
import gc, sys, time
import numpy as np
from gnuradio import blocks, gr, semcom
FOLDER = sys.argv[1]
tb = gr.top_block()
{connections}
for _ in range(2):
    gc.collect()
    tb.start()
    time.sleep(0.3)
    tb.lock()
    tb.unlock()
    time.sleep(0.1)
    tb.stop()
    tb.wait()
import weakref
references = [weakref.ref(block) for block in vars(tb)["_kept_blocks"].values()
              if isinstance(block, (gr.hier_block2, gr.gateway.gateway_block))]
assert references
del tb
for name in ("inner", "own"):
    globals().pop(name, None)
gc.collect()
assert not any(reference() for reference in references)
print("done")
"""


@pytest.mark.parametrize("connections", FLOWGRAPHS)
def test_a_flowgraph_keeps_its_blocks(connections, tmp_path):
    program = PROGRAM.replace("{connections}", FLOWGRAPHS[connections])
    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert run.returncode == 0 and run.stdout.endswith("done\n"), run.stdout + run.stderr
