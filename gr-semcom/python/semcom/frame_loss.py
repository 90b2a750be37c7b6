# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random loss of frames, for tests and demonstrations."""

from __future__ import annotations

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.errors import check_range

from .guard import begin_again, drain, guarded_handler, tunable
from .notices import FEEDBACK
from .pdu import is_end


class frame_loss(gr.basic_block):
    """Drops each PDU with a given probability, independently of the others.

    Message inputs:
        in: frame PDUs, or any other PDUs.

    Message outputs:
        out: those that are not lost; end PDUs are never lost.
        feedback: notices `refused` and `failed`.

    Args:
        probability: probability that a PDU is lost, 0 to 1.
        seed: seed of the draws, which begin anew at each start, 0 to 2**31 - 1.

    Raises:
        ConfigError: a value is out of range.
    """

    def __init__(self, probability: float = 0.0, seed: int = 1) -> None:
        gr.basic_block.__init__(self, "frame_loss", None, None)
        check_range("seed", seed, 0, 2**31 - 1)
        self.seed = int(seed)
        self.set_probability(probability)
        self._rng = np.random.default_rng(self.seed)
        self.passed = 0
        self.lost = 0
        self.refused = 0
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self.handle_frame)
        self.message_port_register_out(pmt.intern("out"))
        self.message_port_register_out(FEEDBACK)

    @tunable
    def set_probability(self, probability: float) -> None:
        """Set the probability that a PDU is lost, 0 to 1."""
        check_range("probability", probability, 0, 1)
        self.probability = float(probability)

    def start(self) -> bool:
        """Begin the draws anew."""
        begin_again(self)
        self._rng = np.random.default_rng(self.seed)
        self.passed = 0
        self.lost = 0
        self.refused = 0
        return True

    def stop(self) -> bool:
        """Discard the PDUs that wait at the input."""
        drain(self, "in")
        return True

    @guarded_handler
    def handle_frame(self, message: pmt.pmt_base) -> None:
        """Pass a PDU on, or drop it."""
        if not is_end(message) and self._rng.random() < self.probability:
            self.lost += 1
            return
        self.passed += 1
        self.message_port_pub(pmt.intern("out"), message)
