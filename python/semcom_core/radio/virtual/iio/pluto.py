# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual Pluto without its network: a tree of attributes, and the buffers of both
converters.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Sequence

from semcom_core.errors import RadioError
from semcom_core.radio.virtual.air import AirRadio
from semcom_core.radio.virtual.iio.attributes import OVERFLOW, UNDERFLOW, StatusRegister
from semcom_core.radio.virtual.iio.context import Device, build_devices, context_xml, load_catalogue
from semcom_core.radio.virtual.iio.streams import Capture, Playback, Stream
from semcom_core.radio.virtual.iio.transceiver import Chip, Transceiver

ADC = "cf-ad9361-lpc"
DAC = "cf-ad9361-dds-core-lpc"


class Pluto:
    """All that clients of one Pluto share. Methods may be called by many threads.

    Args:
        radio: its place on the air.
        chip: ranges of its transceiver.
    """

    def __init__(self, radio: AirRadio, chip: Chip):
        self._radio = radio
        self._lock = threading.RLock()
        transceiver = Transceiver(radio, chip)
        capture = Capture(radio.rx, transceiver.rx, self._lock)
        playback = Playback(radio.tx, self._lock, lambda: transceiver.rates.tx_rate_hz)
        transceiver.rates.changed = playback.rate_changed
        self._streams: dict[str, Stream] = {ADC: capture, DAC: playback}
        registers = {
            "rx_status": StatusRegister(OVERFLOW, lambda: radio.rx.overflows).binding,
            "tx_status": StatusRegister(UNDERFLOW, lambda: radio.tx.underflows).binding,
        }
        catalogue = load_catalogue()
        self._devices = build_devices(
            catalogue["devices"],
            {**transceiver.bindings(), **playback.tones.bindings(), **registers},
        )
        context = {
            **catalogue["context"],
            "hw_serial": f"virtual-{radio.name}",
            "ad9361-phy,model": chip.model,
        }
        self.xml = context_xml(context, self._devices).encode()

    def device(self, name: str) -> Device:
        """The device of that id or name.

        Raises:
            RadioError: there is none (ENODEV).
        """
        for one in self._devices:
            if name in (one.id, one.name):
                return one
        raise RadioError(errno.ENODEV, f"there is no device {name!r}")

    def stream(self, device: Device) -> Stream:
        """The buffers of a device.

        Raises:
            RadioError: it has none (EINVAL).
        """
        if device.name not in self._streams:
            raise RadioError(errno.EINVAL, f"device {device.name} has no buffer")
        return self._streams[device.name]

    def read(self, device: Device, words: Sequence[str]) -> str:
        """Value of the attribute that the words name."""
        attribute = device.attribute(words)
        with self._lock:
            return attribute.read()

    def read_all(self, device: Device, words: Sequence[str]) -> list[str | int]:
        """Values of all attributes that the words speak of; the negative errno of one that cannot
        be read.
        """
        table, _ = device.table(words)
        return [self._value_or_code(device, [*words, name]) for name in table]

    def write(self, device: Device, words: Sequence[str], text: str) -> None:
        """Set the attribute that the words name, and enter that in the radio's log, whether the
        value is allowed or not.
        """
        attribute = device.attribute(words)
        with self._lock:
            self._radio.log.add(device.name, attribute.filename, text)
            attribute.write(text)

    def close(self) -> None:
        """End both streams and the tones."""
        for stream in self._streams.values():
            stream.close()
        self._radio.tx.close()

    def _value_or_code(self, device: Device, words: Sequence[str]) -> str | int:
        try:
            return self.read(device, words)
        except RadioError as error:
            return -(error.errno or errno.EIO)
