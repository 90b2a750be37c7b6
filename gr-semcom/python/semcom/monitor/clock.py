# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""End of a run and time limit of a link.

LinkEnd waits until radios have sent everything, tells the sources, and leaves the other blocks time
for the last message. LinkClock measures the time without any event.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from semcom_core.errors import check_limit

from ..radio.station import RadioStation

#: Time from the notice to the sources to the call of on_done, s, in which the other blocks handle
#: the last message.
GRACE_S = 0.6
#: How long radios must have had nothing to send, s: a burst may be on its way to one.
QUIET_S = 0.3
#: Longest time to wait for radios, s.
RADIO_S = 60.0


class LinkEnd:
    """Ends a run, once.

    Args:
        tell: called to notify the sources, at once, or when the radios of this process have sent
            everything.
        on_done: called GRACE_S later, in a thread of its own; None: nothing is called.
        on_unsent: called with a reason, before `tell`, when radios have not sent everything within
            RADIO_S.
    """

    def __init__(
        self,
        tell: Callable[[], None],
        on_done: Callable[[], None] | None,
        on_unsent: Callable[[str], None] | None = None,
    ) -> None:
        self._tell = tell
        self._on_done = on_done
        self._on_unsent = on_unsent
        self._cancelled = threading.Event()

    def start(self, wait: bool = True) -> None:
        """End the run.

        Args:
            wait: False does not wait for radios: they have had their time.
        """
        radios = wait and RadioStation.are_there()
        if not radios:
            self._tell()
        if radios or self._on_done is not None:
            threading.Thread(target=self._run, args=(radios,), name="link end", daemon=True).start()

    def cancel(self) -> None:
        """Call nothing any more."""
        self._cancelled.set()

    def _run(self, radios: bool) -> None:
        if radios:
            self._wait_for_radios()
            unsent = RadioStation.unsent()
            if unsent and self._on_unsent is not None and not self._cancelled.is_set():
                self._on_unsent(f"{unsent} within {RADIO_S:g} s")
            self._tell()
        if not self._cancelled.wait(GRACE_S) and self._on_done is not None:
            self._on_done()

    def _wait_for_radios(self) -> None:
        limit = time.monotonic() + RADIO_S
        quiet = time.monotonic()
        while (
            not self._cancelled.wait(0.05)
            and time.monotonic() - quiet < QUIET_S
            and time.monotonic() < limit
        ):
            if RadioStation.are_busy():
                quiet = time.monotonic()


class LinkClock:
    """Calls `on_silence` in a thread of its own each time that `timeout_s` has passed without an
    event.

    The clock stands still while a codec loads, which may take longer than any message. It does not
    while a radio is set up: one that is not there would be set up for ever.

    Args:
        on_silence: called without arguments; it should lead to an event, else it is called again
            soon.
    """

    def __init__(self, on_silence: Callable[[], None]) -> None:
        self._on_silence = on_silence
        self.timeout_s = 120.0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.reset()

    def set_timeout_s(self, timeout_s: float) -> None:
        """Set the time limit, s; 0 is none."""
        check_limit("timeout_s", timeout_s, 0.1, 86400)
        self.timeout_s = float(timeout_s)

    def reset(self) -> None:
        """Begin anew, with no codec loading."""
        self._loading: frozenset[str] = frozenset()
        self.event()

    def event(self) -> None:
        """Begin the time limit anew: something has happened."""
        self._active = time.monotonic()

    def loading(self, block: str, loads: bool) -> None:
        """Take note that the codec of a block loads, or has loaded."""
        if loads:
            self._loading |= {block}
        else:
            self._loading -= {block}

    def start(self) -> None:
        """Start the clock."""
        self.event()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._watch, name="link clock", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the clock. Does nothing when not started."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _watch(self) -> None:
        while not self._stopping.wait(0.1):
            if self._loading:
                self.event()
            elif 0 < self.timeout_s < time.monotonic() - self._active:
                self._on_silence()
