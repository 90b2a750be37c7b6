# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Supervised radio process: a radio that is read and written, in a child that is restarted.

    with RadioProcess(load_profile("virtual-pluto"), receive=True) as radio:
        samples = radio.read(4096, timeout_s=5.0)

When the child ends, or its radio is gone, another child is started after a pause, so that a radio
that comes back is used again. Bursts that have not left the radio are then sent to the new child.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np

from semcom_core.errors import ConfigError, RadioError, check_choice, check_range
from semcom_core.radio.base import EventHandler, Radio
from semcom_core.radio.process.child import DriverLog, RadioChild, TransmitQueue
from semcom_core.radio.profile import DEVICES, RadioProfile

#: How bursts are sent. burst: each whole, with nothing between them. continuous: joined, with zeros
#: where none is queued.
MODES = ("burst", "continuous")
#: Settings that may change while a radio runs.
CHANGEABLE = ("rx_gain_db", "tx_gain_db", "rx_lo_hz", "tx_lo_hz")
#: How long a child may take to set up its radio, s.
START_S = 60.0
#: A child that has lived this long counts as one that worked, s, even if there was nothing to do.
STEADY_S = 30.0
#: Shortest and longest pause before another child is started, s; it doubles with each failure.
PAUSES_S = (0.2, 1.0)
#: A real radio that gives no sample for this long is gone, s. A virtual one may: its clock stands
#: still while another client does not read.
SILENCE_S = 5.0
#: A real radio, and a virtual one, that takes no sample for this long while some are queued is
#: gone, s. The virtual radio's client waits up to 30 s while its clock stands still. Most clients
#: report at once that their server has ended; one of UHD that only transmits does not, and is
#: detected by this limit alone.
STALL_S = 5.0
VIRTUAL_STALL_S = 35.0


