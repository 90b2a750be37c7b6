# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in for a radio: the simulation on a socket, and recordings."""

from __future__ import annotations

import socket

import numpy as np
import pytest
import sigmf
from gnuradio.semcom.radio.station import make_radio

from semcom_core.errors import ConfigError, RadioError
from semcom_core.radio.file_radio import SILENCE
from semcom_core.radio.profile import load_profile
from semcom_core.radio.recording import Recorder
from semcom_core.units import complex_noise

LIMIT_S = 20.0


@pytest.fixture
def address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def open_radio():
    """open_radio(profile, receive, transmit, settings): a radio that is started, and stopped at the
    end of the test.
    """
    opened = []

    def make(name: str, receive: bool, transmit: bool, **settings):
        opened.append(make_radio(load_profile(name, **settings), receive, transmit))
        opened[-1].start()
        return opened[-1]

    yield make
    for radio in opened:
        radio.stop()


def collect(radio, count: int, piece: int = 1000) -> np.ndarray:
    parts = []
    while sum(map(len, parts)) < count:
        parts.append(radio.read(piece, LIMIT_S))
    return np.concatenate(parts)[:count]


@pytest.mark.parametrize("together", [True, False])
def test_simulation_carries_samples_unchanged_through_a_clean_channel(
    together, address, open_radio
):
    x = complex_noise(200_000, 0.01, np.random.default_rng(1))
    if together:
        receiver = transmitter = open_radio(
            "simulation", True, True, address=address, channel="clean"
        )
    else:  # the transmitter waits for the receiver
        transmitter = open_radio("simulation", False, True, address=address)
        receiver = open_radio("simulation", True, False, address=address, channel="clean")
    for begin in range(0, len(x), 70_001):
        transmitter.write(x[begin : begin + 70_001], LIMIT_S)
    assert np.array_equal(collect(receiver, len(x)), x)
    assert transmitter.drain(LIMIT_S) and transmitter.sent == 3


def test_simulation_has_the_noise_of_its_channel_by_its_seed(address, open_radio):
    received = []
    for _ in range(2):
        radio = open_radio("simulation", True, True, address=address, channel="awgn:10", seed=7)
        radio.write(np.zeros(50_000), LIMIT_S)
        received.append(collect(radio, 50_000))
        radio.stop()
    assert np.array_equal(*received)
    # the modem's mean symbol power on 52 of 64 carriers with 10 dB of headroom is 0.1 * 64 / 52 or
    # thereabouts, and N0 10 dB below
    assert np.mean(np.abs(received[0]) ** 2) == pytest.approx(
        0.0123, rel=0.05
    )  # 50,000 samples: 0.5 % is one standard deviation


def test_simulation_outlasts_its_transmitter(address, open_radio):
    receiver = open_radio("simulation", True, False, address=address, channel="clean")
    for value in (1, 2):
        transmitter = open_radio("simulation", False, True, address=address)
        transmitter.write(np.full(100, value), LIMIT_S)
        assert np.array_equal(collect(receiver, 100), np.full(100, value))
        transmitter.stop()
    with pytest.raises(TimeoutError, match="no sample"):
        receiver.read(1, 0.05)


def test_simulation_says_what_is_wrong(address, open_radio):
    open_radio("simulation", True, False, address=address)
    with pytest.raises(RadioError, match=f"cannot listen at {address}"):
        open_radio("simulation", True, False, address=address)
    for wrong in ("nowhere", "host:", "host:99999", ":80"):
        with pytest.raises(ConfigError, match="address of the simulation"):
            open_radio("simulation", True, False, address=wrong)
    with pytest.raises(ConfigError, match="awgn"):
        open_radio("simulation", True, False, address=address, channel="fog:3")


def test_a_recording_is_written_and_read(tmp_path, open_radio):
    x = complex_noise(5000, 0.01, np.random.default_rng(2))
    written = open_radio("file", False, True, address=str(tmp_path / "some"), amplitude=0.5)
    written.write(x[:3000], 0.0)
    written.write(x[3000:], 0.0)
    assert written.drain(0.0) and written.sent == 2
    written.stop()
    read = open_radio("file", True, False, address=str(tmp_path / "some.sigmf-meta"))
    samples = collect(read, 5000 + SILENCE)
    assert np.array_equal(samples[:5000], x * np.float32(0.5)) and not samples[5000:].any()
    with pytest.raises(TimeoutError, match="is over"):
        read.read(1, 0.01)
    read.start()
    assert read.read(1, 0.0)[0] == samples[0]


def test_a_recording_is_never_read_whole(tmp_path, open_radio, monkeypatch):
    with Recorder(tmp_path / "night", 1e6, 0.0) as recorder:
        recorder.write(np.arange(5000))
    asked, read_samples = [], sigmf.SigMFFile.read_samples
    monkeypatch.setattr(
        sigmf.SigMFFile,
        "read_samples",
        lambda file, start, count: asked.append(count) or read_samples(file, start, count),
    )
    radio = open_radio("file", True, False, address=str(tmp_path / "night"))
    assert np.array_equal(collect(radio, 5000), np.arange(5000))
    assert sum(asked) == 5001 and max(asked) == 1000


def test_recordings_that_do_not_fit(tmp_path, open_radio):
    with Recorder(tmp_path / "fast", 2e6, 0.0) as recorder:
        recorder.write(np.zeros(10))
    with pytest.raises(ConfigError, match="rate_hz is 1000000; allowed is that of .*fast, 2000000"):
        open_radio("file", True, False, address=str(tmp_path / "fast"))
    with pytest.raises(ConfigError, match="cannot be read"):
        open_radio("file", True, False, address=str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="half duplex"):
        open_radio("file", True, True, address=str(tmp_path / "fast"))
