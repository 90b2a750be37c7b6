# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of one radio process, from its start to its end.

Keeps a radio's process going: when it ends, or its radio is gone, another one is started after a
while.

A radio in a process of its own: a client library that hangs, throws or crashes takes that process
with it and nothing else.

    with RadioProcess(load_profile("virtual-pluto"), receive=True) as radio:
        samples = radio.read(4096, timeout_s=5.0)

When the process ends, or its radio is gone, another process is started after a while, so that a
radio that comes back is used again.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np

from semcom_core.errors import ConfigError, RadioError, check_choice, check_range
from semcom_core.radio.process.child import Outbox, RadioChild, Trouble
from semcom_core.radio.profile import DEVICES, RadioProfile

#: How long a process may take to set up its radio, s.
START_S = 60.0
#: A process that has lived this long has worked, s, even where it had nothing to do.
STEADY_S = 30.0


class TurnOwner(Protocol):
    """Who is told what happens."""

    def on_ready(self, child: RadioChild) -> None:
        """The radio is set up."""

    def on_trouble(self, news: Counter) -> None:
        """Samples were lost: counts of overruns and underruns."""


@dataclass(frozen=True)
class TurnEnd:
    """How a process has ended: whether its radio worked, why it has ended, and whether another
    process would end in the same way.
    """

    worked: bool
    reason: str
    final: bool


class RadioTurn:
    """Hears what a process says, and hands it what is to be transmitted.

    Args:
        child: the process.
        outbox: what is to be transmitted; the first piece that has not left comes first.
        owner: who is told what happens.
        silence_s: how long the radio may give no sample once it is set up, s.
        stall_s: how long the radio may take no sample where some wait to be transmitted, s.
    """

    def __init__(
        self, child: RadioChild, outbox: Outbox, owner: TurnOwner, silence_s: float, stall_s: float
    ):
        self._child = child
        self._outbox = outbox
        self._owner = owner
        self._silence_s = silence_s
        self._stall_s = stall_s
        self._trouble = Trouble()
        self._sender = None
        self._ended = threading.Event()
        self._ready = False
        self._reason = ""
        self._final = False
        self._first = outbox.first
        self._heard = self._moved = child.born

    def run(self, stopping: threading.Event) -> TurnEnd:
        """Serve the process to its end or until `stopping`."""
        goes_on = True
        while goes_on and not stopping.is_set():
            messages, text, goes_on = self._child.listen(0.1)
            for message in messages:
                self._hear(message)
            news = self._trouble.read(text)
            if news and self._ready:  # what is said while the radio is set up costs no samples
                self._owner.on_trouble(news)
            goes_on = goes_on and not self._hopeless()
        self._ended.set()
        return TurnEnd(
            self._worked(),
            self._reason or self._trouble.last or "its process has ended without a word",
            self._final,
        )

    def _hear(self, message: dict) -> None:
        if "sent" in message:
            self._outbox.left(message["sent"])
        elif "taken" in message:
            self._moved = time.monotonic()
        elif message.get("state") == "failed":
            self._reason = self._reason or message["reason"]
            self._final = message.get("final", False)
        elif message.get("state") == "ready":
            self._ready = True
            self._heard = time.monotonic()
            if self._child.transmits:
                self._sender = threading.Thread(target=self._send, name="radio sender", daemon=True)
                self._sender.start()
            self._owner.on_ready(self._child)

    def _hopeless(self) -> bool:
        """Whether there is no more use in this process."""
        now = time.monotonic()
        if self._child.flows():
            self._heard = now
        if not self._ready or self._outbox.wait_empty(0):
            self._moved = now
        limit_s = self._silence_s if self._ready else START_S
        if now - self._heard > limit_s:
            self._reason = f"it has been silent for {limit_s:g} s"
        elif now - self._moved > self._stall_s:
            self._reason = f"it has taken no sample for {self._stall_s:g} s"
        return self._trouble.gone or bool(self._reason)

    def _worked(self) -> bool:
        done = (
            self._child.received
            or self._outbox.first > self._first
            or time.monotonic() - self._child.born > STEADY_S
        )
        return self._ready and bool(done)

    def _send(self) -> None:
        number = self._first
        while not self._ended.is_set():
            samples = self._outbox.get(number, 0.1)
            if samples is not None:
                if not self._child.transmit(number, samples):
                    return
                number += 1


