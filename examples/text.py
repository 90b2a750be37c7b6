#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send texts through modem and channel, by two codecs, and compare what they cost.

python examples/text.py --snr-db 3 "Mr President, I thank the rapporteur."
"""

import argparse

import semcom_core as sc

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("texts", nargs="*", default=["Mr President, I thank the rapporteur."])
parser.add_argument("--snr-db", type=float, default=3.0)
parser.add_argument("--codec", nargs="+", default=["spinal", "deflate"])
args = parser.parse_args()

for name in args.codec:
    # keyword arguments are the codec's settings; the adapter tunes the language model to debates
    codec = sc.load_text_codec(name, **({"adapter": "europarl"} if name == "spinal" else {}))
    # one link for all messages: noise and fading go on from one to the next
    link = sc.Simulation(f"awgn:{args.snr_db:g}+cfo:12khz", seed=1)
    for text in args.texts:
        # step by step: symbols of unit mean power, a burst of samples, and what is made of it
        frames = codec.encode(text, snr_db=args.snr_db)
        received = link.transmit(frames)
        decoded = codec.decode(received) if received else None
        uses = sum(len(frame.symbols) for frame in frames)
        print(f"{name}: {uses} channel uses, {uses / len(text.split()):.1f} a word")
        print(f"  sent      {text}")
        print(f"  received  {decoded.text if decoded else '(nothing)'}")

        # the same in one call, with rounds of increments until the text decodes
        result = link.send_text(codec, text, args.snr_db, harq=True)
        print(
            f"  again     exact {result.exact}, rounds {result.rounds}, {result.air_uses} samples"
        )
