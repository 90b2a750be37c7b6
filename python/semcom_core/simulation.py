# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Link simulation: texts and pictures through a channel, with or without the burst modem and ARQ.

    text, picture ─► codec ─► frames ─► modem ─► channel ─► modem ─► frames ─► codec ─► result
                       ▲               └── or bare symbols ──┘                   │
                       └──────── acknowledgements, without loss (harq) ◄─────────┘

This is the one place where messages are sent in simulation: the command line (`semcom sim`), the
benches and `semcom_core.simulate` send through it and give the same figures for the same seed.

- transmit, apply_channel, simulate: one call each.
- Simulation: several messages in sequence over one channel, with one random generator.

With the modem the frames of a text share a burst, and each fragment of a picture has a burst, and
so a fade, of its own. Without the modem each frame passes the channel as bare symbols whose gain is
known and taken out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast, overload

import numpy as np

from semcom_core.channel import Channel, parse_channel
from semcom_core.codecs import IMAGE, TEXT
from semcom_core.errors import (
    ConfigError,
    FrameError,
    ModelError,
    check_range,
    check_type,
    printable,
)
from semcom_core.frame import ROUNDS, Frame, ReceivedFrame
from semcom_core.phy.modem import SILENCE, Modem, bursts_of, check_frames, check_samples
from semcom_core.text.codec import DecodedText, TextCodec
from semcom_core.units import linear_to_db

if TYPE_CHECKING:
    from semcom_core.image.codec import DecodedImage, ImageCodec
    from semcom_core.link.receiver import ArqReceiver

#: What the modem's estimates cost, dB: 0.15 to 0.22 was measured at 1 to 13 dB. The rate of a
#: picture is chosen this far below the SNR of the channel.
MODEM_LOSS_DB = 0.3
#: SNR that a rate can be chosen for, dB.
DESIGN_SNR_DB = (-20, 60)

#: What a numpy Generator is made of: a seed, a sequence of integers, or a Generator to draw from.
Seed = int | Sequence[int] | np.random.Generator
#: Sample rates of a channel, Hz.
RATE_HZ = (1.0, 1e12)
#: Takes the frames of one transmission and gives those that arrive.
Carry = Callable[[list[Frame]], list[ReceivedFrame]]


def transmit_symbols(frame: Frame, channel: Channel, rng: np.random.Generator) -> ReceivedFrame:
    """A frame after the channel, without the modem; its `snr_db` is that of the channel.

    Args:
        frame: as sent.
        channel: terms that act on symbols.
        rng: draws noise and fading.

    Raises:
        ConfigError: a term of the channel acts on samples only.
    """
    symbols, noise_var = channel.through_symbols(frame.symbols, rng)
    snr_db = math.inf if channel.snr_db is None else channel.snr_db
    return ReceivedFrame(frame.header, symbols, noise_var, snr_db=snr_db)


def transmit(
    frames: Sequence[Frame],
    channel: str | Channel,
    *,
    modem: bool | Modem = True,
    seed: Seed = 1,
) -> list[ReceivedFrame]:
    """Send frames through a simulated channel.

    Args:
        frames: of one or several messages.
        channel: such as "awgn:5+cfo:12khz+taps:0,-6,-10".
        modem: True sends samples of the standard burst modem, False bare symbols; or a Modem.
        seed: of noise and fading.

    Returns:
        The frames that arrive, with a noise variance for each symbol.

    Raises:
        ConfigError: the channel is malformed, or has terms that need the modem; or an argument is
            of another type.
        FrameError: with the modem, no frame or too many for a burst.

    >>> import semcom_core as sc
    >>> codec = sc.load_text_codec("deflate")
    >>> frames = codec.encode("See you at nine.", snr_db=6)
    >>> codec.decode(sc.transmit(frames, "awgn:6+cfo:12khz", seed=1)).text
    'See you at nine.'
    >>> [round(f.snr_db, 1) for f in sc.transmit(frames, "awgn:6", modem=False)]
    [6.0]
    """
    return Simulation(channel, modem=modem, seed=seed).transmit(frames)