class RadioProcess(Radio):
    """A device in a child process. All methods may be called from any thread; one thread reads.

    Args:
        profile: the radio, of the backend iio, uhd or soapy.
        receive: whether samples are read.
        transmit: whether samples are written.
        mode: one of MODES, for what is transmitted.
        retries: children that may fail in a row, none of which gets its radio going, before the
            radio is given up, 0 to 2^20.
        on_event: see Radio; called from the supervisor's thread.
        command: program that runs the radio, see semcom_core.radio.process; None: that of GNU
            Radio.

    Raises:
        ConfigError: the radio cannot do that.
        RadioError: GNU Radio or the blocks are missing.
    """

    def __init__(
        self,
        profile: RadioProfile,
        receive: bool = True,
        transmit: bool = False,
        mode: str = "burst",
        retries: int = 30,
        on_event: EventHandler | None = None,
        command: list[str] | None = None,
    ):
        check_choice("mode", mode, MODES)
        check_range("retries", retries, 0, 1 << 20)
        if profile.backend not in DEVICES:
            raise ConfigError(
                f"backend of profile {profile.name} is {profile.backend!r}; allowed is one of "
                f"{', '.join(DEVICES)}"
            )
        profile.notice_for(receive, transmit, i_may_transmit=True)
        super().__init__(profile, on_event)
        self.retries = int(retries)
        self._settings = {"receive": bool(receive), "transmit": bool(transmit), "mode": mode}
        self._command = command or program()
        self._queue = TransmitQueue()
        self._stopping = threading.Event()
        self._supervisor: threading.Thread | None = None
        self._changed = threading.Condition()  # of the three below, and of failure
        self._child: RadioChild | None = None  # the one whose radio is ready
        self._child_profile = profile  # what the latest child was started with
        self._read_child: RadioChild | None = None  # the one that read() is at

    def start(self) -> None:
        """Start the child and return at once; on_event, or wait_ready, reports when the radio is
        set up.
        """
        self._read_child = None
        self._stopping.clear()
        self.failure = ""
        self._supervisor = threading.Thread(
            target=self._supervise, name=f"radio {self.profile.name}", daemon=True
        )
        self._supervisor.start()

    def stop(self) -> None:
        """End the child. Queued bursts are dropped: see drain. Does nothing when not started."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        if self._supervisor is not None:
            self._supervisor.join()
            self._supervisor = None
        self._queue = TransmitQueue()

    def wait_ready(self, timeout_s: float = START_S) -> None:
        """Wait until the radio is set up (see Radio)."""
        with self._changed:
            if not self._changed.wait_for(
                lambda: self._child is not None or self._has_ended(), timeout_s
            ):
                raise TimeoutError(
                    f"radio {self.profile.name} at {self.profile.address} is not ready within "
                    f"{timeout_s:g} s"
                )
        self._check_running()

    def read(self, count: int, timeout_s: float) -> np.ndarray:
        """The next samples; lost ones are left out and counted (see Radio)."""
        deadline = time.monotonic() + timeout_s
        while True:
            left_s = max(0.0, deadline - time.monotonic())
            if self._read_child is None:
                self.wait_ready(left_s)
                self._read_child = self._child
                continue
            samples = self._read_child.receive(count, left_s)
            if samples is not None:
                return samples
            self._wait_for_next_child(deadline)

    def write(self, samples: np.ndarray, timeout_s: float) -> int:
        """Queue samples for transmission; in mode "burst" they are one burst (see Radio)."""
        self._check_running()
        scaled = np.array(samples, np.complex64) * np.float32(self.profile.amplitude)
        return self._queue.put(scaled, timeout_s)

    @property
    def sent(self) -> int:
        """How many bursts have left the radio."""
        return self._queue.first

    def drain(self, timeout_s: float) -> bool:
        """Wait until all that was written has left the radio (see Radio)."""
        deadline = time.monotonic() + timeout_s
        while not self._queue.wait_empty(min(0.1, max(0.0, deadline - time.monotonic()))):
            if self._has_ended() or time.monotonic() >= deadline:
                return False
        return True

    def set(self, **settings: float) -> None:
        """Change gains and frequencies while the radio runs (see Radio)."""
        with self._changed:
            profile = self.profile.with_settings(**settings)
            changed = changes(self.profile, profile)
            for name in changed:
                check_choice("setting that may change", name, CHANGEABLE)
            self.profile = profile
            if self._child is not None:  # one that is being set up gets them when it is ready
                self._child.send_message(set=changed)

    def _has_ended(self) -> bool:
        return bool(self.failure) or self._stopping.is_set()

    def _check_running(self) -> None:
        if self._has_ended():
            raise RadioError(self.failure or f"radio {self.profile.name} is stopped")

    def _wait_for_next_child(self, deadline: float) -> None:
        """Wait for another child after the one that was read from has ended."""
        with self._changed:
            found = self._changed.wait_for(
                lambda: self._child is not self._read_child or self._has_ended(),
                max(0.0, deadline - time.monotonic()),
            )
            if found:
                self._read_child = self._child
        self._check_running()
        if not found:
            raise TimeoutError(f"radio {self.profile.name} is not back yet")

    def _supervise(self) -> None:
        """Run children; whatever ends that is reported to those who wait."""
        try:
            self._run_children()
        except Exception as error:
            self._give_up(f"radio {self.profile.name}: its supervisor has failed: {error!r}")
            raise

    def _run_children(self) -> None:
        """Run one child after the other, until stop() or until the radio is given up."""
        failures = 0
        self._on_event("loading", "", 1)
        while not self._stopping.is_set():
            end = self._run_child()
            if self._stopping.is_set():
                return
            failures = 0 if end.worked else failures + 1
            if end.final or failures > self.retries:
                tries = "" if end.final else f"; that was the try {failures} of {failures}"
                self._give_up(
                    f"radio {self.profile.name} at {self.profile.address}: {end.reason}{tries}"
                )
                return
            self.counts["reconnects"] += 1
            self._on_event("reconnecting", end.reason, 1)
            self._stopping.wait(min(PAUSES_S[0] * 2**failures, PAUSES_S[1]))

    def _give_up(self, reason: str) -> None:
        self._on_event("failed", reason, 1)  # before anybody who waits ends because of it
        with self._changed:
            self.failure = reason
            self._changed.notify_all()

    def _run_child(self) -> SessionEnd:
        """Run one child to its end."""
        profile = self.profile
        self._child_profile = profile
        settings = {**asdict(profile), **self._settings, "filter_hz": profile.filter_hz}
        try:
            child = RadioChild(self._command, settings)
        except RadioError as error:
            return SessionEnd(worked=False, reason=str(error), final=False)
        try:
            return RadioSession(child, self._queue, self, self._limits()).run(self._stopping)
        finally:
            with self._changed:
                self._child = None
            child.close()

    def _limits(self) -> SessionLimits:
        real = self.profile.on_air
        return SessionLimits(
            silence_s=SILENCE_S if real and self._settings["receive"] else float("inf"),
            stall_s=STALL_S if real else VIRTUAL_STALL_S,
        )

    def on_ready(self, child: RadioChild) -> None:
        """Take a child whose radio is set up, and send it what was set meanwhile."""
        with self._changed:
            self._child = child
            changed = changes(self._child_profile, self.profile)
            if changed:
                child.send_message(set=changed)
            self._changed.notify_all()
        self._on_event("ready", "", 1)

    def on_samples_lost(self, lost: Counter[str]) -> None:
        """Count overruns and underruns. On iio there are gaps between bursts, which the radio
        reports as underruns; they are left out.
        """
        if self.profile.backend == "iio" and self._settings["mode"] == "burst":
            lost = Counter({"overruns": lost["overruns"]})
        self.counts.update(lost)
        for kind in ("overrun", "underrun"):
            if lost[f"{kind}s"]:
                self._on_event(kind, f"{self.counts[f'{kind}s']} in sum", lost[f"{kind}s"])


def changes(before: RadioProfile, after: RadioProfile) -> dict:
    """The settings that differ between both profiles, with their later values."""
    return {
        name: value
        for name, value in asdict(after).items()
        if name != "limits" and getattr(before, name) != value
    }


def program() -> list[str]:
    """The command of the program that runs a radio by GNU Radio.

    Raises:
        RadioError: GNU Radio or the blocks are not installed.
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


