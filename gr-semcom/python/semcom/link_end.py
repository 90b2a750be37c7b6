# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a run: radios send what they were given, sources are told, and other blocks still handle the last message."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from .radio_station import RadioStation

#: Time from the word to the sources to the call, s, in which the other blocks handle the last message.
GRACE_S = 0.6
#: How long radios must have had nothing to send: a burst may be on its way to one; and how long they may take at the most, s.
QUIET_S, RADIO_S = 0.3, 60.0


class LinkEnd:
    """Ends a run, once.

    Args:
        tell: tells the sources, at once, or when the radios of this process have sent everything.
        on_done: called GRACE_S later, in a thread of its own; None: nothing is called.
    """

    def __init__(self, tell: Callable[[], None], on_done: Callable[[], None] | None):
        self._tell, self._on_done, self._cancelled = tell, on_done, threading.Event()

    def start(self) -> None:
        """The run is over."""
        radios = RadioStation.are_there()
        if not radios:
            self._tell()
        if radios or self._on_done is not None:
            threading.Thread(target=self._run, args=(radios,), name="link end", daemon=True).start()

    def cancel(self) -> None:
        """Do nothing any more."""
        self._cancelled.set()

    def _run(self, radios: bool) -> None:
        if radios:
            self._wait_for_radios()
            self._tell()
        if not self._cancelled.wait(GRACE_S) and self._on_done is not None:
            self._on_done()

    def _wait_for_radios(self) -> None:
        limit = time.monotonic() + RADIO_S
        quiet = time.monotonic()
        while not self._cancelled.wait(0.05) and time.monotonic() - quiet < QUIET_S and time.monotonic() < limit:
            if RadioStation.are_busy():
                quiet = time.monotonic()
