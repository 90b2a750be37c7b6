# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory item: something received or measured in a time slot, with its embedding and its value.

    payload of a text     UTF-8
    of all else           arrays: name, kind of number, shape, numbers (little-endian)

The digest of an item is a hash of what both ends of a link have of it: modality, slot and, where
the payload was delivered exactly, the payload. Its key, embedding and value are each end's own.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from semcom_core.errors import ConfigError, check_choice, check_range

TEXT = "text"
IMAGE = "image"
CSI = "csi"
SENSING = "sensing"
#: Kinds of items: received texts and pictures; channel measurements; what was sensed by them.
MODALITIES = (TEXT, IMAGE, CSI, SENSING)
#: Largest key and slot, which a 64-bit integer of a database holds.
MOST_NUMBER = 2**63 - 1
#: Most bytes of a payload, and most dimensions of an embedding.
MOST_PAYLOAD = 1 << 24
MOST_DIMENSIONS = 1 << 14
#: Arrays of a payload, their axes, and the kinds of numbers that they have, by number.
_MOST_ARRAYS = 16
_MOST_AXES = 8
_KINDS = ("b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "c8", "c16")


def _no_embedding() -> np.ndarray:
    return np.zeros(0, np.float32)


@dataclass(frozen=True, eq=False)
class MemoryItem:
    """One item of a memory.

    Args:
        key: number of the item, unique in its store, 0 to MOST_NUMBER.
        modality: one of MODALITIES.
        slot: time slot in which it was received, 0 to MOST_NUMBER.
        embedding: what it is recalled and compared by, float32 (D,); empty for none.
        value: how much it is worth keeping by itself, 0 to 1.
        payload: its content, at most MOST_PAYLOAD bytes.
        exact: whether the far end has the same payload, bit by bit. Features that came over an
            analog link are not.

    Raises:
        ConfigError: a value is out of range, or the embedding is no finite vector.
    """

    key: int
    modality: str
    slot: int
    embedding: np.ndarray = field(default_factory=_no_embedding)
    value: float = 1.0
    payload: bytes = b""
    exact: bool = True

    def __post_init__(self) -> None:
        check_range("key", self.key, 0, MOST_NUMBER)
        check_choice("modality", self.modality, MODALITIES)
        check_range("slot", self.slot, 0, MOST_NUMBER)
        check_range("value", self.value, 0, 1)
        check_range("payload bytes", len(self.payload), 0, MOST_PAYLOAD)
        embedding = np.asarray(self.embedding, np.float32)
        if embedding.ndim != 1 or len(embedding) > MOST_DIMENSIONS:
            raise ConfigError(
                f"embedding has shape {embedding.shape}; allowed is 0 to {MOST_DIMENSIONS} numbers"
            )
        if not np.isfinite(embedding).all():
            raise ConfigError("embedding has numbers that are not finite; allowed are finite ones")
        object.__setattr__(self, "embedding", embedding)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MemoryItem) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    @property
    def _content(self) -> tuple:
        return (
            *(self.key, self.modality, self.slot, self.value, self.payload, self.exact),
            self.embedding.tobytes(),
        )

    @property
    def digest(self) -> bytes:
        """SHA-256 of what both ends have of the item."""
        found = hashlib.sha256(f"{self.modality} {self.slot} {int(self.exact)} ".encode())
        if self.exact:
            found.update(self.payload)
        return found.digest()

    @property
    def size(self) -> int:
        """Bytes of payload and embedding."""
        return len(self.payload) + self.embedding.nbytes

    @property
    def text(self) -> str:
        """The text of a text item.

        Raises:
            ConfigError: it is of another modality, or no UTF-8.
        """
        if self.modality != TEXT:
            raise ConfigError(
                f"item {self.key} is of modality {self.modality!r}; allowed is 'text'"
            )
        try:
            return self.payload.decode()
        except UnicodeDecodeError as error:
            raise ConfigError(
                f"item {self.key} has a payload that is no text: {error.reason}; allowed is UTF-8"
            ) from error

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of a payload that pack_arrays made.

        Raises:
            ConfigError: the payload is none of these.
        """
        try:
            return unpack_arrays(self.payload)
        except ConfigError as error:
            raise ConfigError(f"item {self.key}: {error}") from error

    @property
    def pixels(self) -> np.ndarray:
        """The picture of an image item, uint8 (H, W, 3).

        Raises:
            ConfigError: it is of another modality, or holds no picture.
        """
        found = self.arrays.get("pixels") if self.modality == IMAGE else None
        if found is None or found.dtype != np.uint8 or found.ndim != 3 or found.shape[2] != 3:
            raise ConfigError(
                f"item {self.key} holds no picture; allowed is an image item with pixels, uint8 "
                "(H, W, 3)"
            )
        return found


def text_item(
    key: int,
    slot: int,
    text: str,
    embedding: ArrayLike = (),
    value: float = 1.0,
    exact: bool = True,
) -> MemoryItem:
    """Item of a received text.

    Args:
        key, slot, value, exact: as of MemoryItem.
        text: the text.
        embedding: of the text, for example by models.sentence, float (D,).

    Raises:
        ConfigError: as of MemoryItem.
    """
    return MemoryItem(
        key, TEXT, slot, np.asarray(embedding, np.float32), value, text.encode(), exact
    )


def image_item(
    key: int,
    slot: int,
    pixels: np.ndarray,
    embedding: ArrayLike = (),
    value: float = 1.0,
    exact: bool = False,
) -> MemoryItem:
    """Item of a received picture, whose pixels are in general not those that were sent.

    Args:
        key, slot, value, exact: as of MemoryItem.
        pixels: uint8 (H, W, 3).
        embedding: of the picture, for example by memory.alignment, float (D,).

    Raises:
        ConfigError: as of MemoryItem.
    """
    payload = pack_arrays({"pixels": pixels})
    return MemoryItem(key, IMAGE, slot, np.asarray(embedding, np.float32), value, payload, exact)


def pack_arrays(arrays: Mapping[str, ArrayLike]) -> bytes:
    """Arrays by name as the payload of an item.

    Args:
        arrays: at most 16 arrays of numbers, of at most 8 axes; names of 1 to 255 bytes.

    Raises:
        ConfigError: there are too many, or one holds no numbers.
    """
    check_range("arrays", len(arrays), 0, _MOST_ARRAYS)
    parts = []
    for name, values in arrays.items():
        array = np.asarray(values)
        label = name.encode()
        check_range("bytes of an array's name", len(label), 1, 255)
        check_range("axes of an array", array.ndim, 0, _MOST_AXES)
        kind = array.dtype.newbyteorder("<").str.lstrip("|<")
        if kind not in _KINDS:
            raise ConfigError(
                f"array {name!r} is of type {array.dtype}; allowed is one of {', '.join(_KINDS)}"
            )
        parts += [bytes([len(label)]), label, bytes([_KINDS.index(kind), array.ndim])]
        parts += [length.to_bytes(4, "big") for length in array.shape]
        parts.append(array.astype(f"<{kind}").tobytes())
    return b"".join(parts)


def unpack_arrays(payload: bytes) -> dict[str, np.ndarray]:
    """The arrays that pack_arrays packed; none becomes larger than the payload.

    Raises:
        ConfigError: the payload is none of these.
    """
    found: dict[str, np.ndarray] = {}
    file = io.BytesIO(payload)
    try:
        while file.tell() < len(payload):
            name = _take(file, _take(file, 1)[0]).decode()
            kind, axes = _take(file, 2)
            if len(found) == _MOST_ARRAYS or kind >= len(_KINDS) or axes > _MOST_AXES:
                raise ValueError("an array is of an unknown kind, or there are too many")
            shape = [int.from_bytes(_take(file, 4), "big") for _ in range(axes)]
            dtype = np.dtype(f"<{_KINDS[kind]}")
            data = _take(file, math.prod(shape) * dtype.itemsize)
            found[name] = np.frombuffer(data, dtype).reshape(shape)
    except ValueError as error:
        raise ConfigError(
            f"payload holds no arrays: {error}; allowed is what pack_arrays makes"
        ) from error
    return found


def _take(file: io.BytesIO, length: int) -> bytes:
    data = file.read(length)
    if len(data) < length:
        raise ValueError("it ends too early")
    return data
