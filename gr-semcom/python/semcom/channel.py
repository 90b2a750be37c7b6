# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated channel: fading, multipath, offsets, interference, hardware impairments and noise.

    samples ──► ChannelInlet ──► ChannelQueue (semcom_core.channel) ──► ChannelOutlet ──► samples

A channel outputs more or fewer samples than it takes, and the tails of its filters only when its
input has ended. GNU Radio ends a block as soon as its input ends, so one block could not output
those. Two blocks can: a sink whose stop() is called at the end of the input, and a source that ends
when the queue between them is empty. The sink waits while the queue is full; it wakes the source by
a message. It posts that message itself: the end of a block also ends those that are connected to
its message ports.
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
from semcom_core.errors import ConfigError, check_range

from .guard import WORK_DONE, guarded_work, phy_config, tunable
from .notices import FEEDBACK

#: Message port by which the inlet wakes the outlet.
WAKE = pmt.intern("wake")
#: Most samples that wait between inlet and outlet.
QUEUE_SAMPLES = 1 << 15
#: Most samples that pass through the channel at once.
PIECE_SAMPLES = 1 << 13
#: How long the inlet waits for room, s: GNU Radio checks in between whether the flowgraph is to
#: stop.
WAIT_S = 0.1

#: Tags at positions among samples.
Tags = list[tuple[int, gr.tag_t]]


class channel(gr.hier_block2):
    """A simulated channel, described by a string of terms joined by +, the same as on the command
    line; semcom_core.channel.usages() lists them.

        samples → transmitter terms → air terms → + noise → receiver terms → samples

    The SNR is the mean symbol power on the active carriers over N0 with a unitary FFT, for bursts
    of the transmitter with the same `phy` settings; N0 is the noise power of one sample. At the end
    of the stream the tails of multipath and filters follow. Stopped and started again, the channel
    begins anew, with the same seed.

    Stream input:
        complex samples.

    Stream output:
        complex samples, with the tags of the input.

    Message outputs:
        feedback: the notice `failed`.

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

    def __init__(
        self,
        channel: str = "awgn:20",
        snr_db: float | None = None,
        cfo_hz: float | None = None,
        seed: int = 1,
        phy: dict | None = None,
    ) -> None:
        gr.hier_block2.__init__(
            self,
            "channel",
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
        )
        check_range("seed", _number("seed", seed), 0, 2**31 - 1)
        self._config = phy_config(phy)
        self._parts: dict = {"channel": "clean", "snr_db": None, "cfo_hz": None}
        self._queue = ChannelQueue(self._composed(), int(seed))
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
        """Set the terms. Those that stay the same go on: fading continues, phases do not jump."""
        self._apply(channel=channel)
        self.channel = channel

    @tunable
    def set_snr_db(self, snr_db: float | None) -> None:
        """Set the SNR, dB; inf is without noise, None is the SNR of the channel string."""
        if snr_db is not None and _number("snr_db", snr_db) != math.inf:
            check_range("snr_db", snr_db, -60.0, 100.0)
        self._apply(snr_db=snr_db)
        self.snr_db = snr_db

    @tunable
    def set_cfo_hz(self, cfo_hz: float | None) -> None:
        """Set the carrier frequency offset, Hz; None is that of the channel string."""
        if cfo_hz is not None:
            most_hz = self._config.rate_hz / 2
            check_range("cfo_hz", _number("cfo_hz", cfo_hz), -most_hz, most_hz)
        self._apply(cfo_hz=cfo_hz)
        self.cfo_hz = cfo_hz

    def _apply(self, **part: str | float | None) -> None:
        """Put one part into force, or raise ConfigError and leave everything as it was."""
        before = self._parts
        self._parts = {**self._parts, **part}
        try:
            self._queue.set_channel(self._composed())
        except ConfigError:
            self._parts = before
            raise

    def _composed(self) -> Channel:
        """The channel of all parts together."""
        composed = parse_channel(self._parts["channel"])
        snr_db = self._parts["snr_db"]
        cfo_hz = self._parts["cfo_hz"]
        if cfo_hz is not None:
            composed = composed.with_term(f"cfo:{float(cfo_hz)!r}")
        if snr_db == math.inf:
            composed = composed.noiseless()
        elif snr_db is not None and composed.snr_db is None:
            composed = composed.with_term(f"awgn:{float(snr_db)!r}")
        elif snr_db is not None:
            composed = composed.with_snr(snr_db)
        return composed.for_modem(self._config)


def _number(name: str, value: object) -> Real:
    """The value; raises ConfigError unless it is a number."""
    if not isinstance(value, Real):
        raise ConfigError(f"{name} is {value!r}; allowed is a number")
    return value


class ChannelInlet(gr.sync_block):
    """Sink that sends its samples through the channel.

    Args:
        queue: the channel and the samples behind it.
        outlet: the block to wake when there are samples.
    """

    def __init__(self, queue: ChannelQueue, outlet: ChannelOutlet) -> None:
        gr.sync_block.__init__(self, "channel", [np.complex64], None)
        self._queue = queue
        self._outlet = outlet
        self.message_port_register_out(FEEDBACK)

    def start(self) -> bool:
        """Begin a new stream; GNU Radio starts all blocks before any of them works."""
        self._queue.restart()
        return True

    @guarded_work
    def work(self, input_items: list[np.ndarray], output_items: list[np.ndarray]) -> int:
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

    def stop(self) -> bool:
        """End the channel's stream: the tails of its filters follow."""
        self._wake(self._queue.end())
        return True

    def _wake(self, asleep: bool) -> None:
        if asleep:
            self._outlet.to_basic_block()._post(WAKE, pmt.PMT_T)


