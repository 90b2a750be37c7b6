# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Radio bench: links by each transport, continuity of sample streams, recovery after a failure.

What a stream carries is a counter: the lower half of its bits in the real part, the upper half in
the imaginary part, so that each sample says which one it is. 11 bits each go exactly through
converters of 12 bits.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import numpy as np

from semcom_core.bench.radio.link import (
    PATH_DB,
    TRANSPORTS,
    AirProcess,
    End,
    Flowgraph,
    carry,
    loopback,
)
from semcom_core.errors import RadioError
from semcom_core.radio.diagnostics.measure import BackgroundTransmitter
from semcom_core.radio.process.supervisor import RadioProcess
from semcom_core.radio.profile import load_profile
from semcom_core.radio.virtual.air import air_plan
from semcom_core.radio.virtual.daemon import Daemon

#: Bits of the counter in each part of a sample, and samples until it starts anew.
BITS = 11
PERIOD = 1 << 2 * BITS
#: Samples sent and read at once.
PIECE = 1 << 15
#: Longest wait for a sample, s.
PATIENCE_S = 20.0
#: How long a text may take from the end of its sender to the receiver's file, s.
HEARD_S = 10.0
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


def counter(first: int, count: int) -> np.ndarray:
    """Samples `first` to first + count - 1 of the sequence, complex64; each part is -1/2 to 1/2 of
    full scale.
    """
    number = np.arange(first, first + count, dtype=np.int64) % PERIOD
    parts = np.stack([number % (1 << BITS), number >> BITS], axis=-1) - (1 << (BITS - 1))
    return (parts / (1 << BITS)).astype(np.float32).view(np.complex64)[:, 0]


def numbers(samples: np.ndarray) -> np.ndarray:
    """Which samples of the sequence these are, int64 (n,); nonsense where they are none."""
    parts = np.rint(
        np.ascontiguousarray(samples).view(np.float32).reshape(-1, 2) * (1 << BITS)
    ).astype(np.int64) + (1 << (BITS - 1))
    return parts[:, 0] + (parts[:, 1] << BITS)


def breaks(samples: np.ndarray, before: int | None) -> tuple[int, int]:
    """Places where a stream does not go on, and the number of its last sample. Silence or noise
    between two parts is one place.

    Args:
        samples: complex64 (n,).
        before: number of the sample before them; None: they are the first.
    """
    found = numbers(samples)
    wrong = np.diff(found if before is None else np.concatenate([[before], found])) % PERIOD != 1
    return int(np.count_nonzero(wrong[1:] & ~wrong[:-1])) + int(wrong[:1].sum()), int(found[-1])


