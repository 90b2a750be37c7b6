# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text for a window, published at a pace that eyes follow.

GNU Radio keeps every different symbol for as long as the process lives, and a Qt label takes nothing but a symbol. So text that
changes with each message is published only where something listens, and only so often.
"""

from __future__ import annotations

import threading

import pmt

#: Least time between two messages, s.
PERIOD_S = 0.1


class WindowText:
    """Publishes pairs (key, symbol) on a port of a block: the first text at once, of those that follow soon the last.

    Args:
        block: the block that has the port.
        port: name of the message output.
        key: first part of each pair.
    """

    def __init__(self, block, port: str, key: str):
        self._block, self._port, self._key = block, pmt.intern(port), pmt.intern(key)
        self._change = threading.Condition()
        self._text: str | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start to publish."""
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="window text", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Publish the last text and end. Does nothing when not started."""
        with self._change:
            self._stopping = True
            self._change.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def show(self, text: str) -> None:
        """Publish a text, unless a later one comes before its turn."""
        with self._change:
            self._text = text
            self._change.notify()

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._stopping or self._text is not None)
                text, self._text = self._text, None
            if text is not None and self._listened():
                self._block.message_port_pub(self._port, pmt.cons(self._key, pmt.intern(text)))
            with self._change:
                if self._change.wait_for(lambda: self._stopping, timeout=PERIOD_S) and self._text is None:
                    return

    def _listened(self) -> bool:
        return pmt.is_pair(self._block.to_basic_block().message_subscribers(self._port))
