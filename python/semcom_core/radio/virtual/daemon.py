# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Daemon of the virtual radios: one air, and the servers for its clients."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TypeVar

from semcom_core.errors import ConfigError
from semcom_core.radio.profile import is_loopback
from semcom_core.radio.virtual.air import Air, AirPlan
from semcom_core.radio.virtual.iio.server import VirtualPluto
from semcom_core.radio.virtual.soapy.server import SoapyServer

Server = TypeVar("Server", VirtualPluto, SoapyServer)


class Daemon:
    """An air with running servers, until stop().

    `plutos` has the servers of the Plutos by name; `soapy` is the server of the Soapy radios, where
    there are any.

    Args:
        plan: radios, links and pacing.
        socket_path: Unix socket of the Soapy radios; None: the default one.
        allow_remote: whether a radio may have an address that other machines can reach.

    Raises:
        ConfigError: an address is not of this machine's loopback.
        RadioError: an address or the socket is in use.
    """

    def __init__(self, plan: AirPlan, socket_path: str | None = None, allow_remote: bool = False):
        remote = [
            spec.address
            for _, spec in plan.radios
            if spec.kind == "pluto" and not is_loopback(spec.endpoint[0])
        ]
        if remote and not allow_remote:
            raise ConfigError(
                f"address {remote[0]} can be reached from other machines; allowed is 127.0.0.0/8, "
                "or --allow-remote"
            )
        self.air = Air(plan)
        self.plutos: dict[str, VirtualPluto] = {}
        self._stack = ExitStack()
        self._stack.callback(self.air.close)
        try:
            for name, radio in self.air.radios.items():
                if radio.spec.kind == "pluto":
                    self.plutos[name] = self._serve(VirtualPluto(self.air, name, allow_remote))
            if any(spec.kind == "soapy" for _, spec in plan.radios):
                self.soapy = self._serve(SoapyServer(self.air, socket_path))
        except BaseException:
            self._stack.close()
            raise

    def _serve(self, server: Server) -> Server:
        """Start a server, which stop() stops."""
        server.start()
        self._stack.callback(server.stop)
        return server

    def stop(self) -> None:
        """Close all streams and servers; all threads have ended afterwards."""
        self._stack.close()

    def __enter__(self) -> Daemon:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
