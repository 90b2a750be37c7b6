# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps a radio's process going: when it ends, or its radio is gone, another one is started after a while."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict

from semcom_core.errors import RadioError
from semcom_core.radio.child import RadioChild
from semcom_core.radio.outbox import Outbox
from semcom_core.radio.profile import RadioProfile
from semcom_core.radio.turn import START_S, RadioTurn, TurnEnd

#: Shortest and longest pause before another process is started, s.
PAUSES_S = (0.2, 1.0)
#: A real radio that gives no sample for this long is gone, s; the time of a virtual one may stand still.
SILENCE_S = 5.0
#: A radio that takes no sample for this long, though some wait, is gone, s: a real one, and a virtual one. The virtual one's client waits
#: up to 30 s while its time stands still, because of a receiver that does not read. Where its server ends, most clients say so at once;
#: but one of UHD that only transmits does not, and is found out by this limit alone.
STALL_S, VIRTUAL_STALL_S = 5.0, 35.0


class RadioKeeper:
    """A thread that has at each time one process at most.

    Args:
        profile: the radio.
        settings: "receive", "transmit" and "mode".
        retries: processes that are started in a row, none of which gets its radio going, before it is given up.
        on_event: see RadioProcess.
        command: program that runs the radio.

    `counts` has overruns, underruns and reconnects; `failure` is why the radio was given up, or empty.
    """

    def __init__(self, profile: RadioProfile, settings: dict, retries: int, on_event: Callable[[str, str, int], None], command: list[str]):
        self.profile, self.retries = profile, int(retries)
        self._settings, self._on_event, self._command = settings, on_event, command
        self._changed, self._stopping = threading.Condition(), threading.Event()
        self._outbox, self._thread, self._child = Outbox(), None, None
        self._begun_with = profile
        self.counts, self.failure = Counter(), ""

    def start(self) -> None:
        """Start the process and return at once; on_event, or wait_ready, tells when the radio is set up."""
        self._stopping.clear()
        self.failure = ""
        self._thread = threading.Thread(target=self._run, name=f"radio {self.profile.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the process. What waits to be transmitted is dropped: see drain. Does nothing when not started."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._outbox = Outbox()

    def wait_ready(self, timeout_s: float = START_S) -> None:
        """Wait until the radio is set up.

        Raises:
            TimeoutError: it was not in time.
            RadioError: it cannot be.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._child is not None or self._over(), timeout_s):
                raise TimeoutError(f"radio {self.profile.name} at {self.profile.address} is not ready within {timeout_s:g} s")
        self._check()

    def _over(self) -> bool:
        return bool(self.failure) or self._stopping.is_set()

    def _check(self) -> None:
        if self._over():
            raise RadioError(self.failure or f"radio {self.profile.name} is stopped")

    def _run(self) -> None:
        """Keep a process going until the end."""
        vain = 0
        self._on_event("loading", "", 1)
        while not self._stopping.is_set():
            end = self._one_process()
            if self._stopping.is_set():
                return
            vain = 0 if end.worked else vain + 1
            if end.final or vain > self.retries:
                tries = "" if end.final else f"; that was the try {vain} of {vain}"
                self._fail(f"radio {self.profile.name} at {self.profile.address}: {end.reason}{tries}")
                return
            self.counts["reconnects"] += 1
            self._on_event("reconnecting", end.reason, 1)
            self._stopping.wait(min(PAUSES_S[0] * 2**vain, PAUSES_S[1]))

    def _fail(self, reason: str) -> None:
        self._on_event("failed", reason, 1)  # before anybody who waits ends because of it
        with self._changed:
            self.failure = reason
            self._changed.notify_all()

    def _one_process(self) -> TurnEnd:
        """Run one process to its end."""
        profile = self._begun_with = self.profile
        try:
            child = RadioChild(self._command, {**asdict(profile), **self._settings, "filter_hz": profile.filter_hz})
        except RadioError as error:
            return TurnEnd(False, str(error), final=False)
        try:
            return RadioTurn(child, self._outbox, self, *self._limits_s()).run(self._stopping)
        finally:
            with self._changed:
                self._child = None
            child.close()

    def _limits_s(self) -> tuple[float, float]:
        """How long a radio that is set up may give no sample, and take none, s."""
        real = self.profile.on_air
        return SILENCE_S if real and self._settings["receive"] else float("inf"), STALL_S if real else VIRTUAL_STALL_S

    def on_ready(self, child: RadioChild) -> None:
        """A process has set up its radio; it hears what was set meanwhile."""
        with self._changed:
            self._child = child
            news = changes(self._begun_with, self.profile)
            if news:
                child.say(set=news)
            self._changed.notify_all()
        self._on_event("ready", "", 1)

    def on_trouble(self, news: Counter) -> None:
        """Count what a process says of samples lost; on iio bursts have gaps between them, which the radio calls underruns."""
        if self.profile.backend == "iio" and self._settings["mode"] == "burst":
            news = Counter({"overruns": news["overruns"]})
        self.counts.update(news)
        for kind in ("overrun", "underrun"):
            if news[f"{kind}s"]:
                self._on_event(kind, f"{self.counts[f'{kind}s']} in sum", news[f"{kind}s"])


def changes(before: RadioProfile, after: RadioProfile) -> dict:
    """The settings that are not the same in both, as they are in the second."""
    return {name: value for name, value in asdict(after).items() if name != "limits" and getattr(before, name) != value}


def program() -> list[str]:
    """The command of the program that runs a radio by GNU Radio.

    Raises:
        RadioError: GNU Radio or the blocks are not there.
    """
    if importlib.util.find_spec("gnuradio") is None or importlib.util.find_spec("gnuradio.semcom") is None:
        raise RadioError(f"GNU Radio with the blocks of gr-semcom is not there for {sys.executable}; a radio needs both")
    return [sys.executable, "-m", "gnuradio.semcom.radio_process"]
