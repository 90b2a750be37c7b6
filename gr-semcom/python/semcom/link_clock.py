# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time limit of a link without any event."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from semcom_core.errors import check_range


class LinkClock:
    """Calls `on_silence` in a thread of its own each time that `timeout_s` has passed without an event.

    The clock stands still while a codec loads, which may take longer than any message.

    Args:
        on_silence: called without arguments; it should lead to an event, else it is called again soon.
    """

    def __init__(self, on_silence: Callable[[], None]):
        self._on_silence = on_silence
        self.timeout_s = 120.0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.reset()

    def set_timeout_s(self, timeout_s: float) -> None:
        """Set the time limit, s."""
        check_range("timeout_s", timeout_s, 0.1, 86400)
        self.timeout_s = float(timeout_s)

    def reset(self) -> None:
        """Forget which codecs load."""
        self._loading: frozenset[str] = frozenset()
        self.event()

    def event(self) -> None:
        """Something has happened."""
        self._active = time.monotonic()

    def loading(self, block: str, loads: bool) -> None:
        """The codec of a block loads, or loads no more."""
        self._loading = self._loading | {block} if loads else self._loading - {block}

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
            elif time.monotonic() - self._active > self.timeout_s:
                self._on_silence()
