# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Burst transmitter: frames to bursts of samples, and the queue of messages before it."""

from __future__ import annotations

from collections import deque

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.errors import FrameError, check_range
from semcom_core.frame import MESSAGE_IDS, WIDE_CODECS, Frame
from semcom_core.link.ack import ACK
from semcom_core.phy import Transmitter

from .gathering import FragmentGroups
from .guard import WORK_DONE, begin_again, drain, guarded_handler, guarded_work, phy_config, tunable
from .notices import FEEDBACK, notify
from .pdu import is_end, is_last, read_frame
from .radio.station import RadioStation

#: Tag of the first sample of a burst: its length, samples.
PACKET_LEN = pmt.intern("packet_len")
#: Tag of the last sample of a message: its number.
MESSAGE_ID = pmt.intern("message_id")


class burst_transmitter(gr.sync_block):
    """Sends each message as one burst; several that wait may share one. Of a picture each fragment
    has a burst of its own.

    All settings may change at run time and hold from the next burst on. Messages that wait when the
    flowgraph stops are not sent; a flowgraph that is started again begins with the first gap, and
    the counts go on.

    Message inputs:
        in: frame PDUs, the fragments of a message one after another; an end PDU ends the stream
            where `finite` is set.

    Stream output:
        complex samples; the first of a burst carries the tag `packet_len`, the length of the burst
        with its gaps, samples. Where a radio_sink tells what has left its radio, the last one
        carries the tag `message_id` for each message that ends with it. GNU Radio's own tagged
        stream blocks take whole bursts only: before one, set_min_output_buffer() to more samples
        than the longest burst has.

    Message outputs:
        feedback: notices `transmitted` (the last sample of a message has left this block), `lost`
            (queue full, or symbols that cannot be sent), `refused` and `failed`.

    Args:
        phy: settings of semcom_core.phy.PhyConfig, a dict; the receiver's must be the same.
        messages_per_burst: how many waiting messages may share a burst.
        gap_samples: silence before the first burst and after each, samples, in which filters on the
            way settle and empty.
        zero_fill: send silence while nothing waits, for radios without burst support and for paced
            simulations.
        finite: end the stream after the last burst once the end PDU has come.
        queue_size: messages that may wait; more are dropped and counted.

    Raises:
        ConfigError: a value is out of range, or the modem has no such setting.
    """

    def __init__(
        self,
        phy: dict | None = None,
        messages_per_burst: int = 1,
        gap_samples: int = 1024,
        zero_fill: bool = False,
        finite: bool = False,
        queue_size: int = 256,
    ) -> None:
        gr.sync_block.__init__(self, "burst_transmitter", None, [np.complex64])
        self.set_phy(phy)
        self.set_messages_per_burst(messages_per_burst)
        self.set_gap_samples(gap_samples)
        self.set_zero_fill(zero_fill)
        self.set_finite(finite)
        self.set_queue_size(queue_size)
        self.bursts = 0
        self.dropped = 0
        self.refused = 0
        self._forget()
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self.handle_frame)
        self.message_port_register_out(FEEDBACK)

    @tunable
    def set_phy(self, phy: dict) -> None:
        """Set the modem's settings."""
        self.transmitter = Transmitter(phy_config(phy))
        self.phy = dict(phy or {})

    @tunable
    def set_messages_per_burst(self, messages_per_burst: int) -> None:
        """Set how many waiting messages may share a burst."""
        check_range("messages_per_burst", messages_per_burst, 1, MESSAGE_IDS)
        self.messages_per_burst = int(messages_per_burst)

    @tunable
    def set_gap_samples(self, gap_samples: int) -> None:
        """Set the silence after each burst, samples."""
        check_range("gap_samples", gap_samples, 0, 1 << 20)
        self.gap_samples = int(gap_samples)

    @tunable
    def set_zero_fill(self, zero_fill: bool) -> None:
        """Set whether silence is sent while nothing waits."""
        self.zero_fill = bool(zero_fill)

    @tunable
    def set_finite(self, finite: bool) -> None:
        """Set whether the stream ends after the end PDU."""
        self.finite = bool(finite)

    @tunable
    def set_queue_size(self, queue_size: int) -> None:
        """Set how many messages may wait; those that wait already stay."""
        check_range("queue_size", queue_size, 1, 1 << 20)
        self.queue_size = int(queue_size)

    def _forget(self) -> None:
        """Discard all messages and the burst under way."""
        self._groups = FragmentGroups()
        self._waiting = BurstQueue()
        self._samples = np.zeros(0, np.complex64)
        self._position = 0
        self._message_ids: list[int] = []
        self._ended = False
        self._first = True

    def start(self) -> bool:
        """Begin a new stream."""
        begin_again(self)
        return True

    def stop(self) -> bool:
        """Discard what waits, so that a flowgraph that is started again begins anew."""
        self._forget()
        drain(self, "in")
        return True

    @guarded_handler
    def handle_frame(self, message: pmt.pmt_base) -> None:
        """Gather a frame; a complete message waits for its burst."""
        if is_end(message):
            self._ended = True
            return
        for frames in self._groups.push(read_frame(message), is_last(message)):
            if len(self._waiting) >= self.queue_size:
                self.dropped += 1
                reason = "the transmitter's queue is full"
                notify(self, "lost", notice_id(frames), reason, cause="dropped")
            else:
                self._waiting.put(frames)

    @guarded_work
    def work(self, input_items: list[np.ndarray], output_items: list[np.ndarray]) -> int:
        """Copy the burst under way, or start the next one, or fill with silence."""
        out = output_items[0]
        if self._position == len(self._samples):
            self._next_burst()
        if self._position < len(self._samples):
            return self._copy(out)
        if self.finite and self._ended:
            return WORK_DONE
        if not self.zero_fill:
            return 0  # GNU Radio asks again at the next message, or after 250 ms
        out[:] = 0
        return len(out)

    def _next_burst(self) -> None:
        """Load the next burst that can be made, if a message waits."""
        while self._waiting and self._position == len(self._samples):
            frames, message_ids = self._waiting.take(
                self.messages_per_burst, self.transmitter.config.max_frames
            )
            try:
                samples = self._burst(frames)
            except FrameError as error:  # symbols that are not finite, or too large
                self._waiting.give_up()
                for message_id in message_ids or [notice_id(frames)]:
                    notify(self, "lost", message_id, str(error))
                continue
            gap = np.zeros(self.gap_samples, samples.dtype)
            self._samples = np.concatenate([gap, samples, gap] if self._first else [samples, gap])
            self._position = 0
            self._message_ids = message_ids
            self._first = False
            self.bursts += 1
            self.add_item_tag(
                0, self.nitems_written(0), PACKET_LEN, pmt.from_long(len(self._samples))
            )

    def _burst(self, frames: list[Frame]) -> np.ndarray:
        """Samples of a burst; raises FrameError where they are not finite."""
        with np.errstate(over="ignore", invalid="ignore"):
            samples = self.transmitter.burst(frames)
        if not np.isfinite(samples).all():
            raise FrameError(
                "frame has symbols too large for a burst of finite samples; allowed is unit mean "
                "power"
            )
        return samples

    def _copy(self, out: np.ndarray) -> int:
        count = min(len(out), len(self._samples) - self._position)
        out[:count] = self._samples[self._position : self._position + count]
        self._position += count
        if self._position == len(self._samples):
            last = self.nitems_written(0) + count - 1
            told = bool(RadioStation.tellers())
            for message_id in self._message_ids:
                if told and message_id >= 0:
                    self.add_item_tag(0, last, MESSAGE_ID, pmt.from_long(message_id))
                notify(self, "transmitted", message_id)
            self._message_ids = []
        return count


