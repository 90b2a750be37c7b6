# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buffers: what is sent arrives as it was, one client at a time, and samples that are lost show in
the status registers.
"""

from __future__ import annotations

import errno
import time

import numpy as np
import pytest

from tests.core.radio.virtual.iio.client import ADC, DAC, LOOP, PHY, Client, serve

STATUS = "DEBUG direct_reg_access"


def counted(count: int, start: int = 1) -> np.ndarray:
    """Words for the DAC which the ADC's 12 bits hold exactly: a count in I, another in Q; 0 is
    never among them.
    """
    number = np.arange(start, start + count)
    return np.stack([number % 2000 + 1, -(number // 7 % 2000) - 1], axis=1).astype("<i2") * 16


def receive(client: Client, samples: int, buffer: int) -> np.ndarray:
    pieces = [client.read_buffer(4 * buffer) for _ in range(samples // buffer)]
    return np.frombuffer(b"".join(pieces), "<i2").reshape(-1, 2)


@pytest.mark.parametrize("sent, received", [(1024, 1024), (1000, 4096), (8192, 384)])
def test_samples_arrive_as_they_were_sent(served, client, sent, received):
    client.configure()
    with Client(served[1].endpoint) as sender:
        assert client.command(f"OPEN {ADC} {received} 00000003") == 0
        assert sender.command(f"OPEN {DAC} {sent} 00000003") == 0
        words = counted(4 * sent)
        for piece in np.split(words, 4):
            assert sender.write_buffer(piece.tobytes()) == 4 * sent
        heard = receive(client, 8 * (sent + received), received)
        first = int(np.argmax(heard.any(axis=1)))
        np.testing.assert_array_equal(heard[first : first + len(words)], words // 16)


@pytest.mark.parametrize("mask, columns", [("00000001", [0]), ("00000002", [1])])
def test_one_channel_alone(served, client, mask, columns):
    client.configure()
    with Client(served[1].endpoint) as sender:
        sender.command(f"OPEN {DAC} 512 {mask} CYCLIC")
        assert sender.write_buffer(np.full(512, 8000, "<i2").tobytes()) == 1024
        client.command(f"OPEN {ADC} 512 00000003")
        heard = receive(client, 1024, 512)
        assert (heard[:, columns] == 500).all() and np.count_nonzero(heard) == heard[
            :, columns
        ].size
        client.command(f"CLOSE {ADC}")
        client.command(f"OPEN {ADC} 512 {mask}")
        assert np.frombuffer(client.read_buffer(1024, mask), "<i2").tolist() == [500] * 512


def test_request_beyond_the_buffer_is_answered_in_chunks(client):
    client.command(f"OPEN {ADC} 100 00000003")
    client.send(f"READBUF {ADC} 1002\r\n")
    assert client.number() == 400 and client.replies.readline() == b"00000003\n"
    client.replies.read(400)
    for expected in (400, 200):
        assert client.number() == expected
        client.replies.read(expected)
    assert client.number() == 0, "part of a sample remains"
    assert client.read(f"{PHY} ensm_mode") == "fdd"


def test_buffer_belongs_to_one_client_until_it_leaves(served, client):
    with Client(served[1].endpoint) as other:
        assert other.command(f"OPEN {ADC} 256 00000003") == 0
        assert client.command(f"OPEN {ADC} 256 00000003") == -errno.EBUSY
        assert client.command(f"SET {ADC} BUFFERS_COUNT 2") == -errno.EBUSY
        assert client.command(f"READBUF {ADC} 1024") == -errno.EBADF
        assert client.command(f"CLOSE {ADC}") == -errno.EBADF
    deadline = time.monotonic() + 5
    while (
        code := client.command(f"OPEN {ADC} 256 00000003")
    ) == -errno.EBUSY and time.monotonic() < deadline:
        time.sleep(0.01)
    assert code == 0


def test_cyclic_buffer_is_sent_over_and_over_and_refuses_another(served, client):
    client.configure()
    words = counted(300)
    with Client(served[1].endpoint) as sender:
        sender.command(f"OPEN {DAC} 300 00000003 CYCLIC")
        assert sender.write_buffer(words.tobytes()) == 1200
        assert sender.write_buffer(words.tobytes()) == -errno.EBUSY
        client.command(f"OPEN {ADC} 1000 00000003")
        heard = receive(client, 4000, 1000)
        shift = int(np.flatnonzero((heard[:300] == words[0] // 16).all(axis=1))[0])
        np.testing.assert_array_equal(
            heard, np.roll(np.tile(words // 16, (14, 1)), shift, axis=0)[:4000]
        )
        client.write(f"{PHY} INPUT voltage0 sampling_frequency", "5000000")
        heard = receive(client, 12_000, 1000)
        assert len(np.unique(heard[-1000:, 0])) == 300, "another rate does not end it"
        sender.command(f"CLOSE {DAC}")
        receive(client, 12_000, 1000)
        assert not receive(client, 1000, 1000).any()


def test_tone_is_heard_where_no_buffer_is_sent(client):
    client.configure()
    for channel, phase in (("TX1_I_F1", "90000"), ("TX1_Q_F1", "0")):
        for name, text in (
            ("frequency", "500000"),
            ("phase", phase),
            ("scale", "0.25"),
            ("raw", "1"),
        ):
            client.write(f"{DAC} OUTPUT {channel} {name}", text)
    client.command(f"OPEN {ADC} 1024 00000003")
    heard = receive(client, 2048, 1024)[1024:] @ [1, 1j] / 2048
    spectrum = np.abs(np.fft.fft(heard)) / 1024
    assert (
        spectrum.argmax() == 128
        and spectrum[128] == pytest.approx(0.25, rel=0.01)
        and np.sort(spectrum)[-2] < 1e-3
    )


def test_automatic_gain_and_rssi_follow_the_stream():
    link = {**LOOP, "gain_db": -30}
    with (
        serve(links=[link]) as (_, pluto),
        Client(pluto.endpoint) as client,
        Client(pluto.endpoint) as sender,
    ):
        client.configure()
        client.write(f"{PHY} INPUT voltage0 gain_control_mode", "slow_attack")
        sender.command(f"OPEN {DAC} 512 00000003 CYCLIC")
        sender.write_buffer(np.tile([[16384, 0]], (512, 1)).astype("<i2").tobytes())
        client.command(f"OPEN {ADC} 512 00000003")
        heard = receive(client, 30 * 512, 512)[-512:] @ [1, 1j] / 2048
        power_db = 10 * np.log10(np.mean(np.abs(heard) ** 2))
        assert power_db == pytest.approx(-12, abs=0.6), "steps of 1 dB around the target"
        assert client.read(f"{PHY} INPUT voltage0 hardwaregain") == "64.000000 dB", (
            "40 dB give 0.5 by 30 dB down: -36 dB"
        )
        assert float(client.read(f"{PHY} INPUT voltage0 rssi").split()[0]) == pytest.approx(
            64 - power_db, abs=0.05
        )


def test_late_reader_overflows():
    with serve(pacing="real", speed=1) as (_, pluto), Client(pluto.endpoint) as client:
        client.configure()
        client.command(f"OPEN {ADC} 1000 00000003")
        assert client.read(f"{ADC} {STATUS}") == "0x0"
        time.sleep(0.05)
        receive(client, 1000, 1000)
        assert client.write(f"{ADC} {STATUS}", "0x80000088") > 0
        assert client.read(f"{ADC} {STATUS}") == "0x4"
        client.write(f"{ADC} {STATUS}", "0x80000088 0x1")
        assert client.read(f"{ADC} {STATUS}") == "0x4", "another bit is not this one"
        client.write(f"{ADC} {STATUS}", "0x80000088 0x6")
        assert client.read(f"{ADC} {STATUS}") == "0x0"


def test_late_writer_underflows():
    with serve(pacing="real", speed=1) as (_, pluto), Client(pluto.endpoint) as client:
        client.configure()
        client.command(f"OPEN {DAC} 1000 00000003")
        client.write_buffer(counted(1000).tobytes())
        assert client.read(f"{DAC} {STATUS}") == "0x0"
        time.sleep(0.05)
        client.write_buffer(counted(1000).tobytes())
        assert client.read(f"{DAC} {STATUS}") == "0x1"
        client.write(f"{DAC} {STATUS}", "0x80000088 0x1")
        assert client.read(f"{DAC} {STATUS}") == "0x0"


def test_samples_that_do_not_come_time_out(client):
    client.configure()
    client.command(f"OPEN {ADC} 8000000 00000003")
    client.command("TIMEOUT 10")
    assert client.command(f"READBUF {ADC} 32000000") == -errno.ETIMEDOUT
    assert client.command(f"CLOSE {ADC}") == 0


def test_buffer_that_outlasts_the_air_is_refused(client):
    client.configure(rate_hz=2_100_000)
    assert client.command(f"OPEN {ADC} 8000000 00000003") == -errno.ENOMEM


def test_closed_air_ends_a_stream(served, client):
    client.command(f"OPEN {ADC} 1024 00000003")
    served[0].close()
    assert client.command(f"READBUF {ADC} 4096") == -errno.EBADF
    assert client.command(f"CLOSE {ADC}") == 0
