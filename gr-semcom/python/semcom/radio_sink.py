# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transmitter of samples to a radio, a recording or a simulation."""

from __future__ import annotations

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.errors import FrameError, RadioError, check_choice
from semcom_core.radio.process.supervisor import MODES

from .guard import WORK_DONE, guarded_work
from .radio.station import WAIT_S, Radio, RadioStation, radio_block

#: Tag of the first sample of a burst: its length, samples.
PACKET_LEN = pmt.intern("packet_len")


class radio_sink(radio_block, gr.sync_block):
    """Transmits by the radio that a profile describes (hardware/*.yml); the same flowgraph serves
    all of them.

    A device runs in a process of its own, together with a radio_source of the same address. When
    the device or its server goes away, another process is started until it is back, and samples
    that had not left are sent again. After `retries` of them in a row the block reports `failed`
    and ends.

    Outside the bands that are open to everybody a device transmits only with `i_may_transmit`;
    virtual radios, recordings and the simulation do always.

    Stream input:
        complex samples of full scale 1. In mode "burst" the first sample of each burst carries the
        tag `packet_len`; samples between bursts must be 0 and are not sent. Nothing is sent before
        all radios of the flowgraph are set up.

    Message inputs:
        open: used by the block itself.

    Message outputs:
        feedback: notices `loading` (the radio is set up), `ready`, `underrun`, `reconnecting` and
            `failed`.

    Args:
        profile: name of a profile, or a .yml file.
        overrides: further settings of semcom_core.radio.profile.RadioProfile, a dict.
        address: URI, device arguments, path of a recording or HOST:PORT, instead of the profile's;
            empty: the profile's.
        rate_hz: sample rate, Hz; None: the profile's.
        lo_hz: frequency, Hz; None: the profile's.
        gain_db: transmit gain, dB; None: the profile's, which is the least that the radio has.
        antenna: antenna; empty: the profile's.
        mode: "burst" sends bursts, each whole; "continuous" sends all samples, and zeros where
            none come.
        i_may_transmit: the user has a licence, or a cable.
        retries: processes in a row, none of which gets the radio going, before it is given up.

    The gain and the frequency may change while the flowgraph runs.

    Raises:
        ConfigError: there is no such profile, a value is outside what the radio can do, or it would
            transmit where one needs a licence.
    """

    SIDE = "tx"

    def __init__(
        self,
        profile: str = "simulation",
        overrides: dict | None = None,
        address: str = "",
        rate_hz: float | None = None,
        lo_hz: float | None = None,
        gain_db: float | None = None,
        antenna: str = "",
        mode: str = "burst",
        i_may_transmit: bool = False,
        retries: int = 30,
    ) -> None:
        gr.sync_block.__init__(self, "radio_sink", [np.complex64], None)
        check_choice("mode", mode, MODES)
        self.mode = mode
        self.i_may_transmit = bool(i_may_transmit)
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
        self.radio_profile.notice_for(False, True, self.i_may_transmit)
        self._forget()

    def _forget(self) -> None:
        self._parts: list[np.ndarray] = []
        self._missing = 0
        self._ready: np.ndarray | None = None

    def start(self) -> bool:
        """Begin with the next burst."""
        self._forget()
        return radio_block.start(self)

    @guarded_work
    def work(self, input_items: list[np.ndarray], output_items: list[np.ndarray]) -> int:
        """Gather bursts, and write whole ones to the radio; waits while it has no room."""
        radio = self.station.radio
        if radio is None or radio.failure:
            return WORK_DONE
        if not self._write(radio):
            return 0
        samples = input_items[0]
        count = len(samples) if self.mode == "continuous" else self._gather(samples)
        if self.mode == "continuous":
            self._ready = samples.copy()
        self._write(radio)
        return count

    def _gather(self, samples: np.ndarray) -> int:
        """Take samples up to the end of a burst or to the next tag; returns how many."""
        read = self.nitems_read(0)
        tags = [
            tag
            for tag in self.get_tags_in_window(0, 0, len(samples))
            if pmt.eq(tag.key, PACKET_LEN)
        ]
        if self._missing == 0 and tags and tags[0].offset == read:
            self._missing = pmt.to_long(tags.pop(0).value)
        if self._missing == 0:
            return self._skip(samples[: tags[0].offset - read] if tags else samples)
        count = min(len(samples), self._missing)
        self._parts.append(samples[:count].copy())
        self._missing -= count
        if self._missing == 0:
            self._ready = np.concatenate(self._parts)
            self._parts = []
        return count

    def _skip(self, between: np.ndarray) -> int:
        """Drop the silence between bursts; returns how many samples that is."""
        if between.any():
            raise FrameError(
                "samples for a radio in mode burst have no tag packet_len; allowed is a tag on the "
                "first of each burst"
            )
        return len(between)

    def _write(self, radio: Radio) -> bool:
        """Write the samples that are ready to the radio; False when it has no room."""
        if self._ready is None:
            return True
        if not RadioStation.wait_for_all(WAIT_S):
            return False
        try:
            radio.write(self._ready, WAIT_S)
        except TimeoutError:
            return False
        except RadioError:
            if radio.failure:  # on_radio has said why
                return False
            raise
        self._ready = None
        return True

    def pending(self) -> bool:
        """Whether samples have come that the radio was not given yet."""
        return self._ready is not None or self._missing > 0
