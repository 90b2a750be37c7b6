# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated channels, at codec symbols and at modem samples. Importing the package registers all
terms in TERMS.
"""

from semcom_core.channel import clock, fading, front_end, interference, noise, offsets, tdl
from semcom_core.channel.base import TERMS, Processor, Signal, Term, term, usages
from semcom_core.channel.channel import Channel, Stream, parse_channel

__all__ = [
    "TERMS",
    "Channel",
    "Processor",
    "Signal",
    "Stream",
    "Term",
    "clock",
    "fading",
    "front_end",
    "interference",
    "noise",
    "offsets",
    "parse_channel",
    "tdl",
    "term",
    "usages",
]
