# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frame: the interface of codecs and modem, a header and complex symbols.

A codec gives symbols of unit mean power and the header's fields; the modem gives back unbiased
symbols y = x + n with a noise variance for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from semcom_core.errors import FrameError, printable

#: Header fields in the order of transmission, with their widths in bits. A CRC-16 over these 48
#: bits follows.
HEADER_FIELDS = {
    "codec": 5,
    "message_id": 8,
    "fragment": 4,
    "last_fragment": 4,
    "length": 12,
    "params": 6,
    "model_fp": 4,
    "context_fp": 4,
    "more": 1,
}
#: The same for codecs whose messages take many fragments: pictures. Fingerprints, where they have
#: any, are in the payload.
WIDE_HEADER_FIELDS = {
    "codec": 5,
    "message_id": 8,
    "fragment": 8,
    "last_fragment": 8,
    "length": 12,
    "params": 6,
    "more": 1,
}
#: Codec numbers kept for codecs of other packages (see codecs), texts and pictures.
PLUGIN_TEXT_NUMBERS = range(24, 26)
PLUGIN_IMAGE_NUMBERS = range(26, 28)
#: Codec numbers of control frames: of the agreement on a memory (see memory.agreement), and a poll,
#: which asks for an acknowledgement. 31 is kept for an extended header.
MEMORY = 28
POLL = 29
ACK = 30
#: Codec numbers that have the wide header: those of pictures.
WIDE_CODECS = (*range(8, 16), *PLUGIN_IMAGE_NUMBERS)
#: Most payload symbols of a frame, most fragments of a message, and how many message numbers.
MAX_LENGTH = 2 ** HEADER_FIELDS["length"] - 1
MAX_FRAGMENTS = 2 ** HEADER_FIELDS["fragment"]
MAX_WIDE_FRAGMENTS = 2 ** WIDE_HEADER_FIELDS["fragment"]
MESSAGE_IDS = 2 ** HEADER_FIELDS["message_id"]
#: Rounds of one message: the first transmission and up to three increments of fresh symbols.
ROUNDS = 4
#: Codec that can send increments → the numbers under which rounds 0 to 3 of it travel.
ROUND_NUMBERS = {1: (1, 17, 18, 19)}
_ROUND_OF = {
    number: (family, r)
    for family, numbers in ROUND_NUMBERS.items()
    for r, number in enumerate(numbers)
}


def header_fields(codec: int) -> dict[str, int]:
    """Header fields of a codec number in the order of transmission, with their widths in bits."""
    return WIDE_HEADER_FIELDS if codec in WIDE_CODECS else HEADER_FIELDS


@dataclass(frozen=True)
class FrameHeader:
    """Metadata of one frame.

    Args:
        codec: codec number, 0 to 31 (31 is kept for an extended header).
        message_id: message number, 0 to 255, chosen by the sender.
        fragment: index of this fragment, 0 to last_fragment.
        last_fragment: index of the message's last fragment, 0 to 15; of WIDE_CODECS, 0 to 255.
        length: payload symbols of this frame, 0 to 4095.
        params: the codec's own rate parameter, 0 to 63.
        model_fp: low 4 bits of the model fingerprint (0 where the codec has no model).
        context_fp: low 4 bits of the context fingerprint (0 without context).
        more: 1 when another frame follows in the same burst.

    Raises:
        FrameError: a field does not fit its width, or fragment exceeds last_fragment.
    """

    codec: int
    message_id: int = 0
    fragment: int = 0
    last_fragment: int = 0
    length: int = 0
    params: int = 0
    model_fp: int = 0
    context_fp: int = 0
    more: int = 0

    def __post_init__(self) -> None:
        widths = header_fields(self.codec)
        for name in HEADER_FIELDS:
            value = getattr(self, name)
            width = widths.get(name, 0)
            if not isinstance(value, int | np.integer) or not 0 <= value < 2**width:
                raise FrameError(
                    f"header field {name} is {printable(value)}; allowed is 0 to {2**width - 1}"
                )
        if self.fragment > self.last_fragment:
            raise FrameError(
                f"header field fragment is {self.fragment}; allowed is 0 to last_fragment = "
                f"{self.last_fragment}"
            )

    @property
    def family(self) -> int:
        """Codec number of the message's first round."""
        return _ROUND_OF.get(self.codec, (self.codec, 0))[0]

    @property
    def round(self) -> int:
        """Round of the frame: 0 for a first transmission, 1 to 3 for an increment."""
        return _ROUND_OF.get(self.codec, (self.codec, 0))[1]

    @property
    def fragments(self) -> int:
        """How many fragments the message has."""
        return self.last_fragment + 1


@dataclass(frozen=True)
class Frame:
    """A header and its payload, as sent.

    Args:
        header: its `length` is the number of symbols.
        symbols: complex64 (length,), mean power 1 over the message.

    Raises:
        FrameError: there is another number of symbols.
    """

    header: FrameHeader
    symbols: np.ndarray

    def __post_init__(self) -> None:
        if not (isinstance(self.header, FrameHeader) and isinstance(self.symbols, np.ndarray)):
            raise FrameError(
                f"frame has header {printable(self.header)} and symbols {printable(self.symbols)}; "
                "allowed is a FrameHeader and an array"
            )
        if self.symbols.shape != (self.header.length,):
            raise FrameError(
                f"frame has symbols of shape {self.symbols.shape}; its header says length "
                f"{self.header.length}"
            )


@dataclass(frozen=True)
class ReceivedFrame(Frame):
    """A frame as received: unbiased symbols y = x + n with E|n|^2 = noise_var.

    Args:
        noise_var: float32 (length,); inf marks an erased symbol, whose value is 0.
        snr_db: estimated SNR over the frame, dB (see units).
        level_db: mean power of the preamble's samples over full scale (a sample of modulus 1), dB
            (0 without a modem).
        cfo_hz: estimated carrier frequency offset, Hz (0 without a modem).
        crc_ok: whether the header's CRC held. Frames with a bad header never leave the modem as
            received frames.
        start_sample: absolute index of the burst's first preamble sample in the receiver's input (0
            without a modem).
        channel: the modem's estimate of the channel's gain on its active carriers about the end of
            the frame, complex64 (A,), of samples of full scale; empty without a modem.

    Raises:
        FrameError: there is another number of symbols or noise variances.
    """

    noise_var: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    snr_db: float = 0.0
    cfo_hz: float = 0.0
    level_db: float = 0.0
    crc_ok: bool = True
    start_sample: int = 0
    channel: np.ndarray = field(default_factory=lambda: np.zeros(0, np.complex64))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.noise_var.shape != self.symbols.shape:
            raise FrameError(
                f"noise_var has shape {self.noise_var.shape}; symbols have {self.symbols.shape}"
            )


def check_received(frames: Sequence[Frame]) -> None:
    """Raise FrameError unless frames have come through a channel."""
    if not isinstance(frames, Sequence):
        raise FrameError(f"frames are {printable(frames)}; allowed is a list of received frames")
    if not all(isinstance(frame, ReceivedFrame) for frame in frames):
        raise FrameError(
            "frames are as sent, without noise variances; allowed is what `transmit` or a modem's "
            "`demodulate` gives"
        )
