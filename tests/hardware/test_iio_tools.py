# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools of libiio, as they are, on the virtual Pluto."""

from __future__ import annotations

import shutil
import subprocess
import time

import numpy as np
import pytest

from tests.core.radio.virtual.iio.client import Client, serve

ADC, DAC = "cf-ad9361-lpc", "cf-ad9361-dds-core-lpc"
TOOLS = ["iio_info", "iio_attr", "iio_readdev", "iio_writedev"]
#: Words for the DAC, none of them 0, which the ADC's 12 bits hold exactly.
PATTERN = np.stack([np.arange(1, 257), -np.arange(1, 257)], axis=1).astype("<i2") * 16
pytestmark = [
    pytest.mark.skipif(not shutil.which(tool), reason=f"{tool} is not installed") for tool in TOOLS
]


@pytest.fixture
def pluto():
    with serve(speed=1) as (_, started):
        with Client(started.endpoint) as client:
            client.configure()
        yield started


def run(tool: str, pluto, *arguments: str, **more) -> subprocess.CompletedProcess:
    return subprocess.run(
        [tool, "-u", pluto.uri, *arguments], capture_output=True, timeout=20, **more
    )


def test_iio_info_lists_everything_without_an_error(pluto):
    done = run("iio_info", pluto, text=True)
    assert done.returncode == 0 and "ERROR" not in done.stdout
    for words in (
        "hw_model: Analog Devices PlutoSDR",
        "fw_version: v0.38-virtual",
        "hw_serial: virtual-alice",
        "ad9361-phy,model: ad9363a",
        "IIO context has 4 devices",
        "voltage0:  (input, index: 0, format: le:S12/16>>0)",
        "sampling_frequency value: 4000000",
        # fmt: skip
        "voltage0:  (output, index: 0, format: le:S16/16>>0)",
        "altvoltage0: RX_LO (output)",
    ):
        assert words in done.stdout


def test_iio_attr_reads_and_writes(pluto):
    gain = ("-c", "-o", "ad9361-phy", "voltage0", "hardwaregain")
    assert run("iio_attr", pluto, *gain, "-20.5", text=True).returncode == 0
    assert "-20.500000 dB" in run("iio_attr", pluto, *gain, text=True).stdout
    refused = run("iio_attr", pluto, *gain, "3", text=True)
    assert "Invalid argument" in refused.stdout + refused.stderr
    assert "-20.500000 dB" in run("iio_attr", pluto, *gain, text=True).stdout


def test_iio_readdev_hears_what_iio_writedev_repeats(pluto):
    command = ["iio_writedev", "-u", pluto.uri, "-c", "-b", "256", DAC]
    writer = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        writer.stdin.write(PATTERN.tobytes())
        writer.stdin.flush()
        words, deadline = np.zeros((1, 2)), time.monotonic() + 10
        while not words.all() and time.monotonic() < deadline:
            heard = run("iio_readdev", pluto, "-b", "1024", "-s", "65536", ADC)
            words = np.frombuffer(heard.stdout, "<i2").reshape(-1, 2)
    finally:
        writer.kill()
        writer.communicate()
    expected = np.tile(PATTERN // 16, (257, 1))[words[0, 0] - 1 :][:65536]
    assert heard.returncode == 0
    np.testing.assert_array_equal(words, expected)


def test_iio_writedev_sends_a_file(pluto, tmp_path):
    (tmp_path / "sent").write_bytes(PATTERN.tobytes() * 64)
    with Client(pluto.endpoint) as client, (tmp_path / "sent").open("rb") as source:
        assert client.command(f"OPEN {ADC} 4096 00000003") == 0
        writer = subprocess.Popen(
            ["iio_writedev", "-u", pluto.uri, "-b", "256", "-s", "16384", DAC], stdin=source
        )
        words, deadline = np.zeros((0, 2), "<i2"), time.monotonic() + 20
        while len(words) < 8192 and time.monotonic() < deadline:
            piece = np.frombuffer(client.read_buffer(16384), "<i2").reshape(-1, 2)
            words = np.concatenate([words, piece]) if len(words) else piece[piece.all(axis=1)]
        assert writer.wait(timeout=20) == 0
    np.testing.assert_array_equal(words[:8192], np.tile(PATTERN // 16, (32, 1)))


def test_iio_readdev_reads_one_channel(pluto):
    heard = run("iio_readdev", pluto, "-b", "512", "-s", "2048", ADC, "voltage1")
    assert (heard.returncode, len(heard.stdout)) == (0, 4096)