class BurstQueue:
    """Messages in order, and which of their frames share a burst.

    Messages of few fragments go whole, several to a burst; of a picture each fragment has a burst
    of its own, so that a fade or a collision takes no more than one fragment with it.
    """

    def __init__(self) -> None:
        self._messages: deque[list[Frame]] = deque()
        self._rest: deque[Frame] = deque()

    def __len__(self) -> int:
        """Messages that wait; one under way counts until its last burst is taken."""
        return len(self._messages) + bool(self._rest)

    def put(self, frames: list[Frame]) -> None:
        """Queue a message."""
        self._messages.append(frames)

    def take(self, most_messages: int, most_frames: int) -> tuple[list[Frame], list[int]]:
        """Take the frames of the next burst; the queue must not be empty.

        Args:
            most_messages: messages that may share a burst.
            most_frames: frames that a burst may have.

        Returns:
            The frames, and the numbers of the messages that end with the burst.
        """
        if not self._rest and one_burst_a_fragment(self._messages[0]):
            self._rest.extend(self._messages.popleft())
        if self._rest:
            frame = self._rest.popleft()
            return [frame], ([] if self._rest else [notice_id([frame])])
        frames = []
        message_ids = []
        while (
            self._messages
            and len(message_ids) < most_messages
            and not one_burst_a_fragment(self._messages[0])
        ):
            if frames and len(frames) + len(self._messages[0]) > most_frames:
                break
            group = self._messages.popleft()
            message_ids.append(notice_id(group))
            frames += group
        return frames, message_ids

    def give_up(self) -> None:
        """Discard the remaining fragments of a message under way."""
        self._rest.clear()


def one_burst_a_fragment(frames: list[Frame]) -> bool:
    """Whether each fragment of a message has a burst of its own."""
    return frames[0].header.codec in WIDE_CODECS


def notice_id(frames: list[Frame]) -> int:
    """Number of a message in notices; -1 of an acknowledgement, whose number is the far end's."""
    return -1 if frames[0].header.codec == ACK else frames[0].header.message_id
