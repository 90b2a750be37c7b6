# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree of an IIO context: devices, their channels and attributes, and how a client's words address them."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass, field

from semcom_core.errors import RadioError
from semcom_core.radio.iio.values import Binding

_DIRECTIONS = {"INPUT": False, "OUTPUT": True}


@dataclass(frozen=True)
class Attribute:
    """An attribute: the name clients use, that of its file in sysfs, and what stands behind it."""

    name: str
    filename: str
    binding: Binding

    def read(self) -> str:
        """Its value, as text."""
        return self.binding.read()

    def write(self, text: str) -> None:
        """Set it.

        Raises:
            RadioError: it is read-only (EACCES), or the value is refused.
        """
        if self.binding.write is None:
            raise RadioError(errno.EACCES, f"attribute {self.filename} is read-only")
        self.binding.write(text)


Attributes = dict[str, Attribute]


@dataclass(frozen=True)
class Channel:
    """A channel; one with a scan format can be part of a buffer."""

    id: str
    name: str | None
    output: bool
    attributes: Attributes
    scan_index: int | None = None
    scan_format: str = ""


@dataclass(frozen=True)
class Device:
    """A device; `buffer` holds the attributes of its buffer, `debug` those of debugfs."""

    id: str
    name: str
    attributes: Attributes = field(default_factory=dict)
    channels: tuple[Channel, ...] = ()
    debug: Attributes = field(default_factory=dict)
    buffer: Attributes = field(default_factory=dict)

    @property
    def scan_mask(self) -> int:
        """Bits of the channels that a buffer can hold."""
        return sum(1 << one.scan_index for one in self.channels if one.scan_index is not None)

    def channel(self, name: str, output: bool) -> Channel:
        """The channel of that id or name.

        Raises:
            RadioError: there is none (ENXIO).
        """
        for one in self.channels:
            if one.output == output and name in (one.id, one.name):
                return one
        raise RadioError(errno.ENXIO, f"device {self.name} has no {'output' if output else 'input'} channel {name!r}")

    def table(self, words: Sequence[str]) -> tuple[Attributes, Sequence[str]]:
        """The attributes that a client's words speak of, and the words that remain: the attribute's name, or none for all."""
        kind = words[0] if words else ""
        if kind in _DIRECTIONS and len(words) > 1:
            return self.channel(words[1], _DIRECTIONS[kind]).attributes, words[2:]
        if kind == "DEBUG":
            return self.debug, words[1:]
        if kind == "BUFFER":
            return self.buffer, words[1:]
        return self.attributes, words

    def attribute(self, words: Sequence[str]) -> Attribute:
        """The attribute that a client's words name.

        Raises:
            RadioError: there is none (ENOENT), or the words name none (EINVAL).
        """
        table, name = self.table(words)
        if len(name) != 1:
            raise RadioError(errno.EINVAL, f"{' '.join(words)!r} names no attribute of device {self.name}")
        if name[0] not in table:
            raise RadioError(errno.ENOENT, f"device {self.name} has no attribute {' '.join(words)!r}")
        return table[name[0]]
