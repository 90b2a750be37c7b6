# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be set on a virtual Soapy radio, and to what: as on a USRP B200."""

from __future__ import annotations

from semcom_core.radio.soapy.values import Range

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
