# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of gr-soapy and gr-uhd have in common: what a link from alice to bob must do (see
soapy_flowgraph.py).
"""

from __future__ import annotations

import json

#: Lengths of the bursts that soapy_flowgraph.py sends, and what lies between two beginnings where
#: they are timed.
BURSTS = [1, 2, 999, 8192, 8193, 20000, 4096, 37]
GAP_SAMPLES = 30_000


def last_line(output: str) -> dict:
    """What a program found; the libraries may have printed before."""
    return json.loads(output.splitlines()[-1])


def check_tone(found: dict) -> None:
    """A tone of 1/64 of the rate, which tuning has moved by 50 kHz, arrived without a
    discontinuity.
    """
    assert found["samples"] > 500_000
    assert abs(found["frequency"] - (1e6 / 64 + 50e3)) < 10
    assert abs(found["amplitude"] - 0.5) < 1e-3
    assert found["jumps"] == 0


def check_loss(radios, client) -> None:
    """The server stops while a flowgraph streams; the flowgraph ends by itself and well."""
    assert client.stdout.readline() == "streaming\n"
    radios.server.stop()
    print(file=client.stdin, flush=True)
    assert last_line(client.communicate(timeout=20)[0]) == {"stopped": True}
    assert client.returncode == 0
