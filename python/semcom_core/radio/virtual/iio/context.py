# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices, channels and attributes of an IIO context, built from catalogue.yml, and its XML.

The XML is the context description that libiio 0.24 reads. An attribute is read and written through
its Binding.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from xml.sax.saxutils import quoteattr

import yaml

from semcom_core.errors import RadioError
from semcom_core.radio.virtual.iio import attributes as values
from semcom_core.radio.virtual.iio.attributes import Binding, Stored

#: Version of libiio that the server states: major, minor, tag.
VERSION = (0, 24, "v0.24")
#: Document type of the XML, as libiio writes it.
_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>'
    "<!DOCTYPE context ["
    "<!ELEMENT context (device | context-attribute)*>"
    "<!ELEMENT context-attribute EMPTY>"
    "<!ELEMENT device (channel | attribute | debug-attribute | buffer-attribute)*>"
    "<!ELEMENT channel (scan-element?, attribute*)>"
    "<!ELEMENT attribute EMPTY>"
    "<!ELEMENT scan-element EMPTY>"
    "<!ELEMENT debug-attribute EMPTY>"
    "<!ELEMENT buffer-attribute EMPTY>"
    "<!ATTLIST context name CDATA #REQUIRED version-major CDATA #REQUIRED version-minor "
    "CDATA #REQUIRED version-git CDATA #REQUIRED description CDATA #IMPLIED>"
    "<!ATTLIST context-attribute name CDATA #REQUIRED value CDATA #REQUIRED>"
    "<!ATTLIST device id CDATA #REQUIRED name CDATA #IMPLIED label CDATA #IMPLIED>"
    "<!ATTLIST channel id CDATA #REQUIRED type (input|output) #REQUIRED name CDATA #IMPLIED>"
    "<!ATTLIST scan-element index CDATA #REQUIRED format CDATA #REQUIRED scale CDATA "
    "#IMPLIED>"
    "<!ATTLIST attribute name CDATA #REQUIRED filename CDATA #IMPLIED value CDATA #IMPLIED>"
    "<!ATTLIST debug-attribute name CDATA #REQUIRED value CDATA #IMPLIED>"
    "<!ATTLIST buffer-attribute name CDATA #REQUIRED value CDATA #IMPLIED>]>"
)
#: Words of a command that select a channel, and whether it is an output.
_DIRECTIONS = {"INPUT": False, "OUTPUT": True}


@dataclass(frozen=True)
class IioAttribute:
    """An attribute.

    Args:
        name: the name that clients use.
        filename: name of its file in sysfs.
        binding: how it is read and written.
    """

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


#: Attributes by the name that clients use.
Attributes = dict[str, IioAttribute]


@dataclass(frozen=True)
class IioChannel:
    """A channel of a device.

    Args:
        id: its id, such as voltage0.
        name: its name, such as TX_LO, or None.
        output: whether it is an output.
        attributes: its attributes.
        scan_index: its position in a buffer's samples; None: it is not part of a buffer.
        scan_format: format of its words in a buffer.
    """

    id: str
    name: str | None
    output: bool
    attributes: Attributes
    scan_index: int | None = None
    scan_format: str = ""


@dataclass(frozen=True)
class IioDevice:
    """A device.

    Args:
        id: its id, such as iio:device0.
        name: its name, such as ad9361-phy.
        attributes: its attributes.
        channels: its channels.
        debug: its attributes in debugfs.
        buffer: the attributes of its buffer.
    """

    id: str
    name: str
    attributes: Attributes = field(default_factory=dict)
    channels: tuple[IioChannel, ...] = ()
    debug: Attributes = field(default_factory=dict)
    buffer: Attributes = field(default_factory=dict)

    def channel(self, name: str, output: bool) -> IioChannel:
        """The channel of that id or name.

        Raises:
            RadioError: there is none (ENXIO).
        """
        for one in self.channels:
            if one.output == output and name in (one.id, one.name):
                return one
        raise RadioError(
            errno.ENXIO,
            f"device {self.name} has no {'output' if output else 'input'} channel {name!r}",
        )

    def table(self, words: Sequence[str]) -> tuple[Attributes, Sequence[str]]:
        """The attributes that the words of a command select, and the words that remain: the
        attribute's name, or none for all.
        """
        kind = words[0] if words else ""
        if kind in _DIRECTIONS and len(words) > 1:
            return self.channel(words[1], _DIRECTIONS[kind]).attributes, words[2:]
        if kind == "DEBUG":
            return self.debug, words[1:]
        if kind == "BUFFER":
            return self.buffer, words[1:]
        return self.attributes, words

    def attribute(self, words: Sequence[str]) -> IioAttribute:
        """The attribute that the words of a command name.

        Raises:
            RadioError: there is none (ENOENT), or the words name none (EINVAL).
        """
        table, name = self.table(words)
        if len(name) != 1:
            raise RadioError(
                errno.EINVAL, f"{' '.join(words)!r} names no attribute of device {self.name}"
            )
        if name[0] not in table:
            raise RadioError(
                errno.ENOENT, f"device {self.name} has no attribute {' '.join(words)!r}"
            )
        return table[name[0]]


