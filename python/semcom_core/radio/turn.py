# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of one radio process, from its start to its end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Protocol

from semcom_core.radio.child import RadioChild
from semcom_core.radio.outbox import Outbox
from semcom_core.radio.trouble import Trouble

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
    """How a process has ended: whether its radio worked, why it has ended, and whether another process would end in the same way."""

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

    def __init__(self, child: RadioChild, outbox: Outbox, owner: TurnOwner, silence_s: float, stall_s: float):
        self._child, self._outbox, self._owner, self._silence_s, self._stall_s = child, outbox, owner, silence_s, stall_s
        self._trouble, self._sender, self._ended = Trouble(), None, threading.Event()
        self._ready, self._reason, self._final, self._first = False, "", False, outbox.first
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
        return TurnEnd(self._worked(), self._reason or self._trouble.last or "its process has ended without a word", self._final)

    def _hear(self, message: dict) -> None:
        if "sent" in message:
            self._outbox.left(message["sent"])
        elif "taken" in message:
            self._moved = time.monotonic()
        elif message.get("state") == "failed":
            self._reason, self._final = self._reason or message["reason"], message.get("final", False)
        elif message.get("state") == "ready":
            self._ready, self._heard = True, time.monotonic()
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
        done = self._child.received or self._outbox.first > self._first or time.monotonic() - self._child.born > STEADY_S
        return self._ready and bool(done)

    def _send(self) -> None:
        number = self._first
        while not self._ended.is_set():
            samples = self._outbox.get(number, 0.1)
            if samples is not None:
                if not self._child.transmit(number, samples):
                    return
                number += 1
