# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Burst receiver: samples to frames."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.frame import ReceivedFrame
from semcom_core.phy import Receiver

from .guard import begin_again, guarded_work, phy_config, tunable
from .notices import FEEDBACK
from .pdu import end_pdu, frame_pdu

#: Tag of the last sample of a recording.
EOF = pmt.intern("eof")


class burst_receiver(gr.sync_block):
    """Detects bursts in a stream and publishes their frames.

    Other settings of the modem hold at once: bursts that the former ones find in the samples so far
    are published first. A flowgraph that is started again is a new stream, whose samples count
    from 0; the count of frames goes on.

    Stream input:
        complex samples at the modem's rate. After a sample with the tag `eof` (end of a recording)
        an end PDU follows.

    Message outputs:
        out: frame PDUs with noise_var (one for each symbol), snr_db (dB), cfo_hz (Hz), level_db
            (dB), crc_ok and start_sample.
        feedback: the notice `failed`.

    Args:
        phy: settings of semcom_core.phy.PhyConfig, a dict; they must be the transmitter's.

    Raises:
        ConfigError: the modem has no such setting, or a value is out of range.
    """

    def __init__(self, phy: dict | None = None) -> None:
        gr.sync_block.__init__(self, "burst_receiver", [np.complex64], None)
        self.receiver: Receiver | None = None
        self._origin = 0
        self.set_phy(phy)
        self.frames = 0
        self._ask_for_long_buffer()
        self.message_port_register_out(pmt.intern("out"))
        self.message_port_register_out(FEEDBACK)

    @tunable
    def set_phy(self, phy: dict) -> None:
        """Set the modem's settings; they hold from the next samples on."""
        self._wanted = Receiver(phy_config(phy))
        self.phy = dict(phy or {})
        if self.receiver is None:
            self.receiver = self._wanted

    def _ask_for_long_buffer(self) -> None:
        """Have GNU Radio make the input buffer as long as two strides when it starts a flowgraph.

        A receiver that has fallen behind then gets up to a stride of samples at a time, and is
        three times as fast as with the usual 4096. While the flowgraph runs, any number will do. A
        long history would have the same effect, but is missing after lock() and unlock(): GNU Radio
        3.10 clears the buffer and then waits for a whole history before it calls work().
        """
        self.set_output_multiple(Receiver.STRIDE)

    def start(self) -> bool:
        """Begin a new stream."""
        begin_again(self)
        self.set_output_multiple(1)
        self.receiver = self._wanted
        self._origin = 0
        return True

    @guarded_work
    def work(self, input_items: list[np.ndarray], output_items: list[np.ndarray]) -> int:
        """Pass the samples to the modem and publish the frames that it finds."""
        if self.receiver is not self._wanted:
            self._publish(self.receiver.flush())
            self.receiver = self._wanted
            self._origin = self.nitems_read(0)
        # copied: the buffer is reused once work() returns
        samples = input_items[0].copy()
        self._publish(self.receiver.push(samples))
        if any(pmt.eq(tag.key, EOF) for tag in self.get_tags_in_window(0, 0, len(samples))):
            self._publish(self.receiver.flush())
            self.message_port_pub(pmt.intern("out"), end_pdu())
        return len(samples)

    def stop(self) -> bool:
        """Publish the frames that the end of the stream completes."""
        self._ask_for_long_buffer()
        self._publish(self.receiver.flush())
        return True

    def _publish(self, frames: list[ReceivedFrame]) -> None:
        for frame in frames:
            self.frames += 1
            if self._origin:
                frame = replace(frame, start_sample=frame.start_sample + self._origin)
            self.message_port_pub(pmt.intern("out"), frame_pdu(frame))
