# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text over a link: what a codec spends on a message, and what comes out at the far end of a channel."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from semcom_core.bench.corpus import Message
from semcom_core.bench.gap import gap_of
from semcom_core.bench.noisy import NoisyModel
from semcom_core.bench.pilots import pilot_uses, receive_with_pilots
from semcom_core.bench.rounds import in_context, joined, rounds_of
from semcom_core.channel import Channel
from semcom_core.errors import ConfigError, check_range
from semcom_core.phy import Frame, ReceivedFrame
from semcom_core.phy.frame import MESSAGE_IDS, ROUNDS
from semcom_core.text import DecodedText, TextCodec, load_codec


@dataclass(frozen=True)
class Trial:
    """One message over the channel.

    Args:
        sent: the text.
        received: what the codec made of it.
        bits: information of the text by the codec's own source model, bits.
        lengths: channel uses of each frame sent, of all rounds.
        encode_s, decode_s: wall-clock times, s.
        rounds: rounds sent.
        gap: uses of the first round by cause (see gap).
        pilots: channel uses of the pilots.
    """

    sent: str
    received: DecodedText
    bits: float
    lengths: tuple[int, ...]
    encode_s: float
    decode_s: float
    rounds: int = 1
    gap: dict[str, float] = field(default_factory=dict)
    pilots: int = 0

    @property
    def uses(self) -> int:
        """Channel uses of all rounds, pilots included."""
        return sum(self.lengths) + self.pilots


@dataclass(frozen=True)
class Link:
    """What a text bench sends over; small enough to be handed to another process.

    Args:
        codec: name of the codec.
        settings: its settings.
        channel: must state an SNR, for which the codec chooses its rate unless design_snr_db says otherwise.
        probability_noise: uniform noise on each log2-probability at the receiver, ± bits.
        seed: of the channel and the noise; message i has a generator of its own.
        rounds: most rounds of a message, 1 to 4: increments where the codec has them, else copies.
        design_snr_db: SNR for which the codec chooses its rate, dB.
        pilots: known symbols in each fading block, from which the receiver estimates the gain; 0 tells it the gain.

    Raises:
        ConfigError: a value is out of range.
    """

    codec: str
    settings: dict
    channel: Channel
    probability_noise: float = 0.0
    seed: int = 1
    rounds: int = 1
    design_snr_db: float | None = None
    pilots: int = 0

    def __post_init__(self):
        check_range("rounds", self.rounds, 1, ROUNDS)
        check_range("pilots", self.pilots, 0, 64)
        if self.design_snr_db is not None:
            check_range("design SNR in dB", self.design_snr_db, -20, 60)

    @property
    def rate_snr_db(self) -> float:
        """SNR for which the codec chooses its rate, dB."""
        return self.channel.snr_db if self.design_snr_db is None else self.design_snr_db

    def receive(self, frame: Frame, rng: np.random.Generator) -> ReceivedFrame:
        """A frame as the receiver has it."""
        return receive_with_pilots(frame, self.channel, self.pilots, rng) if self.pilots else receive(frame, self.channel, rng)

    def pilot_uses(self, length: int) -> int:
        """Channel uses of the pilots of a frame."""
        return pilot_uses(length, self.channel, self.pilots) if self.pilots else 0

    def trials(self) -> Trials:
        """Who sends over this link."""
        return Trials(self)

    def sender(self) -> TextCodec:
        """The codec at the sending end."""
        return load_codec(self.codec, **self.settings)

    def receiver(self, sender: TextCodec, rng: np.random.Generator) -> TextCodec:
        """The codec at the receiving end: the sender's, or one whose model is a little off by noise of `rng`.

        Raises:
            ConfigError: there is to be noise, and the codec has no language model.
        """
        if not self.probability_noise:
            return sender
        if not hasattr(sender, "model"):
            raise ConfigError(f"codec {self.codec!r} has no language model; --probability-noise goes with spinal")
        return type(sender)(sender.config, NoisyModel(sender.model, self.probability_noise, rng))


class Trials:
    """Sends messages over a link, symbols without the modem, and decodes them.

    Args:
        link: what to send over.
        sender: the codec at the sending end; None loads it.
    """

    def __init__(self, link: Link, sender: TextCodec | None = None):
        self._link = link
        self._sender = sender or link.sender()
        self._warm = False

    def uses(self, message: Message) -> int:
        """Channel uses of the first round of a message."""
        frames = in_context(self._sender, message).encode(message.text, self._link.rate_snr_db)
        return sum(len(frame.symbols) for frame in frames)

    def run(self, number: int, message: Message) -> Trial:
        """Send message `number`, round after round until it is decoded; its message number is that modulo MESSAGE_IDS."""
        link, rng = self._link, np.random.default_rng([self._link.seed, number])
        self._warm_up()
        started = time.perf_counter()
        sender = in_context(self._sender, message)
        rounds = rounds_of(sender, message.text, link.rate_snr_db, number % MESSAGE_IDS, link.rounds)
        encode_s = time.perf_counter() - started
        sent, result, decode_s = self._deliver(rounds, link.receiver(sender, rng), rng)
        lengths = tuple(len(frame.symbols) for frames in rounds[:sent] for frame in frames)
        pilots = sum(link.pilot_uses(length) for length in lengths)
        bits, gap = sender.source_bits(message.text), gap_of(sender, message.text, link.rate_snr_db)
        return Trial(message.text, result, bits, lengths, encode_s, decode_s, sent, gap, pilots)

    def _warm_up(self) -> None:
        """Send a word before anything is timed: the first use of a codec loads and compiles what it needs."""
        if not self._warm:
            snr_db, clean = 20.0, np.float32(0.01)
            frames = self._sender.encode("Yes.", snr_db)
            self._sender.decode([ReceivedFrame(f.header, f.symbols, np.full(len(f.symbols), clean)) for f in frames])
            self._warm = True

    def _deliver(self, rounds: list[list[Frame]], receiver: TextCodec, rng: np.random.Generator) -> tuple[int, DecodedText, float]:
        """Rounds sent until the message was decoded (or all), what was received, and the time of all attempts to decode, s."""
        received: list[ReceivedFrame] = []
        sent, decode_s, result = 0, 0.0, None
        while sent < len(rounds) and not (result and result.decoded):
            for frame in rounds[sent]:
                received = joined(received, self._link.receive(frame, rng))
            started = time.perf_counter()
            result = receiver.decode(received)
            decode_s += time.perf_counter() - started
            sent += 1
        return sent, result, decode_s


def receive(frame: Frame, channel: Channel, rng: np.random.Generator) -> ReceivedFrame:
    """A frame as it comes out of the channel, without the modem."""
    symbols, noise_var = channel.through_symbols(frame.symbols, rng)
    return ReceivedFrame(frame.header, symbols, noise_var, snr_db=channel.snr_db)
