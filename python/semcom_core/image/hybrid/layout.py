# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Division of a picture's channel uses among the parts of the hybrid image codec.

    matched    side part | one digital layer
    graceful   side part | thumbnail | base + enhancement + refinement, superposed

Both ends work it out from a frame's header (profile, uses, rate index) and the side part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from semcom_core.codecs import CODECS
from semcom_core.errors import FrameError
from semcom_core.image.digital import INDICES, DigitalLink, index_for
from semcom_core.image.hybrid.analog import SCALES
from semcom_core.image.hybrid.layers import Superposition
from semcom_core.image.picture import MAX_SIDE, MAX_STEPS
from semcom_core.image.side_info import SidePart

#: Profile → codec number in the frame header.
PROFILES = dict(zip(("matched", "graceful"), CODECS["hybrid"].numbers))
#: In the side part, the base layer's share of the power is counted in 32nds.
BASE_PARTS = 32
#: In the side part, the analog layer's share of the power is counted in 128ths.
ANALOG_PARTS = 128
#: One in so many channel uses of a graceful picture is the thumbnail's.
_THUMBNAIL_SHARE = 64
#: Bits of height and width, and of the number of downscalings of a layer.
_SIZE = (MAX_SIDE.bit_length(),) * 2
_STEPS = MAX_STEPS.bit_length()
#: Profile → bits of each number of the side part.
_WIDTHS = {
    "matched": (*_SIZE, _STEPS),
    "graceful": (
        *_SIZE,
        _STEPS,
        _STEPS,
        (INDICES - 1).bit_length(),
        5,
        4,
        (SCALES - 1).bit_length(),
    ),
}


@dataclass(frozen=True)
class PowerSplit:
    """Power of the layers of a graceful picture.

    Args:
        base_index: rate index of the base layer.
        base: its share of the power in 32nds, 1 to 31.
        analog: the analog layer's share in 128ths, 0 to 15.
    """

    base_index: int
    base: int
    analog: int

    @property
    def powers(self) -> tuple[float, float]:
        """Shares of base and enhancement."""
        base = self.base / BASE_PARTS
        analog = self.analog / ANALOG_PARTS
        return base, 1 - base - analog


@dataclass(frozen=True)
class HybridLayout:
    """Parts of the symbols of a picture.

    Args:
        profile: one of PROFILES.
        uses: channel uses of the whole picture.
        index: rate index of the last digital layer; it travels in the header.
    """

    profile: str
    uses: int
    index: int

    @property
    def side(self) -> SidePart:
        """Side part: height, width, and how often each layer was downscaled; of a graceful picture
        also its power split and the scale of the refinement.
        """
        return SidePart(self.uses, _WIDTHS[self.profile])

    @property
    def thumbnail_uses(self) -> int:
        """Channel uses of the thumbnail."""
        return max(self.uses // _THUMBNAIL_SHARE, 1) if self.profile == "graceful" else 0

    @property
    def layer_uses(self) -> int:
        """Channel uses of the layers.

        Raises:
            FrameError: the picture has too few for any.
        """
        left = self.uses - self.side.uses - self.thumbnail_uses
        if left < 1 or not DigitalLink(left, self.index).capacity_bytes:
            raise FrameError(
                f"picture has {self.uses} channel uses, which carry no byte at rate index "
                f"{self.index}: raise cbr"
            )
        return left

    def layers(self, split: PowerSplit | None = None) -> Superposition:
        """The layers; those of a graceful picture take a power split."""
        if split is None:
            return Superposition((DigitalLink(self.layer_uses, self.index),), (1.0,))
        links = (
            DigitalLink(self.layer_uses, split.base_index),
            DigitalLink(self.layer_uses, self.index),
        )
        return Superposition(links, split.powers)


def graceful_split(
    snr_db: float, offset_db: float, base: int, analog: int
) -> tuple[PowerSplit, int]:
    """Power split of a graceful picture, and the rate index of its enhancement layer.

    With b and r the shares of base and refinement and g the SNR of the channel, each digital layer
    sees the SNR

        base, at g_low:        b g_low / ((1 - b) g_low + 1)
        enhancement, at g:     (1 - b - r) g / (r g + 1)

    Args:
        snr_db: SNR at which the enhancement must arrive, dB.
        offset_db: so much lower the base must arrive, dB.
        base: its share of the power in 32nds.
        analog: the refinement's share in 128ths.
    """
    share = base / BASE_PARTS
    extra = analog / ANALOG_PARTS
    low, high = 10 ** ((snr_db - offset_db) / 10), 10 ** (snr_db / 10)
    base_db = 10 * math.log10(share * low / ((1 - share) * low + 1))
    enhancement_db = 10 * math.log10((1 - share - extra) * high / (extra * high + 1))
    return PowerSplit(index_for(base_db), base, analog), index_for(enhancement_db)
