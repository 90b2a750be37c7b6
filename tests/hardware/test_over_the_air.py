# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The suite over the air: texts and a picture, with the same assertions on virtual radios, always,
and on real ones by

    ./run test tests/hardware -m radio --profile pluto --rx-address ip:192.168.2.1 --tx-address
    ip:192.168.3.1 --tx-gain-db -30

A recording and streams, on virtual radios only: there it is known what was sent.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from semcom_core.bench.radio.link import TRANSPORTS, End, Transport, carry
from semcom_core.bench.radio.rows import CLIENTS, recording_row, stream_row
from semcom_core.image.picture import write_picture

pytest.importorskip("gnuradio.iio", reason="GNU Radio has no gr-iio")

CHANNEL = "awgn:10+cfo:20khz+taps:0,-6"
TEXTS = [
    "The weather is nice today.",
    "Could you send me the report?",
    "Grüße aus dem Kanal.",
    "Two plus two is four.",
    "6:45",
]
#: The transport that the command line names.
REAL = "real radio"
#: Which transports and clients need SoapySDR's module, and UHD's bridge to it.
OVER_SOAPY, OVER_UHD = ("soapy", "uhd", "pluto-uhd"), ("uhd", "pluto-uhd")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each transport of virtual radios, and the real one."""
    if "transport" in metafunc.fixturenames:
        virtual = [name for name in TRANSPORTS if name != "simulation"]
        metafunc.parametrize("transport", [*virtual, pytest.param(REAL, marks=pytest.mark.radio)])


@pytest.fixture
def over_soapy(request, monkeypatch) -> Callable[[str], None]:
    """Have SoapySDR's module found where a transport or client needs it; skips where it, or UHD's
    bridge to it, is missing.
    """

    def find(name: str) -> None:
        if name in OVER_SOAPY:
            monkeypatch.setenv(
                "SOAPY_SDR_PLUGIN_PATH", str(request.getfixturevalue("soapy_module"))
            )
        if name in OVER_UHD and not list(Path("/usr/lib").glob("*/uhd/modules/libsoapySupport.so")):
            pytest.skip("UHD's bridge to SoapySDR is not installed (uhd-soapysdr)")

    return find


@pytest.fixture
def link(transport, request, over_soapy) -> tuple[Transport, dict]:
    """The radios, and the sender's parameters that they need."""
    option = request.config.getoption
    over_soapy(transport)
    if transport in TRANSPORTS:
        return TRANSPORTS[transport](), {}
    profile = option("--profile")
    if not profile:
        pytest.skip("no real radio; name one by --profile")
    receiver = End(profile, option("--rx-address"))
    sender = End(profile, option("--tx-address") or option("--rx-address"))
    gain_db = option("--tx-gain-db")
    overrides = {} if gain_db is None else {"tx_gain_db": gain_db}
    return Transport(sender, receiver), {
        "overrides": repr(overrides),
        "i_may_transmit": int(option("--i-may-transmit")),
    }


def test_five_texts_arrive_exactly(link, tmp_path):
    transport, own = link
    file = tmp_path / "texts.txt"
    file.write_text("\n".join(TEXTS), encoding="utf-8")
    common, send = {"codec": "deflate", "timeout_s": 60}, {**own, "text_file": file, "snr_db": 6}
    report = carry(transport, "text", CHANNEL, common, send, {"expected": len(TEXTS)})
    assert [message["received"] for message in report["messages"]] == TEXTS, report
    assert report["sender"]["transmitted"] == len(TEXTS) and report["healthy"]


def test_a_picture_arrives_whole(link, tmp_path):
    transport, own = link
    rows, columns = np.mgrid[0:64, 0:96]
    write_picture(
        tmp_path / "picture.png",
        np.stack([rows * 4, columns * 2, 255 - rows - columns], axis=-1).astype(np.uint8),
    )
    common, send = (
        {"codec": "jpeg", "cbr": "1/3", "timeout_s": 60},
        {**own, "image_file": tmp_path / "picture.png", "snr_db": 6},
    )
    report = carry(transport, "image", CHANNEL, common, send, {"expected": 1})
    assert report["decoded"] == 1 and report["healthy"], report


def test_a_recording_decodes_to_what_was_decoded_live(tmp_path):
    file = tmp_path / "texts.txt"
    file.write_text("\n".join(TEXTS), encoding="utf-8")
    parameters = {
        "common": {"codec": "deflate", "timeout_s": 60},
        "send": {"text_file": file, "snr_db": 6},
    }
    parameters["receive"] = {"expected": len(TEXTS)}
    row = recording_row("pluto", len(TEXTS), CHANNEL.split("+", 1)[1], 10, parameters, seed=1)
    assert (row["live"], row["offline"], row["identical"]) == (len(TEXTS),) * 3, row


@pytest.mark.parametrize("client", CLIENTS)
def test_a_stream_of_five_seconds_has_no_break(client, over_soapy):
    over_soapy(client)
    row = stream_row(client, 1e6, 5.0, "elastic")
    assert (row["discontinuities"], row["overruns"], row["underruns"]) == (0, 0, 0), row
    assert row["samples"] >= 5_000_000
