# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image codec "lam-sc": learned joint source-channel coding under a mask of what is important.

    picture ─► encoder ─► latent and scores ─► ASC: levels ─┬─► symbols that are kept ─┬─► frames
    importance ──┘                                          └─► coded, protected ──────┘

One network serves all SNRs, shares of kept symbols and channel bandwidth ratios up to 1/16. The
mask is transmitted, never guessed; where it is lost, the first symbol of every position still gives
a coarse picture.

Arrays: picture (H, W, 3); h = ceil(H/8) and w = ceil(W/8) positions; 12 complex symbols of a
position, of which its level (see lam_sc_mask) says how many are sent.

Source: after LAM-SC (Jiang et al., Large AI model-based semantic communications, IEEE Wireless
Communications 2024).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from semcom_core import models
from semcom_core.config import DEVICE_HELP, check_device, from_mapping, setting
from semcom_core.errors import check_range
from semcom_core.frame import Frame, ReceivedFrame
from semcom_core.image.codec import DecodedImage, ImageCodec
from semcom_core.image.digital import index_for
from semcom_core.image.fragments import parse_cbr, uses_for
from semcom_core.image.learned import lam_sc_mask as asc
from semcom_core.image.learned import message
from semcom_core.image.learned.common import (
    SYMBOLS,
    JsccModel,
    from_symbols,
    importance_tensor,
    load_model,
    position_importance,
    positions_of,
    to_pixels,
    to_symbols,
    to_tensor,
)
from semcom_core.image.learned.lam_sc_mask import mask_from_bytes, mask_to_bytes
from semcom_core.image.learned.lam_sc_network import LamScNetwork, LamScShape, Latent, conditions_of
from semcom_core.image.picture import check_importance, check_pixels
from semcom_core.models.device import to_host

#: The weights that come with the package.
SHIPPED = Path(models.__file__).parent / "weights" / "lam_sc" / "lam_sc.safetensors"
#: Bits of the coded mask for each position that the encoder counts on before it is coded.
_EXPECTED_MASK_BITS = 1.6
#: Corrections of the share by the size of the coded mask.
_CORRECTIONS = 3


@dataclass(frozen=True)
class LamScConfig:
    """Settings of the lam-sc codec."""

    cbr: str = setting(
        "1/16",
        "channel bandwidth ratio that is not exceeded, mask included, above 0 to 1/16; as a "
        "fraction or a number",
    )
    keep: float = setting(
        0.0, "share of the symbols of the latent to keep, 1/12 to 1; 0 for as many as cbr allows"
    )
    margin_db: float = setting(
        1.0, "how far below the SNR the channel may fall for the mask to arrive, dB, 0 to 40"
    )
    weights: str = setting(
        "", "file of the network, the same at both ends; empty for the shipped one"
    )
    device: str = setting("cpu", DEVICE_HELP)

    def __post_init__(self) -> None:
        check_range("cbr", parse_cbr(self.cbr), 0, 1 / 16)
        if self.keep:
            check_range("keep", self.keep, asc.LEAST_SHARE, 1)
        check_range("margin_db", self.margin_db, 0, 40)
        check_device(self.device)


@dataclass(frozen=True)
class _Choice:
    """Levels of a latent.

    Args:
        levels: int64 (1, h, w).
        mask: coded levels, bytes; none where all symbols are sent.
        mask_uses: channel uses of the mask.
    """

    levels: torch.Tensor
    mask: bytes
    mask_uses: int


