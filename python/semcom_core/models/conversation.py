# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a chat model is told about the messages before a message, so that it expects what follows from them.

    <|im_start|>user\\n…<|im_end|>\\n        a message before, one turn each; the speakers alternate
    <|im_start|>assistant\\n                the prompt of the message itself, which ends by <|im_end|>

A model whose prompt opens no turn gets the messages as lines of text after its prompt.
"""

from __future__ import annotations

from collections.abc import Sequence

_OPENING, _CLOSING = "<|im_start|>", "<|im_end|>"
_ROLES = ("assistant", "user")


def is_chat(prompt: str) -> bool:
    """Whether a prompt opens a turn of a chat."""
    return prompt.startswith(_OPENING)


def end_of_message(tokenizer, prompt: str) -> int | None:
    """The token that an adapter learns to end a message by; None where the tokenizer has none."""
    return tokenizer.convert_tokens_to_ids(_CLOSING) if is_chat(prompt) else tokenizer.eos_token_id


def prompt_tokens(tokenizer, prompt: str, context: Sequence[str] = (), most: int = 1 << 20) -> list[int]:
    """Tokens of the messages before a message and of its prompt; special tokens in the messages are text.

    Args:
        tokenizer: a tokenizer of the transformers library.
        prompt: text before every message; special tokens in it count as such.
        context: messages before, the oldest first; the oldest are left out where they do not fit.
        most: most tokens of the messages before.
    """
    last = tokenizer(prompt, add_special_tokens=False).input_ids
    history: list[int] = []
    for age, text in enumerate(reversed(context), 1):
        tokens = _message(tokenizer, prompt, text, _ROLES[age % 2])
        if len(history) + len(tokens) > most:
            break
        history = tokens + history
    return history + last if is_chat(prompt) else last + history


def _message(tokenizer, prompt: str, text: str, role: str) -> list[int]:
    """Tokens of one message before."""

    def special(part: str) -> list[int]:
        return tokenizer(part, add_special_tokens=False).input_ids

    words = tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids
    if not is_chat(prompt):
        return words + tokenizer("\n", add_special_tokens=False).input_ids
    return special(f"{_OPENING}{role}\n") + words + special(f"{_CLOSING}\n")
