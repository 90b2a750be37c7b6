# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Radios of a flowgraph, and the base of the blocks that use them.

    radio_source ──┐                       ┌── RadioProcess (a device, in a process of its own)
                   ├── RadioStation ──► radio ── SimulationRadio
    radio_sink ────┘                       └── FileRadio (a recording)

A source and a sink of the same backend and address share one radio.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import pmt

from semcom_core.errors import ConfigError, FrameError, RadioError, check_range
from semcom_core.radio.base import EventHandler, Radio
from semcom_core.radio.file_radio import FileRadio
from semcom_core.radio.process.supervisor import RadioProcess
from semcom_core.radio.profile import RadioProfile, load_profile
from semcom_core.radio.simulation import SimulationRadio
from semcom_core.terminal import print_line

from ..guard import begin_again, guarded_handler, tunable
from ..notices import FEEDBACK, notify
from ..pdu import describe

#: Settings that are those of the sink where a radio has both.
SINKS_OWN = ("tx_lo_hz", "tx_gain_db", "tx_antenna", "amplitude")
#: Settings that both must agree on.
SHARED = ("rate_hz", "bandwidth_hz", "clock_source", "time_source", "buffer_size", "duplex")
#: How long the samples given to a radio may take to leave when the flowgraph stops, s.
DRAIN_S = 1.0
#: Longest wait in work() for samples, or for room, s: GNU Radio checks in between whether the
#: flowgraph is to stop.
WAIT_S = 0.1
#: Message port on which a block tells itself to open the radio.
OPEN = pmt.intern("open")


def make_radio(
    profile: RadioProfile,
    receive: bool = True,
    transmit: bool = False,
    mode: str = "burst",
    retries: int = 30,
    on_event: EventHandler | None = None,
) -> Radio:
    """The radio of a profile, not started yet.

    Args:
        profile: the profile, whose backend decides what carries the samples.
        receive, transmit, mode, retries: see RadioProcess.
        on_event: called with (state, reason, count); None: events are ignored.

    Raises:
        ConfigError: the profile cannot do that.
    """
    if profile.backend == "simulation":
        return SimulationRadio(profile, receive, transmit, on_event)
    if profile.backend == "file":
        return FileRadio(profile, receive, transmit, on_event)
    return RadioProcess(profile, receive, transmit, mode, retries, on_event)


