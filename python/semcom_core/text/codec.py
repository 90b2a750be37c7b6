# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text codec contract: base classes, result type, and loading by name."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, cast

import numpy as np

from semcom_core.codecs import CODECS, TEXT, Codec, check_power, load_codec
from semcom_core.errors import ConfigError, FrameError, ModelError, printable
from semcom_core.frame import (
    MAX_FRAGMENTS,
    MAX_LENGTH,
    Frame,
    FrameHeader,
    ReceivedFrame,
    check_received,
)
from semcom_core.units import capacity_bits


@dataclass(frozen=True)
class DecodedText:
    """Decoded text of one message.

    Args:
        text: the message; where `decoded` is False, the best guess.
        decoded: whether the codec's own check (posterior or CRC) says that the text is right.
        message_id: number of the message, 0 to 255.
        score: log2 of the posterior odds that the text is right; NaN where the codec has none.
        reason: why the message is not decoded, in one line; empty where it is.
    """

    text: str
    decoded: bool
    message_id: int = 0
    score: float = math.nan
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


class TextCodec(Codec):
    """Text to frames and back.

    Attributes:
        takes_context: whether `with_context` tells the codec of the messages before.
    """

    modality = TEXT
    takes_context: ClassVar[bool] = False

    @abstractmethod
    def source_bits(self, text: str) -> float:
        """Information of a text by the codec's own source model, end of message included, bits."""

    @abstractmethod
    def encode(self, text: str, snr_db: float, message_id: int = 0) -> list[Frame]:
        """Frames of one message, one for each fragment.

        Args:
            text: Unicode text without lone surrogates.
            snr_db: SNR that the rate is chosen for, dB.
            message_id: number of the message, 0 to 255.

        Raises:
            FrameError: the text does not fit the largest number of fragments.
        """

    def increments(self, text: str, snr_db: float, message_id: int = 0) -> list[list[Frame]]:
        """Frames of each round of a message: those of `encode`, then, of a codec with `rounds`
        above 1, fresh symbols of the same text, to be sent if it does not decode.

        Args:
            text, snr_db, message_id: see `encode`.

        Raises:
            FrameError: the text does not fit the largest number of fragments.
        """
        return [self.encode(text, snr_db, message_id=message_id)]

    @abstractmethod
    def decode(self, frames: list[ReceivedFrame]) -> DecodedText:
        """Decode the fragments of one message, in any order.

        A missing fragment leaves the message undecoded.

        Raises:
            FrameError: no frames, or frames of more than one message.
            ModelError: the frames were made with another model, context or configuration.
        """

    def with_context(self, context: Sequence[str]) -> TextCodec:
        """The codec told of the messages before, the same at both ends.

        Raises:
            ConfigError: the codec has no use for them.
        """
        raise ConfigError(f"codec {self.name!r} takes no context; allowed is --context 0")

    def gap(self, text: str, snr_db: float) -> dict[str, float]:
        """Channel uses of a text by cause: what its source bits need at capacity, and the rest."""
        bound = self.source_bits(text) / float(capacity_bits(snr_db))
        uses = sum(len(frame.symbols) for frame in self.encode(text, snr_db))
        return {"source": bound, "code": uses - bound}


