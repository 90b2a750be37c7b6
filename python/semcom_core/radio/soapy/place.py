# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the socket of the virtual Soapy radios is, and how it is opened."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

from semcom_core.errors import ConfigError, RadioError

#: Longest path of a Unix socket, bytes (sizeof sun_path less the NUL that ends it).
LONGEST_PATH = 107
#: Connections that may wait to be accepted.
BACKLOG = 128


def default_socket() -> Path:
    """$SEMCOM_AIR_SOCKET, else semcom-air.sock in $XDG_RUNTIME_DIR, else /tmp/semcom-air-UID.sock; the SoapySDR module looks there too."""
    if named := os.environ.get("SEMCOM_AIR_SOCKET"):
        return Path(named)
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(runtime) / "semcom-air.sock"
    return Path(f"/tmp/semcom-air-{os.getuid()}.sock")


def listen(path: Path) -> socket.socket:
    """A listening socket that only its owner may connect to. One that nobody listens at any more is replaced.

    Raises:
        ConfigError: the path is too long for a socket.
        RadioError: somebody listens there, something else is there, or it cannot be made.
    """
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise ConfigError(f"socket is {str(path)!r}, {len(os.fsencode(path))} bytes; allowed is {LONGEST_PATH}")
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _make_way(path)
        made.bind(os.fspath(path))
        os.chmod(path, stat.S_IRUSR | stat.S_IWUSR)  # before listen(): until then nobody can connect
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
            raise RadioError(f"socket {path} belongs to somebody else: {error.strerror or error}") from error
        else:
            raise RadioError(f"socket {path} is served by another air; allowed is one at a time")
