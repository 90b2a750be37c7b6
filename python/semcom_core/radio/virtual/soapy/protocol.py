# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of text from a connection, of bounded length.

Numbers given as text, and their ranges.

What may be set on a virtual Soapy radio, and to what: as on a USRP B200.

Where the socket of the virtual Soapy radios is, and how it is opened.
"""

from __future__ import annotations

import math
import os
import select
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

from semcom_core.errors import ConfigError, FrameError, RadioError, check_range

#: Longest line, bytes.
LONGEST_LINE = 256


class Lines:
    """Reads lines, each ended by a line feed.

    Args:
        sock: a connected, blocking socket.
    """

    def __init__(self, sock: socket.socket):
        self._sock = sock
        self._data = bytearray()

    def waiting(self, timeout_s: float = 0.0) -> bool:
        """Whether something has come, if only that the other side has closed."""
        return bool(self._data) or readable(self._sock, timeout_s)

    def next(self) -> str | None:
        """The next line without its end; None once the other side has closed.

        Raises:
            FrameError: the line is too long, or no ASCII.
        """
        while (end := self._data.find(b"\n")) < 0:
            if len(self._data) > LONGEST_LINE:
                raise FrameError(
                    f"line is longer than {LONGEST_LINE} bytes; allowed is {LONGEST_LINE}"
                )
            got = self._sock.recv(LONGEST_LINE)
            if not got:
                return None
            self._data += got
        line = bytes(self._data[:end])
        del self._data[: end + 1]
        if len(line) > LONGEST_LINE or not line.isascii():
            raise FrameError(f"line has {len(line)} bytes; allowed is {LONGEST_LINE} of ASCII")
        return line.decode("ascii").rstrip("\r")


def readable(sock: socket.socket, timeout_s: float | None) -> bool:
    """Whether something has come on a socket, if only its end, within a time in s; None: wait for
    ever.
    """
    watch = select.poll()
    watch.register(sock, select.POLLIN)
    return bool(watch.poll(None if timeout_s is None else 1000 * timeout_s))


@dataclass(frozen=True)
class Range:
    """Allowed values of a number; values are rounded to the step where it is not 0."""

    low: float
    high: float
    step: float = 0.0

    def fit(self, name: str, value: float) -> float:
        """The value that is set; ConfigError if it is outside."""
        check_range(name, value, self.low, self.high)
        return round(value / self.step) * self.step if self.step else value


def number(name: str, text: str) -> float:
    """A finite number, or ConfigError."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ConfigError(f"{name} is {text!r}; allowed is a number")
    return value


def integer(name: str, text: str, low: int, high: int) -> int:
    """A whole number in a range, or ConfigError."""
    try:
        value = int(text)
    except ValueError as error:
        raise ConfigError(f"{name} is {text!r}; allowed is a whole number") from error
    check_range(name, value, low, high)
    return value


PORT_RANGES = {  # data sheet of the USRP B200, Ettus Research; offset_hz: half its clock rate
    "rate_hz": Range(32e3, 61.44e6),
    "lo_hz": Range(50e6, 6e9),
    "offset_hz": Range(-15.36e6, 15.36e6),
    "bandwidth_hz": Range(200e3, 56e6),
}
GAINS = {"rx": Range(0.0, 76.0, 1.0), "tx": Range(0.0, 89.75, 0.25)}
ANTENNAS = {"rx": ("RX2", "TX/RX"), "tx": ("TX/RX",)}
RADIO_RANGES = {"clock_rate_hz": Range(5e6, 61.44e6)}
RADIO_CHOICES = {"clock_source": ("internal", "external"), "time_source": ("none", "external")}
SENSORS = {"rx": "lo_locked", "tx": "lo_locked", "radio": "ref_locked"}
#: Times of a radio, ns: what an int64 holds twice over.
TIMES_NS = 2**62


#: Longest path of a Unix socket, bytes (sizeof sun_path less the NUL that ends it).
LONGEST_PATH = 107
#: Connections that may wait to be accepted.
BACKLOG = 128


def default_socket() -> Path:
    """$SEMCOM_AIR_SOCKET, else semcom-air.sock in $XDG_RUNTIME_DIR, else /tmp/semcom-air-UID.sock;
    the SoapySDR module looks there too.
    """
    if named := os.environ.get("SEMCOM_AIR_SOCKET"):
        return Path(named)
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(runtime) / "semcom-air.sock"
    return Path(f"/tmp/semcom-air-{os.getuid()}.sock")


def listen(path: Path) -> socket.socket:
    """A listening socket that only its owner may connect to. One that nobody listens at any more is
    replaced.

    Raises:
        ConfigError: the path is too long for a socket.
        RadioError: somebody listens there, something else is there, or it cannot be made.
    """
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise ConfigError(
            f"socket is {str(path)!r}, {len(os.fsencode(path))} bytes; allowed is {LONGEST_PATH}"
        )
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _make_way(path)
        made.bind(os.fspath(path))
        os.chmod(
            path, stat.S_IRUSR | stat.S_IWUSR
        )  # before listen(): until then nobody can connect
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        if isinstance(error, RadioError):
            raise
        raise RadioError(f"socket {path} cannot be made: {error.strerror or error}") from error
    return made


def _make_way(path: Path) -> None:
    """Remove a socket that a server left behind."""
    if not os.path.lexists(path):
        return
    if not stat.S_ISSOCK(os.lstat(path).st_mode):
        raise RadioError(f"socket {path} is a file of another kind; allowed is a free path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2.0)
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink()
        except OSError as error:
            raise RadioError(
                f"socket {path} belongs to somebody else: {error.strerror or error}"
            ) from error
        else:
            raise RadioError(f"socket {path} is served by another air; allowed is one at a time")
