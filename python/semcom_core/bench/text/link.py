# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text messages over a simulated channel without the modem: rounds, uses, times, and what arrives.

A TextLink says what is sent over; its Trials send one message after the other, in rounds until it
is decoded, and say what each costs. A receiver may know less than the sender:

Pilots. The gain of a fading block of B uses is estimated from P pilots at its begin:

    | P pilots 1 | B - P codec symbols |        r = h s + n,  E|h|^2 = 1,  E|n|^2 = N0

    h' = sum of the received pilots / (P + N0)        least mean square error for Rayleigh gains
    y = r / h' = x + (e x + n) / h',   noise_var = (N0 / (P + N0) + N0) / |h'|^2,   e = h - h'

For Rayleigh gains the error e does not depend on h', so y and noise_var keep the contract with the
codecs exactly. The pilots are counted as channel uses. N0 is taken as known: it changes slowly, and
many blocks are there to measure it.

Probability noise. The receiver's language model differs from the sender's, as the same model on
another machine does: uniform noise on every log2-probability.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from semcom_core.channel import Channel
from semcom_core.channel.fading import Flat
from semcom_core.combining import combine, kind
from semcom_core.datasets.corpus import Message
from semcom_core.errors import ConfigError, check_range
from semcom_core.frame import MESSAGE_IDS, ROUNDS
from semcom_core.models.language import LanguageModel, TokenTree
from semcom_core.phy import Frame, ReceivedFrame
from semcom_core.simulation import transmit_symbols
from semcom_core.text import DecodedText, TextCodec, load_codec
from semcom_core.units import db_to_linear

#: What a cause means, in the order in which causes are stacked; a codec that tells none has the
#: first and the last.
CAUSES = {
    "source": "source bits at capacity",
    "end": "end of the message at capacity",
    "grid": "surprisal rounded to the grid",
    "delta": "budget added to each token",
    "margin": "rate below capacity",
    "tail": "tail that confirms the text",
    "code": "channel code, modulation and check",
}
#: Least power of an estimated gain: below it the symbols of the block are erased.
_LEAST_GAIN_POWER = 1e-6


