# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated channel: fading, multipath, offsets, interference, imperfect hardware, and noise by the project's SNR convention."""

from __future__ import annotations

import math
from numbers import Real

from gnuradio import gr

from semcom_core.channel import Channel, parse_channel
from semcom_core.config import from_mapping
from semcom_core.errors import ConfigError, check_range
from semcom_core.phy import PhyConfig

from .channel_ends import ChannelInlet, ChannelOutlet, ChannelQueue
from .guard import tunable


class channel(gr.hier_block2):
    """A channel by a string of terms joined by +, the same as on the command line; semcom_core.channel.usages() lists them.

        samples → transmitter terms → air terms → + noise → receiver terms → samples

    The SNR is the mean symbol power on the active carriers over N0 with a unitary FFT, for bursts of the transmitter with the
    same `phy` settings; N0 is the noise power of one sample. At the end of the stream the tails of multipath and filters come out.
    Stopped and started again, the channel begins anew, with the same seed.

    Message port:
        feedback (output): the notice `failed`.

    Args:
        channel: terms, such as awgn:10+cfo:12khz+taps:0,-6,-10 or tdl-a:10,100ns,3kmh+sco:20ppm+iq:1db.
        snr_db: SNR, dB, instead of the one in `channel`; inf is without noise; None leaves the one in `channel`.
        cfo_hz: carrier frequency offset, Hz, instead of the first one in `channel`; None leaves that.
        seed: seed of everything random; 0 takes one from the clock.
        phy: settings of semcom_core.phy.PhyConfig, a dict; sample rate and powers are taken from them.

    Raises:
        ConfigError: a value is out of range, or a term is unknown or malformed.
    """

    def __init__(self, channel="awgn:20", snr_db=None, cfo_hz=None, seed=1, phy=None):
        gr.hier_block2.__init__(self, "channel", gr.io_signature(1, 1, gr.sizeof_gr_complex), gr.io_signature(1, 1, gr.sizeof_gr_complex))
        check_range("seed", number("seed", seed), 0, 2**31 - 1)
        self._config, self._parts = from_mapping(PhyConfig, phy or {}), {"channel": "clean", "snr_db": None, "cfo_hz": None}
        self._queue = ChannelQueue(self._made(), int(seed))
        self.set_snr_db(snr_db)
        self.set_cfo_hz(cfo_hz)
        self.set_channel(channel)
        self._outlet = ChannelOutlet(self._queue)
        self._inlet = ChannelInlet(self._queue, self._outlet)
        self.connect(self, self._inlet)
        self.connect(self._outlet, self)
        self.message_port_register_hier_out("feedback")
        self.msg_connect(self._inlet, "feedback", self, "feedback")
        self.msg_connect(self._outlet, "feedback", self, "feedback")

    @property
    def terms(self) -> str:
        """All terms in force."""
        return str(self._queue.channel)

    @tunable
    def set_channel(self, channel: str) -> None:
        """Set the terms. Those that do not change go on as they are: fading goes on and phases do not jump."""
        self._set("channel", channel)

    @tunable
    def set_snr_db(self, snr_db: float | None) -> None:
        """Set the SNR, dB; inf is without noise, None is the SNR of the channel string."""
        if snr_db is not None and number("snr_db", snr_db) != math.inf:
            check_range("snr_db", snr_db, -60.0, 100.0)
        self._set("snr_db", snr_db)

    @tunable
    def set_cfo_hz(self, cfo_hz: float | None) -> None:
        """Set the carrier frequency offset, Hz; None is that of the channel string."""
        if cfo_hz is not None:
            check_range("cfo_hz", number("cfo_hz", cfo_hz), -self._config.rate_hz / 2, self._config.rate_hz / 2)
        self._set("cfo_hz", cfo_hz)

    def _set(self, name: str, value) -> None:
        """Put one part into force, or raise ConfigError and leave everything as it was."""
        before, self._parts = self._parts, {**self._parts, name: value}
        try:
            self._queue.set_channel(self._made())
        except ConfigError:
            self._parts = before
            raise
        setattr(self, name, value)

    def _made(self) -> Channel:
        """The channel of all parts together."""
        made, snr_db, cfo_hz = parse_channel(self._parts["channel"]), self._parts["snr_db"], self._parts["cfo_hz"]
        if cfo_hz is not None:
            made = made.with_term(f"cfo:{float(cfo_hz)!r}")
        if snr_db == math.inf:
            made = made.noiseless()
        elif snr_db is not None:
            made = made.with_term(f"awgn:{float(snr_db)!r}") if made.snr_db is None else made.with_snr(snr_db)
        return made.for_modem(self._config)


def number(name: str, value) -> Real:
    """The value, or ConfigError unless it is a number."""
    if not isinstance(value, Real):
        raise ConfigError(f"{name} is {value!r}; allowed is a number")
    return value
