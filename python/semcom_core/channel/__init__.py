# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated channels, at codec symbols and at modem samples. Importing the package registers all terms in TERMS."""

from semcom_core.channel import amplifier, clock, converter, delay, fading, interference, mixer, multipath, noise, offset, oscillator, tdl
from semcom_core.channel.base import TERMS, Processor, Signal, Term, term, usages
from semcom_core.channel.channel import Channel, parse_channel
from semcom_core.channel.stream import Stream

__all__ = ["TERMS", "Channel", "Processor", "Signal", "Stream", "Term", "parse_channel", "term", "usages"]
__all__ += ["amplifier", "clock", "converter", "delay", "fading", "interference", "mixer", "multipath", "noise", "offset"]
__all__ += ["oscillator", "tdl"]
