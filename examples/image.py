#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send a picture through modem and channel, by several codecs, and save what arrives.

python examples/image.py --picture photo.jpg --channel tdl-a:10 --out received
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

import semcom_core as sc
from semcom_core.image.example import example_picture

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--picture", type=Path, help="default: a cup of coffee")
parser.add_argument("--width", type=int, default=384, help="shrink it to this width, pixels")
parser.add_argument("--channel", default="awgn:8")
parser.add_argument("--cbr", default="1/12", help="channel uses / (3 H W)")
parser.add_argument("--codec", nargs="+", default=["hybrid", "jpeg", "softcast"])
parser.add_argument("--out", type=Path, help="folder for the received pictures")
args = parser.parse_args()

image = Image.open(args.picture or example_picture()).convert("RGB")
image.thumbnail((args.width, args.width))
pixels = np.asarray(image)  # uint8 (H, W, 3)

for name in args.codec:
    codec = sc.load_image_codec(name, cbr=args.cbr)
    # each fragment has a burst of its own; the rate is chosen for the SNR of the channel
    result = sc.simulate(codec, pixels, args.channel, seed=1)
    if result.received is None:
        print(f"{name}: lost, {result.reason}")
        continue
    print(
        f"{name}: PSNR {result.psnr_db:.1f} dB, CBR {result.cbr:.4f}, "
        f"{result.fragments} fragments, {result.air_uses} samples on air"
    )
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        Image.fromarray(result.received).save(args.out / f"{name}.png")
