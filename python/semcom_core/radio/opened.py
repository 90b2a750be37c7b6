# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One way to every radio, whatever carries its samples."""

from __future__ import annotations

from semcom_core.radio.file_radio import FileRadio
from semcom_core.radio.process import RadioProcess
from semcom_core.radio.profile import RadioProfile
from semcom_core.radio.simulation import SimulationRadio

Radio = RadioProcess | SimulationRadio | FileRadio


def make_radio(profile: RadioProfile, receive=True, transmit=False, mode="burst", retries=30, on_event=None) -> Radio:
    """The radio of a profile, not started yet; see RadioProcess for the arguments, the methods and what is raised."""
    told = on_event or (lambda state, reason, count: None)
    if profile.backend == "simulation":
        return SimulationRadio(profile, receive, transmit, told)
    if profile.backend == "file":
        return FileRadio(profile, receive, transmit, told)
    return RadioProcess(profile, receive, transmit, mode, retries, told)
