# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fuzzed run of one block, as a process of its own:

    python -m tests.blocks.fuzz_run messages BLOCK PORT COUNT SEED
    python -m tests.blocks.fuzz_run samples BLOCK COUNT SEED

Sends what tests.blocks.fuzz makes, then something good; prints what was sent and what became of it.
The exit status is 1 where the block had a defect or did not handle the good one.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pmt
from gnuradio import blocks, gr, semcom
from gnuradio.semcom import notices, pdu
from gnuradio.semcom.pdu import picture_pdu, read_picture_pdu

from semcom_core.phy import Frame, FrameHeader, PhyConfig, ReceivedFrame, Transmitter
from semcom_core.text import load_codec
from semcom_core.units import complex_noise
from tests.blocks import fuzz
from tests.blocks.conftest import Collector, make_flowgraph
from tests.blocks.pictures import OPTIONS, picture

#: Settings of blocks that are not made with their defaults here.
SETTINGS = {
    "text_encoder": {"codec": "deflate", "queue_size": 1000},
    "text_decoder": {"codec": "deflate", "queue_size": 1000},
    "image_encoder": {"codec": "jpeg", "options": OPTIONS, "queue_size": 1000},
    "image_decoder": {"codec": "jpeg", "options": OPTIONS, "queue_size": 1000},
    "image_sink": {"console": False},
    "text_sink": {"console": False},
    "link_monitor": {"console": False},
    "burst_transmitter": {"gap_samples": 0},
}
TEXT, GOOD_ID, PATIENCE_S = "A good text after all of that.", 77, 60.0
#: Messages on the way to a block at once: message ports have no backpressure.
CROWD = 200


def make(name: str):
    """A block by name; one with a window has its Qt application."""
    if name == "image_window":
        from PyQt5.QtWidgets import QApplication

        make.application = QApplication.instance() or QApplication([])
    return getattr(semcom, name)(**SETTINGS.get(name, {}))


def message_ports(name: str) -> list[str]:
    """The message inputs of a block."""
    return sorted(port for port in pmt.to_python(make(name).message_ports_in()) if port != "system")


def good_message(name: str):
    """(port, message, whether a message of an output is the answer to it, that output) of a block
    whose answer is known at once.
    """
    (frame,) = load_codec("deflate").encode(TEXT, 10.0, message_id=GOOD_ID)
    received = ReceivedFrame(
        frame.header, frame.symbols, np.full(len(frame.symbols), 0.01, np.float32)
    )
    text, shown = pdu.text_pdu(TEXT, message_id=GOOD_ID), picture_pdu(picture(), message_id=GOOD_ID)
    return {
        "image_source": (
            "in",
            shown,
            lambda m: np.array_equal(read_picture_pdu(m)[1], picture()),
            "out",
        ),
        "image_encoder": (
            "in",
            shown,
            lambda m: pdu.read_frame(m).header.message_id == GOOD_ID,
            "out",
        ),
        "image_sink": (
            "in",
            shown,
            lambda m: pmt.symbol_to_string(pmt.cdr(m)).endswith("128x96"),
            "out",
        ),
        "text_source": ("in", text, lambda m: pdu.read_text(m)[1] == TEXT, "out"),
        "text_encoder": (
            "in",
            text,
            lambda m: np.array_equal(pdu.read_frame(m).symbols, frame.symbols),
            "out",
        ),
        "text_decoder": (
            "in",
            pdu.frame_pdu(received),
            lambda m: pdu.read_text(m)[1] == TEXT,
            "out",
        ),
        "frame_loss": ("in", text, lambda m: pmt.equal(m, text), "out"),
        "text_sink": ("in", text, lambda m: pmt.symbol_to_string(pmt.cdr(m)).endswith(TEXT), "out"),
        "burst_transmitter": (
            "in",
            pdu.frame_pdu(frame),
            lambda m: notices.read_notice(m).message_id == GOOD_ID,
            "feedback",
        ),
    }.get(name)


