# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon of the virtual radios: one air, and in front of it a server for each way in which
clients reach its radios.
"""

from __future__ import annotations

from contextlib import ExitStack

from semcom_core.errors import ConfigError
from semcom_core.radio.profile import is_loopback
from semcom_core.radio.virtual.air import Air, AirPlan
from semcom_core.radio.virtual.iio import VirtualPluto
from semcom_core.radio.virtual.soapy import SoapyServer


class Daemon:
    """Virtual radios at work, until stop(); `plutos` by name, and where there are any, the server
    `soapy` of the others.

    Args:
        plan: radios, links and pacing.
        socket_path: Unix socket of the soapy radios; None is the default one.
        allow_remote: whether a radio may have an address that other machines reach.

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

    def _serve(self, server):
        server.start()
        self._stack.callback(server.stop)
        return server

    def stop(self) -> None:
        """Close all streams and servers; all threads have ended afterwards."""
        self._stack.close()

    def __enter__(self) -> Daemon:
        return self

    def __exit__(self, *exception) -> None:
        self.stop()
