# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory of a link that runs for long, its codec processes included.

    ./run test -m slow -s tests/flowgraphs/test_soak.py        # 30 minutes; SEMCOM_SOAK_MINUTES=3
    shortens it

Warm-up is the first fifth of the run, at least three minutes, at most half of it: until then
buffers, caches and the monitor's bounded books fill. What is compared are medians over the tenth of
the run after warm-up and over its last tenth.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

MINUTES = float(os.environ.get("SEMCOM_SOAK_MINUTES", 30))
PERIOD_S = 2.0
MOST_GROWTH = 0.02

LINK = """
import signal, sys
from gnuradio import semcom
from tests.flowgraphs.small_link import small_link

channel = semcom.channel(channel="tdl-d:16,100ns,3kmh+cfo:2khz")
texts = [f"Message {i}: the vote on report {7919 * i % 10007} takes place at {i % 24} o'clock." for i in range(500)]
report = {"report_file": sys.argv[1], "history": 500}
link = small_link(texts, source={"repeat": True}, monitor=report, channel=[channel])
signal.signal(signal.SIGTERM, lambda *a: link.stop())
link.run()
"""


def family(pid: int) -> list[int]:
    """A process and those that its threads have started."""
    children = [
        int(child)
        for thread in Path(f"/proc/{pid}/task").iterdir()
        for child in (thread / "children").read_text().split()
    ]
    return [pid, *(relative for child in children for relative in family(child))]


def resident_mib(pid: int) -> float:
    """Resident memory of a process and its children, MiB."""
    lines = [
        line for one in family(pid) for line in Path(f"/proc/{one}/status").read_text().splitlines()
    ]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


@pytest.mark.slow
def test_memory_does_not_grow(repository, tmp_path):
    report = tmp_path / "report.json"
    link = subprocess.Popen(
        [sys.executable, "-c", LINK, str(report)], cwd=repository, stdin=subprocess.DEVNULL
    )
    begin, samples = time.monotonic(), []
    length_s = 60 * MINUTES
    warm_s = min(max(0.2 * length_s, 180.0), length_s / 2)
    try:
        while (at := time.monotonic() - begin) < length_s:
            time.sleep(PERIOD_S)
            assert link.poll() is None, "the link has ended by itself"
            samples.append((at, resident_mib(link.pid)))
        link.terminate()
        link.wait(30)
    finally:
        link.kill()
    counts = json.loads(report.read_text(encoding="utf-8"))
    warm = statistics.median(mib for at, mib in samples if warm_s <= at < warm_s + 0.1 * length_s)
    last = statistics.median(mib for at, mib in samples if at >= 0.9 * length_s)
    fates = ", ".join(
        f"{name} {counts[name]}"
        for name in ("sent", "received", "exact", "marked", "lost", "dropped", "restarts")
    )
    print(f"\n{MINUTES:g} minutes: {fates}")
    growth = 100 * (last / warm - 1)
    print(
        f"resident memory {warm:.1f} MiB after {warm_s:.0f} s of warm-up, {last:.1f} MiB at the "
        f"end: growth {growth:.2f} %"
    )
    assert counts["exact"] > 100 * MINUTES and counts["exact"] > 0.8 * counts["sent"]
    assert not counts["failures"] and counts["restarts"] == 0
    assert last <= (1 + MOST_GROWTH) * warm
