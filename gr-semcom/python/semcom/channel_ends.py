# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two ends of the channel block, and the bounded queue between them.

A channel gives out more or fewer samples than it takes, and some of them only when its input has ended. GNU Radio ends a block as
soon as its input ends, so one block could not give those out. Two blocks can: a sink whose stop() is called at the end of the
input, and a source that ends when the queue between them is empty. The sink waits while the queue is full; it wakes the source by
a message. It posts that message itself: the end of a block also ends those that are connected to its message ports.
"""

from __future__ import annotations

import threading
from collections import deque

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.channel import Channel

from .guard import WORK_DONE, guarded_work
from .notices import FEEDBACK

WAKE = pmt.intern("wake")
#: Samples that may wait, and most that are worked on at once.
QUEUE_SAMPLES, PIECE_SAMPLES = 1 << 15, 1 << 13
#: How long the sink waits for room before GNU Radio may ask whether the flowgraph is to stop, s.
WAIT_S = 0.1


class ChannelQueue:
    """A channel at work, and samples that have passed it. Setters may be called from any thread.

    Args:
        channel: the channel.
        seed: seed of everything random; 0 takes one from the clock.
    """

    def __init__(self, channel: Channel, seed: int):
        self.channel, self._seed = channel, seed
        self._changed, self._working = threading.Condition(), threading.Lock()
        self.restart()

    def restart(self) -> None:
        """Begin a new stream with the same seed."""
        with self._working, self._changed:
            self._stream = self.channel.stream(np.random.default_rng(self._seed or None))
            self._pieces: deque[np.ndarray] = deque()
            self._tags: deque[tuple[int, object]] = deque()
            self._given = self._taken = 0
            self._ended = self._asleep = self.closed = False

    def set_channel(self, channel: Channel) -> None:
        """Go on with another channel.

        Raises:
            ConfigError: a term does not fit the sample rate; everything stays as it was.
        """
        with self._working:
            self._stream.set_channel(channel)
            self.channel = channel

    def wait_for_room(self) -> bool:
        """Whether there is room for a piece, or nobody takes samples any more; waits a little for it."""
        with self._changed:
            return self._changed.wait_for(lambda: self.closed or self._taken - self._given < QUEUE_SAMPLES, WAIT_S)

    def close(self) -> None:
        """Nobody takes samples any more."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def push(self, samples: np.ndarray, tags: list[tuple[int, object]]) -> bool:
        """Send samples, and tags at positions among them. True if the source is asleep and must be woken."""
        with self._working:
            begin = self._taken + self._stream.held
            return self._put(self._stream.push(samples), [(begin + at, tag) for at, tag in tags])

    def end(self) -> bool:
        """End the stream. True if the source is asleep and must be woken."""
        with self._working:
            return self._put(self._stream.end(), [], ended=True)

    def _put(self, samples: np.ndarray, tags: list[tuple[int, object]], ended: bool = False) -> bool:
        with self._changed:
            self._ended = ended
            self._pieces.append(samples)
            self._taken += len(samples)
            self._tags.extend(tags)
            asleep, self._asleep = self._asleep, False
            return asleep

    def pop(self, out: np.ndarray) -> tuple[int, list[tuple[int, object]]]:
        """Fill `out`: how many samples there were, with tags at positions among them. -1 when there will be no more."""
        with self._changed:
            count = 0
            while self._pieces and count < len(out):
                piece = self._pieces.popleft()
                part = min(len(piece), len(out) - count)
                out[count : count + part] = piece[:part]
                count += part
                if part < len(piece):
                    self._pieces.appendleft(piece[part:])
            begin, self._given = self._given, self._given + count
            tags = []
            while self._tags and self._tags[0][0] < self._given:
                at, tag = self._tags.popleft()
                tags.append((max(at - begin, 0), tag))
            self._asleep = count == 0
            self._changed.notify_all()
            return (WORK_DONE if count == 0 and self._ended else count), tags


class ChannelInlet(gr.sync_block):
    """Takes the samples."""

    def __init__(self, queue: ChannelQueue, outlet: ChannelOutlet):
        gr.sync_block.__init__(self, "channel", [np.complex64], None)
        self._queue, self._outlet = queue, outlet
        self.message_port_register_out(FEEDBACK)

    def start(self):
        """Begin a new stream; GNU Radio starts all blocks before any of them works."""
        self._queue.restart()
        return True

    @guarded_work
    def work(self, input_items, output_items):
        """Send a piece through the channel, once there is room."""
        if not self._queue.wait_for_room():
            return 0
        if self._queue.closed:
            return WORK_DONE
        samples = input_items[0][:PIECE_SAMPLES].copy()  # the buffer is reused once work() returns
        tags = [(tag.offset - self.nitems_read(0), tag) for tag in self.get_tags_in_window(0, 0, len(samples))]
        self._wake(self._queue.push(samples, tags))
        return len(samples)

    def stop(self):
        """Let the rest out."""
        self._wake(self._queue.end())
        return True

    def _wake(self, asleep: bool) -> None:
        if asleep:
            self._outlet.to_basic_block()._post(WAKE, pmt.PMT_T)


class ChannelOutlet(gr.sync_block):
    """Gives out the samples."""

    def __init__(self, queue: ChannelQueue):
        gr.sync_block.__init__(self, "channel", None, [np.complex64])
        self._queue = queue
        self.message_port_register_in(WAKE)
        self.set_msg_handler(WAKE, self.handle_wake)
        self.message_port_register_out(FEEDBACK)

    def handle_wake(self, message):
        """Nothing to do: GNU Radio calls work() after a message."""

    @guarded_work
    def work(self, input_items, output_items):
        """Give out what is ready."""
        count, tags = self._queue.pop(output_items[0])
        for at, tag in tags:
            self.add_item_tag(0, self.nitems_written(0) + at, tag.key, tag.value)
        return count

    def stop(self):
        """Let the sink end too: what comes after this block has ended, or this block has failed."""
        self._queue.close()
        return True
