# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets, lines, values and the radio's time, without a server."""

from __future__ import annotations

import socket

import numpy as np
import pytest

from semcom_core.errors import ConfigError, FrameError
from semcom_core.radio.virtual.soapy.protocol import (
    HEADER,
    LONGEST_LINE,
    MAX_SAMPLES,
    Flag,
    from_wire,
    packet,
    receive_packet,
    to_wire,
)
from semcom_core.radio.virtual.soapy.protocol import LineReader as Lines
from semcom_core.radio.virtual.soapy.settings import HardwareTime, Range, integer
from semcom_core.radio.virtual.soapy.settings import parse_number as number


@pytest.fixture
def pair():
    left, right = socket.socketpair()
    left.settimeout(5)
    yield left, right
    left.close()
    right.close()


class StillClock:
    """A clock that stands until it is set."""

    def __init__(self):
        self.time_s = 0.0

    def now(self) -> float:
        return self.time_s


def test_all_values_of_the_wire_come_back_exactly():
    values = np.arange(-32768, 32768, dtype=np.int16)
    assert np.array_equal(to_wire(from_wire(values.tobytes())), values)


def test_what_is_too_large_is_clipped_and_the_rest_rounded():
    samples = np.array([2 - 2j, 0.6 / 32768 - 0.4j / 32768], np.complex64)
    assert to_wire(samples).tolist() == [32767, -32768, 1, 0]


def test_samples_of_a_slice_are_converted():
    assert to_wire(np.array([1, 2, 3, 4], np.complex64)[::2] / 8).tolist() == [4096, 0, 12288, 0]


def test_a_packet_is_read_back_whatever_the_pieces(pair):
    data = packet(Flag.TIME | Flag.END, -7, np.array([0.5 + 0.25j, -1], np.complex64)) + packet(
        Flag.LATE, 9
    )
    for i in range(len(data)):
        pair[1].sendall(data[i : i + 1])
    flags, time_ns, samples = receive_packet(pair[0])
    assert (flags, time_ns, samples.tolist()) == (Flag.TIME | Flag.END, -7, [0.5 + 0.25j, -1])
    assert receive_packet(pair[0])[:2] == (Flag.LATE, 9)
    pair[1].sendall(data[:20])
    pair[1].shutdown(socket.SHUT_WR)
    assert receive_packet(pair[0]) is None


def test_a_packet_that_claims_too_much_is_refused(pair):
    pair[1].sendall(HEADER.pack(MAX_SAMPLES + 1, 0, 0))
    with pytest.raises(FrameError, match=f"{MAX_SAMPLES + 1} samples; allowed is {MAX_SAMPLES}"):
        receive_packet(pair[0])


def test_lines_come_whole_whatever_the_pieces(pair):
    lines = Lines(pair[0])
    assert not lines.waiting()
    for piece in (b"li", b"st\nuse a\r\n", b"\nre"):
        pair[1].sendall(piece)
    assert [lines.next() for _ in range(3)] == ["list", "use a", ""]
    assert lines.waiting()
    pair[1].shutdown(socket.SHUT_WR)
    assert lines.next() is None


@pytest.mark.parametrize(
    "data", [b"x" * (LONGEST_LINE + 1) + b"\n", b"x" * 3 * LONGEST_LINE, "größe\n".encode()]
)
def test_lines_that_are_too_long_or_no_ascii_are_refused(pair, data):
    pair[1].sendall(data)
    with pytest.raises(FrameError, match="allowed is 256"):
        Lines(pair[0]).next()


@pytest.mark.parametrize("text", ["nan", "inf", "-1e999", "1,5", "", "0x10"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ConfigError, match="allowed is a number"):
        number("gain_db", text)


@pytest.mark.parametrize(
    "text, message", [("1.5", "a whole number"), ("7", "-6 to 6"), ("9" * 50, "-6 to 6")]
)
def test_what_is_no_whole_number_in_range_is_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        integer("count", text, -6, 6)


def test_a_range_rounds_to_its_step_and_refuses_what_is_outside():
    assert Range(0, 89.75, 0.25).fit("gain_db", 10.4) == 10.5
    assert Range(0, 1).fit("x", 0.123) == 0.123
    with pytest.raises(ConfigError, match="gain_db is 90.0; allowed is 0 to 89.75"):
        Range(0, 89.75, 0.25).fit("gain_db", 90.0)


def test_hardware_time_runs_by_the_radios_own_oscillator():
    clock = StillClock()
    ours = HardwareTime(clock, ppm=20)
    clock.time_s = 100.0
    assert ours.now_ns() == 100_002_000_000
    ours.set(5_000_000_000)
    clock.time_s = 101.0
    assert ours.now_ns() == 6_000_020_000
    assert ours.air_s(ours.at_ns(123.456)) == pytest.approx(123.456, abs=1e-8)
    assert ours.of_sample_ns(101_002_020, 1e6) == 6_000_020_000, "the sample of the present time"


def test_hardware_time_set_at_a_pulse_takes_effect_with_it():
    clock = StillClock()
    ours = HardwareTime(clock, ppm=0)
    clock.time_s = 3.25
    assert ours.last_pulse_ns() == 3_000_000_000
    ours.set_at_pulse(0)
    clock.time_s = 3.75
    assert ours.now_ns() == 3_750_000_000
    clock.time_s = 4.5
    assert (ours.now_ns(), ours.last_pulse_ns()) == (500_000_000, 0)
