# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom train`: train what the project ships. A training that was interrupted goes on where it was."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from semcom_core.bench.corpus import data_folder, sentences
from semcom_core.cli import train_image, train_sam
from semcom_core.cli.progress import follow, prepare
from semcom_core.config import add_arguments, from_arguments
from semcom_core.text import load_codec
from semcom_core.train.examples import MIXTURES, examples
from semcom_core.train.settings import DeepscTraining, LoraTraining

#: Sentences of the test part on which a card states bits a word.
_CARD_SENTENCES = 200


def add_parser(subparsers) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("train", help="train an adapter, a codec or a baseline", description=__doc__)
    kinds = parser.add_subparsers(title="what to train", required=True, metavar="WHAT")
    lora = kinds.add_parser("lora", help="an adapter of the language model")
    lora.add_argument("--mixture", required=True, help=f"training texts, one of {', '.join(MIXTURES)}")
    lora.add_argument("--model", default="smollm2-135m", help="language model (default smollm2-135m)")
    train_image.add_parsers(kinds)
    train_sam.add_parsers(kinds)
    deepsc = kinds.add_parser("deepsc", help="the learned baseline \"deepsc\"")
    for one, config, run in ((lora, LoraTraining, run_lora), (deepsc, DeepscTraining, run_deepsc)):
        one.add_argument("--data", help="folder of the training data (default $SEMCOM_DATA)")
        one.add_argument("--out", type=Path, required=True, help="folder for checkpoints and the result")
        add_arguments(one, config)
        one.set_defaults(run=run)


def run_lora(args: argparse.Namespace) -> int:
    """Train an adapter; out/NAME holds it as it is shipped."""
    from semcom_core.models.loader import load_network  # these load torch; `semcom --help` need not
    from semcom_core.train.export import export, write_card
    from semcom_core.train.lora import LoraTrainer, encode

    config, data = from_arguments(LoraTraining, args), data_folder(args.data, "the training texts")
    found = examples(args.mixture, data, np.random.default_rng(config.seed))
    tokenizer, network, prompt = load_network(args.model)
    items = [encode(example, tokenizer, prompt, config) for example in found]
    prepare(args.out)
    steps = follow(LoraTrainer(network, items, config, args.out).run(), _bits_a_token)
    shipped = args.out / args.mixture
    export(args.out, shipped, args.model, args.mixture, config, len(items), steps)
    files = [source.file for source in MIXTURES[args.mixture] if source.file.endswith("txt")]
    write_card(shipped, args.model, {name: _bits_a_word(data / name, args.model, shipped) for name in files})
    print(f"adapter written to {shipped}")
    return 0


def run_deepsc(args: argparse.Namespace) -> int:
    """Train the learned baseline."""
    from semcom_core.train.deepsc import train_deepsc

    config, data = from_arguments(DeepscTraining, args), data_folder(args.data, "the training texts")
    texts = [example.text for example in examples("europarl", data, np.random.default_rng(config.seed))]
    prepare(args.out)
    follow(train_deepsc(config, texts, args.out), _bits_a_token)
    print(f"weights written to {args.out}")
    return 0


def _bits_a_token(state) -> str:
    return f"{state.bits_per_token:.3f} bits a token"


def _bits_a_word(path: Path, model: str, adapter: Path) -> tuple[float, float]:
    """Bits a word of the plain and of the adapted model on lines of the test part."""
    texts = sentences(path, "test", (5, 30), _CARD_SENTENCES, np.random.default_rng(1))
    words = sum(len(text.split()) for text in texts)
    return tuple(sum(map(load_codec("spinal", model=model, adapter=name).source_bits, texts)) / words for name in ("", str(adapter)))