class SessionOwner(Protocol):
    """Receiver of the events of a session."""

    def on_ready(self, child: RadioChild) -> None:
        """The radio is set up."""

    def on_samples_lost(self, lost: Counter[str]) -> None:
        """Samples were lost: counts of overruns and underruns."""


@dataclass(frozen=True)
class SessionLimits:
    """Time limits after which a radio that stands still counts as gone.

    Args:
        silence_s: without giving a sample, s.
        stall_s: without taking a sample while some are queued, s.
    """

    silence_s: float
    stall_s: float


@dataclass(frozen=True)
class SessionEnd:
    """End of a session.

    Args:
        worked: whether its radio did its work.
        reason: why it has ended.
        final: whether another session would end in the same way.
    """

    worked: bool
    reason: str
    final: bool


class RadioSession:
    """The life of one child, from its start to its end: its messages, its driver log, the bursts
    sent to it, and its limits of time.

    Args:
        child: the child process.
        queue: bursts to be transmitted, from the first that has not left.
        owner: is called when the radio is ready and when samples were lost.
        limits: how long the radio may stand still.
    """

    def __init__(
        self, child: RadioChild, queue: TransmitQueue, owner: SessionOwner, limits: SessionLimits
    ):
        self._child = child
        self._queue = queue
        self._owner = owner
        self._limits = limits
        self._driver_log = DriverLog()
        self._sender: threading.Thread | None = None
        self._ended = threading.Event()
        self._first = queue.first
        self._ready = False
        self._reason = ""
        self._final = False
        # time.monotonic() at the latest sample received, and at the latest one taken
        self._received_at = child.started_at
        self._taken_at = child.started_at

    def run(self, stopping: threading.Event) -> SessionEnd:
        """Serve the child to its end or until `stopping`."""
        goes_on = True
        while goes_on and not stopping.is_set():
            messages, text, goes_on = self._child.listen(0.1)
            for message in messages:
                self._handle(message)
            lost = self._driver_log.read(text)
            if lost and self._ready:  # while a radio is set up, no samples can be lost
                self._owner.on_samples_lost(lost)
            goes_on = goes_on and not self._radio_gone()
        self._ended.set()
        reason = self._reason or self._driver_log.last or "its process has ended without a word"
        return SessionEnd(self._worked(), reason, self._final)

    def _handle(self, message: dict) -> None:
        """Handle a control message of the child."""
        if "sent" in message:
            self._queue.remove_through(message["sent"])
        elif "taken" in message:
            self._taken_at = time.monotonic()
        elif message.get("state") == "failed":
            self._reason = self._reason or message["reason"]
            self._final = message.get("final", False)
        elif message.get("state") == "ready":
            self._ready = True
            self._received_at = time.monotonic()
            if self._child.transmits:
                self._sender = threading.Thread(target=self._send, name="radio sender", daemon=True)
                self._sender.start()
            self._owner.on_ready(self._child)

    def _radio_gone(self) -> bool:
        """Whether the radio has failed, has stood still for too long, or is reported gone."""
        now = time.monotonic()
        if self._child.has_new_samples():
            self._received_at = now
        if not self._ready or self._queue.wait_empty(0):
            self._taken_at = now
        silence_s = self._limits.silence_s if self._ready else START_S
        if now - self._received_at > silence_s:
            self._reason = f"it has been silent for {silence_s:g} s"
        elif now - self._taken_at > self._limits.stall_s:
            self._reason = f"it has taken no sample for {self._limits.stall_s:g} s"
        return self._driver_log.gone or bool(self._reason)

    def _worked(self) -> bool:
        received = self._child.received > 0
        transmitted = self._queue.first > self._first
        steady = time.monotonic() - self._child.started_at > STEADY_S
        return self._ready and (received or transmitted or steady)

    def _send(self) -> None:
        """Send queued bursts to the child, in a thread of its own."""
        number = self._first
        while not self._ended.is_set():
            samples = self._queue.get(number, 0.1)
            if samples is not None:
                if not self._child.transmit(number, samples):
                    return
                number += 1
