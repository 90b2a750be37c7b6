# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Streaming burst receiver: samples in, frames out, in any chunks.

    samples -> gate -> acquisition -> bursts, in the order of their starts -> headers and payloads
    -> frames

What it finds depends, but for rounding, on the samples and their absolute positions only. A burst
that begins inside another is read too, but what the other one said is not said again: that is an
echo. After a bad header nothing is claimed but the preamble.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from threadpoolctl import ThreadpoolController

from semcom_core.frame import FrameHeader, ReceivedFrame
from semcom_core.phy.burst import Burst, SampleWindow
from semcom_core.phy.config import PhyConfig
from semcom_core.phy.equaliser import Demodulator
from semcom_core.phy.interference import DC_SAMPLES
from semcom_core.phy.ofdm import Layout
from semcom_core.phy.synchronization import Acquisition, openings, reach, sanitise

#: The matrices here are small: waking the threads of BLAS takes several times as long as the work,
#: and starves other blocks.
_BLAS = ThreadpoolController()


@dataclass
class ReceiverStats:
    """Counts since the receiver was made."""

    samples: int = 0
    openings: int = 0
    bursts: int = 0
    headers_ok: int = 0
    headers_bad: int = 0
    frames: int = 0
    truncated: int = 0
    echoes: int = 0


class Receiver:
    """Finds bursts in a stream and reads their frames."""

    #: Samples worked on at a time: enough bursts to share the work, few enough to stay in the
    #: cache.
    STRIDE = 131072

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
        self._bursts: list[Burst] = []
        self._claimed = -1
        self._heard: set[FrameHeader] = set()

    def push(self, samples: np.ndarray) -> list[ReceivedFrame]:
        """Take the next samples of the stream (any array of complex numbers) and return the frames
        completed by them.
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
        """Add samples to the window and drop those nobody needs any more."""
        first = min([self._gate_at, *self._waiting[:1]]) - self._search - DC_SAMPLES
        drop = max(
            min([first, *(b.kept_from(self.layout) for b in self._bursts)]) - self._window.origin, 0
        )
        self._window = SampleWindow(
            np.concatenate([self._window.samples[drop:], samples]), self._window.origin + drop
        )

    def _advance(self, limit: int | None) -> list[ReceivedFrame]:
        """Do all that the samples at hand allow; `limit` is the end of the stream once it is
        known.
        """
        with _BLAS.limit(limits=1, user_api="blas"):
            self._open_gates()
            self._find_bursts()
            while self._read(limit):
                pass
        return self._release()

    def _open_gates(self) -> None:
        """Look at every window of the gate that is complete."""
        found, looked = openings(
            self._window.samples[self._gate_at - self._window.origin :], self.layout.profile
        )
        period = self.layout.profile.period
        self._waiting += (self._gate_at + period * found).tolist()
        self._gate_at += period * looked

    def _find_bursts(self) -> None:
        """Look for preambles at the gate's openings."""
        ready = [
            at
            for at in self._waiting
            if at - self._search + self._acquire.samples <= self._window.end
        ]
        if not ready:
            return
        self._waiting = self._waiting[len(ready) :]
        self.stats.openings += len(ready)
        offsets, cfo, share = self._acquire(
            self._window.gather(np.array(ready) - self._search, self._acquire.samples)
        )
        starts = np.array(ready) - self._search + offsets
        for index in np.flatnonzero(share > self.layout.profile.accept):
            self._add(Burst(start=int(starts[index]), cfo=float(cfo[index])))

    def _add(self, burst: Burst) -> None:
        """Queue a burst unless it is the one found last, seen again."""
        burst.aim(self.layout)
        if (
            not self._bursts
            or burst.start > self._bursts[-1].start + self.layout.repeated_samples // 2
        ):
            self._bursts.append(burst)

    def _read(self, limit: int | None) -> bool:
        """One step of every burst whose samples are there; returns whether any step was done."""
        end = self._window.end if limit is None else np.inf
        ready = [b for b in self._bursts if not b.ended and b.needed <= end]
        if not ready:
            return False
        heads = [b for b in ready if b.header is None]
        loads = [b for b in ready if b.header is not None]
        if heads:
            self._demodulator.read_headers(self._window, heads)
        if loads:
            self._demodulator.read_payloads(
                self._window, loads, self._window.end if limit is None else limit
            )
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
            self._claimed = max(
                self._claimed, burst.end(self.layout) if burst.read or not burst.inside else 0
            )
            if not burst.ended:
                break
            self._bursts.pop(0)
            if burst.read or not burst.inside:
                self.stats.bursts += 1
                self.stats.headers_bad += burst.headers_bad
                self.stats.truncated += burst.truncated
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
