# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two ends of the channel block, and the bounded queue between them.

A channel gives out more or fewer samples than it takes, and some of them only when its input has
ended. GNU Radio ends a block as soon as its input ends, so one block could not give those out. Two
blocks can: a sink whose stop() is called at the end of the input, and a source that ends when the
queue between them is empty. The sink waits while the queue is full; it wakes the source by a
message. It posts that message itself: the end of a block also ends those that are connected to its
message ports.

Simulated channel: fading, multipath, offsets, interference, imperfect hardware, and noise by the
project's SNR convention.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from numbers import Real

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.channel import Channel, parse_channel
from semcom_core.config import from_mapping
from semcom_core.errors import ConfigError, check_range
from semcom_core.phy import PhyConfig

from .guard import WORK_DONE, guarded_work, tunable
from .notices import FEEDBACK

WAKE = pmt.intern("wake")
#: Samples that may wait, and most that are worked on at once.
QUEUE_SAMPLES = 1 << 15
PIECE_SAMPLES = 1 << 13
#: How long the sink waits for room before GNU Radio may ask whether the flowgraph is to stop, s.
WAIT_S = 0.1


class ChannelQueue:
    """A channel at work, and samples that have passed it. Setters may be called from any thread.

    Args:
        channel: the channel.
        seed: seed of everything random; 0 takes one from the clock.
    """

    def __init__(self, channel: Channel, seed: int):
        self.channel = channel
        self._seed = seed
        self._changed = threading.Condition()
        self._working = threading.Lock()
        self.restart()

    def restart(self) -> None:
        """Begin a new stream with the same seed."""
        with self._working, self._changed:
            self._stream = self.channel.stream(np.random.default_rng(self._seed or None))
            self._pieces: deque[np.ndarray] = deque()
            self._tags: deque[tuple[int, object]] = deque()
            self._given = self._taken = 0
            self._ended = self._asleep = self.closed = False

    def set_channel(self, channel: Channel) -> None:
        """Go on with another channel.

        Raises:
            ConfigError: a term does not fit the sample rate; everything stays as it was.
        """
        with self._working:
            self._stream.set_channel(channel)
            self.channel = channel

    def wait_for_room(self) -> bool:
        """Whether there is room for a piece, or nobody takes samples any more; waits a little for
        it.
        """
        with self._changed:
            return self._changed.wait_for(
                lambda: self.closed or self._taken - self._given < QUEUE_SAMPLES, WAIT_S
            )

    def close(self) -> None:
        """Nobody takes samples any more."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def push(self, samples: np.ndarray, tags: list[tuple[int, object]]) -> bool:
        """Send samples, and tags at positions among them. True if the source is asleep and must be
        woken.
        """
        with self._working:
            begin = self._taken + self._stream.held
            return self._put(self._stream.push(samples), [(begin + at, tag) for at, tag in tags])

    def end(self) -> bool:
        """End the stream. True if the source is asleep and must be woken."""
        with self._working:
            return self._put(self._stream.end(), [], ended=True)

    def _put(
        self, samples: np.ndarray, tags: list[tuple[int, object]], ended: bool = False
    ) -> bool:
        with self._changed:
            self._ended = ended
            self._pieces.append(samples)
            self._taken += len(samples)
            self._tags.extend(tags)
            asleep = self._asleep
            self._asleep = False
            return asleep

    def pop(self, out: np.ndarray) -> tuple[int, list[tuple[int, object]]]:
        """Fill `out`: how many samples there were, with tags at positions among them. -1 when there
        will be no more.
        """
        with self._changed:
            count = 0
            while self._pieces and count < len(out):
                piece = self._pieces.popleft()
                part = min(len(piece), len(out) - count)
                out[count : count + part] = piece[:part]
                count += part
                if part < len(piece):
                    self._pieces.appendleft(piece[part:])
            begin = self._given
            self._given = self._given + count
            tags = []
            while self._tags and self._tags[0][0] < self._given:
                at, tag = self._tags.popleft()
                tags.append((max(at - begin, 0), tag))
            self._asleep = count == 0
            self._changed.notify_all()
            return (WORK_DONE if count == 0 and self._ended else count), tags


class ChannelInlet(gr.sync_block):
    """Takes the samples."""

    def __init__(self, queue: ChannelQueue, outlet: ChannelOutlet):
        gr.sync_block.__init__(self, "channel", [np.complex64], None)
        self._queue = queue
        self._outlet = outlet
        self.message_port_register_out(FEEDBACK)

    def start(self):
        """Begin a new stream; GNU Radio starts all blocks before any of them works."""
        self._queue.restart()
        return True

    @guarded_work
    def work(self, input_items, output_items):
        """Send a piece through the channel, once there is room."""
        if not self._queue.wait_for_room():
            return 0
        if self._queue.closed:
            return WORK_DONE
        samples = input_items[0][:PIECE_SAMPLES].copy()  # the buffer is reused once work() returns
        tags = [
            (tag.offset - self.nitems_read(0), tag)
            for tag in self.get_tags_in_window(0, 0, len(samples))
        ]
        self._wake(self._queue.push(samples, tags))
        return len(samples)

    def stop(self):
        """Let the rest out."""
        self._wake(self._queue.end())
        return True

    def _wake(self, asleep: bool) -> None:
        if asleep:
            self._outlet.to_basic_block()._post(WAKE, pmt.PMT_T)


class ChannelOutlet(gr.sync_block):
    """Gives out the samples."""

    def __init__(self, queue: ChannelQueue):
        gr.sync_block.__init__(self, "channel", None, [np.complex64])
        self._queue = queue
        self.message_port_register_in(WAKE)
        self.set_msg_handler(WAKE, self.handle_wake)
        self.message_port_register_out(FEEDBACK)

    def handle_wake(self, message):
        """Nothing to do: GNU Radio calls work() after a message."""

    @guarded_work
    def work(self, input_items, output_items):
        """Give out what is ready."""
        count, tags = self._queue.pop(output_items[0])
        for at, tag in tags:
            self.add_item_tag(0, self.nitems_written(0) + at, tag.key, tag.value)
        return count

    def stop(self):
        """Let the sink end too: what comes after this block has ended, or this block has failed."""
        self._queue.close()
        return True


class channel(gr.hier_block2):
    """A channel by a string of terms joined by +, the same as on the command line;
    semcom_core.channel.usages() lists them.

        samples → transmitter terms → air terms → + noise → receiver terms → samples

    The SNR is the mean symbol power on the active carriers over N0 with a unitary FFT, for bursts
    of the transmitter with the same `phy` settings; N0 is the noise power of one sample. At the end
    of the stream the tails of multipath and filters come out. Stopped and started again, the
    channel begins anew, with the same seed.

    Message port:
        feedback (output): the notice `failed`.

    Args:
        channel: terms, such as awgn:10+cfo:12khz+taps:0,-6,-10 or
            tdl-a:10,100ns,3kmh+sco:20ppm+iq:1db.
        snr_db: SNR, dB, instead of the one in `channel`; inf is without noise; None leaves the one
            in `channel`.
        cfo_hz: carrier frequency offset, Hz, instead of the first one in `channel`; None leaves
            that.
        seed: seed of everything random; 0 takes one from the clock.
        phy: settings of semcom_core.phy.PhyConfig, a dict; sample rate and powers are taken from
            them.

    Raises:
        ConfigError: a value is out of range, or a term is unknown or malformed.
    """

    def __init__(self, channel="awgn:20", snr_db=None, cfo_hz=None, seed=1, phy=None):
        gr.hier_block2.__init__(
            self,
            "channel",
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
        )
        check_range("seed", number("seed", seed), 0, 2**31 - 1)
        self._config = from_mapping(PhyConfig, phy or {})
        self._parts = {"channel": "clean", "snr_db": None, "cfo_hz": None}
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
        """Set the terms. Those that do not change go on as they are: fading goes on and phases do
        not jump.
        """
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
            check_range(
                "cfo_hz",
                number("cfo_hz", cfo_hz),
                -self._config.rate_hz / 2,
                self._config.rate_hz / 2,
            )
        self._set("cfo_hz", cfo_hz)

    def _set(self, name: str, value) -> None:
        """Put one part into force, or raise ConfigError and leave everything as it was."""
        before = self._parts
        self._parts = {**self._parts, name: value}
        try:
            self._queue.set_channel(self._made())
        except ConfigError:
            self._parts = before
            raise
        setattr(self, name, value)

    def _made(self) -> Channel:
        """The channel of all parts together."""
        made = parse_channel(self._parts["channel"])
        snr_db = self._parts["snr_db"]
        cfo_hz = self._parts["cfo_hz"]
        if cfo_hz is not None:
            made = made.with_term(f"cfo:{float(cfo_hz)!r}")
        if snr_db == math.inf:
            made = made.noiseless()
        elif snr_db is not None:
            made = (
                made.with_term(f"awgn:{float(snr_db)!r}")
                if made.snr_db is None
                else made.with_snr(snr_db)
            )
        return made.for_modem(self._config)


def number(name: str, value) -> Real:
    """The value, or ConfigError unless it is a number."""
    if not isinstance(value, Real):
        raise ConfigError(f"{name} is {value!r}; allowed is a number")
    return value
