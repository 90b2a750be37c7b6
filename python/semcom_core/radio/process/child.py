# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Child process of a radio, seen by its parent: sockets, transmit queue, driver log.

The protocol of the sockets is in the package's docstring.
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
from typing import IO

import numpy as np

from semcom_core.errors import RadioError

#: Header of a burst on the transmit socket: number, count of samples.
BURST_HEADER = struct.Struct("<QQ")
#: Bytes of a complex64 sample.
SAMPLE_BYTES = 8
#: Send buffer of each socket, bytes; the system may give less.
SOCKET_BUFFER = 4 << 20
#: How long a process may take to end after SIGTERM before it is killed, s.
END_S = 3.0
#: Samples that may be queued for transmission; one more burst is taken than fits, so that a burst
#: may be longer than that.
CAPACITY = 1 << 20
#: Bytes read at once from the control socket or the pipe.
_READ_BYTES = 1 << 16
#: Losses as the drivers print them: letters at the begin of a line, one letter, and its meaning.
_LETTERS = re.compile(r"^(?:s[OUT]|t[GP]|[ODSUL])+(?=$|\[|\s)")
_LETTER = re.compile(r"s[OUT]|t[GP]|[ODSUL]")
_MEANING = {
    "O": "overruns",
    "D": "overruns",
    "S": "overruns",
    "sO": "overruns",
    "U": "underruns",
    "L": "underruns",
    "sU": "underruns",
    "tG": "underruns",
}
#: A sum of losses, as gr-uhd logs it.
_SUM = re.compile(r"In the last \d+ ms, (\d+) (over|under)flows occurred")
#: Errors after which a stream does not resume by itself.
_FATAL = re.compile(
    r"Soapy (?:source|sink) error: (?!TIMEOUT|OVERFLOW|UNDERFLOW)|caught rx error|terminate called"
)
#: The radio counts as gone after so many such errors within so many seconds; a single one may pass.
_FATAL_ERRORS = 3
_FATAL_WITHIN_S = 5.0
#: Characters of a line that are read, and lines that are kept.
_MAX_LINE = 500
_KEPT_LINES = 20


