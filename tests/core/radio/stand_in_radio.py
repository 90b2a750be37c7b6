# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program in the place of the one that runs a radio: it behaves as the first word of the
profile's address says.

count    gives the samples 0, 1, 2 ...; once:N gives N of them and ends in its first life, goes on
in later ones (a file counts the lives) echo     gives what is transmitted, and says that it has
left; echo:S is set up S seconds after its start tape:S the same, but writes it to a file tape in
the folder where the lives are counted hungry   takes nothing that is transmitted; late takes it
and dies before it has left, in its first life slow     is set up as soon as there is a file go in the folder where the lives are
counted; then it is silent print    prints the rest of the address, then is silent
refuse   says that it cannot, never that it cannot ever; crash ends at once; deaf ignores SIGTERM
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

import numpy as np

from semcom_core.radio.process.child import BURST_HEADER as PIECE

settings = json.loads(sys.argv[1])
ends = {name: socket.socket(fileno=number) for name, number in settings["descriptors"].items()}
kind, _, rest = settings["address"].partition(":")
lives = Path(settings["description"])


def say(**message) -> None:
    ends["control"].sendall(json.dumps(message).encode() + b"\n")


def life() -> int:
    count = len(lives.read_bytes()) if lives.exists() else 0
    lives.write_bytes(b"." * (count + 1))
    return count


def count(limit: int) -> None:
    for begin in range(0, limit, 1000):
        ends["receive"].sendall(
            np.arange(begin, min(begin + 1000, limit), dtype=np.float32)
            .astype(np.complex64)
            .tobytes()
        )
        time.sleep(0.002)


def pieces():
    pipe = ends["transmit"].makefile("rb")
    while len(head := pipe.read(PIECE.size)) == PIECE.size:
        number, length = PIECE.unpack(head)
        yield number, pipe.read(8 * length)


def transmit(born: int) -> None:
    for number, data in pieces():
        if kind == "late" and born == 0:
            os._exit(3)
        if kind == "tape":
            with lives.with_name("tape").open("ab") as tape:
                tape.write(data)
        else:
            ends["receive"].sendall(data)
        say(sent=number)


born = life()
if kind == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if kind == "crash":
    print("terminate called after a fault", flush=True)
    sys.exit(1)
if kind == "refuse":
    say(state="failed", reason="there is no such radio")
    sys.exit(1)
while kind == "slow" and not lives.with_name("go").exists():
    time.sleep(0.01)
if kind == "never":
    say(state="failed", reason="it has no such antenna", final=True)
    sys.exit(1)
if kind in ("echo", "tape"):
    time.sleep(float(rest or 0))
say(state="ready")
if kind in ("echo", "tape", "late"):
    transmit(born)
elif kind == "print":
    print(rest, end="", flush=True)
elif kind in ("count", "once"):
    count(int(rest) if kind == "once" and born == 0 else 10**8)
    sys.exit(0)
while True:  # silent
    settled = ends["control"].recv(4096)
    if settled and "receive" in ends:
        ends["receive"].sendall(
            np.full(1000, json.loads(settled)["set"].get("rx_gain_db", -1), np.complex64).tobytes()
        )
    elif kind != "deaf":
        sys.exit(0)
    time.sleep(0.01)
