# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One way to every radio, whatever carries its samples.

One radio in the hands of one or two blocks: the source and the sink of a device share its process.

What the radio's source and sink have in common.
"""

from __future__ import annotations

import logging
import threading
import time

import pmt

from semcom_core.errors import ConfigError, FrameError, RadioError, check_range
from semcom_core.radio.file_radio import FileRadio
from semcom_core.radio.process.supervisor import RadioProcess
from semcom_core.radio.profile import RadioProfile, load_profile
from semcom_core.radio.simulation import SimulationRadio
from semcom_core.terminal import print_line

from ..guard import begin_again, guarded_handler, tunable
from ..notices import FEEDBACK, notify
from ..pdu import describe

Radio = RadioProcess | SimulationRadio | FileRadio


def make_radio(
    profile: RadioProfile, receive=True, transmit=False, mode="burst", retries=30, on_event=None
) -> Radio:
    """The radio of a profile, not started yet; see RadioProcess for the arguments, the methods and
    what is raised.
    """
    told = on_event or (lambda state, reason, count: None)
    if profile.backend == "simulation":
        return SimulationRadio(profile, receive, transmit, told)
    if profile.backend == "file":
        return FileRadio(profile, receive, transmit, told)
    return RadioProcess(profile, receive, transmit, mode, retries, told)


#: Settings that are those of the sink where a radio has both.
SINKS_OWN = ("tx_lo_hz", "tx_gain_db", "tx_antenna", "amplitude")
#: Settings that both must agree on.
SHARED = ("rate_hz", "bandwidth_hz", "clock_source", "time_source", "buffer_size", "duplex")
#: How long what was given to a radio may take to leave when the flowgraph stops, s.
DRAIN_S = 1.0


class RadioStation:
    """A radio and the blocks of a flowgraph that use it.

    GNU Radio starts all blocks before any of them works. So each block enters when it starts, and
    the first one that works opens the radio, for all that have entered. The radio is closed when
    the last one has left.
    """

    _stations: dict[tuple[str, str], RadioStation] = {}
    _lock = threading.RLock()

    def __init__(self, key: tuple[str, str], refused: str = ""):
        self._key = key
        self._refused = refused
        self._blocks = {}
        self.radio = None
        self._set_up = threading.Event()

    @classmethod
    def entered(cls, block) -> RadioStation:
        """The station of a block's profile, which the block enters; where another is in its place,
        one that does not open.
        """
        key = block.radio_profile.backend, block.radio_profile.address
        with cls._lock:
            station = cls._stations.setdefault(key, RadioStation(key))
            if station._blocks.setdefault(block.SIDE, block) is not block:
                name = block.name()
                return RadioStation(
                    key,
                    f"radio at {key[1]} has two {name}s; allowed is one radio_source and one "
                    "radio_sink",
                )
            return station

    def open(self) -> Radio:
        """The radio, started by the first call.

        Raises:
            ConfigError: the blocks do not agree, another one is in the place of this one, or the
                radio cannot do that.
            RadioError: it is not there.
        """
        with self._lock:
            if self._refused:
                raise ConfigError(self._refused)
            if self.radio is None:
                try:
                    self.radio = self._started()
                except (ConfigError, RadioError) as error:
                    self._refused = str(
                        error
                        # for the other block as well, which could open it alone once this one has
                        # left
                    )
                    self._set_up.set()  # nobody is to wait for it
                    raise
            return self.radio

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
        mode = sink.mode if sink is not None else "burst"
        radio = make_radio(
            profile,
            source is not None,
            sink is not None,
            mode,
            (source or sink).retries,
            self._tell,
        )
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
        sink = self._blocks.get("tx")
        radio = self.radio
        if sink is None or radio is None or radio.failure:
            return False
        return sink.pending() or not radio.drain(0)

    @classmethod
    def wait_for_all(cls, timeout_s: float) -> bool:
        """Wait until every radio of this process has been set up once, or has failed: what is sent
        before would be lost to the late.
        """
        end = time.monotonic() + timeout_s
        return all(
            station._set_up.wait(max(0.0, end - time.monotonic()))
            for station in list(cls._stations.values())
        )

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
        """Hand on what the radio says: to the sink what is about transmitting, the rest to the
        source, if there is one.
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