class RadioChild:
    """A child process, its sockets and its output.

    Args:
        command: program and arguments, before the JSON.
        settings: what the JSON has besides the file descriptors; "receive" and "transmit" say which
            sockets there are.

    Raises:
        RadioError: the process cannot be started.
    """

    def __init__(self, command: list[str], settings: dict):
        names = ["control", *(name for name in ("receive", "transmit") if settings[name])]
        ours: dict[str, socket.socket] = {}
        theirs: dict[str, socket.socket] = {}
        try:
            for name in names:
                ours[name], theirs[name] = _socket_pair()
            descriptors = {name: end.fileno() for name, end in theirs.items()}
            self.process = _start_process(command, settings, descriptors)
        except OSError as error:
            for end in ours.values():
                end.close()
            raise RadioError(f"the radio's process cannot be started: {error}") from error
        finally:
            for end in theirs.values():
                end.close()
        assert self.process.stdout is not None  # it is a pipe
        self._output: IO[bytes] = self.process.stdout
        self._sockets = ours
        self._closing = threading.Lock()  # of the receive socket, by its reader
        self._sample_part = b""
        self._line_part = b""
        self.started_at = time.monotonic()
        #: Bytes of samples received so far.
        self.received = 0
        self._received_before = 0

    def listen(self, timeout_s: float) -> tuple[list[dict], str, bool]:
        """Wait for control messages and driver output.

        Args:
            timeout_s: longest wait, s.

        Returns:
            (messages, text printed, whether the process goes on).
        """
        control = self._sockets["control"]
        sources: list[socket.socket | IO[bytes]] = [control, self._output]
        ready, _, _ = select.select(sources, [], [], timeout_s)
        text = os.read(self._output.fileno(), _READ_BYTES) if self._output in ready else b""
        data = control.recv(_READ_BYTES) if control in ready else b""
        *lines, self._line_part = (self._line_part + data).split(b"\n")
        ended = (control in ready and not data) or self.process.poll() is not None
        if ended:
            text += self._remaining_output()
        messages = [json.loads(line) for line in lines if line]
        return messages, text.decode(errors="replace"), not ended

    def _remaining_output(self) -> bytes:
        """The output that is left of a process that has ended."""
        found = b""
        while select.select([self._output], [], [], 0.2)[0] and (
            piece := os.read(self._output.fileno(), _READ_BYTES)
        ):
            found += piece
        return found

    def send_message(self, **message: object) -> None:
        """Send a control message; one to a process that has ended is dropped."""
        try:
            self._sockets["control"].sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            return

    @property
    def transmits(self) -> bool:
        """Whether it takes samples."""
        return "transmit" in self._sockets

    def has_new_samples(self) -> bool:
        """Whether samples have come, or wait to be read, since the last call."""
        before = self._received_before
        self._received_before = self.received
        end = self._sockets.get("receive")
        with self._closing:
            waiting = end is not None and end.fileno() >= 0 and is_readable(end)
        return self.received != before or waiting

    def receive(self, count: int, timeout_s: float) -> np.ndarray | None:
        """The next samples.

        Args:
            count: samples wanted at the most.
            timeout_s: longest wait, s.

        Returns:
            complex64 (1 to count,); None when there will be no more.

        Raises:
            TimeoutError: none has come in time.
        """
        end = self._sockets["receive"]
        if end.fileno() < 0:
            return None
        deadline = time.monotonic() + timeout_s
        while len(self._sample_part) < SAMPLE_BYTES:
            if not select.select([end], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError(f"the radio has given no sample within {timeout_s:g} s")
            data = end.recv(SAMPLE_BYTES * count - len(self._sample_part))
            if not data:
                with self._closing:
                    end.close()
                return None
            self._sample_part += data
            self.received += len(data)
        whole = len(self._sample_part) // SAMPLE_BYTES * SAMPLE_BYTES
        data = self._sample_part[:whole]
        self._sample_part = self._sample_part[whole:]
        return np.frombuffer(data, np.complex64)

    def transmit(self, number: int, samples: np.ndarray) -> bool:
        """Send a burst, complex64 (n,); blocks while the process takes none.

        Returns:
            False when the process has ended.
        """
        try:
            end = self._sockets["transmit"]
            end.sendall(BURST_HEADER.pack(number, len(samples)))
            end.sendall(np.ascontiguousarray(samples, np.complex64).data)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """End the process by SIGTERM, after END_S by SIGKILL, and wake who waits for its samples.

        The receive socket is closed by its reader, since samples may still be in it.
        """
        for name, end in self._sockets.items():
            _shut_down(end)
            if name != "receive":
                end.close()
        self.process.terminate()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._output.close()


def is_readable(end: socket.socket) -> bool:
    """Whether a socket has data, or its other end is closed."""
    return bool(select.select([end], [], [], 0)[0])


def _socket_pair() -> tuple[socket.socket, socket.socket]:
    ends = socket.socketpair()
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
    return ends


def _start_process(
    command: list[str], settings: dict, descriptors: dict[str, int]
) -> subprocess.Popen[bytes]:
    argument = json.dumps({**settings, "descriptors": descriptors})
    return subprocess.Popen(
        [*command, argument],
        pass_fds=list(descriptors.values()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def _shut_down(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:  # the other end has gone first, or it is closed
        return


class TransmitQueue:
    """Numbered bursts that have not left the radio yet, oldest first.

    A burst stays in the queue until the radio has sent it, so that it is sent again after a
    restart. All methods may be called from any thread.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._bursts: deque[np.ndarray] = deque()
        self._first = 0
        self._queued_samples = 0

    @property
    def first(self) -> int:
        """Number of the oldest burst in the queue, and so the count of those that have left."""
        return self._first

    @property
    def next(self) -> int:
        """Number that the next burst gets."""
        return self._first + len(self._bursts)

    def put(self, samples: np.ndarray, timeout_s: float) -> int:
        """Append a burst, complex64 (n,), as soon as there is room; returns its number.

        Raises:
            TimeoutError: there was no room in time; nothing was taken.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._queued_samples < CAPACITY, timeout_s):
                raise TimeoutError(f"{self._queued_samples} samples wait to be transmitted")
            self._bursts.append(samples)
            self._queued_samples += len(samples)
            self._changed.notify_all()
            return self.next - 1

    def get(self, number: int, timeout_s: float) -> np.ndarray | None:
        """A burst by its number; None when it has not come in time, or has left already."""
        with self._changed:
            self._changed.wait_for(lambda: number < self.next, timeout_s)
            return self._bursts[number - self._first] if self._first <= number < self.next else None

    def remove_through(self, number: int) -> None:
        """Remove the bursts up to this number, which have left the radio."""
        with self._changed:
            while self._first <= number and self._bursts:
                self._queued_samples -= len(self._bursts.popleft())
                self._first += 1
            self._changed.notify_all()

    def wait_empty(self, timeout_s: float) -> bool:
        """Wait until all has left; False when it has not in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._bursts, timeout_s)


class DriverLog:
    """Parser of what the client libraries print about lost samples and a lost device.

    They report these in no other way. gr-iio prints O (overflow) and U (underflow), at most once a
    second; UHD O, D (dropped packet), S (out of sequence), U and L (late); gr-soapy sO and sU, and
    tG for a burst that it has lost; each without a line of their own. gr-uhd 3.10 sums up: "In the
    last 100 ms, 3 overflows occurred."

    `counts` has overruns and underruns so far.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._unfinished = ""  # a line of words that has not ended
        self._errors: deque[float] = deque(maxlen=_FATAL_ERRORS)

    @property
    def gone(self) -> bool:
        """Whether the libraries have reported that the device is gone."""
        return (
            len(self._errors) == _FATAL_ERRORS
            and self._errors[-1] - self._errors[0] < _FATAL_WITHIN_S
        )

    @property
    def last(self) -> str:
        """The last line of words, at most 200 characters; of an exception its message."""
        lines = (self._unfinished.strip(), *reversed(self._lines))
        return next((line[:200] for line in lines if line), "")

    def read(self, text: str) -> Counter[str]:
        """Parse a piece of output, which may begin and end within a line.

        Returns:
            Overruns and underruns in it.
        """
        before = self.counts.copy()
        for part in text.splitlines(keepends=True):
            self._read_part(part)
        return self.counts - before

    def _read_part(self, part: str) -> None:
        """Count letters at once, since their line may never end; read words when their line has
        ended, or has its sum.
        """
        letters = _LETTERS.match(part)
        if letters and (not self._unfinished or letters.end() == len(part.rstrip())):
            for letter in _LETTER.findall(letters.group()):
                if letter in _MEANING:
                    self.counts[_MEANING[letter]] += 1
            part = part[letters.end() :]
        ended = bool(part) and part.splitlines() != [part]
        self._unfinished += part
        if self._unfinished and (
            ended or len(self._unfinished) > _MAX_LINE or _SUM.search(self._unfinished)
        ):
            self._read_line(self._unfinished[:_MAX_LINE].strip())
            self._unfinished = ""

    def _read_line(self, line: str) -> None:
        for count, kind in _SUM.findall(line):
            self.counts[f"{kind}runs"] += int(count)
        if _FATAL.search(line):
            self._errors.append(time.monotonic())
        self._lines.append(line)
