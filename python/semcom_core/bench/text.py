# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of the text codecs: what a codec spends on a sentence, and what comes out at the far end of a channel."""

from __future__ import annotations

import bisect
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from semcom_core.bench.noisy import NoisyModel
from semcom_core.channel import Channel
from semcom_core.errors import ConfigError
from semcom_core.metrics import bound_uses, exact_rate, limit_uses, mean_bleu, mean_chrf
from semcom_core.phy import Frame, Layout, PhyConfig, ReceivedFrame
from semcom_core.phy.frame import MESSAGE_IDS
from semcom_core.text import DecodedText, TextCodec, load_codec

#: Error probability for which the finite-blocklength limit is stated.
LIMIT_ERROR = 0.01
#: Messages a burst for which the samples on air are stated.
MESSAGES_A_BURST = (1, 2, 4, 8)


@dataclass(frozen=True)
class Trial:
    """One sentence over the channel.

    Args:
        sent: the sentence.
        received: what the codec made of it.
        bits: information of the sentence by the codec's own source model, bits.
        lengths: channel uses of each of its frames.
        encode_s, decode_s: wall-clock times, s.
    """

    sent: str
    received: DecodedText
    bits: float
    lengths: tuple[int, ...]
    encode_s: float
    decode_s: float


@dataclass(frozen=True)
class Link:
    """What a text bench sends over; small enough to be handed to another process.

    Args:
        codec: name of the codec.
        settings: its settings.
        channel: must state an SNR, for which the codec chooses its rate.
        probability_noise: uniform noise on each log2-probability at the receiver, ± bits.
        seed: of the channel and the noise; sentence i has a generator of its own.
    """

    codec: str
    settings: dict
    channel: Channel
    probability_noise: float = 0.0
    seed: int = 1

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
    """Sends sentences over a link, symbols without the modem, and decodes them.

    Args:
        link: what to send over.
        sender: the codec at the sending end; None loads it.
    """

    def __init__(self, link: Link, sender: TextCodec | None = None):
        self._link = link
        self._sender = sender or link.sender()

    def run(self, number: int, text: str) -> Trial:
        """Send sentence `number`; its message number is that modulo MESSAGE_IDS."""
        channel, rng = self._link.channel, np.random.default_rng([self._link.seed, number])
        started = time.perf_counter()
        frames = self._sender.encode(text, channel.snr_db, message_id=number % MESSAGE_IDS)
        encoded = time.perf_counter()
        received = [receive(frame, channel, rng) for frame in frames]
        receiver = self._link.receiver(self._sender, rng)
        begun = time.perf_counter()
        result = receiver.decode(received)
        decoded = time.perf_counter()
        lengths = tuple(len(frame.symbols) for frame in frames)
        return Trial(text, result, self._sender.source_bits(text), lengths, encoded - started, decoded - begun)


def receive(frame: Frame, channel: Channel, rng: np.random.Generator) -> ReceivedFrame:
    """A frame as it comes out of the channel, without the modem."""
    symbols, noise_var = channel.through_symbols(frame.symbols, rng)
    return ReceivedFrame(frame.header, symbols, noise_var, snr_db=channel.snr_db)


def summarise(name: str, channel: Channel, trials: list[Trial]) -> dict:
    """One row of the text bench.

    Uses are channel uses of the payload, air uses are samples of the burst (one message each; air_ratio has air uses over uses for
    several). bound_ratio is uses over the source bits at capacity, limit_ratio the same for the finite-blocklength limit at an error
    probability of LIMIT_ERROR. Marked texts were delivered as undecoded; similarity is chrF, 0 to 1. Times are a sentence, s.
    """
    sent = [t.sent for t in trials]
    got = [t.received.text for t in trials]
    words = sum(len(s.split()) for s in sent)
    bits = np.array([t.bits for t in trials])
    uses = sum(sum(t.lengths) for t in trials)
    bound = bound_uses(bits, channel.snr_db).sum()
    wrong = [t for t in trials if t.received.text != t.sent]
    marked = sum(not t.received.decoded for t in trials)
    return {
        "codec": name,
        "channel": str(channel),
        "snr_db": channel.snr_db,
        "sentences": len(trials),
        "words": words,
        "bits_per_word": bits.sum() / words,
        "uses_per_word": uses / words,
        "air_uses_per_word": air_uses(trials, 1) / words,
        "air_ratio": {str(n): air_uses(trials, n) / uses for n in MESSAGES_A_BURST},
        "exact_rate": exact_rate(sent, got),
        "delivered": (len(trials) - marked) / len(trials),
        "marked": marked,
        "marked_of_wrong": sum(not t.received.decoded for t in wrong) / len(wrong) if wrong else None,
        **{f"bleu{n}": mean_bleu(sent, got, n) for n in (1, 2, 3, 4)},
        "similarity": mean_chrf(sent, got),
        "bound_ratio": uses / bound,
        "limit_ratio": limit_uses(bits, channel.snr_db, LIMIT_ERROR).sum() / bound,
        "rounds": 1.0,
        "encode_s": float(np.mean([t.encode_s for t in trials])),
        "decode_s": float(np.mean([t.decode_s for t in trials])),
    }


def air_uses(trials: list[Trial], messages: int) -> int:
    """Samples on air of all bursts, with this many messages in each."""
    layout = Layout(PhyConfig())
    groups = (trials[i : i + messages] for i in range(0, len(trials), messages))
    return sum(layout.burst_samples([length for t in group for length in t.lengths]) for group in groups)


def highest_passing(
    measure: Callable[[float], dict], efficiencies: Iterable[float], exact: float
) -> dict:
    """The row of the highest efficiency that still reaches an exact rate; of the lowest, where none does.

    Args:
        measure: gives the row of an efficiency.
        efficiencies: candidates.
        exact: exact_rate to reach.
    """
    for efficiency in sorted(efficiencies, reverse=True):
        row = measure(efficiency)
        if row["exact_rate"] >= exact:
            break
    return row


def efficiency_for(uses_of: Callable[[float], float], budget: float, highest: float = 1.2) -> float:
    """Lowest efficiency from 0.1 to `highest`, to 0.01, whose mean uses stay within a budget.

    Args:
        uses_of: mean uses at an efficiency, falling.
        budget: most uses.
        highest: efficiency that the codec allows.

    Raises:
        ConfigError: no efficiency is high enough.
    """
    choices = [round(0.01 * i, 2) for i in range(10, round(100 * highest) + 1)]
    found = bisect.bisect_left(choices, True, key=lambda efficiency: uses_of(efficiency) <= budget)
    if found == len(choices):
        raise ConfigError(f"mean uses of a sentence are limited to {budget:g}; even the highest rate of the codec needs more")
    return choices[found]