class StationRegistry:
    """Stations in use in this process, by backend and address of their radio.

    A station is added by the first of its blocks that starts and removed by the last one that
    stops, so the registry is empty while no flowgraph with radios runs.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._stations: dict[tuple[str, str], RadioStation] = {}

    def add(self, key: tuple[str, str]) -> RadioStation:
        """The station of a radio, a new one where there is none."""
        with self.lock:
            return self._stations.setdefault(key, RadioStation(key))

    def remove(self, key: tuple[str, str]) -> None:
        """Forget a station that its last block has left."""
        with self.lock:
            self._stations.pop(key, None)

    def all(self) -> list[RadioStation]:
        """The stations at this moment; does not wait for one that opens its radio."""
        return list(self._stations.values())


#: The registry of this process: source, sink and link monitor find each other's radios by it.
_STATIONS = StationRegistry()


class RadioStation:
    """A radio and the blocks of a flowgraph that use it.

    GNU Radio starts all blocks before any of them works. So each block enters when it starts, and
    the first one that works opens the radio, for all that have entered. The radio is closed when
    the last one has left.

    Args:
        key: backend and address of the radio.
        refused: why this station does not open; empty: it does.
    """

    def __init__(self, key: tuple[str, str], refused: str = "") -> None:
        self._key = key
        self._refused = refused
        self._blocks: dict[str, radio_block] = {}
        self.radio: Radio | None = None
        self._set_up = threading.Event()

    @classmethod
    def entered(cls, block: radio_block) -> RadioStation:
        """The station of a block's profile, which the block enters.

        Where another block is in its place, the station is one that does not open.
        """
        key = (block.radio_profile.backend, block.radio_profile.address)
        with _STATIONS.lock:
            station = _STATIONS.add(key)
            if station._blocks.setdefault(block.SIDE, block) is block:
                return station
        return RadioStation(
            key,
            f"radio at {key[1]} has two {block.name()}s; allowed is one radio_source and one "
            "radio_sink",
        )

    @classmethod
    def are_there(cls) -> bool:
        """Whether a flowgraph of this process has radios."""
        return bool(_STATIONS.all())

    @classmethod
    def are_busy(cls) -> bool:
        """Whether a radio of this process has something to send that it still can."""
        return bool(cls.unsent())

    @classmethod
    def unsent(cls) -> str:
        """What radios of this process have not sent and still can, in words; empty: nothing.

        A radio that is not set up yet counts: samples may be on their way to it.
        """
        return "; ".join(filter(None, (station._unsent() for station in _STATIONS.all())))

    @classmethod
    def tellers(cls) -> set[str]:
        """Names of the connected blocks that tell by `transmitted` what has left a radio of this
        process.
        """
        return {station._blocks["tx"].name() for station in _STATIONS.all() if station._tells()}

    @classmethod
    def wait_for_all(cls, timeout_s: float) -> bool:
        """Wait until every radio of this process has been set up once, or has failed.

        Samples sent before would be lost to receivers that are not set up yet.
        """
        end = time.monotonic() + timeout_s
        return all(
            station._set_up.wait(max(0.0, end - time.monotonic())) for station in _STATIONS.all()
        )

    def open(self) -> Radio:
        """The radio, started by the first call.

        Raises:
            ConfigError: the blocks do not agree, another one is in the place of this one, or the
                radio cannot do that.
            RadioError: it is not there.
        """
        with _STATIONS.lock:
            if self._refused:
                raise ConfigError(self._refused)
            if self.radio is None:
                try:
                    self.radio = self._started()
                except (ConfigError, RadioError) as error:
                    # for the other block too, which could open it alone once this one has left
                    self._refused = str(error)
                    self._set_up.set()  # no block is to wait for it
                    raise
            return self.radio

    def leave(self, block: radio_block) -> None:
        """A block has stopped; the last one closes the radio."""
        with _STATIONS.lock:
            if self._blocks.get(block.SIDE) is not block:
                return
            del self._blocks[block.SIDE]
            radio = None if self._blocks else self.radio
            if not self._blocks:
                _STATIONS.remove(self._key)
        if radio is not None:
            radio.stop()

    def _started(self) -> Radio:
        source = self._blocks.get("rx")
        sink = self._blocks.get("tx")
        permitted = sink is not None and sink.i_may_transmit
        profile = _merged(source, sink)
        notice = profile.notice_for(source is not None, sink is not None, permitted)
        if notice:
            logging.getLogger(f"gnuradio.semcom.{sink.name()}").warning(
                "%s: %s", sink.name(), notice
            )
        radio = make_radio(
            profile,
            receive=source is not None,
            transmit=sink is not None,
            mode=sink.mode if sink is not None else "burst",
            retries=(source or sink).retries,
            on_event=self._on_event,
        )
        radio.start()
        return radio

    def _unsent(self) -> str:
        """See unsent(); of this station."""
        sink = self._blocks.get("tx")
        radio = self.radio
        if sink is None or self._refused or (radio is not None and radio.failure):
            return ""
        if radio is None or not self._set_up.is_set():
            return f"radio at {self._key[1]} is not set up"
        if sink.pending() or not radio.drain(0):
            return f"radio at {self._key[1]} has not sent all that it was given"
        return ""

    def _tells(self) -> bool:
        """Whether somebody hears the sink's notices."""
        sink = self._blocks.get("tx")
        return sink is not None and pmt.is_pair(sink.to_basic_block().message_subscribers(FEEDBACK))

    def _on_event(self, state: str, reason: str, count: int) -> None:
        """Pass on what the radio reports: an underrun to the sink, the rest to the source, where
        the flowgraph has both.
        """
        if state == "ready":
            print_line(f"radio at {self._key[1]} is ready")
        if state in ("ready", "failed"):
            self._set_up.set()
        blocks = dict(self._blocks)
        order = ("tx", "rx") if state == "underrun" else ("rx", "tx")
        block = next((blocks[side] for side in order if side in blocks), None)
        if block is not None:
            block.on_radio(state, reason, count)


