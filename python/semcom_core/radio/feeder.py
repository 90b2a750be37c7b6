# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thread that keeps a radio transmitting, for measurements."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np

from semcom_core.errors import RadioError
from semcom_core.radio.process import RadioProcess


class Feeder:
    """Transmits while the `with` block runs; at its end it raises RadioError where the radio was lost meanwhile.

    Args:
        radio: in mode continuous, started.
        pieces: samples, complex64, without end.
    """

    def __init__(self, radio: RadioProcess, pieces: Iterator[np.ndarray]):
        self._radio, self._pieces, self._ended = radio, pieces, threading.Event()
        self._failure: RadioError | None = None
        self._thread = threading.Thread(target=self._run, name="feeder", daemon=True)

    def _run(self) -> None:
        piece = next(self._pieces)
        while not self._ended.is_set():
            try:
                self._radio.write(piece, 1.0)
            except TimeoutError:  # it has no room: the same piece again
                continue
            except RadioError as error:
                self._failure = error
                return
            piece = next(self._pieces)

    def __enter__(self) -> Feeder:
        self._thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self._ended.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure
