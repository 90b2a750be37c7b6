# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sanitising of received text for a terminal: control and direction-changing characters."""

from __future__ import annotations

import sys
import unicodedata
from typing import TextIO

#: Characters of the categories "control", "format" and "line or paragraph separator" that stay as
#: they are: line ends, tabs, and the joiners that emoji and several scripts are written with.
_KEPT = "\n\t\u200c\u200d"
#: Tag characters, which follow the emoji of some flags and stay too; and the character DEL.
_TAGS = range(0xE0020, 0xE0080)
_DELETE = 0x7F


def visible(text: str) -> str:
    """Text with each control or direction-changing character replaced by a symbol of it or by its
    number.

    >>> visible("a\\x1b[2Jb\\u202e")
    'a␛[2Jb<U+202E>'
    """
    return "".join(
        character if character.isprintable() else _shown(character) for character in text
    )


def for_stream(text: str, stream: TextIO) -> str:
    """Text with what the encoding of a stream lacks replaced by its number."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def print_line(text: str) -> None:
    """Print a line in one piece: blocks print from threads of their own, and a line end by itself
    may come after another's text.
    """
    print(for_stream(text, sys.stdout) + "\n", end="", flush=True)


def _shown(character: str) -> str:
    code = ord(character)
    if character in _KEPT or code in _TAGS or unicodedata.category(character) in ("Zs", "Co", "Cn"):
        return character
    if code < 0x20:
        return chr(0x2400 + code)  # the block "Control Pictures"
    return "\u2421" if code == _DELETE else f"<U+{code:04X}>"
