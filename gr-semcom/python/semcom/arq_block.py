# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the two ends of a two-sided link share: a state machine of semcom_core.link, its settings, its timers."""

from __future__ import annotations

import threading

import pmt
from gnuradio import gr

from semcom_core.config import from_mapping
from semcom_core.link import ArqReceiver, ArqSender, ReceiverConfig, SenderConfig

from .notices import FEEDBACK
from .restart import begin_again, drain
from .ticker import Ticker


class arq_block(gr.basic_block):
    """A block around a state machine, which its handlers feed and its `_tick` polls.

    A block of this kind has the methods `_machine`, which makes the state machine, and `_tick`, which takes the time (s) and returns
    when it is due next. Its settings are attributes, too.

    Args:
        name: its name.
        config: settings.
        inputs: handlers of the message inputs, by port.
        outputs: message outputs besides `feedback`.
    """

    def __init__(self, name: str, config: SenderConfig | ReceiverConfig, inputs: dict, outputs: list[str]):
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
            self.machine, self.refused = self._machine(), 0
        self._ticker.start()
        return True

    def stop(self):
        """End the timers; what still waits at the inputs belongs to this run and is thrown away."""
        self._ticker.stop()
        drain(self, *self._inputs)
        return True

    def _configure(self, **changes) -> None:
        """Change settings while the machine runs; raises ConfigError and changes nothing where one is not allowed."""
        with self._lock:
            self._apply(from_mapping(type(self.config), {**vars(self.config), **changes}))
            self.machine.config = self.config
        self._ticker.wake()

    def _apply(self, config: SenderConfig | ReceiverConfig) -> None:
        self.config = config
        vars(self).update(vars(config))
