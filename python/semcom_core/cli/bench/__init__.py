# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench`: measure a part of the system and print the figures."""

from __future__ import annotations

from semcom_core.cli.bench import image, lam_sc, modem, radio, safety, sam, speed, text

BENCHES = {
    "text": text,
    "image": image,
    "lam-sc": lam_sc,
    "sam": sam,
    "modem": modem,
    "radio": radio,
    "safety": safety,
    "speed": speed,
}


def add_parser(subparsers) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("bench", help="measure quality and cost", description=__doc__)
    benches = parser.add_subparsers(title="benches", required=True, metavar="BENCH")
    for name, module in BENCHES.items():
        bench = benches.add_parser(
            name, help=module.__doc__.split(": ", 1)[1].splitlines()[0], description=module.__doc__
        )
        module.add_arguments(bench)
        bench.set_defaults(run=module.run)
