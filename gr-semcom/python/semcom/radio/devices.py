# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Source of the samples that a radio's process transmits: pieces from a socket, as bursts or as one
stream.

GNU Radio's own blocks of a radio, set up by the settings of a profile, and how they are tuned while
they run.

The settings are those of semcom_core.radio.profile.RadioProfile as a dict, and `filter_hz`. Each
library is imported when a radio of it is made: its import alone may take a second and print lines.
"""

from __future__ import annotations

import socket
import threading
from collections import deque

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.errors import RadioError, check_choice
from semcom_core.radio.process.child import PIECE, SAMPLE_BYTES

#: Samples that wait here at the most, zeros at a time, and how long to wait for a piece, s.
ROOM_SAMPLES = 1 << 19
ZEROS = 4096
WAIT_S = 0.05


class radio_feed(gr.sync_block):
    """Gives out the pieces that come through a socket, in their order.

    Args:
        end: the socket; see semcom_core.radio.process.child.
        continuous: fill with zeros where no piece waits.
        tag: key of the tag with its length that the first sample of a piece gets; empty: none.
        multiple: what comes out is filled with zeros to a multiple of this, samples; 0: it is not.
        settle: a piece has left when so many samples more than it were taken, samples.
        prime: silence that is sent first, as a piece of its own, samples.
    """

    def __init__(self, end: socket.socket, continuous=False, tag="", multiple=0, settle=0, prime=0):
        gr.sync_block.__init__(self, "radio_feed", None, [np.complex64])
        self.set_blkd_input_timer_value(
            1
        )  # ms until work() is called again after it had nothing; 250 else
        self._end = end
        self._continuous = continuous
        self._tag = pmt.intern(tag) if tag else None
        self._multiple = multiple
        self._settle = settle
        self._changed = threading.Condition()
        self._pieces = deque()
        self._waiting = 0
        self._piece = np.zeros(prime, np.complex64)
        self._position = 0
        self._number = -1
        self._ends: deque[tuple[int, int]] = deque()
        self._owed = 0

    def start(self):
        """Begin to listen."""
        threading.Thread(target=self._listen, name="radio feed", daemon=True).start()
        return True

    def left(self, taken: int) -> int | None:
        """Number of the last piece that has left, when the radio has taken so many samples; None:
        none since it was asked last.
        """
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
        zeros = min(
            len(out), ZEROS if self._continuous else max(0, self._owed - self.nitems_written(0))
        )
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


PACKET_LEN = "packet_len"
#: How far the sample rate of a radio may be off what was asked for.
RATE_TOLERANCE = 1e-4
#: Transfers that libiio and the kernel hold: a sample has left when this many more were taken.
IIO_TRANSFERS = 5


def iio_source(s: dict):
    """A Pluto's receiver. Its gain mode is set twice: gr-iio 3.10 writes the mode that was asked
    for before.
    """
    from gnuradio import iio

    block = iio.fmcomms2_source_fc32(_uri(s), [True, True], s["buffer_size"])
    block.set_len_tag_key("")
    block.set_frequency(int(s["rx_lo_hz"]))
    block.set_samplerate(int(s["rate_hz"]))
    for _ in range(2):
        block.set_gain_mode(0, "manual")
    block.set_gain(0, s["rx_gain_db"])
    block.set_quadrature(True)
    block.set_rfdc(True)
    block.set_bbdc(True)
    block.set_filter_params("Auto", "", 0, 0)
    return block


def iio_sink(s: dict):
    """A Pluto's transmitter."""
    from gnuradio import iio

    block = iio.fmcomms2_sink_fc32(_uri(s), [True, True], s["buffer_size"], False)
    block.set_len_tag_key("")
    block.set_bandwidth(int(s["filter_hz"]))
    block.set_frequency(int(s["tx_lo_hz"]))
    block.set_samplerate(int(s["rate_hz"]))
    block.set_attenuation(0, -s["tx_gain_db"])
    block.set_filter_params("Auto", "", 0, 0)
    return block


def uhd_source(s: dict):
    """A USRP's receiver."""
    from gnuradio import uhd

    return _set_usrp(
        uhd.usrp_source(s["address"], uhd.stream_args(cpu_format="fc32", channels=[0])), s, "rx"
    )


