#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plot the share of exact texts and the channel uses against the SNR of a fading channel.

The rate is chosen for one SNR, and the channel then has another: without feedback a text is lost
below it, with feedback (HARQ) increments make up for what is lacking.

    python examples/sweep.py --codec spinal --out sweep.png
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # draw to a file, without a window
import matplotlib.pyplot as plt
import numpy as np

import semcom_core as sc

TEXTS = ["See you at nine.", "The boat leaves at 6:45.", "No, thank you.", "How are you?"]

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--codec", default="deflate")
parser.add_argument("--design-snr-db", type=float, default=6.0)
parser.add_argument("--snr-db", type=float, nargs="+", default=[0, 2, 4, 6, 8, 10])
parser.add_argument("--trials", type=int, default=5, help="how often each text is sent")
parser.add_argument("--out", type=Path, default=Path("sweep.png"))
args = parser.parse_args()

codec = sc.load_text_codec(args.codec)
figure, (top, bottom) = plt.subplots(2, sharex=True, figsize=(6, 6), layout="constrained")
for harq, label in ((False, "one transmission"), (True, "HARQ, 4 rounds at most")):
    exact = []
    uses = []
    for snr_db in args.snr_db:
        # bare symbols (modem=False) are fast: fading known to the receiver, no preamble
        link = sc.Simulation(f"rayleigh:{snr_db:g},block=16", modem=False, seed=1)
        results = [
            link.send_text(codec, text, args.design_snr_db, harq=harq)
            for text in TEXTS * args.trials
        ]
        exact.append(np.mean([result.exact for result in results]))
        uses.append(np.mean([result.uses / len(result.sent.split()) for result in results]))
        print(f"{label}, {snr_db:g} dB: exact {exact[-1]:.2f}, {uses[-1]:.1f} uses a word")
    top.plot(args.snr_db, exact, marker="o", label=label)
    bottom.plot(args.snr_db, uses, marker="o", label=label)
title = f"{args.codec}, rate for {args.design_snr_db:g} dB, Rayleigh fading"
top.set(ylabel="exact texts", ylim=(-0.03, 1.03), title=title)
bottom.set(ylabel="channel uses a word", xlabel="SNR (dB)", ylim=(0, None))
for axes in (top, bottom):
    axes.grid(alpha=0.3)
top.legend()
figure.savefig(args.out, dpi=120)
print(f"figure in {args.out}")
