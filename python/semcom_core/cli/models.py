# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom models`: list the language models and devices, fetch a model and check that it works."""

from __future__ import annotations

import argparse
from pathlib import Path

from semcom_core.config import DEVICE_HELP, DEVICES
from semcom_core.errors import ModelError
from semcom_core.models.device import describe_device, devices_here
from semcom_core.models.loader import PRECISIONS, catalogue, load_language_model, locate

#: Text by which a fetched model is checked.
_SENTENCE = "The quick brown fox jumps over the lazy dog."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    actions.add_parser("list", help="the models known by name, and whether their weights are here")
    devices = actions.add_parser("devices", help="what models can compute on here")
    devices.set_defaults(action="devices")
    for action, text in {
        "fetch": "get a model's weights",
        "verify": "load a model, try it and print its fingerprint",
    }.items():
        one = actions.add_parser(action, help=text)
        one.add_argument(
            "model", help="a name of the list, a folder, a GGUF file or a hub name OWNER/NAME"
        )
        one.add_argument(
            "--device", choices=DEVICES, default="cpu", help=f"{DEVICE_HELP} (default cpu)"
        )
        one.add_argument(
            "--precision",
            choices=PRECISIONS,
            default="int8",
            help="numbers it computes with, int8 only on the cpu (default int8)",
        )
        one.set_defaults(action=action)
    parser.set_defaults(run=run, action="list")


def run(args: argparse.Namespace) -> int:
    """List the models, fetch one or verify one.

    Raises:
        ModelError: the model is not there, does not load, or its tokenizer loses text.
    """
    if args.action == "list":
        for name, entry in catalogue().items():
            print(f"{name:16s} {_state(name):22s} {entry.description}; {entry.licence}")
        return 0
    if args.action == "devices":
        for device in devices_here():
            print(describe_device(device))
        return 0
    model = load_language_model(args.model, "", args.precision, args.device)
    if args.action == "fetch":
        print(f"{args.model}: ready, fingerprint {model.fingerprint}, on {model.device}")
        return 0
    tokens = model.tokenize(_SENTENCE)
    if model.detokenize(tokens) != _SENTENCE:
        raise ModelError(
            f"the tokenizer of {args.model!r} gives {model.detokenize(tokens)!r} for {_SENTENCE!r}"
        )
    from semcom_core.models.verification import verify_model  # loads torch; the list need not

    print(f"{args.model}: {verify_model(model).describe()}")
    bits = -sum(row[token] for row, token in zip(model.log2_probs(tokens), tokens))
    print(
        f"{args.model}: fingerprint {model.fingerprint}, {model.vocabulary} tokens, "
        f"{bits / len(_SENTENCE.split()):.2f} bits a word, on {model.device}"
    )
    return 0


def _state(name: str) -> str:
    try:
        place = locate(name)
    except ModelError:
        return "weights not installed"
    return "ready" if isinstance(place, Path) else "on the hub"
