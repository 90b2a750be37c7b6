#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A channel of one's own: a function of samples becomes a term of channel strings.

python examples/own_channel.py --share 0 0.2 0.4
"""

import argparse

import numpy as np

import semcom_core as sc


# `symbol_level`: the term is a gain for each symbol, so it also works without the modem. A package
# makes its terms known to the command line and the blocks by an entry point (semcom.channels).
@sc.term("shadow", symbol_level=True)
def shadow(samples, rng, share, loss_db=20.0, length=32):
    """Blocks of LENGTH samples that lose LOSS_DB, a SHARE of all."""
    blocks = -(-len(samples) // int(length))
    shaded = np.repeat(rng.random(blocks) < share, int(length))[: len(samples)]
    return samples * np.where(shaded, 10 ** (-loss_db / 20), 1.0)


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--share", type=float, nargs="+", default=[0.0, 0.1, 0.2, 0.3])
parser.add_argument("--texts", type=int, default=20)
args = parser.parse_args()

# on an array of samples, and as one term among others
tone = np.exp(2j * np.pi * 0.01 * np.arange(100_000))
faded = sc.apply_channel(tone, "shadow:0.3,30", seed=1)
print(f"mean power of a tone behind shadow:0.3,30 is {np.mean(np.abs(faded) ** 2):.2f}")

codec = sc.load_text_codec("deflate")
for share in args.share:
    channel = f"shadow:{share:g}+awgn:8"
    link = sc.Simulation(channel, modem=False, seed=1)
    results = [link.send_text(codec, "See you at nine.", 6.0) for _ in range(args.texts)]
    exact = np.mean([result.exact for result in results])
    # with feedback, further rounds fall on other blocks
    results = [link.send_text(codec, "See you at nine.", 6.0, harq=True) for _ in range(args.texts)]
    print(
        f"{channel}: exact {exact:.2f}, with HARQ {np.mean([r.exact for r in results]):.2f} "
        f"in {np.mean([r.rounds for r in results]):.2f} rounds"
    )