class SymbolTextCodec(TextCodec):
    """Text codec that is written in terms of channel symbols; frames are made and read here.

    A codec of one's own states what Codec asks for and these two methods. Symbols have unit mean
    power. The header carries 14 bits of the fingerprint, so that both ends tell when their
    configurations differ.
    """

    @abstractmethod
    def to_symbols(self, text: str, snr_db: float) -> np.ndarray:
        """Channel symbols of a text, complex (n,), E|x|^2 = 1, n from 1 to 65,520.

        Args:
            text: Unicode text.
            snr_db: SNR to choose a rate by, dB.
        """

    @abstractmethod
    def from_symbols(self, symbols: np.ndarray, noise_var: np.ndarray) -> DecodedText:
        """Text of received symbols y = x + n.

        Args:
            symbols: complex128 (n or some more,); of several fragments the last symbols may be
                padding, which is 0 where it was sent.
            noise_var: float64, E|n|^2 of each; inf where a fragment is missing.
        """

    def source_bits(self, text: str) -> float:
        """Bits of a text in UTF-8; a codec with a source model of its own says less."""
        return 8.0 * len(text.encode("utf-8", "replace"))

    def encode(self, text: str, snr_db: float, message_id: int = 0) -> list[Frame]:
        """Frames of one message, fragments of equal length (see TextCodec)."""
        check_text(text)
        symbols = np.asarray(self.to_symbols(text, snr_db), np.complex64)
        check_power(symbols)
        fragments = -(-symbols.size // MAX_LENGTH)
        if fragments > MAX_FRAGMENTS:
            raise FrameError(
                f"text takes {symbols.size} symbols; allowed is up to {MAX_FRAGMENTS * MAX_LENGTH}"
            )
        padding = np.zeros(-symbols.size % fragments, np.complex64)
        parts = np.split(np.concatenate([symbols, padding]), fragments)
        common = {
            "codec": self.number,
            "message_id": message_id,
            "last_fragment": fragments - 1,
            "length": parts[0].size,
            **self._stated(),
        }
        return [Frame(FrameHeader(fragment=i, **common), part) for i, part in enumerate(parts)]

    def decode(self, frames: list[ReceivedFrame]) -> DecodedText:
        message_id, fragments = gather(frames)
        header = frames[0].header
        stated = {name: getattr(header, name) for name in self._stated()}
        if stated != self._stated():
            raise ModelError(
                f"frame was made by codec number {header.codec} with fingerprint "
                f"{_values(stated)}; {self.name!r} with these settings has "
                f"{_values(self._stated())}"
            )
        symbols = np.zeros((len(fragments), header.length), np.complex128)
        noise_var = np.full((len(fragments), header.length), np.inf)
        for i, rounds in enumerate(fragments):
            if rounds:
                symbols[i] = rounds[-1].symbols
                noise_var[i] = rounds[-1].noise_var
        found = self.from_symbols(symbols.ravel(), noise_var.ravel())
        if not isinstance(found, DecodedText):
            raise FrameError(
                f"codec {self.name!r} decodes to {type(found).__name__}; allowed is DecodedText"
            )
        return replace(found, message_id=message_id)

    def _stated(self) -> dict[str, int]:
        """Header fields that hold the fingerprint."""
        return {
            "params": self.fingerprint & 63,
            "model_fp": self.fingerprint >> 6 & 15,
            "context_fp": self.fingerprint >> 10 & 15,
        }


def _values(fields: dict[str, int]) -> str:
    return "-".join(map(str, fields.values()))


#: Codec name → (number in the frame header, "module:class") of the text codecs of this package.
TEXT_CODECS = {e.name: (e.number, e.target) for e in CODECS.values() if e.modality == TEXT}


def load_text_codec(name: str, **settings: Any) -> TextCodec:
    """Make a text codec by name; keyword arguments are fields of its configuration.

    Args:
        name: a name such as "spinal", "module:Class", or one that another package declares (see
            semcom_core.codecs).

    Raises:
        ConfigError: unknown codec, unknown setting, or a setting out of range.
        ModelError: the codec needs a model that is not there.
    """
    return cast(TextCodec, load_codec(name, TEXT, **settings))


def check_text(text: str) -> None:
    """Raise FrameError unless UTF-8 can carry a text: it may hold no lone surrogate."""
    if not isinstance(text, str):
        raise FrameError(f"text is {printable(text)}; allowed is a str")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        found = f"{text[error.start]!r} at position {error.start}"
        raise FrameError(
            f"text has {found}; allowed is Unicode text without lone surrogates"
        ) from error


def gather(frames: list[ReceivedFrame]) -> tuple[int, list[list[ReceivedFrame]]]:
    """Message number, and for each fragment of one message its frames in the order of their rounds;
    none for a missing one.

    Of two frames of the same round the later counts.

    Raises:
        FrameError: no frames, or frames that cannot belong to one message.
    """
    if not frames:
        raise FrameError("no frames to decode; at least one is needed")
    check_received(frames)
    kinds = {(f.header.family, f.header.message_id, f.header.last_fragment) for f in frames}
    if len(kinds) > 1:
        raise FrameError(
            f"frames are of {len(kinds)} messages, (codec, message, last fragment) "
            f"{sorted(kinds)}; one is allowed"
        )
    _, message_id, last = kinds.pop()
    found = {(f.header.fragment, f.header.round): f for f in frames}
    return message_id, [
        [found[key] for key in sorted(found) if key[0] == k] for k in range(last + 1)
    ]


def check_fragments(frames: list[ReceivedFrame]) -> tuple[int, list[ReceivedFrame | None]]:
    """As `gather`, for codecs of one round: each fragment's frame, None for a missing one."""
    message_id, fragments = gather(frames)
    return message_id, [rounds[0] if rounds else None for rounds in fragments]
