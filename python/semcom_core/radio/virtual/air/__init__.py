# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated air that virtual radios share, without any client protocol.

plan.py         radios, links and pacing, from YAML
air.py          the medium: clock, radios, log of settings
port.py         virtual clock; tuning and streams of one direction
transmitter.py  queued samples on absolute indices
receiver.py     links, resampling, noise
"""

from semcom_core.radio.virtual.air.air import Air, AirRadio, LogEntry, WriteLog
from semcom_core.radio.virtual.air.plan import AirPlan, LinkSpec, RadioSpec, air_plan, read_plan
from semcom_core.radio.virtual.air.port import LateError, RadioClosed
from semcom_core.radio.virtual.air.receiver import AirLink, AirReceiver, Reading
from semcom_core.radio.virtual.air.transmitter import AirTransmitter

__all__ = [
    "Air",
    "AirLink",
    "AirPlan",
    "AirRadio",
    "AirReceiver",
    "AirTransmitter",
    "LateError",
    "LinkSpec",
    "LogEntry",
    "RadioClosed",
    "RadioSpec",
    "Reading",
    "WriteLog",
    "air_plan",
    "read_plan",
]