def apply_channel(
    samples: np.ndarray,
    channel: str | Channel,
    *,
    modem: Modem | None = None,
    rate_hz: float = 1e6,
    seed: Seed = 1,
) -> np.ndarray:
    """Send samples through a simulated channel.

    Args:
        samples: complex (n,).
        channel: such as "awgn:5+cfo:12khz".
        modem: whose samples they are: noise and sample rate then follow its settings. None refers
            the SNR to the mean power of the samples that are not zero, over the share of the band
            that the standard burst modem fills.
        rate_hz: sample rate, Hz; the modem's where there is one.
        seed: of noise and fading.

    Returns:
        complex64, longer by the delay and the multipath.

    Raises:
        ConfigError: the channel is malformed, or does not fit the sample rate; or an argument is of
            another type or out of range.

    >>> import numpy as np, semcom_core as sc
    >>> tone = np.exp(2j * np.pi * 0.01 * np.arange(1000))
    >>> y = sc.apply_channel(tone, "awgn:20+delay:3", seed=1)
    >>> y.dtype, len(y)
    (dtype('complex64'), 1003)
    """
    check_samples(samples)
    check_type("modem", modem, Modem | None, "a Modem or None")
    check_range("rate_hz", rate_hz, *RATE_HZ)
    if not isinstance(channel, Channel):
        channel = parse_channel(channel, rate_hz)
    if modem is not None:
        channel = channel.for_modem(modem.config)
    return channel.through_samples(np.asarray(samples), generator(seed))


def generator(seed: Seed) -> np.random.Generator:
    """The random generator of a seed; a generator itself stays as it is.

    Raises:
        ConfigError: numpy makes none of it.
    """
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"seed is {printable(seed)}; allowed is a whole number from 0, a sequence of them, or "
            "a numpy Generator"
        ) from error


