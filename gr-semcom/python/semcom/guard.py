# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exception handling, run-time settings, restarts and lifetime of Python blocks.

In GNU Radio 3.10 an exception that leaves work() hangs run(); one that leaves a message handler is
logged and the run goes on without it. A block of your own is as safe as these when it registers the
message output `feedback`, connects it to the link monitor, and has its methods decorated:

    from gnuradio.semcom.guard import guarded_handler, guarded_work, tunable

begin_again and drain make a block ready for a flowgraph that is started more than once.
keep_connected_blocks has flowgraphs keep their Python blocks; tell_refusals has them tell in one
line which of their settings is refused.
"""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.config import from_mapping
from semcom_core.errors import ConfigError, FrameError, SemcomError
from semcom_core.phy import PhyConfig

from .notices import notify

#: What work() returns at the end of a stream.
WORK_DONE = -1

#: A method work(self, input_items, output_items) of a block.
Work = Callable[[Any, list[np.ndarray], list[np.ndarray]], int]
#: A message handler or a setter: method(self, message) or method(self, value) of a block.
Method = Callable[[Any, Any], None]


def guarded_work(work: Work) -> Work:
    """Make a work() that, on an exception, sends a `failed` notice and ends its stream."""

    @functools.wraps(work)
    def run(self: Any, input_items: list[np.ndarray], output_items: list[np.ndarray]) -> int:
        try:
            return work(self, input_items, output_items)
        except Exception as error:  # noqa: BLE001 (whatever leaves work() hangs the flowgraph)
            report_defect(self, work.__name__, error)
            return WORK_DONE

    return run


def guarded_handler(handler: Method) -> Method:
    """Make a message handler that counts (self.refused) and drops malformed messages.

    The first, second, fourth, eighth ... of them is logged. Any other exception is a defect of the
    block and fails the run.
    """

    @functools.wraps(handler)
    def run(self: Any, message: pmt.pmt_base) -> None:
        try:
            handler(self, message)
        except FrameError as error:
            self.refused += 1
            told = is_power_of_two(self.refused)
            reason = "message dropped"
            if told:
                reason = f"message {self.refused} dropped: {error}"
            notify(self, "refused", reason=reason, log=told)
        except Exception as error:  # noqa: BLE001 (whatever leaves a handler passes unseen)
            report_defect(self, handler.__name__, error)

    return run


def is_power_of_two(count: int) -> bool:
    """Whether a count is 1, 2, 4, 8 ...: events are logged at these, so that a flood of them does
    not become a flood of lines.
    """
    return count & (count - 1) == 0


def tunable(setter: Method) -> Method:
    """Make a setter that may be called while the flowgraph runs, by a slider for instance.

    A value that is not allowed is refused with one logged line and the old one stays: an exception
    would end the flowgraph. While the setting has no value yet, that is in the constructor, the
    exception is raised; see settings_in_force. The setter `set_x` checks its argument before it
    sets `self.x`.
    """
    name = setter.__name__.removeprefix("set_")

    @functools.wraps(setter)
    def run(self: Any, value: Any) -> None:
        try:
            setter(self, value)
        except (TypeError, ValueError) as error:  # ConfigError is a ValueError
            if name not in settings_in_force(self):
                raise
            logging.getLogger(f"gnuradio.semcom.{self.name()}").warning(
                "%s: %s stays %.200r: %s", self.name(), name, getattr(self, name), error
            )
        else:
            settings_in_force(self, name)

    return run


def settings_in_force(block: gr.basic_block, *names: str) -> set[str]:
    """Names of the settings of a block that have a value, which stays when another is refused.

    A tunable setter enters its setting when it has accepted a value. A constructor that checks and
    sets `self.x` without calling set_x declares it: settings_in_force(self, "x").

    Args:
        block: the block.
        names: settings that have a value from now on.
    """
    settings = vars(block).setdefault("_settings_in_force", set())
    settings.update(names)
    return settings


def report_defect(block: gr.basic_block, where: str, error: Exception) -> None:
    """Log an unexpected exception with its traceback and send the notice `failed`.

    A block with a method on_defect(reason) is told as well.

    Args:
        block: the block that has failed.
        where: name of the method that raised the exception.
        error: the exception.
    """
    reason = f"{type(error).__name__}: {error}"
    logging.getLogger(f"gnuradio.semcom.{block.name()}").error(
        "%s: %s() failed", block.name(), where, exc_info=error
    )
    notify(block, "failed", reason=reason, log=False)
    if hasattr(type(block), "on_defect"):
        block.on_defect(reason)


def begin_again(block: gr.basic_block) -> None:
    """Clear the mark that a block has ended; to be called from its start().

    A block that ends tells those that it sends messages to, and GNU Radio 3.10 has them end too,
    and again at once after each later start: it keeps the mark. What waits at a block's message
    inputs stays there as well, from one run to the next.
    """
    block.to_basic_block()._post(
        pmt.intern("system"), pmt.cons(pmt.intern("done"), pmt.from_long(0))
    )


def drain(block: gr.basic_block, *ports: str) -> None:
    """Discard the messages that wait at some message inputs of a block."""
    for port in map(pmt.intern, ports):
        while block.to_basic_block().delete_head_nowait(port) is not None:
            pass


def keep_connected_blocks() -> None:
    """Have flowgraphs and hierarchical blocks hold a reference to each block that they connect.

    In GNU Radio 3.10 a flowgraph holds the C++ half of a Python block only, and that half calls the
    Python object by its bare address: a block without another reference, as in tb.connect(source,
    semcom.burst_receiver()), ends the process by a segmentation fault. The references end with the
    Python object of the flowgraph. The package calls this when it is imported.
    """
    for name in ("connect", "msg_connect"):
        method = getattr(gr.hier_block2, name)
        if not hasattr(method, "keeps_blocks"):
            setattr(gr.hier_block2, name, _keeping(method))


def _keeping(connect: Callable[..., None]) -> Callable[..., None]:
    """The method with a reference to each block among its arguments; see keep_connected_blocks."""

    @functools.wraps(connect)
    def run(self: gr.hier_block2, *points: Any, **more: Any) -> None:
        kept = vars(self).setdefault("_kept_blocks", {})
        for point in (*points, *more.values()):
            block = point[0] if isinstance(point, tuple | list) and point else point
            if block is not self and hasattr(block, "to_basic_block"):
                kept[id(block)] = block
        connect(self, *points, **more)

    run.keeps_blocks = True
    return run


def tell_refusals() -> None:
    """Have a flowgraph that cannot be made say so in one line, as the command line does.

    What the companion generates makes its blocks in the flowgraph's constructor and catches
    nothing. An error of this project that leaves such a constructor and then ends the program is
    printed without a traceback, behind the name of the flowgraph; the exit status is 2 for a value
    that is not allowed and 1 for a failure. Where it is caught nothing changes, and Python's
    excepthook stays what it is until there is such an error: Qt ends a program whose slot raises
    as long as nobody has set one. The package calls this when it is imported.
    """
    if "__init_subclass__" not in vars(gr.top_block):
        gr.top_block.__init_subclass__ = classmethod(_tell_of_subclass)


def _tell_of_subclass(cls: type, **more: Any) -> None:
    """What a new class of flowgraphs passes through; see tell_refusals."""
    super(gr.top_block, cls).__init_subclass__(**more)
    make = vars(cls).get("__init__")
    if make is None:
        return

    @functools.wraps(make)
    def run(self: gr.top_block, *arguments: Any, **named: Any) -> None:
        try:
            make(self, *arguments, **named)
        except SemcomError as error:
            _tell_of_refusal(cls.__name__, error)
            raise

    cls.__init__ = run


def _tell_of_refusal(flowgraph: str, refusal: SemcomError) -> None:
    """Set the excepthook for an error that has left a flowgraph's constructor."""
    otherwise = getattr(sys.excepthook, "otherwise", sys.excepthook)  # not one of ours before

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if error is not refusal:
            otherwise(kind, error, trace)
            return
        print(f"{flowgraph}: {error}", file=sys.stderr)
        raise SystemExit(2 if isinstance(error, ConfigError) else 1)  # Python heeds it in a hook

    tell.otherwise = otherwise
    sys.excepthook = tell


def phy_config(phy: dict | None) -> PhyConfig:
    """Configuration of the modem from a block's parameter `phy`; None is the defaults.

    Raises:
        ConfigError: it is no dict, the modem has no such setting, or a value is out of range.
    """
    if not isinstance(phy, dict | None):
        raise ConfigError(f"phy is {phy!r}; allowed is a dict of settings")
    return from_mapping(PhyConfig, phy or {})
