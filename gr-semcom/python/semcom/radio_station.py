# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One radio in the hands of one or two blocks: the source and the sink of a device share its process."""

from __future__ import annotations

import logging
import threading
import time

from semcom_core.errors import ConfigError, RadioError
from semcom_core.radio.opened import Radio, make_radio
from semcom_core.radio.profile import RadioProfile
from semcom_core.text.visible import print_line

#: Settings that are those of the sink where a radio has both.
SINKS_OWN = ("tx_lo_hz", "tx_gain_db", "tx_antenna", "amplitude")
#: Settings that both must agree on.
SHARED = ("rate_hz", "bandwidth_hz", "clock_source", "time_source", "buffer_size", "duplex")
#: How long what was given to a radio may take to leave when the flowgraph stops, s.
DRAIN_S = 1.0


class RadioStation:
    """A radio and the blocks of a flowgraph that use it.

    GNU Radio starts all blocks before any of them works. So each block enters when it starts, and the first one that works opens the
    radio, for all that have entered. The radio is closed when the last one has left.
    """

    _stations: dict[tuple[str, str], RadioStation] = {}
    _lock = threading.RLock()

    def __init__(self, key: tuple[str, str], refused: str = ""):
        self._key, self._refused, self._blocks, self.radio, self._set_up = key, refused, {}, None, threading.Event()

    @classmethod
    def entered(cls, block) -> RadioStation:
        """The station of a block's profile, which the block enters; where another is in its place, one that does not open."""
        key = block.radio_profile.backend, block.radio_profile.address
        with cls._lock:
            station = cls._stations.setdefault(key, RadioStation(key))
            if station._blocks.setdefault(block.SIDE, block) is not block:
                name = block.name()
                return RadioStation(key, f"radio at {key[1]} has two {name}s; allowed is one radio_source and one radio_sink")
            return station

    def open(self) -> Radio:
        """The radio, started by the first call.

        Raises:
            ConfigError: the blocks do not agree, another one is in the place of this one, or the radio cannot do that.
            RadioError: it is not there.
        """
        with self._lock:
            if self._refused:
                raise ConfigError(self._refused)
            if self.radio is None:
                try:
                    self.radio = self._started()
                except (ConfigError, RadioError) as error:
                    self._refused = str(error)  # for the other block as well, which could open it alone once this one has left
                    self._set_up.set()  # nobody is to wait for it
                    raise
            return self.radio

    def _started(self) -> Radio:
        source, sink = self._blocks.get("rx"), self._blocks.get("tx")
        permitted = sink is not None and sink.i_may_transmit
        profile = _merged(source, sink)
        notice = profile.notice_for(source is not None, sink is not None, permitted)
        if notice:
            logging.getLogger(f"gnuradio.semcom.{sink.name()}").warning("%s: %s", sink.name(), notice)
        mode = sink.mode if sink is not None else "burst"
        radio = make_radio(profile, source is not None, sink is not None, mode, (source or sink).retries, self._tell)
        radio.start()
        return radio

    @classmethod
    def are_there(cls) -> bool:
        """Whether a flowgraph of this process has radios."""
        return bool(cls._stations)

    @classmethod
    def are_busy(cls) -> bool:
        """Whether a radio of this process has something to send that it still can."""
        return any(station._busy() for station in list(cls._stations.values()))

    def _busy(self) -> bool:
        sink, radio = self._blocks.get("tx"), self.radio
        if sink is None or radio is None or radio.failure:
            return False
        return sink.pending() or not radio.drain(0)

    @classmethod
    def wait_for_all(cls, timeout_s: float) -> bool:
        """Wait until every radio of this process has been set up once, or has failed: what is sent before would be lost to the late."""
        end = time.monotonic() + timeout_s
        return all(station._set_up.wait(max(0.0, end - time.monotonic())) for station in list(cls._stations.values()))

    def leave(self, block) -> None:
        """A block has stopped; the last one closes the radio."""
        with self._lock:
            if self._blocks.get(block.SIDE) is not block:
                return
            del self._blocks[block.SIDE]
            radio = None if self._blocks else self.radio
            if not self._blocks:
                self._stations.pop(self._key, None)
        if radio is not None:
            radio.drain(DRAIN_S)
            radio.stop()

    def _tell(self, state: str, reason: str, count: int) -> None:
        """Hand on what the radio says: to the sink what is about transmitting, the rest to the source, if there is one."""
        if state == "ready":
            print_line(f"radio at {self._key[1]} is ready")
        if state in ("ready", "failed"):
            self._set_up.set()
        blocks = dict(self._blocks)
        order = ("tx", "rx") if state == "underrun" else ("rx", "tx")
        block = next((blocks[side] for side in order if side in blocks), None)
        if block is not None:
            block.on_radio(state, reason, count)


def _merged(source, sink) -> RadioProfile:
    """The profile of both blocks together."""
    if source is None or sink is None:
        return (source or sink).radio_profile
    ours, theirs = source.radio_profile, sink.radio_profile
    merged = ours.with_settings(**{name: getattr(theirs, name) for name in SINKS_OWN})
    for name in SHARED:
        if getattr(theirs, name) != getattr(merged, name):
            values = f"{getattr(theirs, name)!r}, of its source {getattr(merged, name)!r}"
            raise ConfigError(f"{name} of the radio's sink is {values}; allowed is the same")
    return merged
