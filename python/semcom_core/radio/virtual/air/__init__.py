# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The air that virtual radios share: a virtual clock, transmitters, links and receivers, without
any protocol.
"""

from semcom_core.radio.virtual.air.air import Air, AirRadio, LogEntry, WriteLog
from semcom_core.radio.virtual.air.link import AirReceiver, Link, Reading
from semcom_core.radio.virtual.air.plan import AirPlan, LinkSpec, RadioSpec, air_plan, read_plan
from semcom_core.radio.virtual.air.port import LateError, RadioClosed
from semcom_core.radio.virtual.air.transmitter import AirTransmitter

__all__ = [
    "Air", "AirPlan", "AirRadio", "AirReceiver", "AirTransmitter", "LateError", "Link", "LinkSpec", "LogEntry", "RadioClosed", "RadioSpec",
    "Reading", "WriteLog", "air_plan", "read_plan",
]  # fmt: skip
