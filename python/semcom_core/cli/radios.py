# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom radios`: list the profiles and the devices found, ask a radio what it is, and check it.

    semcom radios                                    profiles; with --find also devices
    semcom radios probe pluto                        model, firmware, rates, ranges
    semcom radios check pluto                        noise floor and gain sweep of a receiver; \
nothing is transmitted
    semcom radios check pluto --from pluto --from-address ip:192.168.3.1      a tone from one \
radio to the other
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from semcom_core.bench.report import write_json
from semcom_core.cli.radio_options import READY_S, RETRIES, add_radio_options, profile_from, warn
from semcom_core.errors import ConfigError, RadioError
from semcom_core.radio.diagnostics.check import CheckReport, check, findings
from semcom_core.radio.diagnostics.probe import FIND, found_devices, probe
from semcom_core.radio.process.supervisor import RadioProcess
from semcom_core.radio.profile import RadioProfile, load_profile, profile_files

#: What the command can do.
ACTIONS = ("list", "probe", "check")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("action", nargs="?", default="list", choices=ACTIONS)
    parser.add_argument("radio", nargs="?", help="profile of the radio, or a .yml file")
    parser.add_argument("--find", action="store_true", help="with list: look for devices")
    add_radio_options(parser, with_radio=False)
    parser.add_argument(
        "--from",
        dest="sender",
        metavar="PROFILE",
        help="with check: profile of the radio that sends a tone",
    )
    parser.add_argument("--from-address", help="its address")
    parser.add_argument(
        "--from-gain-db",
        type=float,
        help="its transmit gain, dB (default: --tx-gain-db, or the profile's)",
    )
    parser.add_argument("--json", type=Path, help="with check: file to write what was measured to")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List, probe or check; exit status 1 when a check finds something to change."""
    if args.action == "list":
        return _list(args.find)
    if args.radio is None:
        raise ConfigError(
            f"radio to {args.action} is not named; allowed is one of {', '.join(profile_files())}"
        )
    if args.action == "probe":
        print("\n".join(probe(profile_from(args, args.radio))))
        return 0
    return _check(args)


def _list(find: bool) -> int:
    print(f"{'profile':14s} {'backend':11s} {'address':32s} description")
    for name in profile_files():
        profile = load_profile(name)
        print(f"{name:14s} {profile.backend:11s} {profile.address:32s} {profile.description}")
    for backend in FIND if find else ():
        try:
            print("\n".join([f"\nfound by {backend}:", *(found_devices(backend) or ["nothing"])]))
        except RadioError as error:
            print(f"\nfound by {backend}: {error}")
    return 0


def _check(args: argparse.Namespace) -> int:
    receiver = profile_from(args, args.radio)
    sender = _sender_profile(args, receiver)
    if sender is None:
        return _show(args, _measure(receiver))
    if (sender.backend, sender.address) == (receiver.backend, receiver.address):
        notice = receiver.notice_for(
            receive=True, transmit=True, i_may_transmit=args.i_may_transmit
        )
        warn(notice)
        both = receiver.with_settings(tx_gain_db=sender.tx_gain_db)
        return _show(args, _measure(both, transmit=True))
    notice = sender.notice_for(receive=False, transmit=True, i_may_transmit=args.i_may_transmit)
    warn(notice)
    return _show(args, _measure(receiver, sender))


def _sender_profile(args: argparse.Namespace, receiver: RadioProfile) -> RadioProfile | None:
    """Profile of the radio that sends a tone, at the sample rate of the receiver."""
    if not args.sender:
        return None
    sender = load_profile(
        args.sender,
        address=args.from_address,
        tx_gain_db=args.tx_gain_db if args.from_gain_db is None else args.from_gain_db,
        lo_hz=args.lo_hz,
        rate_hz=args.rate_hz,
    )
    if sender.rate_hz != receiver.rate_hz:
        raise ConfigError(
            f"rate_hz of the sender is {sender.rate_hz:g}; allowed is the receiver's, "
            f"{receiver.rate_hz:g}"
        )
    return sender


def _measure(
    receiver: RadioProfile, sender: RadioProfile | None = None, transmit: bool = False
) -> CheckReport:
    """Start the radios and measure.

    Args:
        receiver: the radio that is checked.
        sender: another one, which sends a tone.
        transmit: the receiver sends the tone itself.
    """
    with ExitStack() as stack:
        listening = RadioProcess(
            receiver, receive=True, transmit=transmit, mode="continuous", retries=RETRIES
        )
        radios = [stack.enter_context(listening)]
        if sender is not None:
            talking = RadioProcess(
                sender, receive=False, transmit=True, mode="continuous", retries=RETRIES
            )
            radios.append(stack.enter_context(talking))
        for radio in radios:
            radio.wait_ready(READY_S)
        source = radios[-1] if transmit or sender is not None else None
        return check(radios[0], source, lambda words: print(f"measuring: {words}", file=sys.stderr))


def _show(args: argparse.Namespace, report: CheckReport) -> int:
    found = findings(report)
    for well, words in found:
        print(f"{'ok' if well else 'CHANGE':6s} {words}")
    print(
        f"\nin dB of full scale\n{'gain':>6s} {'noise':>7s}"
        + f" {'tone':>7s} {'SNR':>6s} {'peak':>5s}" * (report.tone is not None)
    )
    for step in report.steps:
        tone = (
            f" {step.tone.level_db:7.1f} {step.tone.snr_db:6.1f} {step.tone.peak:5.2f}"
            if step.tone
            else ""
        )
        print(f"{step.gain_db:6.1f} {step.noise_db:7.1f}{tone}")
    if args.json:
        rows = [{"finding": words, "well": well} for well, words in found]
        write_json(
            args.json,
            "radio-check",
            0,
            {"radio": args.radio, "from": args.sender, "measured": asdict(report)},
            rows,
        )
    return 0 if all(well for well, _ in found) else 1
