# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Receiver of samples from a radio, a recording or a simulation."""

from __future__ import annotations

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.errors import RadioError

from .burst_receiver import EOF
from .guard import WORK_DONE, guarded_work
from .radio.station import WAIT_S, radio_block


class radio_source(radio_block, gr.sync_block):
    """Receives by the radio that a profile describes (hardware/*.yml); the same flowgraph serves
    all of them.

    A device runs in a process of its own, together with a radio_sink of the same address. When the
    device or its server goes away, another process is started until it is back. After `retries` of
    them in a row the block reports `failed` and ends its stream.

    Stream output:
        complex samples of full scale 1. Lost samples are left out, and counted by the notice
        `overrun`. The last sample of a recording, and of some silence after it, has the tag `eof`.

    Message inputs:
        open: used by the block itself.

    Message outputs:
        feedback: notices `loading` (the radio is set up), `ready`, `overrun`, `reconnecting` and
            `failed`.

    Args:
        profile: name of a profile, or a .yml file.
        overrides: further settings of semcom_core.radio.profile.RadioProfile, a dict.
        address: URI, device arguments, path of a recording or HOST:PORT, instead of the profile's;
            empty: the profile's.
        rate_hz: sample rate, Hz; None: the profile's.
        lo_hz: frequency, Hz; None: the profile's.
        gain_db: receive gain, dB; None: the profile's.
        antenna: antenna; empty: the profile's.
        retries: processes in a row, none of which gets the radio going, before it is given up.

    The gain and the frequency may change while the flowgraph runs.

    Raises:
        ConfigError: there is no such profile, or a value is outside what the radio can do.
    """

    SIDE = "rx"

    def __init__(
        self,
        profile: str = "simulation",
        overrides: dict | None = None,
        address: str = "",
        rate_hz: float | None = None,
        lo_hz: float | None = None,
        gain_db: float | None = None,
        antenna: str = "",
        retries: int = 30,
    ) -> None:
        gr.sync_block.__init__(self, "radio_source", None, [np.complex64])
        self.prepare(
            profile,
            overrides,
            retries,
            gain_db,
            lo_hz,
            antenna,
            address=address,
            rate_hz=rate_hz,
        )

    @guarded_work
    def work(self, input_items: list[np.ndarray], output_items: list[np.ndarray]) -> int:
        """Output the samples that the radio has received."""
        radio = self.station.radio
        if radio is None:
            return WORK_DONE
        out = output_items[0]
        try:
            samples = radio.read(len(out), WAIT_S)
        except TimeoutError:
            return 0
        except RadioError:
            if radio.failure:  # on_radio has said why
                return WORK_DONE
            raise
        out[: len(samples)] = samples
        if radio.over:
            self.add_item_tag(0, self.nitems_written(0) + len(samples) - 1, EOF, pmt.PMT_T)
        return len(samples)