def wait_for(condition) -> bool:
    """Whether a condition comes to hold within PATIENCE_S."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def pairs(monitor) -> bool:
    """Whether a link monitor finds a text exact; malformed messages of the same number may come
    first.
    """
    before, basic = monitor.ledger.counts["exact"], monitor.to_basic_block()
    for port in ("sent", "in"):
        basic._post(pmt.intern(port), pdu.text_pdu(TEXT, message_id=GOOD_ID))
        time.sleep(0.1)
    return monitor.ledger.counts["exact"] > before


def answered(flowgraph, block, name: str) -> bool:
    """Whether a block handles something good; of a block that answers later, whether it still
    counts what is malformed.
    """
    basic = block.to_basic_block()
    if name == "link_monitor":
        return wait_for(lambda: pairs(block))
    if good_message(name) is None:
        before = block.refused
        basic._post(pmt.intern(message_ports(name)[0]), pmt.from_long(1))
        return wait_for(lambda: block.refused == before + 1)
    port, message, fits, output = good_message(name)
    heard = flowgraph.heard[output]
    if hasattr(block, "worker") and not wait_for(lambda: not len(block.worker.jobs)):
        return False
    before = heard.store.num_messages()
    basic._post(pmt.intern(port), message)
    return wait_for(lambda: any(map(fits, heard.wait(0)[before:])))


def fuzz_messages(name: str, port: str, count: int, seed: int) -> bool:
    """Send malformed messages to one port of a block; whether it stood them."""
    block, flowgraph = make(name), make_flowgraph()
    outputs = {port for port in pmt.to_python(block.message_ports_out()) if port != "system"}
    flowgraph.heard = {output: Collector(flowgraph, block, output) for output in outputs}
    if block.output_signature().max_streams():
        flowgraph.connect(block, blocks.null_sink(gr.sizeof_gr_complex))
    for number in range(block.input_signature().max_streams()):
        flowgraph.connect(blocks.null_source(gr.sizeof_gr_complex), (block, number))
    flowgraph.start()
    basic, symbol = block.to_basic_block(), pmt.intern(port)
    drained = True
    for message in fuzz.messages(seed, count):
        drained &= basic.nmsgs(symbol) < CROWD or wait_for(lambda: basic.nmsgs(symbol) < CROWD // 2)
        basic._post(symbol, message)
    drained &= wait_for(lambda: not basic.nmsgs(symbol))
    fine = drained and answered(flowgraph, block, name)
    said = [
        notices.read_notice(m)
        for port in ("feedback", "notices")
        if port in flowgraph.heard
        for m in flowgraph.heard[port].wait(0)
    ]
    defects = [n.reason for n in said if n.state == "failed"]
    counts = {state: sum(n.state == state for n in said) for state in notices.STATES}
    flowgraph.stop()
    flowgraph.wait()
    told = ", ".join(f"{state} {number}" for state, number in counts.items() if number)
    print(
        f"{name}.{port}: sent {count}, refused {block.refused}; told: {told or 'nothing'}; next "
        f"good one handled: {fine} {defects[:3]}"
    )
    return fine and not defects


def fuzz_samples(name: str, count: int, seed: int) -> bool:
    """Send hostile samples, then a good burst, through a block (burst_receiver, or another one
    before it); whether it was received.
    """
    frame = Frame(
        FrameHeader(3, GOOD_ID, length=100), complex_noise(100, 1.0, np.random.default_rng(seed))
    )
    gap = np.zeros(2000, np.complex64)
    samples = np.concatenate(
        [fuzz.hostile(seed, count), gap, Transmitter(PhyConfig()).burst([frame]), gap]
    )
    receiver, flowgraph = make("burst_receiver"), make_flowgraph()
    out, said = Collector(flowgraph, receiver, "out"), Collector(flowgraph, receiver, "feedback")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples"
        samples.tofile(path)
        source, block = blocks.file_source(gr.sizeof_gr_complex, str(path), False), receiver
        if name != "burst_receiver":
            block = make(name)
            flowgraph.connect(block, receiver)
        ports = block.input_signature().max_streams()
        flowgraph.connect(
            source, (block, ports - 1)
        )  # of two inputs, the first is the own transmitter, which is silent
        if ports == 2:
            flowgraph.connect(blocks.null_source(gr.sizeof_gr_complex), (block, 0))
        flowgraph.start()
        flowgraph.wait()
    found = [pdu.read_frame(m) for m in out.wait(0)]
    fine = any(
        f.header == frame.header and np.abs(f.symbols - frame.symbols).max() < 1 for f in found
    )
    stats = receiver.receiver.stats
    read = f"openings {stats.openings}, bursts {stats.bursts}, headers bad {stats.headers_bad}"
    print(
        f"{name}: sent {count} samples, {read}, frames {len(found)}; next good frame received: "
        f"{fine}"
    )
    states = {notices.read_notice(message).state for message in said.wait(0)}
    return fine and states <= {"unreadable"}  # hostile samples may well sound like bursts


def main(kind: str, name: str, *rest: str) -> int:
    """One run; see the module."""
    logging.getLogger("gnuradio.semcom").setLevel(logging.CRITICAL)
    if kind == "messages":
        return int(not fuzz_messages(name, rest[0], int(rest[1]), int(rest[2])))
    return int(not fuzz_samples(name, int(rest[0]), int(rest[1])))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
