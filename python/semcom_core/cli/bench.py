# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench`: measure a part of the system and print the figures."""

from __future__ import annotations

from semcom_core.cli import bench_image, bench_lam_sc, bench_modem, bench_radio, bench_safety, bench_sam, bench_speed, bench_text

BENCHES = {
    "text": bench_text,
    "image": bench_image,
    "lam-sc": bench_lam_sc,
    "sam": bench_sam,
    "modem": bench_modem,
    "radio": bench_radio,
    "safety": bench_safety,
    "speed": bench_speed,
}


def add_parser(subparsers) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("bench", help="measure quality and cost", description=__doc__)
    benches = parser.add_subparsers(title="benches", required=True, metavar="BENCH")
    for name, module in BENCHES.items():
        bench = benches.add_parser(name, help=module.__doc__.split(": ", 1)[1].splitlines()[0], description=module.__doc__)
        module.add_arguments(bench)
        bench.set_defaults(run=module.run)
