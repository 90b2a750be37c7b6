# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Streaming burst receiver: samples in pieces of any length to frames.

    samples -> gate -> acquisition -> bursts in the order of their starts -> headers, payloads

What it finds depends, but for rounding, on the samples and their absolute positions only. A burst
that begins inside another one is read too, but frames with the headers of the other one are dropped
as its echoes. After a bad header nothing is claimed but the preamble.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from semcom_core.frame import FrameHeader, ReceivedFrame
from semcom_core.phy.burst import Burst, SampleWindow
from semcom_core.phy.config import PhyConfig
from semcom_core.phy.equaliser import Demodulator
from semcom_core.phy.interference import DC_SAMPLES
from semcom_core.phy.ofdm import Layout
from semcom_core.phy.synchronization import (
    Acquisition,
    alone_lead,
    alone_samples,
    openings,
    reach,
    sanitise,
    stand_alone,
)


@dataclass
class ReceiverStats:
    """Counts since the receiver was made.

    Args:
        samples: taken in.
        openings: of the gate.
        bursts: whose preamble was found.
        headers_ok, headers_bad: whose CRC held, or did not.
        frames: handed out.
        truncated: bursts that the end of the stream cut off.
        echoes: frames dropped because the burst around them had the same header.
        unreadable: bursts that stand out of the noise, and of which no header could be read: their
            carrier offset is beyond what is searched, or their modem has other settings.
    """

    samples: int = 0
    openings: int = 0
    bursts: int = 0
    headers_ok: int = 0
    headers_bad: int = 0
    frames: int = 0
    truncated: int = 0
    echoes: int = 0
    unreadable: int = 0


