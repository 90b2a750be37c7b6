# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the commands that use a radio."""

from __future__ import annotations

import argparse
import sys

from semcom_core.radio.process.supervisor import START_S
from semcom_core.radio.profile import RadioProfile, load_profile

#: Retries of starting a radio, and how long a command waits until it is ready, s: as long as its
#: supervisor tries, which then says why it does not work.
RETRIES = 2
READY_S = (RETRIES + 1) * START_S
#: Settings of a profile that have an option of their own: its type and its help.
OPTIONS = {
    "address": (str, "URI, device arguments, or name of a recording (default: the profile's)"),
    "rate_hz": (float, "sample rate, Hz"),
    "lo_hz": (float, "frequency, Hz"),
    "rx_gain_db": (float, "receive gain, dB"),
    "tx_gain_db": (float, "transmit gain, dB; profiles of real radios have the lowest"),
}


def add_radio_options(parser: argparse.ArgumentParser, with_radio: bool = True) -> None:
    """Add --radio, the settings of OPTIONS and --i-may-transmit."""
    if with_radio:
        parser.add_argument(
            "--radio",
            required=True,
            metavar="PROFILE",
            help="name of a profile (see semcom radios), or a .yml file",
        )
    for name, (kind, words) in OPTIONS.items():
        parser.add_argument("--" + name.replace("_", "-"), type=kind, help=words)
    allowed = (
        "transmit outside the ISM bands: you have the licence that this needs, or a cable "
        "and a dummy load"
    )
    parser.add_argument("--i-may-transmit", action="store_true", help=allowed)


def radio_settings_from(args: argparse.Namespace) -> dict:
    """The settings of OPTIONS that were given."""
    return {name: getattr(args, name) for name in OPTIONS if getattr(args, name) is not None}


def profile_from(args: argparse.Namespace, name: str) -> RadioProfile:
    """A profile with the options' settings."""
    return load_profile(name, **radio_settings_from(args))


def warn(notice: str) -> None:
    """Print a notice on stderr, where there is one, before anything is transmitted."""
    if notice:
        print(f"semcom: {notice}", file=sys.stderr)
