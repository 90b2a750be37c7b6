# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line `semcom`: errors are one line, exit status 2 for bad input, 1 for failure.

A command is a module with `add_arguments(parser)`, which also names the function to run. COMMANDS
lists them all; a module is imported when its command is used.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from semcom_core import __version__
from semcom_core.errors import ConfigError, SemcomError


class CommandParser(argparse.ArgumentParser):
    """Parser of one command, which imports the command's module when it first parses arguments.

    Args:
        command: what it parses; None for a parser whose options are added by hand.
        options: as of argparse.ArgumentParser.
    """

    def __init__(self, *, command: Command | None = None, **options: Any):
        super().__init__(**options)
        self._command = command

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse.ArgumentParser.parse_known_args."""
        if self._command is not None:
            module = self._command.load()
            self._command = None
            self.description = module.__doc__
            module.add_arguments(self)
        return super().parse_known_args(args, namespace)


@dataclass(frozen=True)
class Command:
    """A command of the command line, or of a command that has further ones.

    Args:
        name: as it is typed.
        module: what holds its options and runs it; its docstring is the command's description.
        help: its line in the list of commands.
    """

    name: str
    module: str
    help: str

    def load(self) -> ModuleType:
        """The command's module."""
        return import_module(self.module)

    def add_parser(self, subparsers: argparse._SubParsersAction[CommandParser]) -> None:
        """Add the command to a command line."""
        subparsers.add_parser(self.name, help=self.help, command=self)


#: The commands, in the order of `semcom --help`.
COMMANDS = (
    Command("sim", "semcom_core.cli.sim", "send text or pictures through a simulated channel"),
    Command("send", "semcom_core.cli.send", "send texts or pictures by a radio"),
    Command("receive", "semcom_core.cli.receive", "receive texts or pictures by a radio"),
    Command("air", "semcom_core.cli.air", "serve virtual radios on a simulated air"),
    Command("radios", "semcom_core.cli.radios", "list, probe and check radios"),
    Command("record", "semcom_core.cli.record", "record what a radio receives"),
    Command("replay", "semcom_core.cli.replay", "decode a recording"),
    Command("bench", "semcom_core.cli.bench", "measure quality and cost"),
    Command("report", "semcom_core.cli.report", "make a page of bench files"),
    Command("train", "semcom_core.cli.train", "train an adapter, a codec or a baseline"),
    Command("grc", "semcom_core.cli.grc", "open a flowgraph in GNU Radio Companion, or run it"),
    Command("memory", "semcom_core.cli.memory", "inspect and edit what a receiver remembers"),
    Command("models", "semcom_core.cli.models", "list, fetch and verify language models"),
    Command("demo", "semcom_core.cli.demo", "the main job on real input, over GNU Radio"),
)


def parser() -> CommandParser:
    """The parser of the whole command line."""
    top = CommandParser(
        prog="semcom", description="Semantic communication over a simulated channel or a radio."
    )
    top.add_argument("--version", action="version", version=f"semcom {__version__}")
    subparsers = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(subparsers)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: of the command line; None takes those of the process.

    Returns:
        The exit status: 0, 1 where something failed, 2 for bad input.
    """
    args = parser().parse_args(arguments)
    # Threads that spin long while they wait make a decode several times slower beside other work.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    try:
        return args.run(args)
    except (SemcomError, TimeoutError) as error:
        print(f"semcom: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    except KeyboardInterrupt:
        return 130
