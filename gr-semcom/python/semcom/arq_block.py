# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base of the two ends of an ARQ link, and the timer thread of blocks.

An arq_block wraps a state machine of semcom_core.link: handlers feed it, a Ticker polls it.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any

import pmt
from gnuradio import gr

from semcom_core.config import from_mapping
from semcom_core.link import ArqReceiver, ArqSender, ReceiverConfig, SenderConfig

from .guard import begin_again, drain, report_defect, settings_in_force
from .notices import FEEDBACK


class Ticker:
    """Timer thread: calls a function when it is due and when woken; in between it sleeps.

    Args:
        block: whose function it is; an exception is logged, sent as the notice `failed`, and ends
            the thread.
        tick: takes the time (time.monotonic(), s) and returns when it is due next, s; inf: when
            woken.
    """

    def __init__(self, block: gr.basic_block, tick: Callable[[float], float]) -> None:
        self._block = block
        self._tick = tick
        self._change = threading.Condition()
        self._woken = False
        self._stopping = False
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
        except Exception as error:  # noqa: BLE001 (a thread that ends unseen hangs its flowgraph)
            report_defect(self._block, self._tick.__name__, error)

    def _wait(self, due: float) -> bool:
        """Wait until `due` or until woken; False when the block stops."""
        with self._change:
            timeout_s = None if due == math.inf else max(due - time.monotonic(), 0.0)
            self._change.wait_for(lambda: self._stopping or self._woken, timeout_s)
            self._woken = False
            return not self._stopping


class arq_block(gr.basic_block):
    """A message block around an ARQ state machine, which its handlers feed and `_tick` polls.

    A derived class has `_machine`, which makes the state machine, `_tick`, which takes the time (s)
    and returns when it is due next, and `_apply`, which copies the settings to attributes.

    Args:
        name: name of the block.
        config: settings of the state machine.
        inputs: handlers of the message inputs, by port.
        outputs: message outputs besides `feedback`.
    """

    def __init__(
        self,
        name: str,
        config: SenderConfig | ReceiverConfig,
        inputs: dict[str, Callable[[pmt.pmt_base], None]],
        outputs: list[str],
    ) -> None:
        gr.basic_block.__init__(self, name, None, None)
        self.refused = 0
        self._lock = threading.Lock()
        self._ticker = Ticker(self, self._tick)
        self.config = config
        self._apply(config)
        settings_in_force(self, *vars(config))
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

    def start(self) -> bool:
        """Begin with a new state machine, and start the timer."""
        begin_again(self)
        with self._lock:
            self.machine = self._machine()
            self.refused = 0
        self._ticker.start()
        return True

    def stop(self) -> bool:
        """End the timer; messages that wait at the inputs belong to this run and are discarded."""
        self._ticker.stop()
        drain(self, *self._inputs)
        return True

    def _configure(self, **changes: Any) -> None:
        """Change settings while the machine runs.

        Raises:
            ConfigError: a value is not allowed; nothing has changed.
        """
        with self._lock:
            config = from_mapping(type(self.config), {**vars(self.config), **changes})
            self.config = config
            self._apply(config)
            self.machine.config = config
        self._ticker.wake()

    def _machine(self) -> ArqSender | ArqReceiver:
        raise NotImplementedError

    def _tick(self, now: float) -> float:
        raise NotImplementedError

    def _apply(self, config: SenderConfig | ReceiverConfig) -> None:
        raise NotImplementedError
