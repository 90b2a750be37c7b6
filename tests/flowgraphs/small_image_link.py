# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole image link in a few lines, for tests that lose its frames, restart or damage it."""

from __future__ import annotations

from gnuradio import blocks, gr, semcom

from tests.blocks.pictures import OPTIONS


class small_image_link(gr.top_block):
    """Pictures over a perfect channel and back, with the codec jpeg; some of their frames are lost
    behind the receiver.

    Args:
        path: a picture file or a folder.
        loss: probability that a frame is lost.
        source: further settings of the image source, a dict.
    """

    def __init__(self, path, loss=0.0, source=None):
        gr.top_block.__init__(self)
        self.source = semcom.image_source(path=str(path), **{"window": 2, **(source or {})})
        self.encoder = semcom.image_encoder(codec="jpeg", snr_db=10.0, options=OPTIONS)
        self.transmitter = semcom.burst_transmitter()
        self.throttle = blocks.throttle(gr.sizeof_gr_complex, 1e6)
        self.receiver = semcom.burst_receiver()
        self.loss = semcom.frame_loss(probability=loss, seed=3)
        self.decoder = semcom.image_decoder(codec="jpeg", options=OPTIONS, fragment_timeout_s=1.0)
        self.sink = semcom.image_sink(console=False)
        self.monitor = semcom.link_monitor(console=False, timeout_s=15.0, on_done=self.stop)
        self.connect(self.transmitter, self.throttle, self.receiver)
        for a, port_a, b, port_b in [
            (self.source, "out", self.encoder, "in"),
            (self.source, "out", self.monitor, "sent"),
            (self.source, "notices", self.monitor, "notices"),
            (self.encoder, "out", self.transmitter, "in"),
            (self.receiver, "out", self.loss, "in"),
            (self.loss, "out", self.decoder, "in"),
            (self.decoder, "out", self.sink, "in"),
            (self.decoder, "out", self.monitor, "in"),
            (self.monitor, "feedback", self.source, "feedback"),
            *(
                (block, "feedback", self.monitor, "notices")
                for block in (self.encoder, self.transmitter, self.decoder, self.sink)
            ),
        ]:
            self.msg_connect(a, port_a, b, port_b)
