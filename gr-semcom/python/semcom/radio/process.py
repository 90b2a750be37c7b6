# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process behind a radio: GNU Radio's own blocks of the device, between sockets; see
semcom_core.radio.process.child.

    device source ─► file descriptor ═► the flowgraph that receives
    the flowgraph that transmits ═► radio_feed ─► device sink

Both directions of a device are in one process: most devices can be opened only once. Each is a
flowgraph of its own, so that the end of one is seen. What a library does that cannot be undone, a
destructor that hangs for instance, ends with os._exit().
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

from gnuradio import blocks, gr

from semcom_core.errors import SemcomError

from .devices import IIO_TRANSFERS, PACKET_LEN, SINKS, SOURCES, radio_feed, tune

#: Samples between a receiver and its socket: time for a flowgraph that is late.
RECEIVE_ROOM = 1 << 20
#: How long a burst may take on its way through a radio after it was taken, and a flowgraph to its
#: end, s.
LINGER_S = 0.1
STOP_S = 1.5
#: Silence that gr-soapy's sink gets before the first burst, samples, and how long it may take, s:
#: gr-soapy 3.10 does not initialise what is left of a burst, and so may lose the first one.
PRIME = 64
PRIME_S = 2.0
#: How often it is told how many samples the device has taken, s.
TAKEN_S = 0.5
#: How long it takes until what gr-soapy says of that has been read, s: it is no loss, and not
#: counted before the radio is ready.
TOLD_S = 0.1


class receiving(gr.top_block):
    """The device's samples to a socket."""

    def __init__(self, settings: dict, descriptor: int):
        gr.top_block.__init__(self, "receiving")
        self.device = SOURCES[settings["backend"]](settings)
        self.device.set_min_output_buffer(RECEIVE_ROOM)
        self.connect(self.device, blocks.file_descriptor_sink(gr.sizeof_gr_complex, descriptor))

    def settle(self) -> None:
        """There is nothing to wait for."""

    def news(self) -> dict:
        """Nothing is transmitted."""
        return {}


class transmitting(gr.top_block):
    """Pieces of samples to the device. On iio, whose sink takes whole transfers only, zeros fill
    the last one and push it out.
    """

    def __init__(self, settings: dict, descriptor: int):
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
        """What is to be told: the last piece that has left the device, and how many samples it has
        taken, where that has changed.
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


class Radio:
    """The directions of a device, and the control socket.

    Args:
        settings: what the command line says.
    """

    def __init__(self, settings: dict):
        self.settings = settings
        self.ended = threading.Event()
        self.control = socket.socket(fileno=settings["descriptors"]["control"])
        self._part = b""
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

    def say(self, **message) -> None:
        """Tell the process that started this one."""
        self.control.sendall(json.dumps(message).encode() + b"\n")

    def serve(self) -> None:
        """Work until a signal, the end of a flowgraph, or the end of who started this."""
        while not self.stopping.is_set() and not self.ended.is_set():
            for side in self.sides.values():
                for name, value in side.news().items():
                    self.say(**{name: value})
            if select.select([self.control], [], [], 0.02)[0] and not self._hear():
                return
        if self.ended.is_set():
            self.say(state="failed", reason="the stream of samples has ended")

    def _hear(self) -> bool:
        """Do what comes through the control socket; False at its end."""
        data = self.control.recv(1 << 16)
        *lines, self._part = (self._part + data).split(b"\n")
        for line in filter(None, lines):
            for side, flowgraph in self.sides.items():
                tune(self.settings["backend"], side, flowgraph.device, json.loads(line)["set"])
        return bool(data)

    def stop(self) -> None:
        """Let the radio finish, then end the flowgraphs, as far as they end."""
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


def end_with(parent: int) -> None:
    """End this process when its parent is gone."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def main() -> int:
    """Run the radio that the command line describes."""
    radio = Radio(json.loads(sys.argv[1]))
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is for the flowgraph, which then ends this process
    signal.signal(signal.SIGTERM, lambda *_: radio.stopping.set())
    libc = ctypes.CDLL(None)
    libc.setvbuf(
        ctypes.c_void_p.in_dll(libc, "stdout"), None, 2, 0
    )  # unbuffered (_IONBF): gr-iio prints letters without a line end
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    try:
        radio.set_up()
        radio.say(state="ready")
        radio.serve()
        radio.stop()
    except Exception as error:  # noqa: BLE001 (whatever a library raises is told, and ends this process)
        radio.say(**failure(error))
        return 1
    return 0


def failure(error: Exception) -> dict:
    """What is told of an exception: no further try mends one of this project, which is about a
    setting that the radio does not have.
    """
    return {
        "state": "failed",
        "reason": f"{type(error).__name__}: {' '.join(str(error).split())}",
        "final": isinstance(error, SemcomError),
    }


if __name__ == "__main__":
    os._exit(main())
