# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The air that virtual radios share: a virtual clock, transmitters, links and receivers, without any protocol."""

from semcom_core.radio.air.air import Air, AirRadio
from semcom_core.radio.air.link import Link
from semcom_core.radio.air.log import LogEntry, WriteLog
from semcom_core.radio.air.plan import AirPlan, LinkSpec, RadioSpec
from semcom_core.radio.air.plan_file import air_plan, read_plan
from semcom_core.radio.air.port import LateError, RadioClosed
from semcom_core.radio.air.receiver import AirReceiver, Reading
from semcom_core.radio.air.transmitter import AirTransmitter

__all__ = [
    "Air", "AirPlan", "AirRadio", "AirReceiver", "AirTransmitter", "LateError", "Link", "LinkSpec", "LogEntry", "RadioClosed", "RadioSpec",
    "Reading", "WriteLog", "air_plan", "read_plan",
]  # fmt: skip
