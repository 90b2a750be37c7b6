# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole text link in a few lines, for tests that stop, restart, damage or wear it out."""

from __future__ import annotations

import time

from gnuradio import blocks, gr, semcom


class small_link(gr.top_block):
    """Texts over a simulated channel and back, with the codec deflate.

    Args:
        texts: the texts.
        source, monitor: further settings of the text source and of the link monitor, dicts.
        channel: blocks between transmitter and receiver, after the throttle; none is a perfect
            channel.
    """

    def __init__(self, texts, source=None, monitor=None, channel=()):
        gr.top_block.__init__(self)
        self.source = semcom.text_source(texts=texts, **{"window": 4, **(source or {})})
        self.encoder = semcom.text_encoder(codec="deflate", snr_db=8.0)
        self.transmitter = semcom.burst_transmitter()
        self.receiver = semcom.burst_receiver()
        self.decoder = semcom.text_decoder(codec="deflate")
        self.sink = semcom.text_sink(console=False)
        settings = {"console": False, "timeout_s": 10.0, "on_done": self.stop, **(monitor or {})}
        self.monitor = semcom.link_monitor(**settings)
        self.samples = [
            self.transmitter,
            blocks.throttle(gr.sizeof_gr_complex, 1e6),
            *channel,
            self.receiver,
        ]
        self.connect(*self.samples)
        self.join(self.source, "out", (self.encoder, "in"), (self.monitor, "sent"))
        self.join(self.encoder, "out", (self.transmitter, "in"))
        self.join(self.receiver, "out", (self.decoder, "in"))
        self.join(self.decoder, "out", (self.sink, "in"), (self.monitor, "in"))
        self.join(self.monitor, "feedback", (self.source, "feedback"))
        self.join(self.source, "notices", (self.monitor, "notices"))
        for block in (self.encoder, self.transmitter, self.receiver, self.decoder, self.sink):
            self.join(block, "feedback", (self.monitor, "notices"))

    def join(self, block, port: str, *inputs) -> None:
        """Connect a message output to message inputs."""
        for other, other_port in inputs:
            self.msg_connect(block, port, other, other_port)

    def wait_for(self, condition, limit_s: float = 30.0) -> None:
        """Wait until a condition holds; raises TimeoutError."""
        end = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(self.monitor.ledger.line())
            time.sleep(0.02)
