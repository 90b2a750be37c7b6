# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be transmitted and has not left the radio yet: kept, so that a radio that comes back
sends it after all.

What client libraries print when samples are lost, and when the radio is gone: they tell nobody
otherwise.

gr-iio prints O (overflow) and U (underflow), once a second at the most; UHD O, D (dropped packet),
S (out of sequence), U and L (late), gr-soapy sO and sU, and tG for a burst that it has lost, each
without a line of their own. gr-uhd 3.10 sums up: "In the last 100 ms, 3 overflows occurred."

One process that runs a radio, and the sockets to it.

The program gets one argument, JSON: the profile's settings, "receive", "transmit", "mode", and the
file descriptors of its sockets.

    control  lines of JSON; to the process {"set": {...}}, from it {"state": "ready"}, {"state":
    "failed", "reason": ...} (with "final"
             where any other try would fail as well), {"sent": number} (this piece and all before it
             have left the radio) and now and then {"taken": count} (samples so far)
    receive  complex64 samples from the process
    transmit pieces to the process: number (uint64), count (uint64), then complex64 samples

The process ends on SIGTERM, or when its control socket is closed. Its standard output and standard
error are one pipe: the client libraries print there what goes wrong.
"""

from __future__ import annotations

import json
import os
import re
import select
import socket
import struct
import subprocess
import threading
import time
from collections import Counter, deque

import numpy as np

from semcom_core.errors import RadioError

#: Samples that may wait; one piece more is taken than fits, so that a burst may be longer.
CAPACITY = 1 << 20


class Outbox:
    """Numbered pieces in their order, from the oldest that has not left to the newest. All methods
    may be called from any thread.
    """

    def __init__(self):
        self._changed = threading.Condition()
        self._pieces: deque[np.ndarray] = deque()
        self._first = self._waiting = 0

    @property
    def first(self) -> int:
        """Number of the oldest piece that has not left; so many have."""
        return self._first

    @property
    def next(self) -> int:
        """Number that the next piece gets."""
        return self._first + len(self._pieces)

    def put(self, samples: np.ndarray, timeout_s: float) -> int:
        """Add a piece, complex64 (n,), as soon as there is room; returns its number.

        Raises:
            TimeoutError: there was no room; nothing was taken.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting < CAPACITY, timeout_s):
                raise TimeoutError(f"{self._waiting} samples wait to be transmitted")
            self._pieces.append(samples)
            self._waiting += len(samples)
            self._changed.notify_all()
            return self.next - 1

    def get(self, number: int, timeout_s: float) -> np.ndarray | None:
        """A piece by its number; None when it has not come in time, or has left already."""
        with self._changed:
            self._changed.wait_for(lambda: number < self.next, timeout_s)
            return self._pieces[number - self._first] if self._first <= number < self.next else None

    def left(self, number: int) -> None:
        """The pieces up to this number have left."""
        with self._changed:
            while self._first <= number and self._pieces:
                self._waiting -= len(self._pieces.popleft())
                self._first += 1
            self._changed.notify_all()

    def wait_empty(self, timeout_s: float) -> bool:
        """Wait until all has left; False when it has not in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._pieces, timeout_s)


_RUN = re.compile(r"^(?:s[OUT]|t[GP]|[ODSUL])+(?=$|\[|\s)")
_LETTER = re.compile(r"s[OUT]|t[GP]|[ODSUL]")
_MEANS = {letter: "overruns" for letter in ("O", "D", "S", "sO")} | {
    letter: "underruns" for letter in ("U", "L", "sU", "tG")
}
_SUM = re.compile(r"In the last \d+ ms, (\d+) (over|under)flows occurred")
#: After this a stream does not come back by itself.
_GONE = re.compile(
    r"Soapy (?:source|sink) error: (?!TIMEOUT|OVERFLOW|UNDERFLOW)|caught rx error|terminate called"
)
#: So many errors within so many seconds prove it: one alone may pass.
_ENOUGH = 3
_WITHIN_S = 5.0
#: Characters of a line that are read, and lines that are kept.
_LONGEST = 500
_KEPT = 20


class Trouble:
    """Reads what a process prints, in pieces.

    `counts` has overruns and underruns so far; `gone` says that the radio is lost; `last` is the
    last line of words.
    """

    def __init__(self):
        self.counts: Counter = Counter()
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self._rest = ""  # a line of words that has not ended
        self._errors: deque[float] = deque(maxlen=_ENOUGH)

    @property
    def gone(self) -> bool:
        """Whether the libraries have said that the radio is gone."""
        return len(self._errors) == _ENOUGH and self._errors[-1] - self._errors[0] < _WITHIN_S

    @property
    def last(self) -> str:
        """The last line that tells something, in at most 200 characters; of an exception of Python
        or C++ its message.
        """
        return next(
            (line[:200] for line in (self._rest.strip(), *reversed(self._lines)) if line), ""
        )

    def read(self, text: str) -> Counter:
        """Read a piece, which may begin and end within a line; returns the troubles in it."""
        before = self.counts.copy()
        for part in text.splitlines(keepends=True):
            self._read_part(part)
        return self.counts - before

    def _read_part(self, part: str) -> None:
        """Count letters at once, for their line may never end; read words when theirs has ended, or
        has its sum.
        """
        letters = _RUN.match(part)
        if letters and (not self._rest or letters.end() == len(part.rstrip())):
            self.counts.update(
                _MEANS[letter] for letter in _LETTER.findall(letters.group()) if letter in _MEANS
            )
            part = part[letters.end() :]
        ended = bool(part) and part.splitlines() != [part]
        self._rest += part
        if self._rest and (ended or len(self._rest) > _LONGEST or _SUM.search(self._rest)):
            self._read_line(self._rest[:_LONGEST].strip())
            self._rest = ""

    def _read_line(self, line: str) -> None:
        for count, kind in _SUM.findall(line):
            self.counts[f"{kind}runs"] += int(count)
        if _GONE.search(line):
            self._errors.append(time.monotonic())
        self._lines.append(line)


PIECE = struct.Struct("<QQ")
SAMPLE_BYTES = 8
#: Room of each socket, bytes; the system may give less.
ROOM = 4 << 20
#: How long a process may take to end when it is asked to, s.
END_S = 3.0


class RadioChild:
    """A process and what goes to and fro.

    Args:
        command: program and arguments, before the JSON.
        settings: what the JSON has besides the file descriptors; "receive" and "transmit" say which
            sockets there are.

    Raises:
        RadioError: the process cannot be started.
    """

    def __init__(self, command: list[str], settings: dict):
        ours = {}
        theirs = {}
        try:
            for name in ("control", *(name for name in ("receive", "transmit") if settings[name])):
                ours[name], theirs[name] = _pair()
            self.process = _started(
                command, settings, {name: end.fileno() for name, end in theirs.items()}
            )
        except OSError as error:
            for end in ours.values():
                end.close()
            raise RadioError(f"the radio's process cannot be started: {error}") from error
        finally:
            for end in theirs.values():
                end.close()
        self._sockets = ours
        self._part = b""
        self._line = b""
        self.born = time.monotonic()
        self.received = 0
        self._seen = 0

    def listen(self, timeout_s: float) -> tuple[list[dict], str, bool]:
        """What the process says: (messages, text printed, whether it goes on). Waits until there is
        something.
        """
        control = self._sockets["control"]
        printed = self.process.stdout
        ready, _, _ = select.select([control, printed], [], [], timeout_s)
        text = os.read(printed.fileno(), 1 << 16) if printed in ready else b""
        data = control.recv(1 << 16) if control in ready else b""
        *lines, self._line = (self._line + data).split(b"\n")
        ended = (control in ready and not data) or self.process.poll() is not None
        if ended:
            text += self._rest()
        return (
            [json.loads(line) for line in lines if line],
            text.decode(errors="replace"),
            not ended,
        )

    def _rest(self) -> bytes:
        """What a process that has ended has still printed."""
        found = b""
        while select.select([self.process.stdout], [], [], 0.2)[0] and (
            piece := os.read(self.process.stdout.fileno(), 1 << 16)
        ):
            found += piece
        return found

    def say(self, **message) -> None:
        """Send a message; a process that is gone hears nothing."""
        try:
            self._sockets["control"].sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            return

    @property
    def transmits(self) -> bool:
        """Whether it takes samples."""
        return "transmit" in self._sockets

    def flows(self) -> bool:
        """Whether samples have come, or wait to be read, since this was asked last."""
        seen = self._seen
        self._seen = self.received
        end = self._sockets.get("receive")
        return self.received != seen or (
            end is not None and bool(select.select([end], [], [], 0)[0])
        )

    def receive(self, count: int, timeout_s: float) -> np.ndarray | None:
        """Up to `count` samples, complex64; None when there will be no more.

        Raises:
            TimeoutError: none has come in time.
        """
        end = self._sockets["receive"]
        if end.fileno() < 0:
            return None
        limit = time.monotonic() + timeout_s
        while len(self._part) < SAMPLE_BYTES:
            if not select.select([end], [], [], max(0.0, limit - time.monotonic()))[0]:
                raise TimeoutError(f"the radio has given no sample within {timeout_s:g} s")
            data = end.recv(SAMPLE_BYTES * count - len(self._part))
            if not data:
                end.close()
                return None
            self._part += data
            self.received += len(data)
        whole = len(self._part) // SAMPLE_BYTES * SAMPLE_BYTES
        data = self._part[:whole]
        self._part = self._part[whole:]
        return np.frombuffer(data, np.complex64)

    def transmit(self, number: int, samples: np.ndarray) -> bool:
        """Send a piece; False when the process is gone. Blocks while it takes none."""
        try:
            end = self._sockets["transmit"]
            end.sendall(PIECE.pack(number, len(samples)))
            end.sendall(np.ascontiguousarray(samples, np.complex64).data)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """End the process: ask it by SIGTERM, and kill it when it does not hear. Whoever waits for
        its samples is woken.

        The socket of the samples that came from it is left to who reads them: there may be some in
        it.
        """
        for name, end in self._sockets.items():
            _shut(end)
            if name != "receive":
                end.close()
        self.process.terminate()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def _pair() -> tuple[socket.socket, socket.socket]:
    """Two sockets that are connected."""
    ends = socket.socketpair()
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM)
    return ends


def _started(command: list[str], settings: dict, descriptors: dict[str, int]) -> subprocess.Popen:
    """The process."""
    words = json.dumps({**settings, "descriptors": descriptors})
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen([*command, words], pass_fds=list(descriptors.values()), **pipes)


def _shut(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:  # the other end has gone first, or it is closed
        return
