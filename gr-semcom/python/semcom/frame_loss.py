# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loses frames at random, for tests and demonstrations."""

from __future__ import annotations

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.errors import check_range

from .guard import begin_again, drain, guarded_handler, tunable
from .notices import FEEDBACK
from .pdu import is_end


class frame_loss(gr.basic_block):
    """Passes each PDU on or loses it, independently of the others.

    Message ports:
        in: frame PDUs, or any other PDUs.
        out: those that are not lost; end PDUs are never lost.
        feedback (output): notices `refused` and `failed`.

    Args:
        probability: how likely a PDU is lost, 0 to 1.
        seed: seed of the draws, which begin anew at each start.

    Raises:
        ConfigError: a value is out of range.
    """

    def __init__(self, probability=0.0, seed=1):
        gr.basic_block.__init__(self, "frame_loss", None, None)
        check_range("seed", seed, 0, 2**31 - 1)
        self.seed = int(seed)
        self.set_probability(probability)
        self._rng = np.random.default_rng(self.seed)
        self.passed = self.lost = self.refused = 0
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self.handle_frame)
        self.message_port_register_out(pmt.intern("out"))
        self.message_port_register_out(FEEDBACK)

    @tunable
    def set_probability(self, probability: float) -> None:
        """Set how likely a PDU is lost, 0 to 1."""
        check_range("probability", probability, 0, 1)
        self.probability = float(probability)

    def start(self):
        """Begin the draws anew."""
        begin_again(self)
        self._rng = np.random.default_rng(self.seed)
        self.passed = self.lost = self.refused = 0
        return True

    def stop(self):
        """Throw away what still waits at the input."""
        drain(self, "in")
        return True

    @guarded_handler
    def handle_frame(self, message):
        """Pass a PDU on, or lose it."""
        if not is_end(message) and self._rng.random() < self.probability:
            self.lost += 1
            return
        self.passed += 1
        self.message_port_pub(pmt.intern("out"), message)
