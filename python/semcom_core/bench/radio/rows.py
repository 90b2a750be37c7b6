# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the radio bench: links by each transport, streams, and what happens when the radio goes
away.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from semcom_core.bench.radio.link import TRANSPORTS, AirProcess, End, Flowgraph, carry, loopback
from semcom_core.bench.radio.streams import stream, time_to_resume
from semcom_core.radio.process.supervisor import RadioProcess
from semcom_core.radio.profile import load_profile
from semcom_core.radio.virtual.air import air_plan
from semcom_core.radio.virtual.daemon import Daemon

#: Number of the virtual Pluto that streams.
STREAMER = 9
#: Client library → profile of a single virtual radio, its address, and its part of an air plan.
CLIENTS = {
    "iio": (
        "virtual-pluto",
        f"ip:{loopback(STREAMER)}",
        {"kind": "pluto", "address": loopback(STREAMER)},
    ),
    "soapy": ("virtual-soapy", "driver=air,serial=radio", {"kind": "soapy"}),
    "uhd": ("virtual-usrp", "type=soapy,driver=air,serial=radio", {"kind": "soapy"}),
}


def link_row(
    transport: str,
    content: str,
    count: int,
    channel: str,
    snr_db: float,
    parameters: dict,
    seed: int,
) -> dict:
    """Send `count` texts or pictures by a transport.

    Args:
        transport: one of TRANSPORTS.
        content: "text" or "image".
        count: how many there are in the sender's parameters.
        channel: terms of the link without noise.
        snr_db: its SNR, dB.
        parameters: {"common": ..., "send": ..., "receive": ...} of the flowgraphs.
        seed: of noise and fading.
    """
    noisy = _with_noise(channel, snr_db)
    report = carry(TRANSPORTS[transport](), content, noisy, seed=seed, **parameters)
    sent = {message["message_id"]: message["sent"] for message in report["sender"]["messages"]}
    got = {
        message["message_id"]: message
        for message in report["messages"]
        if message["outcome"] == "decoded"
    }
    exact_rate = None
    if content == "text":
        exact = sum(message["received"] == sent.get(number) for number, message in got.items())
        exact_rate = exact / count
    return {
        "part": "link",
        "transport": transport,
        "content": content,
        "channel": channel,
        "snr_db": snr_db,
        "count": count,
        "delivered": report["decoded"] / count,
        "exact_rate": exact_rate,
        "uses": report["uses"] / count,
        "snr_measured_db": report["snr_db"],
        "cfo_hz": report["cfo_hz"],
        "overruns": report["overruns"],
        "underruns": report["sender"]["underruns"],
        "reconnects": report["reconnects"] + report["sender"]["reconnects"],
        "seconds": report["seconds"],
    }


def recording_row(
    transport: str, count: int, channel: str, snr_db: float, parameters: dict, seed: int
) -> dict:
    """Send texts, record what is received, and compare the messages decoded from the recording.

    Args:
        transport: one of TRANSPORTS.
        count: how many texts there are in the sender's parameters.
        channel: terms of the link without noise.
        snr_db: its SNR, dB.
        parameters: as of link_row.
        seed: of noise and fading.
    """
    with tempfile.TemporaryDirectory(prefix="semcom-record-") as folder:
        recording = str(Path(folder) / "recording")
        receive = {**parameters["receive"], "record": recording}
        live = carry(
            TRANSPORTS[transport](),
            "text",
            _with_noise(channel, snr_db),
            parameters["common"],
            parameters["send"],
            receive,
            seed,
        )
        with Flowgraph("radio_text_rx", End("file", recording), parameters["common"]) as flowgraph:
            offline = flowgraph.report()
    live_messages = _messages(live)
    offline_messages = _messages(offline)
    return {
        "part": "recording",
        "transport": transport,
        "channel": channel,
        "snr_db": snr_db,
        "count": count,
        "live": len(live_messages),
        "offline": len(offline_messages),
        "identical": sum(a == b for a, b in zip(live_messages, offline_messages)),
    }


def _messages(report: dict) -> list[tuple]:
    """Number, outcome and content of each message of a receiver's report."""
    return [(m["message_id"], m["outcome"], m["received"]) for m in report["messages"]]


def _with_noise(channel: str, snr_db: float) -> str:
    """Terms of a channel with white noise before them."""
    return "+".join(filter(None, [f"awgn:{snr_db:g}", channel]))


def stream_row(client: str, rate_hz: float, seconds: float, pacing: str) -> dict:
    """Stream through one radio that hears itself, both ways at once.

    Args:
        client: one of CLIENTS.
        rate_hz: sample rate, Hz.
        seconds: length of the stream, s.
        pacing: of the virtual radio, real or elastic.
    """
    name, address, radio_plan = CLIENTS[client]
    plan = {
        "pacing": pacing,
        "radios": {"radio": radio_plan},
        "links": [{"from": "radio", "to": "radio"}],
    }
    with AirProcess(plan) as air, _in_environment(air):
        profile = load_profile(name, address=address, rate_hz=rate_hz)
        with RadioProcess(profile, receive=True, transmit=True, mode="continuous") as radio:
            radio.wait_ready()
            found = stream(radio, radio, seconds)
    return {
        "part": "stream",
        "client": client,
        "pacing": pacing,
        "rate_hz": rate_hz,
        "seconds": seconds,
        **found,
    }


def resume_rows(client: str) -> Iterator[dict]:
    """Kill the server while it is received from and start it again; and close its connections
    only.
    """
    profile_name, address, radio_plan = CLIENTS[client]
    plan = {
        "pacing": "real",
        "radios": {"radio": radio_plan},
        "links": [{"from": "radio", "to": "radio", "channel": "awgn:20"}],
    }
    profile = load_profile(profile_name, address=address)
    with AirProcess(plan) as air, _in_environment(air), RadioProcess(profile) as radio:
        radio.wait_ready()
        yield {
            "part": "resume",
            "client": client,
            "event": "server killed",
            **time_to_resume(radio, air.kill, air.start),
        }
    if client == "iio":
        daemons = [Daemon(air_plan(plan))]
        try:
            with RadioProcess(profile) as radio:
                radio.wait_ready()
                found = time_to_resume(
                    radio, daemons[0].stop, lambda: daemons.append(Daemon(air_plan(plan)))
                )
            yield {"part": "resume", "client": client, "event": "connection closed", **found}
        finally:
            daemons[-1].stop()


@contextmanager
def _in_environment(air: AirProcess) -> Iterator[None]:
    """Let processes that are started here find the soapy radios of an air."""
    before = os.environ.get("SEMCOM_AIR_SOCKET")
    os.environ["SEMCOM_AIR_SOCKET"] = air.socket
    try:
        yield
    finally:
        if before is None:
            del os.environ["SEMCOM_AIR_SOCKET"]
        else:
            os.environ["SEMCOM_AIR_SOCKET"] = before