def _merged(source: radio_block | None, sink: radio_block | None) -> RadioProfile:
    """The profile of both blocks together; raises ConfigError where they do not agree."""
    if source is None or sink is None:
        return (source or sink).radio_profile
    own = {name: getattr(sink.radio_profile, name) for name in SINKS_OWN}
    merged = source.radio_profile.with_settings(**own)
    for name in SHARED:
        of_sink = getattr(sink.radio_profile, name)
        of_source = getattr(merged, name)
        if of_sink != of_source:
            values = f"{of_sink!r}, of its source {of_source!r}"
            raise ConfigError(f"{name} of the radio's sink is {values}; allowed is the same")
    return merged


class radio_block:
    """Base of radio_source and radio_sink: profile, station and setters.

    A derived class has SIDE and is a GNU Radio block as well. Its constructor calls `prepare` after
    that of the GNU Radio block.

    Attributes:
        SIDE: "rx" or "tx".
        radio_profile: the profile with all settings of the block.
        station: the station that the block has entered; None before the first start.
    """

    SIDE: str

    def prepare(
        self,
        profile: str,
        overrides: dict | None,
        retries: int,
        gain_db: float | None,
        lo_hz: float | None,
        antenna: str,
        **settings: Any,
    ) -> None:
        """Read the profile and register the ports.

        Args:
            profile: name of a profile, or a .yml file.
            overrides: settings instead of the profile's.
            retries: processes in a row, none of which gets the radio going, before it is given up.
            gain_db, lo_hz: gain, dB, and frequency, Hz, of the block's side; None: the profile's.
            antenna: antenna of the block's side; empty: the profile's.
            settings: further settings of RadioProfile; None or empty: the profile's.

        Raises:
            ConfigError: a value is not allowed; no radio has been touched.
        """
        self.profile = str(profile)
        self.overrides = dict(overrides or {})
        own = {f"{self.SIDE}_antenna": antenna, **settings}
        given = {name: value for name, value in own.items() if value not in (None, "")}
        self.radio_profile = load_profile(self.profile, **{**self.overrides, **given})
        check_range("retries", retries, 0, 1 << 20)
        self.retries = int(retries)
        self.station: RadioStation | None = None
        self.refused = 0
        self.set_gain_db(gain_db)
        self.set_lo_hz(lo_hz)
        # ms until work() is called again after it could do nothing; 250 is GNU Radio's default
        self.set_blkd_input_timer_value(1)
        self.message_port_register_in(OPEN)
        self.set_msg_handler(OPEN, self.handle_open)
        self.message_port_register_out(FEEDBACK)

    @tunable
    def set_gain_db(self, gain_db: float | None) -> None:
        """Set the gain, dB; None leaves it."""
        self._tune(f"{self.SIDE}_gain_db", gain_db)
        self.gain_db = gain_db

    @tunable
    def set_lo_hz(self, lo_hz: float | None) -> None:
        """Set the carrier frequency, Hz; None leaves it."""
        self._tune(f"{self.SIDE}_lo_hz", lo_hz)
        self.lo_hz = lo_hz

    def _tune(self, name: str, value: float | None) -> None:
        if value is None:
            return
        changed = self.radio_profile.with_settings(**{name: float(value)})
        if self.station is not None and self.station.radio is not None:
            if self.SIDE == "tx":
                changed.notice_for(False, True, self.i_may_transmit)
            self.station.radio.set(**{name: float(value)})
        self.radio_profile = changed

    def start(self) -> bool:
        """Enter the station; the radio is opened once all blocks have started."""
        begin_again(self)
        self.station = RadioStation.entered(self)
        self.to_basic_block()._post(OPEN, pmt.PMT_T)
        return True

    def stop(self) -> bool:
        """Leave the station; the last block closes the radio."""
        if self.station is not None:
            self.station.leave(self)
        return True

    @guarded_handler
    def handle_open(self, message: pmt.pmt_base) -> None:
        """Open the radio, in this block's own thread."""
        if not pmt.eq(message, pmt.PMT_T):
            raise FrameError(
                f"message on port open is {describe(message)}; allowed is none but the block's own"
            )
        try:
            self.station.open()
        except (ConfigError, RadioError) as error:  # the user's settings, no defect of the block
            notify(self, "failed", reason=str(error))

    def on_radio(self, state: str, reason: str, count: int) -> None:
        """Send a notice of what the radio reports.

        Args:
            state: one of notices.STATES.
            reason: why, in one line; may be empty.
            count: how many of its kind the notice stands for.
        """
        notify(self, state, reason=reason, count=count)
