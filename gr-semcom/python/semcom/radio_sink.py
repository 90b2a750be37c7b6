# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transmitter of samples to a radio, a recording or a simulation."""

from __future__ import annotations

import logging
import time
from collections import deque

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.errors import FrameError, RadioError, check_choice
from semcom_core.radio.base import Radio
from semcom_core.radio.process.supervisor import MODES

from .burst_transmitter import MESSAGE_ID, PACKET_LEN
from .guard import WORK_DONE, guarded_work, is_power_of_two
from .notices import notify
from .pdu import describe
from .radio.station import DRAIN_S, WAIT_S, RadioStation, radio_block

#: Longest wait in work() for samples to leave the radio, s, while the next ones may come.
LEAVE_S = 0.01
#: How long the next sample of a burst may take, s, before what has come of it is sent.
LATE_S = 5.0
#: Longest burst that a tag may promise, samples: what has come of it is kept in memory.
LONGEST_BURST = 1 << 24


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
        tag `packet_len`; samples between bursts must be 0 and are not sent. A burst that is shorter
        than its tag promises is sent as it is, once the next tag has come, or no further sample for
        5 s. Nothing is sent before all radios of the flowgraph are set up. The last sample is not
        consumed before all have left the radio, so that a flowgraph whose source has ended goes on
        until then. The tag `message_id` of burst_transmitter is on the last sample of a message.

    Message inputs:
        open: used by the block itself.

    Message outputs:
        feedback: notices `loading` (the radio is set up), `ready`, `underrun`, `reconnecting` and
            `failed`; `transmitted` and `lost` for each message (tag `message_id`): it has left the
            radio, or the flowgraph was stopped before; `refused` for a tag `packet_len` that
            promises more samples than come.

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
        self._promised = 0
        self._missing = 0
        self._late = 0  # samples of a burst that was sent without them
        self._came_at = 0.0
        self._ready: np.ndarray | None = None
        self._ready_ids: list[int] = []
        # of what the radio was given: number of the piece, and the messages that end with it
        self._given: deque[tuple[int, list[int]]] = deque()
        self._held = 0
        self._widest = 0  # most samples offered at a time

    def start(self) -> bool:
        """Begin with the next burst."""
        self._forget()
        return radio_block.start(self)

    def stop(self) -> bool:
        """Leave the radio some time for what it was given, and tell what did not leave it."""
        radio = self.station.radio if self.station is not None else None
        if self._missing:
            self._cut_short("when the flowgraph stopped")
        if radio is not None:
            self._write(radio)
            radio.drain(DRAIN_S)
            self._tell_sent(radio)
        self._tell_unsent(radio)
        return radio_block.stop(self)

    @guarded_work
    def work(self, input_items: list[np.ndarray], output_items: list[np.ndarray]) -> int:
        """Gather bursts, and write whole ones to the radio; waits while it has no room.

        GNU Radio calls work() only where there is input, and ends a block without when its source
        has ended. So the last sample is held, until all have left the radio. That the source has
        ended is not told: within a burst it is a sample that does not come.
        """
        radio = self.station.radio
        if radio is None or radio.failure:
            return WORK_DONE
        done = self._held
        if self._write(radio):
            fresh = input_items[0][done:]
            if len(fresh):
                done += self._take(fresh)
                self._write(radio)
            elif self._missing and time.monotonic() - self._came_at > LATE_S:
                self._late = self._missing
                self._cut_short(f"and no more within {LATE_S:g} s")
                self._write(radio)
            else:
                radio.drain(LEAVE_S)
        self._tell_sent(radio)
        self._widest = max(self._widest, len(input_items[0]))
        waits = self._missing > 0 and self._widest > 1  # of one at a time, none can be held
        all_left = self._ready is None and not self._given and not waits
        self._held = int(done == len(input_items[0]) and not all_left)
        return done - self._held

    def _take(self, samples: np.ndarray) -> int:
        """Take samples up to the end of a piece that is to be written; returns how many."""
        if self.mode == "burst":
            return self._gather(samples)
        self._ready = samples.copy()
        self._note_messages(len(samples))
        return len(samples)

    def _gather(self, samples: np.ndarray) -> int:
        """Take samples up to the end of a burst or to the next tag; returns how many."""
        begin = self.nitems_read(0) + self._held
        tags = self._tags(PACKET_LEN, len(samples))
        tagged = bool(tags) and tags[0].offset == begin
        if tagged and self._missing < self._promised:
            self._cut_short("when the next tag came")
            return 0
        limit = next((tag.offset - begin for tag in tags if tag.offset > begin), len(samples))
        if tagged:
            self._begin_burst(burst_length(tags[0].value))
        elif self._missing == 0 and self._late and samples[0]:
            self._begin_burst(self._late)
        if self._missing == 0:
            return self._skip(samples[:limit])
        count = min(limit, self._missing)
        self._parts.append(samples[:count].copy())
        self._note_messages(count)
        self._missing -= count
        self._came_at = time.monotonic()
        if self._missing == 0:
            self._close_burst()
        return count

    def _begin_burst(self, length: int) -> None:
        """Expect the samples of a burst, or of what comes late of one."""
        self._promised = length
        self._missing = length
        self._late = 0

    def _close_burst(self) -> None:
        """Make the samples gathered the burst that is to be written."""
        self._ready = np.concatenate(self._parts)
        self._parts = []
        self._promised = 0
        self._missing = 0

    def _cut_short(self, why: str) -> None:
        """Close a burst of which less has come than its tag promises, and tell."""
        self.refused += 1
        told = is_power_of_two(self.refused)
        reason = "tag packet_len promises more samples than have come"
        if told:  # GNU Radio keeps every different reason for as long as the process lives
            reason = (
                f"tag packet_len promises {self._promised} samples, "
                f"{self._promised - self._missing} had come {why}; these are sent as a burst"
            )
        notify(self, "refused", reason=reason, log=told)
        self._close_burst()

    def _tags(self, key: pmt.pmt_base, count: int) -> list[gr.tag_t]:
        """Tags of a key on the next `count` samples."""
        found = self.get_tags_in_window(0, self._held, self._held + count)
        return [tag for tag in found if pmt.eq(tag.key, key)]

    def _note_messages(self, count: int) -> None:
        """Note which messages end within the next `count` samples."""
        self._ready_ids += [pmt.to_long(tag.value) for tag in self._tags(MESSAGE_ID, count)]

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
            number = radio.write(self._ready, WAIT_S)
        except TimeoutError:
            return False
        except RadioError:
            if radio.failure:  # on_radio has said why
                return False
            raise
        self._given.append((number, self._ready_ids))
        self._ready = None
        self._ready_ids = []
        return True

    def _tell_sent(self, radio: Radio) -> None:
        """Tell which messages have left the radio."""
        while self._given and (radio.drain(0) or self._given[0][0] < radio.sent):
            for message_id in self._given.popleft()[1]:
                notify(self, "transmitted", message_id)

    def _tell_unsent(self, radio: Radio | None) -> None:
        """Tell what has not left the radio, and will not."""
        pieces = len(self._given) + (self._ready is not None)
        if not pieces:
            return
        reason = "the flowgraph was stopped before its samples had left the radio"
        if radio is not None and radio.failure:
            reason = radio.failure
        ids = [message_id for _, ids in self._given for message_id in ids]
        for message_id in ids + self._ready_ids:
            notify(self, "lost", message_id, reason, log=False)
        what = "burst(s)" if self.mode == "burst" else "piece(s) of the stream"
        logging.getLogger(f"gnuradio.semcom.{self.name()}").error(
            "%s: %d %s not sent: %s", self.name(), pieces, what, reason
        )

    def pending(self) -> bool:
        """Whether samples have come that the radio was not given yet, or has not sent."""
        return self._ready is not None or self._missing > 0 or bool(self._given)


def burst_length(value: pmt.pmt_base) -> int:
    """Length of a burst by the value of its tag `packet_len`, samples.

    Raises:
        FrameError: it is none.
    """
    length = pmt.to_long(value) if pmt.is_integer(value) else 0
    if not 1 <= length <= LONGEST_BURST:
        raise FrameError(
            f"tag packet_len is {describe(value)}; allowed is a whole number of samples, 1 to "
            f"{LONGEST_BURST}"
        )
    return length