def sequence() -> Iterator[np.ndarray]:
    """Pieces of the sequence, without end."""
    whole = counter(0, PERIOD)
    return cycle(np.split(whole, PERIOD // PIECE))


def stream(radio: RadioProcess, transmitter: RadioProcess, seconds: float) -> dict[str, int]:
    """Send and receive for a while.

    Args:
        radio: receives; it is started.
        transmitter: sends; it is started, and may be the same.
        seconds: how long, s.

    Returns:
        samples read, discontinuities among them, and how often the radio said that samples were
        lost.
    """
    total = int(seconds * radio.profile.rate_hz)
    read = 0
    broken = 0
    last = None
    with BackgroundTransmitter(transmitter, sequence()):
        _wait_for_clean_piece(radio)
        overruns = radio.counts.get("overruns", 0)
        underruns = transmitter.counts.get("underruns", 0)
        while read < total:
            samples = radio.read(PIECE, PATIENCE_S)
            more, last = breaks(samples, last)
            broken += more
            read += len(samples)
        overruns = radio.counts.get("overruns", 0) - overruns
        underruns = transmitter.counts.get("underruns", 0) - underruns
    return {
        "samples": read,
        "discontinuities": broken,
        "overruns": overruns,
        "underruns": underruns,
    }


def _wait_for_clean_piece(radio: RadioProcess) -> None:
    """Read until a piece is of the sequence and without a break."""
    end = time.monotonic() + PATIENCE_S
    while breaks(radio.read(PIECE, PATIENCE_S), None)[0]:
        if time.monotonic() > end:
            raise RadioError(
                f"radio {radio.profile.name} receives nothing of what is sent; allowed is a clean "
                "link at the reference gains"
            )


def time_to_resume(
    radio: RadioProcess, interrupt: Callable[[], object], restore: Callable[[], object]
) -> dict[str, float]:
    """Receive, lose the radio, have it back: how long until samples flow again.

    Args:
        radio: it receives, and is started.
        interrupt: takes the radio away.
        restore: gives it back; returns when it can be reached.

    Returns:
        resume_s: from then to the first sample, s; reconnects: how often the radio was opened anew.
    """
    for _ in range(8):
        radio.read(PIECE, PATIENCE_S)
    interrupt()
    time.sleep(1.0)
    while True:  # what had been received before
        try:
            radio.read(PIECE, 0.2)
        except TimeoutError:
            break
    restore()
    begun = time.monotonic()
    radio.read(PIECE, PATIENCE_S)
    return {"resume_s": time.monotonic() - begun, "reconnects": radio.counts["reconnects"]}


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


def set_up_rows(
    transport: str, delays_s: list[float], runs: int, parameters: dict, seed: int
) -> Iterator[dict]:
    """Send one text by a process of its own whose radio is set up late, and see whether a receiver
    that is always there hears it.

    Args:
        transport: one of TRANSPORTS whose sender is a device.
        delays_s: how much later than usual the sender's radio is set up, s.
        runs: senders of each delay.
        parameters: of both flowgraphs.
        seed: of the noise.

    Returns:
        A row for each delay: of `runs` senders those that were heard, those that ended with exit
        status 1 and a reason, and those that ended with 0 without having been heard.
    """
    ends = TRANSPORTS[transport]()
    radios = {"sender": ends.sender.radio, "receiver": ends.receiver.radio}
    link = {"from": "sender", "to": "receiver", "gain_db": PATH_DB, "channel": "awgn:20"}
    plan = {"pacing": "elastic", "seed": seed, "radios": radios, "links": [link]}
    with tempfile.TemporaryDirectory(prefix="semcom-setup-") as folder, AirProcess(plan) as air:
        extra = {"SEMCOM_AIR_SOCKET": air.socket}
        received = Path(folder) / "received.jsonl"
        received.touch()
        receive = {**parameters, "received_file": received}
        with Flowgraph("radio_text_rx", ends.receiver, receive, extra) as receiver:
            receiver.wait_ready()
            for delay_s in delays_s:
                found: Counter[str] = Counter()
                reason = ""
                for run in range(runs):
                    text = f"Run {run} with a radio that is set up {delay_s:g} s late."
                    file = Path(folder) / "text.txt"
                    file.write_text(text + "\n", encoding="utf-8")
                    send = {**parameters, "text_file": file}
                    with Flowgraph("radio_text_tx", ends.sender, send, extra, delay_s) as sender:
                        status, words = sender.end()
                    if _heard(received, text):
                        found["heard"] += 1
                    else:
                        found["failed" if status else "silent"] += 1
                        reason = reason or words
                yield {
                    "part": "setup",
                    "transport": transport,
                    "delay_s": delay_s,
                    "runs": runs,
                    **{outcome: found[outcome] for outcome in ("heard", "failed", "silent")},
                    "reason": reason,
                }


def _heard(received: Path, text: str) -> bool:
    """Whether a text comes to a receiver's file within HEARD_S."""
    end = time.monotonic() + HEARD_S
    while time.monotonic() < end:
        lines = received.read_text(encoding="utf-8").split("\n")[:-1]
        if any(json.loads(line)["text"] == text for line in lines):
            return True
        time.sleep(0.05)
    return False


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
