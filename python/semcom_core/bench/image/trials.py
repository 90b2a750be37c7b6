# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures over a simulated channel, with the modem or without: uses, times and received quality.

An ImageLink says what is sent over; its ImageTrials send one picture after the other and say what
each costs and how well it arrives.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from semcom_core.bench.image.importance import KINDS, Importance
from semcom_core.channel import Channel
from semcom_core.datasets.pictures import BenchPicture
from semcom_core.errors import ConfigError, FrameError, check_choice, check_range
from semcom_core.frame import MESSAGE_IDS
from semcom_core.image import DecodedImage, ImageCodec, load_image_codec
from semcom_core.metrics.image import ms_ssim, psnr_db, ssim
from semcom_core.phy import Layout, PhyConfig, ReceivedFrame
from semcom_core.simulation import MODEM_LOSS_DB, Simulation

#: Smallest side of a picture that has a structural similarity, pixels.
_LEAST_SIDE = 11
#: Value of all pixels of a picture that did not arrive.
_MID_GREY = 128


@dataclass(frozen=True)
class ImageLink:
    """Codec and channel of an image bench; small enough to be handed to another process.

    Args:
        codec: name of the codec.
        settings: its settings, the channel bandwidth ratio among them.
        channel: states an SNR, for which the codec chooses its rate unless design_snr_db says
            otherwise.
        cbr: what the codec was allowed, as given.
        modem: whether each fragment goes through the burst modem, in a burst and a fade of its own.
        roi: what the codec is told to matter, one of importance.KINDS.
        seed: of the channel; picture i has a generator of its own.
        design_snr_db: SNR for which the codec chooses its rate, dB.
        keep: whether trials hold the received pictures.

    Raises:
        ConfigError: a value is out of range.
    """

    codec: str
    settings: dict
    channel: Channel
    cbr: str = "1/16"
    modem: bool = False
    roi: str = "off"
    seed: int = 1
    design_snr_db: float | None = None
    keep: bool = False

    def __post_init__(self) -> None:
        check_choice("roi", self.roi, KINDS)
        if self.design_snr_db is not None:
            check_range("design SNR in dB", self.design_snr_db, -20, 60)

    @property
    def rate_snr_db(self) -> float:
        """SNR for which the codec chooses its rate, dB: that of the channel, less what the modem
        takes of it, unless another is stated.
        """
        if self.design_snr_db is not None:
            return self.design_snr_db
        if self.channel.snr_db is None:
            raise ConfigError(
                f"channel {str(self.channel)!r} states no SNR; allowed is one such as awgn:6"
            )
        return self.channel.snr_db - (MODEM_LOSS_DB if self.modem else 0.0)

    def trials(self) -> ImageTrials:
        """What sends pictures over this link."""
        return ImageTrials(self)


@dataclass(frozen=True)
class ImageTrial:
    """One picture over the channel.

    Args:
        name: of the picture.
        values: height times width times 3.
        decoded: whether it came out unmarked.
        reason: why not.
        psnr_db, ssim, ms_ssim: of what was delivered; the latter two None where the picture is too
            small.
        roi_psnr_db: PSNR inside the objects; None where there are none.
        uses: channel uses of all fragments.
        air_uses: samples on air with a fragment a burst.
        delivered: whether the codec made a picture of what arrived (else it counts as a grey one).
        latents_kept: share of its latent that the codec sent; None where it has none.
        encode_s, decode_s: wall-clock times, s.
        pixels: what was delivered, where the link keeps it.
    """

    name: str
    values: int
    decoded: bool
    reason: str
    psnr_db: float
    ssim: float | None
    ms_ssim: float | None
    roi_psnr_db: float | None
    uses: int
    air_uses: int
    delivered: bool
    latents_kept: float | None
    encode_s: float
    decode_s: float
    pixels: np.ndarray | None = field(default=None, repr=False)


class ImageTrials:
    """Sends pictures over a link and compares what is delivered with them."""

    def __init__(self, link: ImageLink):
        self._link = link
        self._codec: ImageCodec = load_image_codec(link.codec, **link.settings)
        self._importance = Importance(link.roi, self._codec.device)
        self._warm = False

    def run(self, number: int, picture: BenchPicture) -> ImageTrial:
        """Send picture `number`; its message number is that modulo MESSAGE_IDS.

        Raises:
            FrameError: the codec refuses the picture.
        """
        link = self._link
        pixels = picture.pixels()
        objects = picture.objects()
        self._warm_up()
        importance = self._importance(pixels, objects)
        started = time.perf_counter()
        frames = self._codec.encode(pixels, link.rate_snr_db, number % MESSAGE_IDS, importance)
        encode_s = time.perf_counter() - started
        simulated = Simulation(link.channel, modem=link.modem, seed=[link.seed, number])
        received = simulated.transmit(frames)
        started = time.perf_counter()
        result, delivered = self._decoded(received, pixels.shape)
        decode_s = time.perf_counter() - started
        uses = [len(frame.symbols) for frame in frames]
        layout = Layout(PhyConfig())
        large = min(pixels.shape[:2]) >= _LEAST_SIDE
        return ImageTrial(
            name=picture.name,
            values=pixels.size,
            decoded=result.decoded,
            reason=result.reason,
            psnr_db=psnr_db(pixels, result.pixels),
            ssim=ssim(pixels, result.pixels) if large else None,
            ms_ssim=ms_ssim(pixels, result.pixels) if large else None,
            roi_psnr_db=None if objects is None else psnr_db(pixels, result.pixels, objects),
            uses=sum(uses),
            air_uses=sum(layout.burst_samples([length]) for length in uses),
            delivered=delivered,
            latents_kept=self._codec.latents_kept(frames),
            encode_s=encode_s,
            decode_s=decode_s,
            pixels=result.pixels if link.keep else None,
        )

    def _decoded(
        self, frames: list[ReceivedFrame], shape: tuple[int, ...]
    ) -> tuple[DecodedImage, bool]:
        """What the codec makes of the frames, and whether it makes a picture at all; where it does
        not, one of mid-grey.
        """
        try:
            result = self._codec.decode(frames)
            if result.pixels.shape == shape:
                return result, True
            reason = (
                f"the picture came out as {result.pixels.shape[1]}x{result.pixels.shape[0]} pixels"
            )
        except FrameError as error:
            reason = str(error)
        return DecodedImage(np.full(shape, _MID_GREY, np.uint8), False, reason=reason), False

    def _warm_up(self) -> None:
        """Send a small picture before anything is timed: the first use of a codec loads and
        compiles what it needs.
        """
        if not self._warm:
            pixels = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
            noise = np.float32(0.01)
            try:
                frames = self._codec.encode(pixels, 20.0)
                clean = [
                    ReceivedFrame(frame.header, frame.symbols, np.full(len(frame.symbols), noise))
                    for frame in frames
                ]
                self._codec.decode(clean)
            except FrameError:
                pass  # too few uses for so small a picture: the first picture is timed cold
            self._warm = True
