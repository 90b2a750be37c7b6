# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated channels, at codec symbols and at modem samples."""

from semcom_core.channel import fading, terms
from semcom_core.channel.base import TERMS, Term, term
from semcom_core.channel.channel import Channel, parse_channel

__all__ = ["TERMS", "Channel", "Term", "fading", "parse_channel", "term", "terms"]