@dataclass(frozen=True)
class TextLink:
    """Codec and channel of a text bench; small enough to be handed to another process.

    Args:
        codec: name of the codec.
        settings: its settings.
        channel: must state an SNR, for which the codec chooses its rate unless design_snr_db says
            otherwise.
        probability_noise: uniform noise on each log2-probability at the receiver, ± bits.
        seed: of the channel and the noise; message i has a generator of its own.
        rounds: most rounds of a message, 1 to 4: increments where the codec has them, else copies.
        design_snr_db: SNR for which the codec chooses its rate, dB.
        pilots: known symbols in each fading block, from which the receiver estimates the gain; 0
            tells it the gain.

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

    def __post_init__(self) -> None:
        check_range("rounds", self.rounds, 1, ROUNDS)
        check_range("pilots", self.pilots, 0, 64)
        if self.design_snr_db is not None:
            check_range("design SNR in dB", self.design_snr_db, -20, 60)

    @property
    def rate_snr_db(self) -> float:
        """SNR for which the codec chooses its rate, dB."""
        return _snr_db(self.channel) if self.design_snr_db is None else self.design_snr_db

    def receive(self, frame: Frame, rng: np.random.Generator) -> ReceivedFrame:
        """A frame as the receiver has it."""
        if self.pilots:
            return receive_with_pilots(frame, self.channel, self.pilots, rng)
        return transmit_symbols(frame, self.channel, rng)

    def pilot_uses(self, length: int) -> int:
        """Channel uses of the pilots of a frame."""
        return pilot_uses(length, self.channel, self.pilots) if self.pilots else 0

    def trials(self) -> Trials:
        """What sends messages over this link."""
        return Trials(self)

    def sender(self) -> TextCodec:
        """The codec at the sending end."""
        return load_codec(self.codec, **self.settings)

    def receiver(self, sender: TextCodec, rng: np.random.Generator) -> TextCodec:
        """The codec at the receiving end: the sender's, or one whose model is a little off by noise
        of `rng`.

        Raises:
            ConfigError: there is to be noise, and the codec has no language model.
        """
        if not self.probability_noise:
            return sender
        from semcom_core.text.language_model import ModelCodec  # loads torch

        if not isinstance(sender, ModelCodec):
            raise ConfigError(
                f"codec {self.codec!r} has no language model; --probability-noise goes with spinal"
            )
        return type(sender)(sender.config, NoisyModel(sender.model, self.probability_noise, rng))


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
        gap: uses of the first round by cause, a part of CAUSES.
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


class Trials:
    """Sends messages over a link, symbols without the modem, and decodes them.

    Args:
        link: what to send over.
        sender: the codec at the sending end; None loads it.
    """

    def __init__(self, link: TextLink, sender: TextCodec | None = None):
        self._link = link
        self._sender = sender or link.sender()
        self._warm = False

    def uses(self, message: Message) -> int:
        """Channel uses of the first round of a message."""
        frames = in_context(self._sender, message).encode(message.text, self._link.rate_snr_db)
        return sum(len(frame.symbols) for frame in frames)

    def run(self, number: int, message: Message) -> Trial:
        """Send message `number`, round after round until it is decoded; its message number is that
        modulo MESSAGE_IDS.
        """
        link = self._link
        rng = np.random.default_rng([self._link.seed, number])
        self._warm_up()
        started = time.perf_counter()
        sender = in_context(self._sender, message)
        rounds = frames_by_round(
            sender, message.text, link.rate_snr_db, number % MESSAGE_IDS, link.rounds
        )
        encode_s = time.perf_counter() - started
        sent, result, decode_s = self._deliver(rounds, link.receiver(sender, rng), rng)
        lengths = tuple(len(frame.symbols) for frames in rounds[:sent] for frame in frames)
        pilots = sum(link.pilot_uses(length) for length in lengths)
        bits = sender.source_bits(message.text)
        gap = sender.gap(message.text, link.rate_snr_db)
        return Trial(message.text, result, bits, lengths, encode_s, decode_s, sent, gap, pilots)

    def _warm_up(self) -> None:
        """Send a word before anything is timed: the first use of a codec loads and compiles what it
        needs.
        """
        if not self._warm:
            snr_db = 20.0
            clean = np.float32(0.01)
            frames = self._sender.encode("Yes.", snr_db)
            self._sender.decode(
                [ReceivedFrame(f.header, f.symbols, np.full(len(f.symbols), clean)) for f in frames]
            )
            self._warm = True

    def _deliver(
        self, rounds: list[list[Frame]], receiver: TextCodec, rng: np.random.Generator
    ) -> tuple[int, DecodedText, float]:
        """Rounds sent until the message was decoded (or all), what was received, and the time of
        all attempts to decode, s.
        """
        received: list[ReceivedFrame] = []
        sent = 0
        decode_s = 0.0
        for frames in rounds:
            sent += 1
            for frame in frames:
                received = joined(received, self._link.receive(frame, rng))
            started = time.perf_counter()
            result = receiver.decode(received)
            decode_s += time.perf_counter() - started
            if result.decoded:
                break
        return sent, result, decode_s


def _snr_db(channel: Channel) -> float:
    """SNR of a channel, dB.

    Raises:
        ConfigError: the channel states none.
    """
    if channel.snr_db is None:
        raise ConfigError(f"channel {str(channel)!r} states no SNR; allowed is one such as awgn:6")
    return channel.snr_db


def in_context(codec: TextCodec, message: Message) -> TextCodec:
    """The codec with the texts before a message as its context.

    Raises:
        ConfigError: there are such texts, and the codec takes no context.
    """
    if not message.context:
        return codec
    return codec.with_context(message.context)


def frames_by_round(
    codec: TextCodec, text: str, snr_db: float, message_id: int, rounds: int
) -> list[list[Frame]]:
    """Frames of each round of a message: increments where the codec has them, else copies.

    Args:
        codec: encodes the message.
        text: the message.
        snr_db: SNR that the rate is chosen for, dB.
        message_id: number in the frames.
        rounds: most rounds.
    """
    if rounds > 1 and codec.rounds > 1:
        return codec.increments(text, snr_db, message_id)[:rounds]
    return [codec.encode(text, snr_db, message_id=message_id)] * rounds


def joined(frames: list[ReceivedFrame], new: ReceivedFrame) -> list[ReceivedFrame]:
    """Received frames with one more, which is combined with its copy where there is one."""
    copies = [frame for frame in frames if kind(frame) == kind(new)]
    others = [frame for frame in frames if kind(frame) != kind(new)]
    return [*others, combine(copies[0], new) if copies else new]


def shares_by_cause(gaps: list[dict[str, float]]) -> dict[str, float]:
    """Share of the uses of all messages by cause, in the order of CAUSES; 1 in all."""
    total = sum(sum(gap.values()) for gap in gaps)
    causes = [cause for cause in CAUSES if any(cause in gap for gap in gaps)]
    if not total:
        return {}
    return {cause: sum(gap.get(cause, 0.0) for gap in gaps) / total for cause in causes}


def receive_with_pilots(
    frame: Frame, channel: Channel, pilots: int, rng: np.random.Generator
) -> ReceivedFrame:
    """A frame as it comes out of a block-fading channel whose gains are estimated from `pilots`
    pilots at the begin of each block.

    Args:
        frame: what is sent.
        channel: has a term with fading blocks, and an SNR.
        pilots: symbols 1 at the begin of each block.
        rng: draws gains and noise.

    Raises:
        ConfigError: as data_uses.
    """
    length = len(frame.symbols)
    width = data_uses(channel, pilots)
    snr_db = _snr_db(channel)
    n0 = float(1 / db_to_linear(snr_db))
    sent = np.zeros((-(-length // width), width), np.complex64)
    sent.ravel()[:length] = frame.symbols
    got = _faded_blocks(np.pad(sent, ((0, 0), (pilots, 0)), constant_values=1), channel, n0, rng)
    gains = got[:, :pilots].sum(axis=1, keepdims=True) / (pilots + n0)
    lost = np.abs(gains) ** 2 < _LEAST_GAIN_POWER
    gains = np.where(lost, 1, gains)
    symbols = np.where(lost, 0, got[:, pilots:] / gains)
    block_noise_var = np.where(lost, np.inf, (n0 / (pilots + n0) + n0) / np.abs(gains) ** 2)
    noise_var = np.broadcast_to(block_noise_var, symbols.shape)
    return ReceivedFrame(
        frame.header,
        symbols.ravel()[:length].astype(np.complex64),
        noise_var.ravel()[:length].astype(np.float32),
        snr_db=snr_db,
    )


def _faded_blocks(
    sent: np.ndarray, channel: Channel, n0: float, rng: np.random.Generator
) -> np.ndarray:
    """Blocks with their gains, complex (blocks, block): what Channel.through_symbols has taken out
    is put back.

    The phase of a gain is uniform and independent of its size, so it is drawn anew; a block so
    faded that the channel erases it has no signal left.
    """
    symbols, noise_var = channel.through_symbols(sent.ravel(), rng)
    size = np.sqrt(n0 / noise_var).reshape(sent.shape)
    phase = np.exp(2j * np.pi * rng.random((len(sent), 1)))
    noise = np.sqrt(n0 / 2) * (
        rng.standard_normal(sent.shape) + 1j * rng.standard_normal(sent.shape)
    )
    return np.where(size > 0, phase * size * symbols.reshape(sent.shape), noise)


def pilot_uses(length: int, channel: Channel, pilots: int) -> int:
    """Channel uses of the pilots of a frame.

    Args:
        length: codec symbols of the frame.
        channel: one with fading blocks.
        pilots: at the begin of each block.

    Raises:
        ConfigError: see data_uses.
    """
    return -(-length // data_uses(channel, pilots)) * pilots


def data_uses(channel: Channel, pilots: int) -> int:
    """Codec symbols of a fading block with this many pilots.

    Raises:
        ConfigError: the channel has no term with blocks, or they are too short for the pilots.
    """
    blocks = [term.block for term in channel.terms if isinstance(term, Flat)]
    block = next(filter(None, blocks), 0)
    if not block:
        raise ConfigError(
            f"channel {str(channel)!r} has no fading blocks; allowed with pilots is one such as "
            "rayleigh,block=32"
        )
    if not 1 <= pilots < block:
        raise ConfigError(
            f"pilots is {pilots}; allowed is 0 to {block - 1}, fewer than a block has uses"
        )
    return block - pilots


class NoisyModel:
    """A language model with fresh uniform noise on every log2-probability.

    Args:
        model: what the noise is added to; all else is its own.
        amplitude_bits: the noise is uniform in ± this, bits.
        rng: draws the noise.
    """

    def __init__(self, model: LanguageModel, amplitude_bits: float, rng: np.random.Generator):
        self._model = model
        self._amplitude = amplitude_bits
        self._rng = rng

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def log2_probs(self, tokens: list[int]) -> np.ndarray:
        """As LanguageModel.log2_probs."""
        return self.disturb(self._model.log2_probs(tokens))

    def tree(self) -> TokenTree:
        """As LanguageModel.tree."""
        return _NoisyTree(self._model.tree(), self)

    def disturb(self, log2_probs: np.ndarray) -> np.ndarray:
        """Log2-probabilities, float32 of any shape, with noise."""
        noise = self._rng.uniform(-self._amplitude, self._amplitude, log2_probs.shape)
        return (log2_probs + noise).astype(np.float32)


class _NoisyTree:
    """Token tree of a NoisyModel."""

    def __init__(self, tree: TokenTree, model: NoisyModel):
        self._tree = tree
        self._model = model

    def root(self) -> tuple[int, np.ndarray]:
        """As TokenTree.root."""
        node, log2_probs = self._tree.root()
        return node, self._model.disturb(log2_probs)

    def extend(self, parents: list[int], tokens: list[int]) -> tuple[list[int], np.ndarray]:
        """As TokenTree.extend."""
        nodes, log2_probs = self._tree.extend(parents, tokens)
        return nodes, self._model.disturb(log2_probs)
