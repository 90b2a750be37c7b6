# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a chat model is told about the messages before a message, so that it expects what follows from them."""

from __future__ import annotations

from collections.abc import Sequence

#: Role and message of a turn in the ChatML format; the prompt of a message is a turn that has not ended.
_TURN = "<|im_start|>{role}\n{text}<|im_end|>\n"
_ROLES = ("assistant", "user")


def turns(context: Sequence[str]) -> list[tuple[str, str]]:
    """Roles and texts of the messages before one that the assistant sends: the speakers take turns.

    Args:
        context: messages, the oldest first.
    """
    return [(_ROLES[(len(context) - i) % 2], text) for i, text in enumerate(context)]


def turn(role: str) -> tuple[str, str]:
    """What stands before and after the text of a turn."""
    before, after = _TURN.format(role=role, text="\0").split("\0")
    return before, after
