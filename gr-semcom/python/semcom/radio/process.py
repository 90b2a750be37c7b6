# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Program of a radio's process: GNU Radio's own blocks of the device, between sockets.

    device source ─► file descriptor ═► the flowgraph that receives
    the flowgraph that transmits ═► radio_feed ─► device sink

The sockets and their protocol are in semcom_core.radio.process. Both directions of a device are in
one process: most devices can be opened only once. Each is a flowgraph of its own, so that the end
of one is noticed. What a library does that cannot be undone, a destructor that hangs for instance,
ends with os._exit().
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections import deque
from typing import Any

import numpy as np
import pmt
from gnuradio import blocks, gr

from semcom_core.errors import SemcomError
from semcom_core.radio.process.child import BURST_HEADER, SAMPLE_BYTES

from .devices import IIO_TRANSFERS, PACKET_LEN, SINKS, SOURCES, tune

#: Samples between a receiver and its socket: time for a flowgraph that is late.
RECEIVE_ROOM = 1 << 20
#: Most samples that wait in a radio_feed.
FEED_ROOM = 1 << 19
#: Zeros that a radio_feed gives out at a time, samples.
ZEROS = 4096
#: How long a radio_feed waits for a piece, s.
WAIT_S = 0.05
#: How long a burst may take on its way through a radio after it was taken, s.
LINGER_S = 0.1
#: How long the flowgraphs may take to their end, s.
STOP_S = 1.5
#: Silence that gr-soapy's sink gets before the first burst, samples: gr-soapy 3.10 does not
#: initialise what is left of a burst, and so may lose the first one.
PRIME = 64
#: How long that silence may take, s.
PRIME_S = 2.0
#: How often it is reported how many samples the device has taken, s.
TAKEN_S = 0.5
#: How long it takes until gr-soapy's messages about that silence have been read, s: they are no
#: losses, and not counted before the radio is ready.
TOLD_S = 0.1


def main() -> int:
    """Run the radio that the command line describes."""
    radio = Radio(json.loads(sys.argv[1]))
    # Ctrl-C is for the flowgraph, which then ends this process
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: radio.stopping.set())
    libc = ctypes.CDLL(None)
    # unbuffered (_IONBF): gr-iio prints letters without a line end
    libc.setvbuf(ctypes.c_void_p.in_dll(libc, "stdout"), None, 2, 0)
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    try:
        radio.set_up()
        radio.send(state="ready")
        radio.serve()
        radio.stop()
    except Exception as error:  # noqa: BLE001 (whatever a library raises is reported, and ends this)
        radio.send(**failure(error))
        return 1
    return 0


def failure(error: Exception) -> dict:
    """Message about an exception.

    One of this project is final: it is about a setting that the radio does not have, and no further
    try helps.
    """
    return {
        "state": "failed",
        "reason": f"{type(error).__name__}: {' '.join(str(error).split())}",
        "final": isinstance(error, SemcomError),
    }


class Radio:
    """The directions of a device, and the control socket.

    Args:
        settings: the JSON object of the command line.
    """

    def __init__(self, settings: dict) -> None:
        self.settings = settings
        self.ended = threading.Event()
        self.control = socket.socket(fileno=settings["descriptors"]["control"])
        self._received = b""
        self.sides: dict[str, gr.top_block] = {}
        self.stopping = threading.Event()

    def set_up(self) -> None:
        """Make and start the flowgraphs; raises what the libraries raise."""
        kinds = {"receive": ("rx", receiving), "transmit": ("tx", transmitting)}
        for name, (side, kind) in kinds.items():
            if self.settings[name]:
                self.sides[side] = kind(self.settings, self.settings["descriptors"][name])
        for side in self.sides.values():
            side.start()
            threading.Thread(target=self._wait, args=(side,), daemon=True).start()
            side.settle()

    def _wait(self, side: gr.top_block) -> None:
        side.wait()
        self.ended.set()

    def send(self, **message: Any) -> None:
        """Send a message to the process that started this one."""
        self.control.sendall(json.dumps(message).encode() + b"\n")

    def serve(self) -> None:
        """Work until a signal, the end of a flowgraph, or the end of the control socket."""
        while not self.stopping.is_set() and not self.ended.is_set():
            for side in self.sides.values():
                for name, value in side.news().items():
                    self.send(**{name: value})
            if select.select([self.control], [], [], 0.02)[0] and not self._receive():
                return
        if self.ended.is_set():
            self.send(state="failed", reason="the stream of samples has ended")

    def _receive(self) -> bool:
        """Apply the settings that come through the control socket; False at its end."""
        data = self.control.recv(1 << 16)
        *lines, self._received = (self._received + data).split(b"\n")
        for line in filter(None, lines):
            for side, flowgraph in self.sides.items():
                tune(self.settings["backend"], side, flowgraph.device, json.loads(line)["set"])
        return bool(data)

    def stop(self) -> None:
        """Let the radio finish, then end the flowgraphs; those that do not end in time are left."""
        if "tx" in self.sides:
            time.sleep(LINGER_S)
        ending = threading.Thread(target=self._stop_all, daemon=True)
        ending.start()
        ending.join(STOP_S)

    def _stop_all(self) -> None:
        for side in self.sides.values():
            side.stop()
        for side in self.sides.values():
            side.wait()


