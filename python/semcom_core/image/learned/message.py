# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Message format of the learned image codecs: prelude, mask and learned symbols.

    prelude (polar coded, 160 uses) | mask (LDPC coded, as many uses as the prelude says) |
    learned symbols, the most useful first

Where there are more learned symbols than uses allowed, the last ones are not sent; the receiver
takes them for lost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from semcom_core.errors import FrameError, ModelError
from semcom_core.fec import PolarLink
from semcom_core.frame import Frame, ReceivedFrame
from semcom_core.image.codec import DecodedImage
from semcom_core.image.digital import DigitalLink, rate_of
from semcom_core.image.fragments import Reception, collect_fragments, frames_of, shape_for

#: Channel uses of the prelude: its 83 bits (72 and a CRC-11) arrive from about -1 dB on, at 10 dB
#: even when half of the fragments are lost.
PRELUDE_USES = 160
#: Bits of each number of the prelude, in the order they travel.
_WIDTHS = {"height": 14, "width": 14, "mask_uses": 20, "amplitude_code": 16, "model": 8}
#: Steps of the amplitude's code an octave, and the code of amplitude 1.
_AMPLITUDE_STEPS = 2048
_AMPLITUDE_ZERO = 2**15


@dataclass(frozen=True)
class Prelude:
    """Numbers that the receiver needs before all else.

    Args:
        height, width: of the picture, pixels, 1 to 16383.
        mask_uses: channel uses of the mask; 0 where all symbols are sent.
        amplitude_code: of the amplitude that the learned symbols were divided by, see
            code_amplitude.
        model: the first 8 bits of the fingerprint of the weights.
    """

    height: int
    width: int
    mask_uses: int
    amplitude_code: int
    model: int

    def bits(self) -> np.ndarray:
        """Bits before coding, uint8 (72,)."""
        return np.concatenate(
            [_bits(getattr(self, name), width) for name, width in _WIDTHS.items()]
        )

    @classmethod
    def of_bits(cls, bits: np.ndarray) -> Prelude:
        """The prelude of its bits, uint8 (72,)."""
        parts = np.split(bits, np.cumsum(list(_WIDTHS.values()))[:-1])
        return cls(*(int(part @ (1 << np.arange(len(part))[::-1])) for part in parts))

    @property
    def amplitude(self) -> float:
        """Amplitude that the learned symbols were divided by."""
        return 2 ** ((self.amplitude_code - _AMPLITUDE_ZERO) / _AMPLITUDE_STEPS)


@dataclass(frozen=True)
class ReceivedMessage:
    """Parts of a received message.

    Args:
        prelude: decoded.
        mask: its bytes, zeros after them; None where its CRC does not hold, and empty where all
            symbols were sent.
        symbols: learned symbols, complex128 (n,), 0 where lost.
        noise_var: E|n|^2 of each, float64 (n,), inf where lost.
        reception: of the frames.
    """

    prelude: Prelude
    mask: bytes | None
    symbols: np.ndarray
    noise_var: np.ndarray
    reception: Reception

    @property
    def reason(self) -> str:
        """Why the picture is degraded, in one line; empty where it is not."""
        reasons = []
        if self.reception.missing:
            reasons.append(self.reception.shortfall)
        if self.mask is None:
            reasons.append("the mask was not decoded")
        return "; ".join(reasons)

    def decoded(self, pixels: np.ndarray) -> DecodedImage:
        """The result of decoding, uint8 pixels (H, W, 3), with the reasons of this message."""
        return DecodedImage(
            pixels,
            not self.reason,
            self.reception.header.message_id,
            self.reason,
            self.reception.missing,
            self.reception.header.fragments,
        )


def code_amplitude(amplitude: float) -> int:
    """Code of an amplitude, 0 to 65535, in steps of 0.03 % from 2^-16 to 2^16."""
    code = round(math.log2(amplitude) * _AMPLITUDE_STEPS) + _AMPLITUDE_ZERO
    return min(max(code, 0), 2**16 - 1)


def unit_power(symbols: np.ndarray) -> tuple[np.ndarray, float]:
    """Symbols of mean power 1, complex64 (n,), and the amplitude that they were divided by; zeros
    stay zeros.
    """
    amplitude = float(np.sqrt(np.mean(np.abs(symbols) ** 2)))
    return (symbols / amplitude if amplitude else symbols).astype(np.complex64), amplitude or 1.0


