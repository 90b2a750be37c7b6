# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base of the message sinks: a report file, and text for a widget."""

from __future__ import annotations

import json
import math
import threading
from pathlib import Path
from typing import TextIO

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.errors import ConfigError

from .guard import begin_again
from .notices import FEEDBACK

#: Least time between two messages for a widget, s.
PERIOD_S = 0.1


class message_sink(gr.basic_block):
    """A block that takes messages on `in`, writes them to a file and shows them on `out`.

    A derived class has `handle_message` for its port `in`, and sets the file by open_file. The file
    stays the same when a flowgraph is started again: it is continued.

    Args:
        name: name of the block.
        file_setting: name of the setting that names the file, for error messages.
    """

    def __init__(self, name: str, file_setting: str) -> None:
        gr.basic_block.__init__(self, name, None, None)
        self._file_setting = file_setting
        self._file_name = ""
        self._file: TextIO | None = None
        self._lock = threading.Lock()
        self.received = 0
        self.refused = 0
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self.handle_message)
        self.message_port_register_out(pmt.intern("out"))
        self.message_port_register_out(FEEDBACK)
        self._window = WindowText(self, "out", "text")

    def open_file(self, name: str) -> None:
        """Begin another file; an empty name is none.

        Raises:
            ConfigError: the file cannot be written; the former one stays.
        """
        opened = self._opened(name, "w")
        with self._lock:
            self._close()
            self._file = opened
            self._file_name = str(name)

    def write_line(self, line: str) -> None:
        """Append a line to the file, if there is one."""
        with self._lock:
            if self._file is not None:
                self._file.write(line + "\n")
                self._file.flush()

    def show(self, text: str) -> None:
        """Publish a text for a widget on `out`."""
        self._window.show(text)

    def start(self) -> bool:
        """Continue the file where an earlier run has closed it."""
        begin_again(self)
        if self._file is None:
            self._file = self._opened(self._file_name, "a")
        self._window.start()
        return True

    def stop(self) -> bool:
        """Close the file."""
        self._window.stop()
        with self._lock:
            self._close()
        return True

    def _opened(self, name: str, mode: str) -> TextIO | None:
        if not name:
            return None
        try:
            return Path(name).expanduser().open(mode, encoding="utf-8")
        except (OSError, RuntimeError, ValueError) as error:
            raise ConfigError(
                f"{self._file_setting} is {name!r}; it cannot be written: {error}"
            ) from error

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def json_line(meta: dict) -> str:
    """Scalar metadata as one line of JSON; null for a number that is not finite."""
    scalars = {name: value for name, value in meta.items() if not isinstance(value, np.ndarray)}
    known = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in scalars.items()
    }
    return json.dumps(known, ensure_ascii=False)


class WindowText:
    """Publishes pairs (key, symbol) for a widget, at most one every PERIOD_S.

    The first text is published at once, of those that follow within the period the last. GNU Radio
    keeps every different symbol for as long as the process lives, and a Qt label takes nothing but
    a symbol; so text is published only where something is connected, and only so often.

    Args:
        block: the block that has the port.
        port: name of the message output.
        key: first part of each pair.
    """

    def __init__(self, block: gr.basic_block, port: str, key: str) -> None:
        self._block = block
        self._port = pmt.intern(port)
        self._key = pmt.intern(key)
        self._change = threading.Condition()
        self._text: str | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread that publishes."""
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="window text", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Publish the last text and end the thread. Does nothing when not started."""
        with self._change:
            self._stopping = True
            self._change.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def show(self, text: str) -> None:
        """Publish a text, unless a later one replaces it within the period."""
        with self._change:
            self._text = text
            self._change.notify()

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._stopping or self._text is not None)
                text = self._text
                self._text = None
            if text is not None and self._connected():
                self._block.message_port_pub(self._port, pmt.cons(self._key, pmt.intern(text)))
            with self._change:
                if (
                    self._change.wait_for(lambda: self._stopping, timeout=PERIOD_S)
                    and self._text is None
                ):
                    return

    def _connected(self) -> bool:
        return pmt.is_pair(self._block.to_basic_block().message_subscribers(self._port))