class receiving(gr.top_block):
    """Flowgraph that receives: the device's samples to a socket.

    Args:
        settings: see Radio.
        descriptor: file descriptor of the socket.
    """

    def __init__(self, settings: dict, descriptor: int) -> None:
        gr.top_block.__init__(self, "receiving")
        self.device = SOURCES[settings["backend"]](settings)
        self.device.set_min_output_buffer(RECEIVE_ROOM)
        self.connect(self.device, blocks.file_descriptor_sink(gr.sizeof_gr_complex, descriptor))

    def settle(self) -> None:
        """Does nothing: a receiver needs no start-up silence."""

    def news(self) -> dict:
        """Nothing to report: nothing is transmitted."""
        return {}


class transmitting(gr.top_block):
    """Flowgraph that transmits: pieces of samples from a socket to the device.

    On iio, whose sink takes whole transfers only, zeros fill the last one and push it out.

    Args:
        settings: see Radio.
        descriptor: file descriptor of the socket.
    """

    def __init__(self, settings: dict, descriptor: int) -> None:
        gr.top_block.__init__(self, "transmitting")
        self.device = SINKS[settings["backend"]](settings)
        burst = settings["mode"] == "burst"
        size = settings["buffer_size"] if settings["backend"] == "iio" else 0
        tag = PACKET_LEN if burst and not size else ""
        self._prime = PRIME if tag and settings["backend"] == "soapy" else 0
        end = socket.socket(fileno=descriptor)
        self.feed = radio_feed(
            end, not burst, tag, size if burst else 0, IIO_TRANSFERS * size, self._prime
        )
        self.connect(self.feed, self.device)
        self._told = 0
        self._due = 0.0

    def settle(self) -> None:
        """Wait until the device takes samples."""
        end = time.monotonic() + PRIME_S
        while self.device.nitems_read(0) < self._prime and time.monotonic() < end:
            time.sleep(0.01)
        if self._prime:
            time.sleep(TOLD_S)

    def news(self) -> dict:
        """What is to be reported, where it has changed.

        Returns:
            sent: number of the last piece that has left the device; taken: how many samples the
            device has taken.
        """
        taken = self.device.nitems_read(0)
        now = time.monotonic()
        number = self.feed.left(taken)
        news = {"sent": number} if number is not None and number >= 0 else {}
        if taken != self._told and now > self._due:
            self._told = taken
            self._due = now + TAKEN_S
            news["taken"] = taken
        return news


class radio_feed(gr.sync_block):
    """Source of the samples to transmit: pieces from a socket, as bursts or as one stream.

    Args:
        end: the socket; see semcom_core.radio.process.
        continuous: fill with zeros where no piece waits.
        tag: key of the tag, on the first sample of a piece, with its length; empty: none.
        multiple: the output is padded with zeros to a multiple of this, samples; 0: it is not.
        settle: a piece has left when so many further samples were taken.
        prime: silence that is sent first, as a piece of its own, samples.
    """

    def __init__(
        self,
        end: socket.socket,
        continuous: bool = False,
        tag: str = "",
        multiple: int = 0,
        settle: int = 0,
        prime: int = 0,
    ) -> None:
        gr.sync_block.__init__(self, "radio_feed", None, [np.complex64])
        # ms until work() is called again after it had nothing; 250 is GNU Radio's default
        self.set_blkd_input_timer_value(1)
        self._end = end
        self._continuous = continuous
        self._tag = pmt.intern(tag) if tag else None
        self._multiple = multiple
        self._settle = settle
        self._changed = threading.Condition()
        self._pieces: deque[tuple[int, np.ndarray]] = deque()
        self._waiting = 0
        self._piece = np.zeros(prime, np.complex64)
        self._position = 0
        self._number = -1
        self._ends: deque[tuple[int, int]] = deque()
        self._owed = 0

    def start(self) -> bool:
        """Begin to listen."""
        threading.Thread(target=self._listen, name="radio feed", daemon=True).start()
        return True

    def left(self, taken: int) -> int | None:
        """Number of the last piece that has left the radio; None: none since the last call.

        Args:
            taken: how many samples the radio has taken.
        """
        number = None
        while self._ends and self._ends[0][1] + self._settle <= taken:
            number = self._ends.popleft()[0]
        return number

    def work(self, input_items: list[np.ndarray], output_items: list[np.ndarray]) -> int:
        """Output pieces, then zeros where they are needed."""
        out = output_items[0]
        count = 0
        while count < len(out) and self._next_piece(wait=count == 0):
            count += self._copy(out, count)
        if count:
            return count
        zeros = min(
            len(out), ZEROS if self._continuous else max(0, self._owed - self.nitems_written(0))
        )
        out[:zeros] = 0
        return zeros

    def _next_piece(self, wait: bool) -> bool:
        """Whether there are samples of a piece to output."""
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
            while len(head := pipe.read(BURST_HEADER.size)) == BURST_HEADER.size:
                number, count = BURST_HEADER.unpack(head)
                data = pipe.read(count * SAMPLE_BYTES)
                if len(data) < count * SAMPLE_BYTES:
                    break
                with self._changed:
                    self._changed.wait_for(lambda: self._waiting < FEED_ROOM)
                    self._pieces.append((number, np.frombuffer(data, np.complex64)))
                    self._waiting += count
                    self._changed.notify_all()


def end_with(parent: int) -> None:
    """End this process when its parent is gone."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if __name__ == "__main__":
    os._exit(main())
