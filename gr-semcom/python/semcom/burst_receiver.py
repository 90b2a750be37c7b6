# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Burst receiver: samples to frames."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.frame import ReceivedFrame
from semcom_core.phy import Receiver, ReceiverStats

from .guard import begin_again, guarded_work, phy_config, tunable
from .notices import FEEDBACK, notify
from .pdu import end_pdu, frame_pdu

#: Tag of the last sample of a recording.
EOF = pmt.intern("eof")
#: It is told that bursts cannot be read when so many have come within WITHIN_S, s, and no frame
#: between them; and not again for QUIET_S, s.
SEVERAL = 3
WITHIN_S = 60.0
QUIET_S = 300.0


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
        feedback: notices `failed`, and `unreadable`, once in five minutes, where several bursts in
            a row stand out of the noise and no header can be read: their carrier offset may be
            beyond what is searched.

    Args:
        phy: settings of semcom_core.phy.PhyConfig, a dict; they must be the transmitter's.

    Raises:
        ConfigError: the modem has no such setting, or a value is out of range.
    """

    def __init__(self, phy: dict | None = None) -> None:
        gr.sync_block.__init__(self, "burst_receiver", [np.complex64], None)
        self.receiver: Receiver | None = None
        self._origin = 0
        self._unreadable = UnreadableBursts()
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
        self._take_wanted(0)
        return True

    @guarded_work
    def work(self, input_items: list[np.ndarray], output_items: list[np.ndarray]) -> int:
        """Pass the samples to the modem and publish the frames that it finds."""
        if self.receiver is not self._wanted:
            self._publish(self.receiver.flush())
            self._take_wanted(self.nitems_read(0))
        # copied: the buffer is reused once work() returns
        samples = input_items[0].copy()
        self._publish(self.receiver.push(samples))
        if any(pmt.eq(tag.key, EOF) for tag in self.get_tags_in_window(0, 0, len(samples))):
            self._publish(self.receiver.flush())
            self.message_port_pub(pmt.intern("out"), end_pdu())
        self._tell_unreadable()
        return len(samples)

    def stop(self) -> bool:
        """Publish the frames that the end of the stream completes."""
        self._ask_for_long_buffer()
        self._publish(self.receiver.flush())
        return True

    def _take_wanted(self, origin: int) -> None:
        """Go on with the receiver of the settings in force, from sample `origin` of the stream."""
        self.receiver = self._wanted
        self._origin = origin
        self._unreadable = UnreadableBursts(self.receiver.stats)

    def _tell_unreadable(self) -> None:
        """Tell of bursts that cannot be read, where there are several."""
        config = self.receiver.config
        count = self._unreadable.update(self.receiver.stats, config.rate_hz)
        if count:
            reason = (
                f"{SEVERAL} in a row stand out of the noise and have no header; their carrier "
                f"offset may be beyond the {config.searched_cfo_hz:.0f} Hz that are searched "
                "(measure it by semcom radios check), or the modem's settings differ"
            )
            notify(self, "unreadable", reason=reason, count=count)

    def _publish(self, frames: list[ReceivedFrame]) -> None:
        for frame in frames:
            self.frames += 1
            if self._origin:
                frame = replace(frame, start_sample=frame.start_sample + self._origin)
            self.message_port_pub(pmt.intern("out"), frame_pdu(frame))


class UnreadableBursts:
    """Decides when it is to be told that bursts cannot be read; time is that of the samples.

    Args:
        stats: counts of the receiver so far.
    """

    def __init__(self, stats: ReceiverStats | None = None) -> None:
        stats = stats or ReceiverStats()
        self._headers = stats.headers_ok
        self._seen = stats.unreadable
        self._untold = 0
        self._heard_at: deque[int] = deque(maxlen=SEVERAL)
        self._told_at: int | None = None

    def update(self, stats: ReceiverStats, rate_hz: float) -> int:
        """Take the counts of the receiver, at a sample rate, Hz; returns how many bursts are to be
        told of, 0: none.
        """
        fresh = stats.unreadable - self._seen
        self._seen = stats.unreadable
        if stats.headers_ok > self._headers:
            self._headers = stats.headers_ok
            self._heard_at.clear()
            self._untold = 0
            return 0
        if not fresh:
            return 0
        self._untold += fresh
        self._heard_at.extend([stats.samples] * min(fresh, SEVERAL))
        if len(self._heard_at) < SEVERAL or (
            stats.samples - self._heard_at[0] > WITHIN_S * rate_hz
        ):
            return 0
        if self._told_at is not None and stats.samples - self._told_at < QUIET_S * rate_hz:
            return 0
        self._told_at = stats.samples
        count = self._untold
        self._untold = 0
        return count