class LamScCodec(ImageCodec):
    """Image codec "lam-sc" (see the module and ImageCodec).

    >>> codec = LamScCodec.from_settings(keep=0.4)
    >>> frames = codec.encode(pixels, snr_db=10.0)
    """

    name = "lam-sc"
    config_class = LamScConfig
    takes_importance = True

    def __init__(self, config: LamScConfig, model: JsccModel):
        self.config = config
        self._model = model
        self.device = model.device
        self._network = model.network

    @classmethod
    def from_settings(cls, **settings: Any) -> Self:
        """Make the codec from fields of LamScConfig and load its weights."""
        config = from_mapping(LamScConfig, settings)
        path = Path(config.weights) if config.weights else SHIPPED
        return cls(config, load_model(path, LamScNetwork, LamScShape, config.device))

    def encode(
        self,
        pixels: np.ndarray,
        snr_db: float,
        message_id: int = 0,
        importance: np.ndarray | None = None,
    ) -> list[Frame]:
        """Frames of one picture (see ImageCodec)."""
        check_pixels(pixels)
        importance = check_importance(importance, pixels)
        height, width = pixels.shape[:2]
        most = uses_for(parse_cbr(self.config.cbr), height, width)
        index = index_for(snr_db, self.config.margin_db)
        share = self._first_share(most, math.prod(positions_of(height, width)), index)
        with torch.inference_mode():
            positions = position_importance(importance_tensor(importance, height, width))
            device = self._model.device
            latent = self._network.sender(
                to_tensor(pixels).to(device),
                positions.to(device),
                conditions_of(snr_db, share, 1).to(device),
            )
            here = Latent(*map(to_host, (latent.values, latent.scores, latent.important)))
            choice = self._choose(here, share, most, index)
            groups = asc.groups_of(choice.levels).to(device)
            values, mask, amplitude = self._network.send(latent, groups)
        symbols = to_symbols(values, to_host(mask)[0, :SYMBOLS].numpy() > 0)
        count = message.sent_count(len(symbols), choice.mask_uses, most)
        symbols, scale = message.unit_power(symbols[:count])
        code = message.code_amplitude(float(amplitude) * scale)
        prelude = message.Prelude(height, width, choice.mask_uses, code, self._model.number)
        return message.message_frames(prelude, choice.mask, symbols, index, self.number, message_id)

    def decode(self, frames: list[ReceivedFrame]) -> DecodedImage:
        """Decode the fragments of one picture, in any order (see ImageCodec).

        Raises:
            FrameError: as ImageCodec says.
            ModelError: the picture was sent with other weights.
        """
        received = message.read_message(frames, self.number, self.name, self._model.number)
        height, width = received.prelude.height, received.prelude.width
        levels, important, known = _mask_of(received, positions_of(height, width))
        groups = asc.groups_of(levels)
        sent = asc.value_mask(groups)[0, :SYMBOLS].numpy() > 0
        values, noise_var = from_symbols(received.symbols[:known], received.noise_var[:known], sent)
        with torch.inference_mode():
            inputs = [x.to(self._model.device) for x in (values, noise_var, important, groups)]
            picture = self._network.receive(*inputs, received.prelude.amplitude)
        return received.decoded(to_pixels(picture, height, width))

    def latents_kept(self, frames: list[Frame]) -> float:
        """Share of the latent's symbols that the frames of a picture carry, 0 to 1.

        Args:
            frames: all of them, as sent.
        """
        clean = [
            ReceivedFrame(
                frame.header, frame.symbols, np.full(frame.symbols.shape, 1e-6, np.float32)
            )
            for frame in frames
        ]
        received = message.read_message(clean, self.number, self.name, self._model.number)
        positions = math.prod(positions_of(received.prelude.height, received.prelude.width))
        return len(received.symbols) / (SYMBOLS * positions)

    def _first_share(self, most: int, positions: int, index: int) -> float:
        """Share of the symbols to keep: that of the settings, or what fits beside a mask of the
        expected size.
        """
        if self.config.keep:
            return self.config.keep
        share = (most - message.PRELUDE_USES) / (SYMBOLS * positions)
        if share > 0.95:
            return 1.0
        expected = bytes(math.ceil(_EXPECTED_MASK_BITS * positions / 8))
        mask_uses = message.mask_uses_for(expected, index)
        return max(share - mask_uses / (SYMBOLS * positions), asc.LEAST_SHARE)

    def _choose(self, latent: Latent, share: float, most: int, index: int) -> _Choice:
        """Levels that fit the channel uses; where the settings give a share, those of the share.

        Args:
            latent: of one picture.
            share: of the symbols to keep, LEAST_SHARE to 1.
            most: channel uses of the message.
            index: rate index of the mask.
        """
        positions = latent.scores[0, 0].numel()
        choice = _choice(latent, share, index)
        if not choice.mask or self.config.keep:
            return choice
        for _ in range(_CORRECTIONS):
            share = (most - message.PRELUDE_USES - choice.mask_uses) / (SYMBOLS * positions)
            choice = _choice(latent, max(share, asc.LEAST_SHARE), index)
        return choice


def _choice(latent: Latent, share: float, index: int) -> _Choice:
    """Levels that keep a share of the symbols, and their mask at a rate index."""
    levels = asc.levels_of(asc.chosen(latent.scores, share))
    if bool((levels == len(asc.GROUP_SIZES)).all()) and not latent.important.any():
        return _Choice(levels, b"", 0)
    mask = mask_to_bytes(levels[0].numpy(), latent.important[0].numpy())
    uses = message.mask_uses_for(mask, index)
    return _Choice(levels, mask, uses)


def _mask_of(
    received: message.ReceivedMessage, shape: tuple[int, int]
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Levels of a received message; without the mask the first of each position.

    Args:
        received: the message.
        shape: h and w.

    Returns:
        Levels, int64 (1, h, w); which positions are important, bool (1, h, w); number of the
        symbols that the levels account for.
    """
    nowhere = torch.zeros((1, *shape), dtype=torch.bool)
    if received.mask is None:
        return torch.zeros((1, *shape), dtype=torch.int64), nowhere, math.prod(shape)
    if not received.mask:
        return torch.full((1, *shape), len(asc.GROUP_SIZES)), nowhere, len(received.symbols)
    levels, important = map(torch.from_numpy, mask_from_bytes(received.mask, shape))
    return levels[None], important[None], len(received.symbols)