class Receiver:
    """Finds bursts in a stream and reads their frames.

    >>> receiver = Receiver()
    >>> receiver.push(np.zeros(10000, np.complex64)), receiver.flush()
    ([], [])
    """

    #: Samples worked on at a time: enough bursts to share the work, few enough to stay in the
    #: cache.
    STRIDE = 131072
    #: Most loud openings of a stride that are looked at for bursts that cannot be read: a strong
    #: carrier makes many.
    MOST_LOUD = 64

    def __init__(self, config: PhyConfig | None = None):
        self.config = config or PhyConfig()
        self.layout = Layout(self.config)
        self.stats = ReceiverStats()
        self._acquire = Acquisition(self.layout)
        self._demodulator = Demodulator(self.layout)
        self._edge = reach(self.layout.profile)
        self._search = self.layout.profile.search
        self._reset()

    def _reset(self) -> None:
        """Forget the stream; silence goes before the next one, so that a burst may begin at its
        first sample.
        """
        lead = self.layout.profile.period * self._edge + self._search
        self._window = SampleWindow(np.zeros(lead, dtype=np.complex64), -lead)
        self._gate_at = -self.layout.profile.period * self._edge
        self._waiting: list[int] = []
        self._loud: set[int] = set()
        self._bursts: list[Burst] = []
        self._claimed = -1
        self._heard: set[FrameHeader] = set()

    def push(self, samples: np.ndarray) -> list[ReceivedFrame]:
        """Take the next samples of the stream.

        Args:
            samples: any array of complex numbers, full scale 1; those that are not finite count
                as 0.

        Returns:
            Frames completed by them, in the order of their bursts.
        """
        clean = sanitise(samples)
        self.stats.samples += len(clean)
        found: list[ReceivedFrame] = []
        for at in range(0, len(clean), self.STRIDE):
            self._append(clean[at : at + self.STRIDE])
            found += self._advance(None)
        return found

    def flush(self) -> list[ReceivedFrame]:
        """End the stream: return what is complete, and cut-off frames with their missing symbols
        erased.

        What is pushed next begins a new stream at sample 0; the counts go on.
        """
        limit = self._window.end + self.layout.profile.backoff
        longest = self._acquire.samples + self._gate_samples() + 2 * self.layout.overhead_samples
        self._append(np.zeros(longest, dtype=np.complex64))
        found = self._advance(limit)
        self._reset()
        return found

    def _gate_samples(self) -> int:
        """Samples from a window of the gate to the end of what decides on it."""
        return (self.layout.profile.repeats + self._edge + 1) * self.layout.profile.period

    def _append(self, samples: np.ndarray) -> None:
        """Add samples to the window and drop those that are not needed any more."""
        first = min([self._gate_at, *self._waiting[:1]]) - self._search - DC_SAMPLES
        needed = min([first, *(b.kept_from(self.layout) for b in self._bursts)])
        drop = max(needed - self._window.origin, 0)
        kept = np.concatenate([self._window.samples[drop:], samples])
        self._window = SampleWindow(kept, self._window.origin + drop)

    def _advance(self, limit: int | None) -> list[ReceivedFrame]:
        """Do all that the samples at hand allow; `limit` is the end of the stream once it is
        known.
        """
        with _ONE_BLAS_THREAD:
            self._open_gates()
            self._find_bursts()
            while self._read(limit):
                pass
        return self._release()

    def _open_gates(self) -> None:
        """Look at every window of the gate that is complete."""
        samples = self._window.samples[self._gate_at - self._window.origin :]
        found, looked, loud = openings(samples, self.layout.profile)
        period = self.layout.profile.period
        self._waiting += (self._gate_at + period * found).tolist()
        self._loud.update((self._gate_at + period * found[loud]).tolist())
        self._gate_at += period * looked

    def _find_bursts(self) -> None:
        """Look for preambles at the gate's openings."""
        last = self._window.end + self._search - self._acquire.samples
        ready = [at for at in self._waiting if at <= last]
        if not ready:
            return
        self._waiting = self._waiting[len(ready) :]
        self.stats.openings += len(ready)
        begins = np.array(ready) - self._search
        offsets, cfo, share = self._acquire(self._window.gather(begins, self._acquire.samples))
        starts = begins + offsets
        accepted = share > self.layout.profile.accept
        alone = self._standing_alone(ready)
        self.stats.unreadable += sum(at in alone for at in compress(ready, ~accepted))
        for index in np.flatnonzero(accepted):
            self._add(
                Burst(start=int(starts[index]), cfo=float(cfo[index]), alone=ready[index] in alone)
            )

    def _standing_alone(self, ready: list[int]) -> set[int]:
        """Those of some openings that are loud and of bursts of their own; few are looked at."""
        loud = [at for at in ready if at in self._loud]
        self._loud.difference_update(loud)
        if not loud:
            return set()
        at = np.array(loud[: self.MOST_LOUD])
        windows = self._window.gather(at - alone_lead(self.layout), alone_samples(self.layout))
        return set(at[stand_alone(windows, self.layout)].tolist())

    def _add(self, burst: Burst) -> None:
        """Queue a burst unless it is the one found last, seen again."""
        burst.aim(self.layout)
        apart = self.layout.repeated_samples // 2
        if not self._bursts or burst.start > self._bursts[-1].start + apart:
            self._bursts.append(burst)

    def _read(self, limit: int | None) -> bool:
        """One step of every burst whose samples are there; returns whether any step was done."""
        end = self._window.end if limit is None else np.inf
        ready = [b for b in self._bursts if not b.ended and b.needed <= end]
        if not ready:
            return False
        at_header = [b for b in ready if b.header is None]
        at_payload = [b for b in ready if b.header is not None]
        if at_header:
            self._demodulator.read_headers(self._window, at_header)
        if at_payload:
            last = self._window.end if limit is None else limit
            self._demodulator.read_payloads(self._window, at_payload, last)
        return True

    def _release(self) -> list[ReceivedFrame]:
        """Hand out frames in the order of their bursts, those of the first burst as they come, and
        forget bursts that ended.
        """
        found: list[ReceivedFrame] = []
        while self._bursts:
            burst = self._bursts[0]
            if burst.inside is None:
                burst.inside = burst.start < self._claimed
                self._heard = self._heard if burst.inside else set()
            found += self._take_frames(burst)
            claimed = burst.end(self.layout) if burst.read or not burst.inside else 0
            self._claimed = max(self._claimed, claimed)
            if not burst.ended:
                break
            self._bursts.pop(0)
            if burst.read or not burst.inside:
                self.stats.bursts += 1
                self.stats.headers_bad += burst.headers_bad
                self.stats.truncated += burst.truncated
                self.stats.unreadable += burst.alone and not burst.read and bool(burst.headers_bad)
        return found

    def _take_frames(self, burst: Burst) -> list[ReceivedFrame]:
        """The frames that a burst holds, less those heard before in the burst that it lies in."""
        fresh = [f for f in burst.frames if not (burst.inside and f.header in self._heard)]
        self.stats.headers_ok += len(burst.frames)
        self.stats.frames += len(fresh)
        self.stats.echoes += len(burst.frames) - len(fresh)
        self._heard.update(f.header for f in fresh)
        burst.frames.clear()
        return fresh


class _OneBlasThread:
    """Context in which BLAS works with one thread; the limit ends with the outermost context.

    The matrices here are small: waking the threads of BLAS takes several times as long as the work,
    and starves other blocks. BLAS libraries have no limit for one caller alone, so the limit holds
    for the process, but only while a receiver works. Contexts of several threads overlap, so they
    are counted: the first one sets the limit and the last one restores what was set before.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._limit: Any = None

    @cached_property
    def _libraries(self) -> ThreadpoolController:
        return ThreadpoolController()

    def __enter__(self) -> None:
        with self._lock:
            if not self._users:
                self._limit = self._libraries.limit(limits=1, user_api="blas")
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                self._limit.restore_original_limits()


_ONE_BLAS_THREAD = _OneBlasThread()
