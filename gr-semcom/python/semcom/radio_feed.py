# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Source of the samples that a radio's process transmits: pieces from a socket, as bursts or as one stream."""

from __future__ import annotations

import socket
import threading
from collections import deque

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.radio.child import PIECE, SAMPLE_BYTES

#: Samples that wait here at the most, zeros at a time, and how long to wait for a piece, s.
ROOM_SAMPLES, ZEROS, WAIT_S = 1 << 19, 4096, 0.05


class radio_feed(gr.sync_block):
    """Gives out the pieces that come through a socket, in their order.

    Args:
        end: the socket; see semcom_core.radio.child.
        continuous: fill with zeros where no piece waits.
        tag: key of the tag with its length that the first sample of a piece gets; empty: none.
        multiple: what comes out is filled with zeros to a multiple of this, samples; 0: it is not.
        settle: a piece has left when so many samples more than it were taken, samples.
        prime: silence that is sent first, as a piece of its own, samples.
    """

    def __init__(self, end: socket.socket, continuous=False, tag="", multiple=0, settle=0, prime=0):
        gr.sync_block.__init__(self, "radio_feed", None, [np.complex64])
        self.set_blkd_input_timer_value(1)  # ms until work() is called again after it had nothing; 250 else
        self._end, self._continuous, self._tag = end, continuous, pmt.intern(tag) if tag else None
        self._multiple, self._settle = multiple, settle
        self._changed, self._pieces, self._waiting = threading.Condition(), deque(), 0
        self._piece, self._position, self._number = np.zeros(prime, np.complex64), 0, -1
        self._ends: deque[tuple[int, int]] = deque()
        self._owed = 0

    def start(self):
        """Begin to listen."""
        threading.Thread(target=self._listen, name="radio feed", daemon=True).start()
        return True

    def left(self, taken: int) -> int | None:
        """Number of the last piece that has left, when the radio has taken so many samples; None: none since it was asked last."""
        number = None
        while self._ends and self._ends[0][1] + self._settle <= taken:
            number = self._ends.popleft()[0]
        return number

    def work(self, input_items, output_items):
        """Give out pieces, then zeros where they are needed."""
        out = output_items[0]
        count = 0
        while count < len(out) and self._next_piece(wait=count == 0):
            count += self._copy(out, count)
        if count:
            return count
        zeros = min(len(out), ZEROS if self._continuous else max(0, self._owed - self.nitems_written(0)))
        out[:zeros] = 0
        return zeros

    def _next_piece(self, wait: bool) -> bool:
        """Whether there is something of a piece to give out."""
        if self._position < len(self._piece):
            return True
        idle = wait and not self._continuous and self.nitems_written(0) >= self._owed
        with self._changed:
            if not self._changed.wait_for(lambda: self._pieces, WAIT_S if idle else 0):
                return False
            self._number, self._piece = self._pieces.popleft()
            self._waiting -= len(self._piece)
            self._position = 0
            self._changed.notify_all()
        return True

    def _copy(self, out: np.ndarray, at: int) -> int:
        begin = self.nitems_written(0) + at
        if self._position == 0 and self._tag is not None:
            self.add_item_tag(0, begin, self._tag, pmt.from_long(len(self._piece)))
        count = min(len(out) - at, len(self._piece) - self._position)
        out[at : at + count] = self._piece[self._position : self._position + count]
        self._position += count
        if self._position == len(self._piece):
            self._ends.append((self._number, begin + count))
            if self._multiple:
                self._owed = -(-(begin + count + self._settle) // self._multiple) * self._multiple
        return count

    def _listen(self) -> None:
        """Take pieces from the socket until it is closed."""
        with self._end.makefile("rb") as pipe:
            while len(head := pipe.read(PIECE.size)) == PIECE.size:
                number, count = PIECE.unpack(head)
                data = pipe.read(count * SAMPLE_BYTES)
                if len(data) < count * SAMPLE_BYTES:
                    break
                with self._changed:
                    self._changed.wait_for(lambda: self._waiting < ROOM_SAMPLES)
                    self._pieces.append((number, np.frombuffer(data, np.complex64)))
                    self._waiting += count
                    self._changed.notify_all()