#: Shortest and longest pause before another process is started, s.
PAUSES_S = (0.2, 1.0)
#: A real radio that gives no sample for this long is gone, s; the time of a virtual one may stand
#: still.
SILENCE_S = 5.0
#: A radio that takes no sample for this long, though some wait, is gone, s: a real one, and a
#: virtual one. The virtual one's client waits up to 30 s while its time stands still, because of a
#: receiver that does not read. Where its server ends, most clients say so at once; but one of UHD
#: that only transmits does not, and is found out by this limit alone.
STALL_S = 5.0
VIRTUAL_STALL_S = 35.0


class RadioKeeper:
    """A thread that has at each time one process at most.

    Args:
        profile: the radio.
        settings: "receive", "transmit" and "mode".
        retries: processes that are started in a row, none of which gets its radio going, before it
            is given up.
        on_event: see RadioProcess.
        command: program that runs the radio.

    `counts` has overruns, underruns and reconnects; `failure` is why the radio was given up, or
    empty.
    """

    def __init__(
        self,
        profile: RadioProfile,
        settings: dict,
        retries: int,
        on_event: Callable[[str, str, int], None],
        command: list[str],
    ):
        self.profile = profile
        self.retries = int(retries)
        self._settings = settings
        self._on_event = on_event
        self._command = command
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._outbox = Outbox()
        self._thread = None
        self._child = None
        self._begun_with = profile
        self.counts = Counter()
        self.failure = ""

    def start(self) -> None:
        """Start the process and return at once; on_event, or wait_ready, tells when the radio is
        set up.
        """
        self._stopping.clear()
        self.failure = ""
        self._thread = threading.Thread(
            target=self._run, name=f"radio {self.profile.name}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the process. What waits to be transmitted is dropped: see drain. Does nothing when
        not started.
        """
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
            if not self._changed.wait_for(
                lambda: self._child is not None or self._over(), timeout_s
            ):
                raise TimeoutError(
                    f"radio {self.profile.name} at {self.profile.address} is not ready within "
                    f"{timeout_s:g} s"
                )
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
                self._fail(
                    f"radio {self.profile.name} at {self.profile.address}: {end.reason}{tries}"
                )
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
            child = RadioChild(
                self._command, {**asdict(profile), **self._settings, "filter_hz": profile.filter_hz}
            )
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
        return SILENCE_S if real and self._settings["receive"] else float(
            "inf"
        ), STALL_S if real else VIRTUAL_STALL_S

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
        """Count what a process says of samples lost; on iio bursts have gaps between them, which
        the radio calls underruns.
        """
        if self.profile.backend == "iio" and self._settings["mode"] == "burst":
            news = Counter({"overruns": news["overruns"]})
        self.counts.update(news)
        for kind in ("overrun", "underrun"):
            if news[f"{kind}s"]:
                self._on_event(kind, f"{self.counts[f'{kind}s']} in sum", news[f"{kind}s"])


def changes(before: RadioProfile, after: RadioProfile) -> dict:
    """The settings that are not the same in both, as they are in the second."""
    return {
        name: value
        for name, value in asdict(after).items()
        if name != "limits" and getattr(before, name) != value
    }


def program() -> list[str]:
    """The command of the program that runs a radio by GNU Radio.

    Raises:
        RadioError: GNU Radio or the blocks are not there.
    """
    if (
        importlib.util.find_spec("gnuradio") is None
        or importlib.util.find_spec("gnuradio.semcom") is None
    ):
        raise RadioError(
            f"GNU Radio with the blocks of gr-semcom is not there for {sys.executable}; a radio "
            "needs both"
        )
    return [sys.executable, "-m", "gnuradio.semcom.radio.process"]


#: burst: pieces are sent whole, with nothing between them. continuous: they join, with zeros where
#: there is none.
MODES = ("burst", "continuous")


class RadioProcess(RadioKeeper):
    """A radio that is read from and written to. All methods may be called from any thread; one
    thread reads.

    Args:
        profile: the radio, of the backend iio, uhd or soapy.
        receive, transmit: what it is to do.
        mode: one of MODES, for what is transmitted.
        retries: processes that are started in a row, none of which gets its radio going, before it
            is given up.
        on_event: called with (state, reason, count) from another thread. States: "loading" (the
            radio is set up), "ready", "overrun" and "underrun" (so many more), "reconnecting",
            "failed" (the radio is given up).
        command: program that runs the radio (see semcom_core.radio.process.child); None: that of
            GNU Radio.

    Raises:
        ConfigError: the radio cannot do that.
        RadioError: GNU Radio or the blocks are missing.
    """

    over = False  # only recordings come to an end

    def __init__(
        self,
        profile: RadioProfile,
        receive=True,
        transmit=False,
        mode="burst",
        retries=30,
        on_event=None,
        command=None,
    ):
        check_choice("mode", mode, MODES)
        check_range("retries", retries, 0, 1 << 20)
        if profile.backend not in DEVICES:
            raise ConfigError(
                f"backend of profile {profile.name} is {profile.backend!r}; allowed is one of "
                f"{', '.join(DEVICES)}"
            )
        profile.notice_for(receive, transmit, i_may_transmit=True)
        settings = {"receive": bool(receive), "transmit": bool(transmit), "mode": mode}
        RadioKeeper.__init__(
            self, profile, settings, retries, on_event or _nobody, command or program()
        )
        self._reading: RadioChild | None = None

    def __enter__(self) -> RadioProcess:
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process and return at once; on_event, or wait_ready, tells when the radio is
        set up.
        """
        self._reading = None
        RadioKeeper.start(self)

    def read(self, count: int, timeout_s: float) -> np.ndarray:
        """The next samples, complex64, 1 to `count` of them; those that are lost are left out and
        counted.

        Raises:
            TimeoutError: none has come in time.
            RadioError: the radio is given up, or stopped.
        """
        end = time.monotonic() + timeout_s
        while True:
            left_s = max(0.0, end - time.monotonic())
            if self._reading is None:
                self.wait_ready(left_s)
                self._reading = self._child
                continue
            samples = self._reading.receive(count, left_s)
            if samples is not None:
                return samples
            self._wait_for_next(end)

    def _wait_for_next(self, end: float) -> None:
        """The process that was read from has ended: wait for another one."""
        with self._changed:
            found = self._changed.wait_for(
                lambda: self._child is not self._reading or self._over(),
                max(0.0, end - time.monotonic()),
            )
            self._reading = self._child if found else self._reading
        self._check()
        if not found:
            raise TimeoutError(f"radio {self.profile.name} is not back yet")

    def write(self, samples: np.ndarray, timeout_s: float) -> int:
        """Transmit samples, complex64 (n,), of full scale 1; in mode "burst" they are one burst.
        Returns the number of the piece.

        Raises:
            TimeoutError: too much waits already; nothing was taken.
            RadioError: the radio is given up, or stopped.
        """
        self._check()
        return self._outbox.put(
            np.array(samples, np.complex64) * np.float32(self.profile.amplitude), timeout_s
        )

    @property
    def sent(self) -> int:
        """How many pieces have left the radio."""
        return self._outbox.first

    def drain(self, timeout_s: float) -> bool:
        """Wait until all that was written has left the radio; False when it has not in time, or
        cannot.
        """
        end = time.monotonic() + timeout_s
        while not self._outbox.wait_empty(min(0.1, max(0.0, end - time.monotonic()))):
            if self._over() or time.monotonic() >= end:
                return False
        return True

    def set(self, **settings) -> None:
        """Change gains (rx_gain_db, tx_gain_db) and frequencies (lo_hz, rx_lo_hz, tx_lo_hz) while
        the radio runs.

        Raises:
            ConfigError: a value is not allowed; everything stays as it was.
        """
        with self._changed:
            changed = self.profile.with_settings(**settings)
            news = changes(self.profile, changed)
            for name in news:
                check_choice(
                    "setting that may change",
                    name,
                    ("rx_gain_db", "tx_gain_db", "rx_lo_hz", "tx_lo_hz"),
                )
            self.profile = changed
            if (
                self._child is not None
            ):  # one that is still being set up hears of it when it is ready
                self._child.say(set=news)


def _nobody(state: str, reason: str, count: int) -> None:
    """Nobody wants to know."""
