# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The XML that describes an IIO context to a client, as libiio 0.24 reads it."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from semcom_core.radio.iio.tree import Attributes, Channel, Device

VERSION = (0, 24, "v0.24")
_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE context ['
    "<!ELEMENT context (device | context-attribute)*><!ELEMENT context-attribute EMPTY>"
    "<!ELEMENT device (channel | attribute | debug-attribute | buffer-attribute)*><!ELEMENT channel (scan-element?, attribute*)>"
    "<!ELEMENT attribute EMPTY><!ELEMENT scan-element EMPTY><!ELEMENT debug-attribute EMPTY><!ELEMENT buffer-attribute EMPTY>"
    "<!ATTLIST context name CDATA #REQUIRED version-major CDATA #REQUIRED version-minor CDATA #REQUIRED version-git CDATA #REQUIRED"
    " description CDATA #IMPLIED><!ATTLIST context-attribute name CDATA #REQUIRED value CDATA #REQUIRED>"
    "<!ATTLIST device id CDATA #REQUIRED name CDATA #IMPLIED label CDATA #IMPLIED>"
    "<!ATTLIST channel id CDATA #REQUIRED type (input|output) #REQUIRED name CDATA #IMPLIED>"
    "<!ATTLIST scan-element index CDATA #REQUIRED format CDATA #REQUIRED scale CDATA #IMPLIED>"
    "<!ATTLIST attribute name CDATA #REQUIRED filename CDATA #IMPLIED value CDATA #IMPLIED>"
    "<!ATTLIST debug-attribute name CDATA #REQUIRED value CDATA #IMPLIED>"
    "<!ATTLIST buffer-attribute name CDATA #REQUIRED value CDATA #IMPLIED>]>"
)


def context_xml(attributes: dict[str, str], devices: tuple[Device, ...]) -> str:
    """The context as one line of XML.

    Args:
        attributes: of the context, name and value.
        devices: all there are.
    """
    major, minor, git = VERSION
    opened = _opened("context", name="local", **{"version-major": major, "version-minor": minor, "version-git": git},
                     description="Virtual Pluto of gr-semcom")  # fmt: skip
    stated = (_empty("context-attribute", name=name, value=value) for name, value in attributes.items())
    return "".join([_HEAD, opened, *stated, *map(_device, devices), "</context>"])


def _device(device: Device) -> str:
    parts = [*map(_channel, device.channels), *_named("attribute", device.attributes)]
    parts += [*_named("debug-attribute", device.debug), *_named("buffer-attribute", device.buffer)]
    return "".join([_opened("device", id=device.id, name=device.name), *parts, "</device>"])


def _channel(channel: Channel) -> str:
    named = {"name": channel.name} if channel.name else {}
    parts = [_opened("channel", id=channel.id, **named, type="output" if channel.output else "input")]
    if channel.scan_index is not None:
        parts.append(_empty("scan-element", index=channel.scan_index, format=channel.scan_format))
    parts += [_empty("attribute", name=one.name, filename=one.filename) for one in channel.attributes.values()]
    return "".join([*parts, "</channel>"])


def _named(tag: str, attributes: Attributes) -> list[str]:
    return [_empty(tag, name=name) for name in attributes]


def _opened(tag: str, **values) -> str:
    return f"<{tag}{''.join(f' {name}={quoteattr(str(value))}' for name, value in values.items())} >"


def _empty(tag: str, **values) -> str:
    return _opened(tag, **values)[:-1] + "/>"
