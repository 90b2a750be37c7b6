# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Burst modem for continuous-amplitude symbols: frames to samples and back."""

from semcom_core.frame import Frame, FrameHeader, ReceivedFrame
from semcom_core.phy.config import PROFILES, PhyConfig, Profile
from semcom_core.phy.ofdm import Layout
from semcom_core.phy.receiver import Receiver, ReceiverStats
from semcom_core.phy.transmitter import Transmitter

__all__ = [
    "PROFILES",
    "Frame",
    "FrameHeader",
    "Layout",
    "PhyConfig",
    "Profile",
    "ReceivedFrame",
    "Receiver",
    "ReceiverStats",
    "Transmitter",
]
