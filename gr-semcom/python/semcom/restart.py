# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a block needs so that its flowgraph can be started again."""

from __future__ import annotations

import pmt


def begin_again(block) -> None:
    """Take back that a block is done; to be called from its start().

    A block that ends tells those that it sends messages to, and GNU Radio 3.10 has them end too, and again at once after each later
    start: it keeps the mark. What waits at a block's message inputs stays there as well, from one run to the next.
    """
    block.to_basic_block()._post(pmt.intern("system"), pmt.cons(pmt.intern("done"), pmt.from_long(0)))


def drain(block, *ports: str) -> None:
    """Throw away what waits at some message inputs of a block."""
    for port in map(pmt.intern, ports):
        while block.to_basic_block().delete_head_nowait(port) is not None:
            pass
