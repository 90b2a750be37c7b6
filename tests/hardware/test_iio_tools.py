# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools of libiio, as they are, on the virtual Pluto."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest

from tests.core.radio.iio.client import Client, serve

ADC, DAC = "cf-ad9361-lpc", "cf-ad9361-dds-core-lpc"
TOOLS = ["iio_info", "iio_attr", "iio_readdev", "iio_writedev"]
pytestmark = [pytest.mark.skipif(not shutil.which(tool), reason=f"{tool} is not installed") for tool in TOOLS]


@pytest.fixture
def pluto():
    with serve(speed=1) as (_, started):
        with Client(started.endpoint) as client:
            client.configure()
        yield started


def run(tool: str, pluto, *arguments: str, **more) -> subprocess.CompletedProcess:
    return subprocess.run([tool, "-u", pluto.uri, *arguments], capture_output=True, timeout=20, **more)


def test_iio_info_lists_everything_without_an_error(pluto):
    done = run("iio_info", pluto, text=True)
    assert done.returncode == 0 and "ERROR" not in done.stdout
    for words in ("hw_model: Analog Devices PlutoSDR", "fw_version: v0.38-virtual", "hw_serial: virtual-alice", "ad9361-phy,model: ad9363a",
                  "IIO context has 4 devices", "voltage0:  (input, index: 0, format: le:S12/16>>0)", "sampling_frequency value: 4000000",
                  "voltage0:  (output, index: 0, format: le:S16/16>>0)", "altvoltage0: RX_LO (output)"):  # fmt: skip
        assert words in done.stdout


def test_iio_attr_reads_and_writes(pluto):
    gain = ("-c", "-o", "ad9361-phy", "voltage0", "hardwaregain")
    assert run("iio_attr", pluto, *gain, "-20.5", text=True).returncode == 0
    assert "-20.500000 dB" in run("iio_attr", pluto, *gain, text=True).stdout
    refused = run("iio_attr", pluto, *gain, "3", text=True)
    assert "Invalid argument" in refused.stdout + refused.stderr
    assert "-20.500000 dB" in run("iio_attr", pluto, *gain, text=True).stdout


def test_iio_readdev_hears_what_iio_writedev_sends(pluto, tmp_path):
    sent = np.stack([np.arange(1, 257), -np.arange(1, 257)], axis=1).astype("<i2") * 16
    (tmp_path / "sent").write_bytes(sent.tobytes() * 16384)  # a second of samples, so that the stream is under way meanwhile
    with (tmp_path / "sent").open("rb") as source:
        writer = subprocess.Popen(["iio_writedev", "-u", pluto.uri, "-b", "256", DAC], stdin=source, stderr=subprocess.PIPE)
        try:
            heard = run("iio_readdev", pluto, "-b", "1024", "-s", "65536", ADC)
        finally:
            writer.kill()
            writer.communicate()
    assert heard.returncode == 0
    words = np.frombuffer(heard.stdout, "<i2").reshape(-1, 2)
    first = int(np.argmax(words.any(axis=1)))
    last = len(words) - int(np.argmax(words[::-1].any(axis=1)))
    expected = np.tile(sent // 16, (len(words) // 256 + 2, 1))
    begin = int(words[first, 0]) - 1
    assert len(words) == 65536 and last - first > 32768
    np.testing.assert_array_equal(words[first:last], expected[begin : begin + last - first])


def test_iio_readdev_reads_one_channel(pluto):
    heard = run("iio_readdev", pluto, "-b", "512", "-s", "2048", ADC, "voltage1")
    assert (heard.returncode, len(heard.stdout)) == (0, 4096)
