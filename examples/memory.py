#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send a story over a simulated link, remember what arrives, and answer the questions in it.

python examples/memory.py --snr-db 3 "Mary moved to the bathroom." "Where is Mary?"
"""

import argparse
import tempfile
from pathlib import Path

import semcom_core as sc
from semcom_core.tasks.services import AnswerService, MemoryService, RequestSorter

STORY = ["Mary moved to the bathroom.", "John went to the hallway.", "Where is Mary?"]

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("texts", nargs="*", default=STORY)
parser.add_argument("--snr-db", type=float, default=6.0)
parser.add_argument("--codec", default="spinal")
parser.add_argument("--model", default="decoder-only", help="family, name or folder of a model")
args = parser.parse_args()

codec = sc.load_text_codec(args.codec)
link = sc.Simulation(f"awgn:{args.snr_db:g}+cfo:12khz", seed=1)
with tempfile.TemporaryDirectory() as folder:
    file = str(Path(folder) / "memory.db")
    sorter = RequestSorter.from_settings()
    memory = MemoryService.from_settings(memory_file=file, capacity=16)
    answers = AnswerService.from_settings(memory_file=file, model=args.model)
    for text in args.texts:
        # what the receiver knows, it knows from received symbols
        received = link.send_text(codec, text, args.snr_db).received
        if sorter.sort(received) is None:
            kept = memory.keep_text(received)
            print(f"slot {kept.slot}: {received}")
            continue
        result = answers.carry_out(received)
        print(f"{received}  {result.text or result.asked_back}")
        print(f"  task {result.task}, confidence {result.confidence:.2f}, from {result.keys}")
