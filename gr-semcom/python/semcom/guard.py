# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of a Python block: an exception must neither hang the flowgraph nor pass unseen.

In GNU Radio 3.10 an exception that leaves work() hangs run(); one that leaves a message handler is
logged and the run goes on as if nothing had happened. A block of your own is as safe as these when
it registers the message output `feedback`, connects it to the link monitor, and has its methods
decorated:

    from gnuradio.semcom.guard import guarded_handler, guarded_work, tunable

What a block needs so that its flowgraph can be started again.

The modem's settings as a block takes them.
"""

from __future__ import annotations

import functools
import logging

import pmt

from semcom_core.config import from_mapping
from semcom_core.errors import ConfigError, FrameError
from semcom_core.phy import PhyConfig

from .notices import notify

WORK_DONE = -1


def guarded_work(work):
    """Make a work() that, on an exception, sends a `failed` notice and ends its stream."""

    @functools.wraps(work)
    def run(self, input_items, output_items):
        try:
            return work(self, input_items, output_items)
        except Exception as error:  # noqa: BLE001 (whatever leaves work() hangs the flowgraph)
            report_defect(self, work.__name__, error)
            return WORK_DONE

    return run


def guarded_handler(handler):
    """Make a message handler that counts and drops what is not a message of the project
    (self.refused counts).

    The first, second, fourth, eighth ... of them is logged, so that a flood of them does not become
    a flood of lines. Any other exception is a defect of the block and fails the run.
    """

    @functools.wraps(handler)
    def run(self, message):
        try:
            handler(self, message)
        except FrameError as error:
            self.refused += 1
            loud = self.refused & (self.refused - 1) == 0
            notify(
                self,
                "refused",
                reason=f"message {self.refused} dropped: {error}" if loud else "message dropped",
                log=loud,
            )
        except Exception as error:  # noqa: BLE001 (whatever leaves a handler passes unseen)
            report_defect(self, handler.__name__, error)

    return run


def tunable(setter):
    """Make a setter that may be called while the flowgraph runs, by a slider for instance.

    A value that is not allowed is refused with one logged line and the old one stays: an exception
    would end the flowgraph. In the constructor, where there is no old value, it is raised. The
    setter `set_x` checks its argument before it sets `self.x`.
    """
    name = setter.__name__.removeprefix("set_")

    @functools.wraps(setter)
    def run(self, value):
        try:
            setter(self, value)
        except (
            TypeError,
            ValueError,
            # ConfigError is a ValueError; what cannot be compared or converted is a TypeError
        ) as error:
            if name not in vars(self):
                raise
            logging.getLogger(f"gnuradio.semcom.{self.name()}").warning(
                "%s: %s stays %.200r: %s", self.name(), name, getattr(self, name), error
            )

    return run


def report_defect(block, where: str, error: Exception) -> None:
    """Log an unexpected exception with its traceback and say `failed`; a block with a method
    on_defect hears of it too.
    """
    reason = f"{type(error).__name__}: {error}"
    logging.getLogger(f"gnuradio.semcom.{block.name()}").error(
        "%s: %s() failed", block.name(), where, exc_info=error
    )
    notify(block, "failed", reason=reason, log=False)
    if hasattr(type(block), "on_defect"):
        block.on_defect(reason)


def begin_again(block) -> None:
    """Take back that a block is done; to be called from its start().

    A block that ends tells those that it sends messages to, and GNU Radio 3.10 has them end too,
    and again at once after each later start: it keeps the mark. What waits at a block's message
    inputs stays there as well, from one run to the next.
    """
    block.to_basic_block()._post(
        pmt.intern("system"), pmt.cons(pmt.intern("done"), pmt.from_long(0))
    )


def drain(block, *ports: str) -> None:
    """Throw away what waits at some message inputs of a block."""
    for port in map(pmt.intern, ports):
        while block.to_basic_block().delete_head_nowait(port) is not None:
            pass


def phy_config(phy: dict | None) -> PhyConfig:
    """Configuration of the modem from a dict of its settings; None is the defaults.

    Raises:
        ConfigError: it is no dict, the modem has no such setting, or a value is out of range.
    """
    if not isinstance(phy, dict | None):
        raise ConfigError(f"phy is {phy!r}; allowed is a dict of settings")
    return from_mapping(PhyConfig, phy or {})
