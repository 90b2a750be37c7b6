# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the commands that use a radio."""

from __future__ import annotations

import argparse
import sys

from semcom_core.radio.process.supervisor import START_S
from semcom_core.radio.profile import RadioProfile, load_profile

#: Tries, after the first one, to get a radio going that a command wants; and how long it waits for
#: that, s: as long as the radio's keeper tries, which then says why it does not work.
RETRIES = 2
READY_S = (RETRIES + 1) * START_S
#: Settings of a profile that have an option of their own, and what it says.
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


def settings_from(args: argparse.Namespace) -> dict:
    """The settings of OPTIONS that were given."""
    return {name: getattr(args, name) for name in OPTIONS if getattr(args, name) is not None}


def profile_from(args: argparse.Namespace, name: str) -> RadioProfile:
    """A profile with the options' settings."""
    return load_profile(name, **settings_from(args))


def warn(notice: str) -> None:
    """Say what the user should know before anything is transmitted."""
    if notice:
        print(f"semcom: {notice}", file=sys.stderr)
