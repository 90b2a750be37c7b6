# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the hybrid codec divides the channel uses of a picture: what both ends work out from a
frame's header and the side part.

matched:   side │ one digital layer
graceful:  side │ thumbnail │ base + enhancement + analog refinement, on top of each other
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
#: In the side part, the base layer's share of the power is counted in 32nds, the analog layer's in
#: 128ths.
BASE_PARTS = 32
ANALOG_PARTS = 128
#: One in so many channel uses of a graceful picture is the thumbnail's.
_THUMBNAIL_SHARE = 64
_SIZE = (MAX_SIDE.bit_length(),) * 2
_STEPS = MAX_STEPS.bit_length()
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
class Split:
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
class Plan:
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
        """Height, width, how often each layer was shrunk; of a graceful picture also its split and
        the scale of the analog layer.
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

    def layers(self, split: Split | None = None) -> Superposition:
        """The layers; those of a graceful picture take a split."""
        if split is None:
            return Superposition((DigitalLink(self.layer_uses, self.index),), (1.0,))
        links = (
            DigitalLink(self.layer_uses, split.base_index),
            DigitalLink(self.layer_uses, self.index),
        )
        return Superposition(links, split.powers)


def graceful_split(snr_db: float, offset_db: float, base: int, analog: int) -> tuple[Split, int]:
    """Split of the power, and rate index of the enhancement.

    Args:
        snr_db: SNR that the enhancement must arrive at, dB; the base must at `offset_db` less.
        base, analog: shares as in Split.
    """
    share = base / BASE_PARTS
    extra = analog / ANALOG_PARTS
    low, high = 10 ** ((snr_db - offset_db) / 10), 10 ** (snr_db / 10)
    base_db = 10 * math.log10(share * low / ((1 - share) * low + 1))
    enhancement_db = 10 * math.log10((1 - share - extra) * high / (extra * high + 1))
    return Split(index_for(base_db), base, analog), index_for(enhancement_db)
