#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a SigMF recording of several messages on air, and decode it again piece by piece.

The same reading part decodes what `semcom record` has recorded from a radio.

    python examples/recording.py --out evening
"""

import argparse
from pathlib import Path

import numpy as np

import semcom_core as sc
from semcom_core.radio.recording import Recorder, read_recording

TEXTS = ["Good evening.", "The boat leaves at 6:45.", "See you at nine."]
PIECE = 1000

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--out", type=Path, default=Path("evening"), help="name of the recording")
parser.add_argument("--channel", default="awgn:8+cfo:5khz")
args = parser.parse_args()

codec = sc.load_text_codec("deflate")
modem = sc.Modem(rate_hz=1e6)

# each message is a burst of its own; the channel goes on over the silence between them
samples = np.concatenate(
    [
        modem.modulate(codec.encode(text, snr_db=6, message_id=number), silence=2000)
        for number, text in enumerate(TEXTS)
    ]
)
with Recorder(args.out, rate_hz=modem.rate_hz, lo_hz=2.45e9, description="example") as recorder:
    recorder.write(sc.apply_channel(samples, args.channel, modem=modem, seed=1))

recording = read_recording(args.out)
samples = recording.samples
seconds = len(samples) / recording.rate_hz
print(f"{args.out}: {len(samples)} samples, {seconds * 1e3:.1f} ms at {recording.rate_hz:g} Hz")

# samples in pieces, as a radio hands them out; frames come with the piece that completes them
received = []
for begin in range(0, len(samples), PIECE):
    received += modem.push(samples[begin : begin + PIECE])
received += modem.flush()
for frame in received:
    text = codec.decode([frame]).text
    at_ms = frame.start_sample / recording.rate_hz * 1e3
    print(f"{at_ms:5.1f} ms  SNR {frame.snr_db:4.1f} dB  {frame.cfo_hz:6.0f} Hz  {text}")
