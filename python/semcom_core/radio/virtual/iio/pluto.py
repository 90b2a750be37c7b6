# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""IIO context of the virtual Pluto: devices with their attributes, and the converters' buffers."""

from __future__ import annotations

import errno
import threading
from collections.abc import Sequence

from semcom_core.errors import RadioError
from semcom_core.radio.virtual.air import AirRadio
from semcom_core.radio.virtual.iio.attributes import OVERFLOW, UNDERFLOW, StatusRegister
from semcom_core.radio.virtual.iio.buffers import AdcStream, ConverterStream, DacStream
from semcom_core.radio.virtual.iio.context import (
    IioDevice,
    build_devices,
    context_xml,
    load_catalogue,
)
from semcom_core.radio.virtual.iio.transceiver import Chip, Transceiver

#: Names of the converters' devices.
ADC = "cf-ad9361-lpc"
DAC = "cf-ad9361-dds-core-lpc"


class Pluto:
    """The state that all clients of one Pluto share. Methods may be called by many threads.

    Args:
        radio: its radio on the air.
        chip: ranges of its transceiver.
    """

    def __init__(self, radio: AirRadio, chip: Chip):
        self._radio = radio
        self._lock = threading.RLock()
        transceiver = Transceiver(radio, chip)
        adc = AdcStream(radio.rx, transceiver.rx, self._lock)
        dac = DacStream(radio.tx, self._lock, lambda: transceiver.rates.tx_rate_hz)
        transceiver.rates.changed = dac.rate_changed
        self._streams: dict[str, ConverterStream] = {ADC: adc, DAC: dac}
        registers = {
            "rx_status": StatusRegister(OVERFLOW, lambda: radio.rx.overflows).binding,
            "tx_status": StatusRegister(UNDERFLOW, lambda: radio.tx.underflows).binding,
        }
        catalogue = load_catalogue()
        self._devices = build_devices(
            catalogue["devices"],
            {**transceiver.bindings(), **dac.tones.bindings(), **registers},
        )
        context = {
            **catalogue["context"],
            "hw_serial": f"virtual-{radio.name}",
            "ad9361-phy,model": chip.model,
        }
        self.xml = context_xml(context, self._devices).encode()

    def device(self, name: str) -> IioDevice:
        """The device of that id or name.

        Raises:
            RadioError: there is none (ENODEV).
        """
        for one in self._devices:
            if name in (one.id, one.name):
                return one
        raise RadioError(errno.ENODEV, f"there is no device {name!r}")

    def stream(self, device: IioDevice) -> ConverterStream:
        """The buffers of a device.

        Raises:
            RadioError: it has none (EINVAL).
        """
        if device.name not in self._streams:
            raise RadioError(errno.EINVAL, f"device {device.name} has no buffer")
        return self._streams[device.name]

    def read(self, device: IioDevice, words: Sequence[str]) -> str:
        """Value of the attribute that the words of a command name."""
        attribute = device.attribute(words)
        with self._lock:
            return attribute.read()

    def read_all(self, device: IioDevice, words: Sequence[str]) -> list[str | int]:
        """Values of all attributes that the words of a command select; the negative errno of one
        that cannot be read.
        """
        table, _ = device.table(words)
        return [self._value_or_code(device, [*words, name]) for name in table]

    def write(self, device: IioDevice, words: Sequence[str], text: str) -> None:
        """Set an attribute, and log that, whether the value is allowed or not.

        Args:
            device: the device.
            words: words of the command that name the attribute.
            text: the value.

        Raises:
            RadioError: there is no such attribute, it is read-only, or the value is not allowed.
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

    def _value_or_code(self, device: IioDevice, words: Sequence[str]) -> str | int:
        try:
            return self.read(device, words)
        except RadioError as error:
            return -(error.errno or errno.EIO)