def _merged(source, sink) -> RadioProfile:
    """The profile of both blocks together."""
    if source is None or sink is None:
        return (source or sink).radio_profile
    ours = source.radio_profile
    theirs = sink.radio_profile
    merged = ours.with_settings(**{name: getattr(theirs, name) for name in SINKS_OWN})
    for name in SHARED:
        if getattr(theirs, name) != getattr(merged, name):
            values = f"{getattr(theirs, name)!r}, of its source {getattr(merged, name)!r}"
            raise ConfigError(f"{name} of the radio's sink is {values}; allowed is the same")
    return merged


OPEN = pmt.intern("open")
#: Longest wait for samples, or for room, before GNU Radio may ask whether the flowgraph is to stop,
#: s.
WAIT_S = 0.1


class radio_block:
    """A block with a profile, a station and setters. A derived class has SIDE, "rx" or "tx", and is
    a GNU Radio block as well.
    """

    def prepare(self, profile, overrides, retries, gain_db, lo_hz, **settings) -> None:
        """Read the profile and register the ports; raises ConfigError before any radio is
        touched.
        """
        side = self.SIDE
        own = {f"{side}_antenna": settings.pop("antenna"), **settings}
        self.profile = str(profile)
        self.overrides = dict(overrides or {})
        self.radio_profile = load_profile(
            self.profile,
            **{**self.overrides, **{k: v for k, v in own.items() if v not in (None, "")}},
        )
        check_range("retries", retries, 0, 1 << 20)
        self.retries = int(retries)
        self.station = None
        self.refused = 0
        self.set_gain_db(gain_db)
        self.set_lo_hz(lo_hz)
        self.set_blkd_input_timer_value(
            1
        )  # ms until work() is called again after it could do nothing; 250 else
        self.message_port_register_in(OPEN)
        self.set_msg_handler(OPEN, self.handle_open)
        self.message_port_register_out(FEEDBACK)

    @tunable
    def set_gain_db(self, gain_db: float | None) -> None:
        """Set the gain, dB; None leaves it."""
        self._set(f"{self.SIDE}_gain_db", gain_db)
        self.gain_db = gain_db

    @tunable
    def set_lo_hz(self, lo_hz: float | None) -> None:
        """Set the carrier frequency, Hz; None leaves it."""
        self._set(f"{self.SIDE}_lo_hz", lo_hz)
        self.lo_hz = lo_hz

    def _set(self, name: str, value: float | None) -> None:
        if value is None:
            return
        changed = self.radio_profile.with_settings(**{name: float(value)})
        if self.station is not None and self.station.radio is not None:
            if self.SIDE == "tx":
                changed.notice_for(False, True, self.i_may_transmit)
            self.station.radio.set(**{name: float(value)})
        self.radio_profile = changed

    def start(self):
        """Enter the station; the radio is opened once all blocks have started."""
        begin_again(self)
        self.station = RadioStation.entered(self)
        self.to_basic_block()._post(OPEN, pmt.PMT_T)
        return True

    def stop(self):
        """Leave the station, which closes the radio once nobody uses it."""
        if self.station is not None:
            self.station.leave(self)
        return True

    @guarded_handler
    def handle_open(self, message):
        """Open the radio, in this block's own thread."""
        if not pmt.eq(message, pmt.PMT_T):
            raise FrameError(
                f"message on port open is {describe(message)}; allowed is none but the block's own"
            )
        try:
            self.station.open()
        except (ConfigError, RadioError) as error:  # what the user can mend, no defect of the block
            notify(self, "failed", reason=str(error))

    def on_radio(self, state: str, reason: str, count: int) -> None:
        """Hand on what the radio says of itself."""
        notify(self, state, reason=reason, count=count)
