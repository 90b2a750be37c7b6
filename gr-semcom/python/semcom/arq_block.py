# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thread that does what is due, for blocks that act at certain times and not only when a message
comes.

What the two ends of a two-sided link share: a state machine of semcom_core.link, its settings, its
timers.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

import pmt
from gnuradio import gr

from semcom_core.config import from_mapping
from semcom_core.link import ArqReceiver, ArqSender, ReceiverConfig, SenderConfig

from .guard import begin_again, drain, report_defect
from .notices import FEEDBACK


class Ticker:
    """Calls a function when it is due and when woken; in between the thread sleeps.

    Args:
        block: whose function it is; an exception is logged, sent as the notice `failed`, and ends
            the thread.
        tick: takes the time (time.monotonic(), s) and returns when it is due next, s; inf: when
            woken.
    """

    def __init__(self, block, tick: Callable[[float], float]):
        self._block = block
        self._tick = tick
        self._change = threading.Condition()
        self._woken = self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; the function is called at once."""
        self._stopping = False
        self._woken = True
        self._thread = threading.Thread(target=self._run, name=self._block.name(), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread. Does nothing when not started."""
        with self._change:
            self._stopping = True
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def wake(self) -> None:
        """Have the function called soon: something has changed."""
        with self._change:
            self._woken = True
            self._change.notify_all()

    def _run(self) -> None:
        try:
            due = -math.inf
            while self._wait(due):
                due = self._tick(time.monotonic())
        except Exception as error:  # noqa: BLE001 (a thread that ends unseen would leave its flowgraph waiting)
            report_defect(self._block, self._tick.__name__, error)

    def _wait(self, due: float) -> bool:
        """Wait until `due` or until woken; False when the block stops."""
        with self._change:
            timeout_s = None if due == math.inf else max(due - time.monotonic(), 0.0)
            self._change.wait_for(lambda: self._stopping or self._woken, timeout_s)
            self._woken = False
            return not self._stopping


class arq_block(gr.basic_block):
    """A block around a state machine, which its handlers feed and its `_tick` polls.

    A block of this kind has the methods `_machine`, which makes the state machine, and `_tick`,
    which takes the time (s) and returns when it is due next. Its settings are attributes, too.

    Args:
        name: its name.
        config: settings.
        inputs: handlers of the message inputs, by port.
        outputs: message outputs besides `feedback`.
    """

    def __init__(
        self, name: str, config: SenderConfig | ReceiverConfig, inputs: dict, outputs: list[str]
    ):
        gr.basic_block.__init__(self, name, None, None)
        self.refused = 0
        self._lock, self._ticker = threading.Lock(), Ticker(self, self._tick)
        self._apply(config)
        self._inputs = tuple(inputs)
        self.machine: ArqSender | ArqReceiver = self._machine()
        for port, handler in inputs.items():
            self.message_port_register_in(pmt.intern(port))
            self.set_msg_handler(pmt.intern(port), handler)
        for port in outputs:
            self.message_port_register_out(pmt.intern(port))
        self.message_port_register_out(FEEDBACK)

    @property
    def counts(self) -> dict[str, int]:
        """Counts of the state machine since the start."""
        with self._lock:
            return dict(self.machine.counts)

    def start(self):
        """Forget the last run, and start the timers."""
        begin_again(self)
        with self._lock:
            self.machine = self._machine()
            self.refused = 0
        self._ticker.start()
        return True

    def stop(self):
        """End the timers; what still waits at the inputs belongs to this run and is thrown away."""
        self._ticker.stop()
        drain(self, *self._inputs)
        return True

    def _configure(self, **changes) -> None:
        """Change settings while the machine runs; raises ConfigError and changes nothing where one
        is not allowed.
        """
        with self._lock:
            self._apply(from_mapping(type(self.config), {**vars(self.config), **changes}))
            self.machine.config = self.config
        self._ticker.wake()

    def _apply(self, config: SenderConfig | ReceiverConfig) -> None:
        self.config = config
        vars(self).update(vars(config))
