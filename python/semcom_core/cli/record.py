# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom record`: record what a radio receives as SigMF, with an annotation for each frame."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from tqdm import tqdm

from semcom_core.cli.radio_options import READY_S, RETRIES, add_radio_options, profile_from
from semcom_core.errors import check_range
from semcom_core.phy import PROFILES, PhyConfig
from semcom_core.radio.diagnostics.check import PATIENCE_S
from semcom_core.radio.process.supervisor import RadioProcess
from semcom_core.radio.recording import META, Recorder, annotations_in

#: Samples that are read at once.
PIECE = 1 << 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_radio_options(parser)
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="name of the recording; .sigmf-meta and .sigmf-data are added",
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="how long (default 10)")
    parser.add_argument(
        "--profile",
        default="standard",
        help=f"the modem's profile, one of {', '.join(PROFILES)} (default standard)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Record; what has been recorded stays, with its annotations, when the radio goes away or the
    user ends it by Ctrl-C.

    Raises:
        ConfigError: an option is out of range.
        RadioError: there is no such radio, it is gone, or the disk is full.
        TimeoutError: the radio does not become ready, or gives no samples.
    """
    check_range("seconds", args.seconds, 1e-3, 1e6)
    profile = profile_from(args, args.radio)
    modem = PhyConfig(profile=args.profile, rate_hz=profile.rate_hz)
    total = int(args.seconds * profile.rate_hz)
    with RadioProcess(profile, retries=RETRIES) as radio:
        radio.wait_ready(READY_S)
        with Recorder(
            args.out, profile.rate_hz, profile.rx_lo_hz, hardware=profile.description
        ) as recorder:
            try:
                with suppress(KeyboardInterrupt):
                    for samples in _received(radio, total):
                        recorder.write(samples)
            finally:
                # Also of what a radio that is gone has left; and only now, so that no sample is
                # lost while frames are looked for.
                lost = radio.counts["overruns"]
                for annotation in annotations_in(recorder.flush(), modem):
                    recorder.annotate(annotation)
    print(
        f"{recorder.samples} samples, {len(recorder.annotations)} frames, {lost} overruns: "
        f"{recorder.base}{META}"
    )
    return 0


def _received(radio: RadioProcess, total: int) -> Iterator[np.ndarray]:
    """So many samples of a radio, with a bar that shows how far it is."""
    with tqdm(total=total, desc="recording", unit="sample", unit_scale=True, disable=None) as bar:
        left = total
        while left:
            samples = radio.read(min(PIECE, left), PATIENCE_S)
            left -= len(samples)
            bar.update(len(samples))
            yield samples