def uhd_sink(s: dict):
    """A USRP's transmitter."""
    from gnuradio import uhd

    tag = PACKET_LEN if s["mode"] == "burst" else ""
    return _set_usrp(
        uhd.usrp_sink(s["address"], uhd.stream_args(cpu_format="fc32", channels=[0]), tag), s, "tx"
    )


def soapy_source(s: dict):
    """The receiver of a radio that SoapySDR knows."""
    from gnuradio import soapy

    return _set_soapy(soapy.source(s["address"], "fc32", 1, "", "", [""], [""]), s, "rx")


def soapy_sink(s: dict):
    """The transmitter of a radio that SoapySDR knows."""
    from gnuradio import soapy

    block = _set_soapy(soapy.sink(s["address"], "fc32", 1, "", "", [""], [""]), s, "tx")
    if s["mode"] == "burst":
        block.set_length_tag_name(PACKET_LEN)
    return block


SOURCES = {"iio": iio_source, "uhd": uhd_source, "soapy": soapy_source}
SINKS = {"iio": iio_sink, "uhd": uhd_sink, "soapy": soapy_sink}
#: How a block of a backend is tuned: setting → what to call.
TUNING = {
    "iio": {
        "rx_gain_db": lambda block, value: block.set_gain(0, value),
        "tx_gain_db": lambda block, value: block.set_attenuation(0, -value),
        "lo_hz": lambda block, value: block.set_frequency(int(value)),
    },
    "uhd": {
        "rx_gain_db": lambda block, value: block.set_gain(value, 0),
        "tx_gain_db": lambda block, value: block.set_gain(value, 0),
        "lo_hz": lambda block, value: block.set_center_freq(value, 0),
    },
    "soapy": {
        "rx_gain_db": lambda block, value: block.set_gain(0, value),
        "tx_gain_db": lambda block, value: block.set_gain(0, value),
        "lo_hz": lambda block, value: block.set_frequency(0, value),
    },
}


def tune(backend: str, side: str, block, settings: dict) -> None:
    """Change the gain and the frequency of a side, "rx" or "tx"; settings of the other side are
    left alone.
    """
    for name, value in settings.items():
        if name.startswith(side):
            TUNING[backend][name if name.endswith("gain_db") else "lo_hz"](block, value)


def _uri(s: dict) -> str:
    """The address as libiio wants it: a bare host is one of the network."""
    return s["address"] if ":" in s["address"] else f"ip:{s['address']}"


def _set_usrp(block, s: dict, side: str):
    if s["clock_source"]:
        check_choice("clock_source", s["clock_source"], block.get_clock_sources(0))
        block.set_clock_source(s["clock_source"], 0)
    if s["time_source"]:
        check_choice("time_source", s["time_source"], block.get_time_sources(0))
        block.set_time_source(s["time_source"], 0)
    block.set_samp_rate(s["rate_hz"])
    _check_rate(s, block.get_samp_rate())
    block.set_center_freq(s[f"{side}_lo_hz"], 0)
    block.set_gain(s[f"{side}_gain_db"], 0)
    block.set_bandwidth(s["filter_hz"], 0)
    if s[f"{side}_antenna"]:
        check_choice(f"{side}_antenna", s[f"{side}_antenna"], block.get_antennas(0))
        block.set_antenna(s[f"{side}_antenna"], 0)
    return block


def _set_soapy(block, s: dict, side: str):
    block.set_sample_rate(0, s["rate_hz"])
    _check_rate(s, block.get_sample_rate(0))
    block.set_bandwidth(0, s["filter_hz"])
    block.set_frequency(0, s[f"{side}_lo_hz"])
    if block.has_gain_mode(0):
        block.set_gain_mode(0, False)
    block.set_gain(0, s[f"{side}_gain_db"])
    if s[f"{side}_antenna"]:
        check_choice(f"{side}_antenna", s[f"{side}_antenna"], block.list_antennas(0))
        block.set_antenna(0, s[f"{side}_antenna"])
    return block


def _check_rate(s: dict, rate_hz: float) -> None:
    if abs(rate_hz - s["rate_hz"]) > RATE_TOLERANCE * s["rate_hz"]:
        raise RadioError(f"rate_hz is {s['rate_hz']:.10g}; the radio's nearest is {rate_hz:.10g}")
