# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench text`: what the text codecs spend on sentences and what arrives, against SNR."""

from __future__ import annotations

import argparse
import math
import resource
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from semcom_core.bench.corpus import SPLITS, data_file, sentences, word_range
from semcom_core.bench.jobs import run_all
from semcom_core.bench.plot import plot_text
from semcom_core.bench.report import check_writable, verdict, write_json
from semcom_core.bench.text import Link, efficiency_for, highest_passing, summarise
from semcom_core.channel import parse_channel
from semcom_core.cli.codecs import add_settings_option, settings_from
from semcom_core.errors import ConfigError, check_choice, check_range
from semcom_core.text import TEXT_CODECS, load_codec

#: Targets: share of exact sentences, uses over capacity, decode time, memory, uses against deflate and its efficiency.
EXACT, BOUND, DECODE_S, MEMORY_GIB, RATIO, BASELINE_EFFICIENCY = 0.97, 1.6, 3.0, 2.5, 0.32, 0.7
#: Target of the samples on air over uses, one message a burst, and the SNR at which it is asked for.
AIR_RATIO, AIR_SNR_DB = 6.0, 5.0
#: Efficiencies at which the deflate baseline is tried, a step of its rate table apart.
BASELINE_EFFICIENCIES = (0.62, 0.655, 0.69, 0.73, 0.77, 0.81, 0.855, 0.90)
#: Highest efficiency that each codec's settings allow.
HIGHEST_EFFICIENCY = {"spinal": 1.2, "deflate": 1.0}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the bench."""
    parser.add_argument("--codec", nargs="+", default=["spinal", "deflate"], help="codecs (default spinal deflate)")
    parser.add_argument("--channel", default="awgn", help="awgn, rayleigh or rician with options; --snr-db gives its SNR (default awgn)")
    parser.add_argument("--snr-db", type=float, nargs="+", default=[0, 3, 6, 9, 12], help="SNRs, dB (default 0 3 6 9 12)")
    parser.add_argument("--data", help="file of one sentence a line, or a folder with text/europarl_en.txt (default $SEMCOM_DATA)")
    parser.add_argument("--split", default="test", help=f"one of {', '.join(SPLITS)} (default test)")
    parser.add_argument("--words", default="5:30", help="keep sentences of this many words (default 5:30)")
    parser.add_argument("--limit", type=int, default=100, help="sentences, a seeded sample (default 100)")
    parser.add_argument("--uses-per-word", type=float, help="lower the rate until the mean uses a word are at most this")
    parser.add_argument("--probability-noise", type=float, default=0.0, help="uniform noise on each log2-probability at the receiver, bits")
    parser.add_argument("--jobs", type=int, default=1, help="sentences at once, by Ray, each with one thread (default 1, with all threads)")
    parser.add_argument("--ray", help="address of a Ray cluster for --jobs (default: this machine)")
    parser.add_argument("--seed", type=int, default=1, help="seed of sample and channel (default 1)")
    parser.add_argument("--json", type=Path, help="file to write the rows to")
    parser.add_argument("--plot", type=Path, help="picture to draw: uses a word and exact sentences against SNR")
    add_settings_option(parser)


def run(args: argparse.Namespace) -> int:
    """Run every codec at every SNR; deflate at the highest efficiency that still reaches the exact rate."""
    for name in args.codec:
        check_choice("codec", name, TEXT_CODECS)
    check_range("seed", args.seed, 0, math.inf)
    if args.uses_per_word is not None and not args.uses_per_word > 0:
        raise ConfigError(f"uses per word are limited to {args.uses_per_word:g}; allowed is above 0")
    check_writable(args.json, args.plot)
    texts = sentences(data_file(args.data), args.split, word_range(args.words), args.limit, np.random.default_rng(args.seed))
    links = [_link(args, name, snr_db) for name in args.codec for snr_db in args.snr_db]
    for link in links:
        link.receiver(link.sender(), np.random.default_rng(args.seed))  # what cannot work fails here, before hours of measuring
    shown = {name: value for name, value in vars(args).items() if name not in ("run", "json", "plot", "seed")}
    rows = []
    for link in links:
        rows.append(_row(args, link, texts))
        print(describe(rows[-1]), flush=True)
        if args.json:
            write_json(args.json, "text", args.seed, shown, rows)
    for line in comparison(rows):
        print(line)
    if args.plot:
        plot_text(args.plot, rows)
    return 0


def _link(args: argparse.Namespace, name: str, snr_db: float) -> Link:
    """The link of one codec at one SNR."""
    kind, comma, options = args.channel.partition(",")
    channel = parse_channel(f"{kind}:{snr_db:g}{comma}{options}")
    settings = settings_from(args) if name == "spinal" or args.codec == [name] else {}
    return Link(name, settings, channel, args.probability_noise, args.seed)


def _row(args: argparse.Namespace, link: Link, texts: list[str]) -> dict:
    """Measure one codec at one SNR; deflate, unless its efficiency is set, at the highest that reaches the exact rate."""

    def measure(**more) -> dict:
        chosen = replace(link, settings={**link.settings, **more})
        trials = run_all(chosen, texts, args.jobs, args.ray)
        return summarise(link.codec, link.channel, list(tqdm(trials, f"{link.codec} {link.channel}", len(texts), leave=False)))

    if args.uses_per_word is not None:
        budget = args.uses_per_word * float(np.mean([len(text.split()) for text in texts]))
        return measure(efficiency=efficiency_for(partial(_mean_uses, link, texts), budget, HIGHEST_EFFICIENCY[link.codec]))
    if link.codec == "deflate" and "efficiency" not in link.settings:
        return highest_passing(lambda efficiency: measure(efficiency=efficiency), BASELINE_EFFICIENCIES, EXACT)
    return measure()


def describe(row: dict) -> str:
    """One line on a row."""
    marked = "" if row["marked_of_wrong"] is None else f", wrong ones marked {row['marked_of_wrong']:.2f}"
    figures = [
        f"{row['codec']:8s} {row['channel']:10s} exact {row['exact_rate']:.3f}{marked}",
        f"{row['uses_per_word']:6.2f} uses/word, {row['bits_per_word']:.2f} bits/word",
        f"uses over bound {row['bound_ratio']:.3f} (limit {row['limit_ratio']:.3f})",
        f"BLEU-1/4 {row['bleu1']:.3f}/{row['bleu4']:.3f}",
        "on air with " + ", ".join(f"{n}: {ratio:.2f} x" for n, ratio in row["air_ratio"].items()) + " messages a burst",
        f"encode {row['encode_s']:.2f} s, decode {row['decode_s']:.2f} s",
    ]
    return "; ".join(figures)


def comparison(rows: list[dict]) -> list[str]:
    """The figures that have a target, a line each."""
    lines = []
    baseline = {row["snr_db"]: row for row in rows if row["codec"] == "deflate"}
    for row in rows:
        figures = _baseline_figures(row) if row["codec"] == "deflate" else _codec_figures(row, baseline.get(row["snr_db"]))
        lines.append(f"{row['codec']} at {row['snr_db']:g} dB: " + "; ".join(verdict(*figure) for figure in figures))
    memory_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    lines.append("process: " + verdict(f"memory {memory_gib:.2f} GiB", f"<= {MEMORY_GIB}", memory_gib <= MEMORY_GIB))
    return lines


def _baseline_figures(row: dict) -> list[tuple[str, str, bool]]:
    efficiency = 1 / row["bound_ratio"]
    return [
        (f"exact {row['exact_rate']:.3f}", f">= {EXACT}", row["exact_rate"] >= EXACT),
        (f"information bits a use over capacity {efficiency:.3f}", f">= {BASELINE_EFFICIENCY}", efficiency >= BASELINE_EFFICIENCY),
    ]


def _codec_figures(row: dict, baseline: dict | None) -> list[tuple[str, str, bool]]:
    figures = [
        (f"exact {row['exact_rate']:.3f}", f">= {EXACT}", row["exact_rate"] >= EXACT),
        (f"uses over bound {row['bound_ratio']:.3f}", f"<= {BOUND}", row["bound_ratio"] <= BOUND),
        (f"decode {row['decode_s']:.2f} s", f"<= {DECODE_S}", row["decode_s"] <= DECODE_S),
    ]
    if row["snr_db"] == AIR_SNR_DB:
        figures.append((f"on air over uses {row['air_ratio']['1']:.2f}", f"<= {AIR_RATIO}", row["air_ratio"]["1"] <= AIR_RATIO))
    if baseline:
        ratio = row["uses_per_word"] / baseline["uses_per_word"]
        figures.append((f"uses over deflate {ratio:.3f}", f"<= {RATIO}", ratio <= RATIO))
    return figures


def _mean_uses(link: Link, texts: list[str], efficiency: float) -> float:
    """Mean channel uses of a sentence."""
    codec = load_codec(link.codec, **{**link.settings, "efficiency": efficiency})
    return float(np.mean([sum(len(frame.symbols) for frame in codec.encode(text, link.channel.snr_db)) for text in texts]))
