#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio blocks without the companion: a text link over a simulated channel.

python examples/flowgraph.py --channel awgn:6+cfo:12khz "See you at nine."
"""

import argparse

from gnuradio import blocks, gr, semcom

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("texts", nargs="*", default=["See you at nine.", "The boat leaves at 6:45."])
parser.add_argument("--codec", default="deflate")
parser.add_argument("--channel", default="awgn:6+cfo:12khz")
args = parser.parse_args()

link = gr.top_block("text link")

source = semcom.text_source(texts=args.texts, window=1)  # one text on its way at a time
encoder = semcom.text_encoder(codec=args.codec, snr_db=6.0)
transmitter = semcom.burst_transmitter()
throttle = blocks.throttle(gr.sizeof_gr_complex, 1e6)
air = semcom.channel(channel=args.channel, seed=1)
receiver = semcom.burst_receiver()
decoder = semcom.text_decoder(codec=args.codec)
sink = semcom.text_sink(console=True)
# keeps account of what was sent and received, and ends the flowgraph when all is settled
monitor = semcom.link_monitor(console=False, timeout_s=20.0, on_done=link.stop)

# complex samples
link.connect(transmitter, throttle, air, receiver)

# messages: texts, frames with their noise variances, decoded texts
link.msg_connect(source, "out", encoder, "in")
link.msg_connect(encoder, "out", transmitter, "in")
link.msg_connect(receiver, "out", decoder, "in")
link.msg_connect(decoder, "out", sink, "in")

# the monitor hears of both ends, and opens the source's window for the next text
link.msg_connect(source, "out", monitor, "sent")
link.msg_connect(decoder, "out", monitor, "in")
link.msg_connect(monitor, "feedback", source, "feedback")
for block in (encoder, transmitter, receiver, decoder, sink):
    link.msg_connect(block, "feedback", monitor, "notices")

link.run()
print(monitor.ledger.line())