def load_catalogue() -> dict:
    """The mapping of catalogue.yml: `context` and `devices`."""
    return yaml.safe_load((files(__package__) / "catalogue.yml").read_text(encoding="utf-8"))


def build_devices(described: list[dict], bound: dict[str, Binding]) -> tuple[IioDevice, ...]:
    """Build devices as the catalogue describes them.

    Args:
        described: `devices` of the catalogue.
        bound: bindings of the attributes that the catalogue calls {bound: NAME}, by name.
    """
    return tuple(_device(one, bound) for one in described)


def _device(described: dict, bound: dict[str, Binding]) -> IioDevice:
    plain = {
        kind: _attributes(described.get(kind, {}), bound, "")
        for kind in ("attributes", "debug", "buffer")
    }
    channels = tuple(_channel(one, bound) for one in described["channels"])
    return IioDevice(described["id"], described["name"], channels=channels, **plain)


def _channel(described: dict, bound: dict[str, Binding]) -> IioChannel:
    """A channel; the file of an attribute that all channels of its type share is named by the type
    alone.
    """
    name = described.get("name")
    output = described["output"]
    direction = "out" if output else "in"
    kind = described["id"].rstrip("0123456789")
    own = "_".join([direction, described["id"], *([name] if name else [])]) + "_"
    attributes = _attributes(described.get("attributes", {}), bound, own)
    attributes |= _attributes(described.get("shared", {}), bound, f"{direction}_{kind}_")
    scan = described.get("scan", {})
    return IioChannel(
        described["id"], name, output, attributes, scan.get("index"), scan.get("format", "")
    )


def _attributes(described: dict, bound: dict[str, Binding], prefix: str) -> Attributes:
    return {
        name: IioAttribute(name, prefix + name, _binding(name, spec, bound))
        for name, spec in described.items()
    }


def _binding(name: str, spec: str | dict, bound: dict[str, Binding]) -> Binding:
    """The binding of an attribute: a constant text, a switch, one of several words, or one given by
    name.
    """
    if isinstance(spec, str):
        return Binding(lambda: spec)
    if "bound" in spec:
        return bound[spec["bound"]]
    if "flag" in spec:
        return Stored(spec["flag"], lambda text: str(int(values.flag(name, text)))).binding
    return Stored(spec["value"], partial(values.choice, name, allowed=spec["choice"])).binding


def context_xml(attributes: dict[str, str], devices: tuple[IioDevice, ...]) -> str:
    """The context as one line of XML.

    Args:
        attributes: values of the context's attributes, by name.
        devices: its devices.
    """
    major, minor, git = VERSION
    opened = _opened(
        "context",
        name="local",
        **{"version-major": major, "version-minor": minor, "version-git": git},
        description="Virtual Pluto of gr-semcom",
    )
    stated = (
        _empty("context-attribute", name=name, value=value) for name, value in attributes.items()
    )
    return "".join([_HEAD, opened, *stated, *map(_device_xml, devices), "</context>"])


def _device_xml(device: IioDevice) -> str:
    parts = [*map(_channel_xml, device.channels), *_named("attribute", device.attributes)]
    parts += [*_named("debug-attribute", device.debug), *_named("buffer-attribute", device.buffer)]
    return "".join([_opened("device", id=device.id, name=device.name), *parts, "</device>"])


def _channel_xml(channel: IioChannel) -> str:
    named = {"name": channel.name} if channel.name else {}
    parts = [
        _opened("channel", id=channel.id, **named, type="output" if channel.output else "input")
    ]
    if channel.scan_index is not None:
        parts.append(_empty("scan-element", index=channel.scan_index, format=channel.scan_format))
    parts += [
        _empty("attribute", name=one.name, filename=one.filename)
        for one in channel.attributes.values()
    ]
    return "".join([*parts, "</channel>"])


def _named(tag: str, attributes: Attributes) -> list[str]:
    return [_empty(tag, name=name) for name in attributes]


def _opened(tag: str, **values: object) -> str:
    return (
        f"<{tag}{''.join(f' {name}={quoteattr(str(value))}' for name, value in values.items())} >"
    )


def _empty(tag: str, **values: object) -> str:
    return _opened(tag, **values)[:-1] + "/>"
