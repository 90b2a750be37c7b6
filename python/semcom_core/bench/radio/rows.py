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
#: How a single virtual radio is reached, by the client library.
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
    whole = "+".join(filter(None, [f"awgn:{snr_db:g}", channel]))
    report = carry(TRANSPORTS[transport](), content, whole, seed=seed, **parameters)
    sent = {message["message_id"]: message["sent"] for message in report["sender"]["messages"]}
    got = {
        message["message_id"]: message
        for message in report["messages"]
        if message["outcome"] == "decoded"
    }
    exact = (
        sum(message["received"] == sent.get(number) for number, message in got.items())
        if content == "text"
        else None
    )
    return {
        "part": "link", "transport": transport, "content": content, "channel": channel, "snr_db": snr_db, "count": count,
        "delivered": report["decoded"] / count, "exact_rate": None if exact is None else exact / count, "uses": report["uses"] / count,
        "snr_measured_db": report["snr_db"], "cfo_hz": report["cfo_hz"], "overruns": report["overruns"],
        "underruns": report["sender"]["underruns"], "reconnects": report["reconnects"] + report["sender"]["reconnects"],
        "seconds": report["seconds"],
    }  # fmt: skip


def recording_row(
    transport: str, count: int, channel: str, snr_db: float, parameters: dict, seed: int
) -> dict:
    """Send texts, record what is received, and decode the recording: the same?"""
    with tempfile.TemporaryDirectory(prefix="semcom-record-") as folder:
        recording = str(Path(folder) / "recording")
        receive = {**parameters["receive"], "record": recording}
        whole = "+".join(filter(None, [f"awgn:{snr_db:g}", channel]))
        live = carry(
            TRANSPORTS[transport](),
            "text",
            whole,
            parameters["common"],
            parameters["send"],
            receive,
            seed,
        )
        with Flowgraph("radio_text_rx", End("file", recording), parameters["common"]) as flowgraph:
            offline = flowgraph.report()
    ours, theirs = (
        [(m["message_id"], m["outcome"], m["received"]) for m in report["messages"]]
        for report in (live, offline)
    )
    same = sum(a == b for a, b in zip(ours, theirs))
    row = {
        "part": "recording",
        "transport": transport,
        "channel": channel,
        "snr_db": snr_db,
        "count": count,
    }
    return row | {"live": len(ours), "offline": len(theirs), "identical": same}


def stream_row(client: str, rate_hz: float, seconds: float, pacing: str) -> dict:
    """Stream through one radio that hears itself, both ways at once."""
    plan = {
        "pacing": pacing,
        "radios": {"radio": CLIENTS[client][2]},
        "links": [{"from": "radio", "to": "radio"}],
    }
    with AirProcess(plan) as air, _visible(air):
        profile = load_profile(CLIENTS[client][0], address=CLIENTS[client][1], rate_hz=rate_hz)
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
    with AirProcess(plan) as air, _visible(air), RadioProcess(profile) as radio:
        radio.wait_ready()
        yield {
            "part": "resume",
            "client": client,
            "event": "server killed",
            **time_to_resume(radio, air.kill, air.start),
        }
    if client == "iio":
        daemon = [Daemon(air_plan(plan))]
        try:
            with RadioProcess(profile) as radio:
                radio.wait_ready()
                found = time_to_resume(
                    radio, daemon[0].stop, lambda: daemon.append(Daemon(air_plan(plan)))
                )
            yield {"part": "resume", "client": client, "event": "connection closed", **found}
        finally:
            daemon[-1].stop()


@contextmanager
def _visible(air: AirProcess) -> Iterator[None]:
    """Have the processes that are started here find the soapy radios of an air."""
    before = os.environ.get("SEMCOM_AIR_SOCKET")
    os.environ["SEMCOM_AIR_SOCKET"] = air.socket
    try:
        yield
    finally:
        if before is None:
            del os.environ["SEMCOM_AIR_SOCKET"]
        else:
            os.environ["SEMCOM_AIR_SOCKET"] = before
