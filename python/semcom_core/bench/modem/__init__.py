# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of the burst modem: detection, losses, impairments, collisions, false alarms, throughput,
and what a burst costs.
"""

from semcom_core.bench.modem.parts import PARTS, run
from semcom_core.bench.modem.settings import ModemBench

__all__ = ["PARTS", "ModemBench", "run"]