@dataclass(frozen=True)
class TextResult:
    """Result of the transmission of a text.

    Args:
        sent: the text.
        received: what was decoded; where `decoded` is False, the best guess.
        decoded: whether the codec's own check says that it is right.
        exact: whether it was decoded and is right.
        reason: why it was not decoded or not sent, in one line; else empty.
        uses: payload symbols of all transmissions.
        air_uses: samples on air; None without the modem.
        rounds: transmissions, of increments and of copies too.
        design_snr_db: SNR that the rate was chosen for, dB.
        snr_db: mean SNR that was measured on the received frames, dB; None where none was.
    """

    sent: str
    received: str
    decoded: bool
    exact: bool
    reason: str
    uses: int
    air_uses: int | None
    rounds: int
    design_snr_db: float
    snr_db: float | None

    @classmethod
    def unsent(
        cls, text: str, reason: str, design_snr_db: float, air_uses: int | None = None
    ) -> TextResult:
        """The result for a text that was refused.

        Args:
            text, reason, design_snr_db: see the class.
            air_uses: samples on air of what was sent before, if anything was.
        """
        return cls(text, "", False, False, reason, 0, air_uses, 0, design_snr_db, None)

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, fit for JSON."""
        return dict(vars(self))


@dataclass(frozen=True, eq=False)
class ImageResult:
    """Result of the transmission of a picture.

    Args:
        sent: the picture, uint8 (H, W, 3) RGB; None where it could not be read.
        received: what was decoded, of the same kind; None where nothing was.
        decoded: whether it arrived whole.
        reason: why not, in one line; else empty.
        psnr_db: of the received picture, dB; None without one of the same size.
        uses: payload symbols of all fragments.
        air_uses: samples on air; None without the modem.
        fragments: sent.
        missing: fragments that were not received.
        design_snr_db: SNR that the rate was chosen for, dB.
        snr_db: mean SNR that was measured on the received frames, dB; None where none was.
    """

    sent: np.ndarray | None
    received: np.ndarray | None
    decoded: bool
    reason: str
    psnr_db: float | None
    uses: int
    air_uses: int | None
    fragments: int
    missing: int
    design_snr_db: float
    snr_db: float | None

    @classmethod
    def unsent(cls, pixels: np.ndarray | None, reason: str, design_snr_db: float) -> ImageResult:
        """The result for a picture that was refused.

        Args:
            pixels: the picture, uint8 (H, W, 3) RGB; None where it could not be read.
            reason, design_snr_db: see the class.
        """
        return cls(pixels, None, False, reason, None, 0, None, 0, 0, design_snr_db, None)

    @property
    def cbr(self) -> float | None:
        """Channel bandwidth ratio: channel uses / (3 H W); None where nothing was sent."""
        return self.uses / self.sent.size if self.sent is not None and self.uses else None

    def to_dict(self) -> dict[str, Any]:
        """The figures by name, fit for JSON: the pictures are given by their height and width."""
        height, width = (None, None) if self.sent is None else self.sent.shape[:2]
        return {
            "decoded": self.decoded,
            "reason": self.reason,
            "height": height,
            "width": width,
            "psnr_db": self.psnr_db,
            "uses": self.uses,
            "cbr": self.cbr,
            "air_uses": self.air_uses,
            "fragments": self.fragments,
            "missing": self.missing,
            "design_snr_db": self.design_snr_db,
            "snr_db": self.snr_db,
        }


class Simulation:
    """A simulated link over which messages are sent one after another.

    Args:
        channel: such as "awgn:5+cfo:12khz".
        modem: True sends samples of the standard burst modem, False bare symbols; or a Modem.
        seed: of noise and fading, which all messages draw from one generator.

    Attributes:
        channel: the channel, at the powers and the sample rate of the modem.
        modem: the modem; None without one.
        air_uses: samples on air so far, silence between bursts not counted.

    Raises:
        ConfigError: the channel is malformed, or modem or seed is something else.

    >>> import semcom_core as sc
    >>> link = sc.Simulation("awgn:8", seed=3)
    >>> codec = sc.load_text_codec("huffman")
    >>> [link.send_text(codec, text).exact for text in ("How are you?", "See you at nine.")]
    [True, True]
    """

    def __init__(self, channel: str | Channel, *, modem: bool | Modem = True, seed: Seed = 1):
        if not isinstance(modem, bool | Modem | None):
            raise ConfigError(f"modem is {printable(modem)}; allowed is True, False or a Modem")
        self.modem: Modem | None = None
        if modem:
            self.modem = modem if isinstance(modem, Modem) else Modem()
        self.channel = channel if isinstance(channel, Channel) else parse_channel(channel)
        if self.modem is not None:
            self.channel = self.channel.for_modem(self.modem.config)
        self.air_uses = 0
        self._rng = generator(seed)

    def design_snr_db(self, snr_db: float | None = None, *, image: bool = False) -> float:
        """SNR to choose a rate for, dB.

        Args:
            snr_db: the one that is asked for; None takes that of the channel, for pictures less
                MODEM_LOSS_DB.
            image: whether the message is a picture.

        Raises:
            ConfigError: the channel states no SNR, or it is out of range.
        """
        design_db = self.channel.snr_db if snr_db is None else snr_db
        if design_db is None:
            raise ConfigError(
                f"channel {str(self.channel)!r} states no SNR; snr_db must say which one to choose "
                "a rate for"
            )
        check_range("design SNR in dB", design_db, *DESIGN_SNR_DB)
        if image and snr_db is None and self.modem is not None:
            design_db -= MODEM_LOSS_DB
        return design_db

    def transmit(self, frames: Sequence[Frame]) -> list[ReceivedFrame]:
        """Send frames once.

        Args:
            frames: of one or several messages.

        Returns:
            The frames that arrive. Their `snr_db` is measured: by the modem, or without one as the
            mean of 1 / noise_var.

        Raises:
            ConfigError: without the modem, a term of the channel acts on samples only; or what is
                given is no sequence of frames.
            FrameError: with the modem, no frame or too many for a burst.
        """
        check_frames(frames)
        if self.modem is None:
            return [
                _with_measured_snr(transmit_symbols(frame, self.channel, self._rng))
                for frame in frames
            ]
        silence = np.zeros(SILENCE, np.complex64)
        received: list[ReceivedFrame] = []
        for together in bursts_of(frames):
            burst = self.modem.burst(together)
            self.air_uses += len(burst)
            samples = np.concatenate([silence, burst, silence])
            received += self.modem.demodulate(self.channel.through_samples(samples, self._rng))
        return received

    def send_text(
        self,
        codec: TextCodec,
        text: str,
        snr_db: float | None = None,
        *,
        harq: bool = False,
        message_id: int = 0,
    ) -> TextResult:
        """Encode a text, send it, and decode what arrives.

        Args:
            codec: of both ends.
            text: the message.
            snr_db: SNR to choose the rate for, dB; None takes that of the channel.
            harq: whether there is a way back: increments, and then copies, are sent until the
                message decodes, ROUNDS transmissions at most.
            message_id: number of the message, 0 to 255.

        Raises:
            FrameError: the codec refuses the text.
            ConfigError: no SNR is stated, or it is out of range; or the codec carries no texts.
        """
        _check_carries(codec, TEXT)
        design_db = self.design_snr_db(snr_db)
        before = self.air_uses
        send = send_with_arq if harq else send_once
        outcome = send(codec, text, design_db, self.transmit, message_id=message_id)
        got = outcome.received
        return TextResult(
            sent=text,
            received=got.text,
            decoded=got.decoded,
            exact=got.decoded and got.text == text,
            reason=got.reason,
            uses=outcome.uses,
            air_uses=self.air_uses - before or None,
            rounds=outcome.transmissions,
            design_snr_db=design_db,
            snr_db=outcome.snr_db,
        )

    def send_image(
        self,
        codec: ImageCodec,
        pixels: np.ndarray,
        snr_db: float | None = None,
        *,
        message_id: int = 0,
        importance: np.ndarray | None = None,
    ) -> ImageResult:
        """Encode a picture, send its fragments, and decode what arrives.

        Args:
            codec: of both ends.
            pixels: uint8 (H, W, 3) RGB.
            snr_db: SNR to choose the rate for, dB; None takes that of the channel, with the modem
                less MODEM_LOSS_DB.
            message_id: number of the message, 0 to 255.
            importance: float (H, W), 0 to 1: what matters in the picture; None for everything
                alike.

        Raises:
            FrameError: the codec refuses the picture.
            ConfigError: no SNR is stated, or it is out of range; or the codec carries no pictures.
        """
        _check_carries(codec, IMAGE)
        design_db = self.design_snr_db(snr_db, image=True)
        before = self.air_uses
        frames = codec.encode(pixels, design_db, message_id, importance)
        received = self.transmit(frames)
        got, reason = _decode_image(codec, received)
        same_size = got is not None and got.pixels.shape == pixels.shape
        return ImageResult(
            sent=pixels,
            received=None if got is None else got.pixels,
            decoded=got is not None and got.decoded,
            reason=reason,
            psnr_db=_psnr_db(pixels, got.pixels) if got is not None and same_size else None,
            uses=sum(len(frame.symbols) for frame in frames),
            air_uses=self.air_uses - before or None,
            fragments=len(frames),
            missing=len(frames) - len(received),
            design_snr_db=design_db,
            snr_db=_mean([frame.snr_db for frame in received]),
        )


@overload
def simulate(
    codec: TextCodec,
    message: str,
    channel: str | Channel,
    *,
    snr_db: float | None = None,
    harq: bool = False,
    modem: bool | Modem = True,
    message_id: int = 0,
    seed: Seed = 1,
) -> TextResult: ...


@overload
def simulate(
    codec: ImageCodec,
    message: np.ndarray,
    channel: str | Channel,
    *,
    snr_db: float | None = None,
    modem: bool | Modem = True,
    importance: np.ndarray | None = None,
    message_id: int = 0,
    seed: Seed = 1,
) -> ImageResult: ...


def simulate(
    codec: TextCodec | ImageCodec,
    message: str | np.ndarray,
    channel: str | Channel,
    *,
    snr_db: float | None = None,
    harq: bool = False,
    modem: bool | Modem = True,
    importance: np.ndarray | None = None,
    message_id: int = 0,
    seed: Seed = 1,
) -> TextResult | ImageResult:
    """Send one text or picture through a simulated channel, as `semcom sim` does.

    Args:
        codec: a text codec for a text, an image codec for a picture.
        message: a text, or pixels, uint8 (H, W, 3) RGB.
        channel: such as "awgn:5+cfo:12khz".
        snr_db: SNR to choose the rate for, dB; None takes that of the channel.
        harq: rounds with feedback until a text decodes (see Simulation.send_text).
        modem: True sends samples of the standard burst modem, False bare symbols; or a Modem.
        importance: of a picture's parts (see Simulation.send_image).
        message_id: number of the message, 0 to 255.
        seed: of noise and fading.

    Returns:
        TextResult of a text, ImageResult of a picture.

    Raises:
        FrameError: the codec refuses the message.
        ConfigError: the channel is malformed, no SNR is stated, or an option does not go with the
            kind of message.

    >>> import semcom_core as sc
    >>> result = sc.simulate(sc.load_text_codec("deflate"), "See you at nine.", "awgn:5", snr_db=7,
    ...                      harq=True, modem=False)
    >>> result.exact, result.rounds, result.uses
    (True, 2, 178)
    """
    check_type("message", message, str | np.ndarray, "a str, or a picture, uint8 (H, W, 3)")
    link = Simulation(channel, modem=modem, seed=seed)
    if isinstance(message, str):
        if importance is not None:
            raise ConfigError("importance is given with a text; allowed is to give it of a picture")
        return link.send_text(
            cast(TextCodec, codec), message, snr_db, harq=harq, message_id=message_id
        )
    if harq:
        raise ConfigError("harq is given with a picture; allowed is to give it with a text")
    return link.send_image(
        cast("ImageCodec", codec), message, snr_db, message_id=message_id, importance=importance
    )


def _check_carries(codec: object, modality: str) -> None:
    """Raise ConfigError unless a codec carries such messages."""
    if getattr(codec, "modality", None) != modality:
        name = printable(getattr(codec, "name", codec))
        raise ConfigError(f"codec is {name}; allowed with this message is one of {modality}s")


@dataclass(frozen=True)
class Outcome:
    """Delivery of a text, with its rounds and channel uses.

    Args:
        received: what was delivered.
        transmissions: of the first round, of increments and of copies.
        uses: payload symbols of all of them.
        snr_db: mean SNR that was measured on the frames received, dB; None where there was none.
    """

    received: DecodedText
    transmissions: int
    uses: int
    snr_db: float | None


def send_once(
    codec: TextCodec, text: str, snr_db: float, carry: Carry, message_id: int = 0
) -> Outcome:
    """Send a text in one transmission, without feedback.

    Args:
        codec: encodes and decodes.
        text: the message.
        snr_db: SNR to choose the rate for, dB.
        carry: the channel.
        message_id: number of the message, 0 to 255.

    Raises:
        FrameError: the codec refuses the text.
    """
    frames = codec.encode(text, snr_db, message_id=message_id)
    received = carry(frames)
    found = _decode_text(codec, received, message_id)
    uses = sum(len(frame.symbols) for frame in frames)
    return Outcome(found, 1, uses, _mean([frame.snr_db for frame in received]))


def send_with_arq(
    codec: TextCodec,
    text: str,
    snr_db: float,
    carry: Carry,
    tries: int = ROUNDS,
    message_id: int = 0,
) -> Outcome:
    """Send a text until it decodes: both ends of the ARQ link in virtual time, with a reverse
    channel that loses nothing.

        encode ─► ArqSender ─► carry ─► ArqReceiver ─► decode
                      ▲                      │
                      └─── acknowledgements ─┘

    Args:
        codec: encodes and decodes.
        text: the message.
        snr_db: SNR to choose the rate of the first round for, dB.
        carry: the channel.
        tries: most transmissions, 1 to 1000.
        message_id: number of the message, 0 to 255.

    Raises:
        FrameError: the codec refuses the text.
        ConfigError: tries is out of range.
    """
    from semcom_core.link import ArqReceiver, ArqSender, ReceiverConfig, SenderConfig, is_control

    sender = ArqSender(SenderConfig(max_tries=tries), np.random.default_rng(message_id))
    sender.submit([f for frames in codec.increments(text, snr_db, message_id) for f in frames])
    receiver = ArqReceiver(ReceiverConfig(max_tries=tries, ack_delay_s=0.0))
    far_end = _FarEnd(codec, receiver, message_id)
    now = 0.0
    while now < math.inf:
        for frames in sender.poll(now)[0]:
            sender.on_transmitted(message_id, now)
            if is_control(frames[0].header):
                receiver.on_poll(message_id, now)
            else:
                far_end.hear(carry(frames), now)
        for ack in far_end.answers(now):
            sender.on_ack(ack, now)
        now = min(sender.next_time(), receiver.next_time())
    return Outcome(
        far_end.delivered,
        sender.counts["transmissions"],
        sender.counts["uses"],
        _mean(far_end.snrs_db),
    )


class _FarEnd:
    """Receiving end of one text: `delivered` is what came out, `snrs_db` the SNR of each frame."""

    def __init__(self, codec: TextCodec, receiver: ArqReceiver, message_id: int):
        self.delivered = _decode_text(codec, [], message_id)
        self.snrs_db: list[float] = []
        self._codec = codec
        self._receiver = receiver
        self._id = message_id

    def hear(self, frames: list[ReceivedFrame], now: float) -> None:
        for frame in frames:
            self.snrs_db.append(frame.snr_db)
            self._receiver.on_frame(frame, now)

    def answers(self, now: float) -> list:
        """Decode what is complete and deliver what is settled; returns the acknowledgements."""
        actions = self._receiver.poll(now)
        for frames in actions.decode:
            got = _decode_text(self._codec, frames, self._id)
            self._receiver.on_decoded(self._id, got, got.decoded, now, got.score)
        for delivery in actions.deliveries:
            self.delivered = cast(DecodedText, delivery.guess)
        return actions.acks


def _decode_text(codec: TextCodec, frames: list[ReceivedFrame], message_id: int) -> DecodedText:
    """The text of received frames; an empty one, with the reason, where there is none."""
    if not frames:
        return DecodedText("", False, message_id, reason="no frame was received")
    try:
        return codec.decode(frames)
    except (FrameError, ModelError) as error:
        return DecodedText("", False, message_id, reason=str(error))


def _decode_image(
    codec: ImageCodec, frames: list[ReceivedFrame]
) -> tuple[DecodedImage | None, str]:
    """The picture of received frames, and why it is degraded or missing."""
    if not frames:
        return None, "no fragment was received"
    try:
        got = codec.decode(frames)
    except (FrameError, ModelError) as error:
        return None, str(error)
    return got, got.reason


def _psnr_db(sent: np.ndarray, received: np.ndarray) -> float:
    from semcom_core.metrics.image import psnr_db  # loaded where a picture is sent

    return psnr_db(sent, received)


def _with_measured_snr(frame: ReceivedFrame) -> ReceivedFrame:
    """A frame with the SNR that its own noise variances tell."""
    if not frame.header.length:
        return frame
    return replace(frame, snr_db=float(linear_to_db(np.mean(1 / frame.noise_var))))


def _mean(snrs_db: list[float]) -> float | None:
    """Mean of those that are finite; None without any."""
    measured = [snr_db for snr_db in snrs_db if math.isfinite(snr_db)]
    return sum(measured) / len(measured) if measured else None