class ChannelOutlet(gr.sync_block):
    """Source of the samples that have passed the channel.

    Args:
        queue: the channel and the samples behind it.
    """

    def __init__(self, queue: ChannelQueue) -> None:
        gr.sync_block.__init__(self, "channel", None, [np.complex64])
        self._queue = queue
        self.message_port_register_in(WAKE)
        self.set_msg_handler(WAKE, self.handle_wake)
        self.message_port_register_out(FEEDBACK)

    def handle_wake(self, message: pmt.pmt_base) -> None:
        """Nothing to do: GNU Radio calls work() after a message."""

    @guarded_work
    def work(self, input_items: list[np.ndarray], output_items: list[np.ndarray]) -> int:
        """Output the samples that are ready."""
        count, tags = self._queue.pop(output_items[0])
        for at, tag in tags:
            self.add_item_tag(0, self.nitems_written(0) + at, tag.key, tag.value)
        return count

    def stop(self) -> bool:
        """End the sink too: the blocks after this one have ended, or this block has failed."""
        self._queue.close()
        return True


class ChannelQueue:
    """A channel's stream, and the samples that have passed it. All methods may be called from any
    thread.

    Args:
        channel: the channel.
        seed: seed of everything random; 0 takes one from the clock.
    """

    def __init__(self, channel: Channel, seed: int) -> None:
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
            self._tags: deque[tuple[int, gr.tag_t]] = deque()
            self._given = 0
            self._taken = 0
            self._ended = False
            self._asleep = False
            self.closed = False

    def set_channel(self, channel: Channel) -> None:
        """Continue with another channel.

        Raises:
            ConfigError: a term does not fit the sample rate; everything stays as it was.
        """
        with self._working:
            self._stream.set_channel(channel)
            self.channel = channel

    def wait_for_room(self) -> bool:
        """Wait, WAIT_S at most, for room for a piece or for the outlet's end; False without."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self.closed or self._taken - self._given < QUEUE_SAMPLES, WAIT_S
            )

    def close(self) -> None:
        """The outlet has ended."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def push(self, samples: np.ndarray, tags: Tags) -> bool:
        """Send samples through the channel.

        Args:
            samples: complex64 (N,).
            tags: tags at positions among them.

        Returns:
            Whether the outlet sleeps and must be woken.
        """
        with self._working:
            begin = self._taken + self._stream.held
            return self._put(self._stream.push(samples), [(begin + at, tag) for at, tag in tags])

    def end(self) -> bool:
        """End the stream. True if the outlet sleeps and must be woken."""
        with self._working:
            return self._put(self._stream.end(), [], ended=True)

    def _put(self, samples: np.ndarray, tags: Tags, ended: bool = False) -> bool:
        with self._changed:
            self._ended = ended
            self._pieces.append(samples)
            self._taken += len(samples)
            self._tags.extend(tags)
            asleep = self._asleep
            self._asleep = False
            return asleep

    def pop(self, out: np.ndarray) -> tuple[int, Tags]:
        """Fill `out` with the samples that are ready.

        Args:
            out: complex64 (N,).

        Returns:
            How many samples there were, WORK_DONE when none will follow; tags at positions among
            them.
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
            self._given += count
            tags = []
            while self._tags and self._tags[0][0] < self._given:
                at, tag = self._tags.popleft()
                tags.append((max(at - begin, 0), tag))
            self._asleep = count == 0
            self._changed.notify_all()
            return (WORK_DONE if count == 0 and self._ended else count), tags