def mask_uses_for(data: bytes, index: int) -> int:
    """Least channel uses of a DigitalLink that carries a mask's bytes at a rate index."""
    if not data:
        return 0
    uses = max(1, math.floor(8 * len(data) / rate_of(index)))
    while (short := len(data) - DigitalLink(uses, index).capacity_bytes) > 0:
        uses += max(1, math.floor(4 * short / rate_of(index)))
    return uses


def sent_count(count: int, mask_uses: int, most_uses: int) -> int:
    """Number of learned symbols that are sent; the others do not fit.

    Args:
        count: learned symbols that there are.
        mask_uses: channel uses of the mask.
        most_uses: channel uses of the message at most; it takes a whole number of fragments.

    Raises:
        FrameError: the uses do not even hold the prelude and the mask.
    """
    fixed = PRELUDE_USES + mask_uses
    sent = (shape_for(min(fixed + count, most_uses)).uses if most_uses > 0 else 0) - fixed
    if sent < 1:
        raise FrameError(
            f"picture may take {most_uses} channel uses; {fixed} are needed for what comes before "
            "its symbols"
        )
    return sent


def message_frames(
    prelude: Prelude, mask: bytes, symbols: np.ndarray, index: int, codec: int, message_id: int
) -> list[Frame]:
    """Frames of a message.

    Args:
        prelude: of the message.
        mask: its bytes, which fit prelude.mask_uses.
        symbols: learned symbols, complex (n,), the most useful first, of mean power 1, n by
            sent_count.
        index: rate index of the mask; it travels as the header's `params`.
        codec: number of the codec.
        message_id: number of the message, 0 to 255.
    """
    parts = [_prelude_link().encode(prelude.bits())]
    if mask:
        parts.append(DigitalLink(prelude.mask_uses, index).encode(mask))
    return frames_of(np.concatenate([*parts, symbols]), codec, message_id, params=index)


def read_message(frames: list[ReceivedFrame], codec: int, name: str, model: int) -> ReceivedMessage:
    """Decode prelude and mask of a message.

    Args:
        frames: some of the message, in any order.
        codec: number of the codec that decodes.
        name: its name, for error messages.
        model: first 8 bits of the fingerprint of its weights.

    Raises:
        FrameError: frames that do not belong together or to this codec, or too few for the prelude.
        ModelError: the message was made with other weights.
    """
    reception = collect_fragments(frames, codec, name)
    if len(reception.symbols) <= PRELUDE_USES:
        raise FrameError(
            f"picture has {len(reception.symbols)} symbols; a {name} message has more than "
            f"{PRELUDE_USES}"
        )
    bits, ok = _prelude_link().decode(
        reception.symbols[:PRELUDE_USES], reception.noise_var[:PRELUDE_USES]
    )
    prelude = Prelude.of_bits(bits)
    fixed = PRELUDE_USES + prelude.mask_uses
    if not ok or not prelude.height or not prelude.width or fixed > len(reception.symbols):
        raise FrameError(
            f"message {reception.header.message_id}: the picture's size was not decoded; more "
            "fragments are needed"
        )
    if prelude.model != model:
        raise ModelError(
            f"message {reception.header.message_id} was made with weights of fingerprint "
            f"{prelude.model:02x}…; those here have {model:02x}…"
        )
    return ReceivedMessage(
        prelude,
        _mask_of(reception, prelude),
        reception.symbols[fixed:],
        reception.noise_var[fixed:],
        reception,
    )


def _mask_of(reception: Reception, prelude: Prelude) -> bytes | None:
    """Bytes of the mask; None where its CRC does not hold."""
    if not prelude.mask_uses:
        return b""
    part = slice(PRELUDE_USES, PRELUDE_USES + prelude.mask_uses)
    link = DigitalLink(prelude.mask_uses, reception.header.params)
    data, ok = link.decode(reception.symbols[part], reception.noise_var[part])
    return data if ok else None


def _prelude_link() -> PolarLink:
    return PolarLink(sum(_WIDTHS.values()), PRELUDE_USES, "qpsk")


def _bits(value: int, width: int) -> np.ndarray:
    """Bits of a number, the highest first, uint8 (width,)."""
    return np.array([value >> i & 1 for i in range(width - 1, -1, -1)], np.uint8)
