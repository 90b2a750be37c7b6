# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sample rates of an AD936x: clock chain, configuration of the FIR filters, FPGA decimation.

    PLL ─► ADC ─► R2 ─► R1 ─► RF ─► RXSAMP    divided at each step, last by the FIR's decimation
    PLL ─► DAC ─► T2 ─► T1 ─► TF ─► TXSAMP    ... by the FIR's interpolation

The FPGA of a Pluto can decimate and interpolate by 8 in addition. Clients write a configuration of
the FIR filters as text; only what bears on rates is kept, samples are not filtered:

    RX 3 GAIN -6 DEC 4
    TX 3 GAIN 0 INT 4
    -15,-15
    ...

Source: limits, dividers and their choice as in Analog Devices' Linux driver ad9361.c
(ad9361_calculate_rf_clock_chain).
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from semcom_core.errors import RadioError
from semcom_core.radio.virtual.air import AirRadio
from semcom_core.radio.virtual.iio import attributes
from semcom_core.radio.virtual.iio.attributes import Binding

#: Limits of the driver: sample rate, converter clocks, PLL, Hz.
MAX_RATE_HZ = 61_440_000
MIN_CONVERTER_HZ = 25_000_000
MAX_ADC_HZ = 640_000_000
MAX_DAC_HZ = 320_000_000
MAX_PLL_HZ = 1_430_000_000
#: Converter clock over the rate before the FIR filter, and the three dividers of which it is the
#: product; highest first.
DIVIDERS = (
    (12, 3, 2, 2),
    (8, 2, 2, 2),
    (6, 3, 1, 2),
    (4, 2, 2, 1),
    (3, 3, 1, 1),
    (2, 2, 1, 1),
    (1, 1, 1, 1),
)
#: Most taps of a FIR filter, and the number of which their count is a multiple.
MAX_TAPS = 128
TAPS_STEP = 16
#: Sample rate after power-on, Hz.
START_RATE_HZ = 30_720_000
#: Decimation and interpolation in the FPGA, where they are on.
FPGA_FACTOR = 8
#: Choices of the clocks: the usual one, and the highest oversampling.
GOVERNORS = ["nominal", "highest_osr"]
#: Names of the clocks in the attributes rx_path_rates and tx_path_rates.
RX_CLOCKS = ("BBPLL", "ADC", "R2", "R1", "RF", "RXSAMP")
TX_CLOCKS = ("BBPLL", "DAC", "T2", "T1", "TF", "TXSAMP")
#: Lines of a filter configuration: settings of a direction, and taps.
_FIR_LINE = re.compile(r"(RX|TX) (\d+) GAIN (-?\d+) (DEC|INT) (\d+)")
_TAP_LINE = re.compile(r"\s*-?\d+\s*(,\s*-?\d+\s*)?")


class SampleRates:
    """The common sample rate of both directions, as the driver sets it.

    `changed` is called after each change of the transmitter's rate, which discards queued samples.

    Args:
        radio: the radio on the air whose rates are set.
    """

    def __init__(self, radio: AirRadio):
        self._radio = radio
        self._scale = 1.0
        self.changed: Callable[[], None] = lambda: None
        self._fir = FirConfig()
        self._fir_on = {"rx": False, "tx": False}
        self._governor = GOVERNORS[0]
        self._fpga = {"rx": 1, "tx": 1}
        self._chain = clock_chain(START_RATE_HZ, 1, 1)
        self._apply()

    @property
    def rate_hz(self) -> int:
        """Samples a second at the chip."""
        return self._chain.rx[-1]

    @property
    def tx_rate_hz(self) -> int:
        """Samples a second at the transmitting client, and of the tones."""
        return self.rate_hz // self._fpga["tx"]

    def correct(self, scale: float) -> None:
        """Scale the clocks by a factor, relative to the nominal oscillator."""
        self._scale = scale
        self._apply()

    def bindings(self) -> dict[str, Binding]:
        """Bindings of the attributes about rates, by the names of the catalogue."""
        made = {
            "rate": Binding(lambda: str(self.rate_hz), self._set_rate),
            "rate_available": Binding(self._available),
            "rx_path_rates": Binding(lambda: self._chain.rx_text()),
            "tx_path_rates": Binding(lambda: self._chain.tx_text()),
            "governor": Binding(lambda: self._governor, self._set_governor),
            "fir_config": Binding(lambda: self._fir.text(), self._set_fir),
            "fir_enable": self._fir_switch("rx", "tx"),
            "rx_fir_enable": self._fir_switch("rx"),
            "tx_fir_enable": self._fir_switch("tx"),
        }
        for side in ("rx", "tx"):
            made[f"{side}_fpga_rate"] = self._fpga_binding(side)
            made[f"{side}_fpga_rate_available"] = Binding(
                lambda: f"{self.rate_hz} {self.rate_hz // FPGA_FACTOR} "
            )
        return made

    def _set_rate(self, text: str) -> None:
        wanted = attributes.fixed_point("sampling_frequency", text)
        self._retune(int(attributes.within("sampling_frequency", wanted, 0, MAX_RATE_HZ)))

    def _set_governor(self, text: str) -> None:
        before = self._governor
        self._governor = attributes.choice("trx_rate_governor", text, GOVERNORS)
        if before != self._governor:
            self._retune(self.rate_hz)

    def _set_fir(self, text: str) -> None:
        self._fir = parse_fir(text, self._fir)

    def _available(self) -> str:
        decimation = self._fir.decimation if self._fir_on["rx"] else 1
        return f"[{lowest_rate_hz(decimation)} 1 {MAX_RATE_HZ}]"

    def _fir_switch(self, *sides: str) -> Binding:
        def write(text: str) -> None:
            on = attributes.flag("filter_fir_en", text)
            self._switch_fir({**self._fir_on, **dict.fromkeys(sides, on)})

        return Binding(lambda: str(int(all(self._fir_on[side] for side in sides))), write)

    def _switch_fir(self, on: dict[str, bool]) -> None:
        """Switch the filters on or off at the same sample rate.

        Raises:
            RadioError: no clocks make the rate with them (EINVAL).
        """
        chain = self._chain_for(self.rate_hz, on)
        if on["rx"]:
            adc_hz = chain.rx[1]
            fir_hz = adc_hz if adc_hz == chain.rx[2] else adc_hz // 2
            most_taps = fir_hz // chain.rx[-1] * 16
            check_factor("receive", self._fir.decimation, self._fir.rx_taps, most_taps)
        if on["tx"]:
            most_taps = chain.tx[1] // chain.tx[-1] * 16
            check_factor("transmit", self._fir.interpolation, self._fir.tx_taps, most_taps)
        self._fir_on = on
        self._chain = chain
        self._apply()

    def _retune(self, rate_hz: int) -> None:
        self._chain = self._chain_for(rate_hz, self._fir_on)
        self._apply()

    def _chain_for(self, rate_hz: int, on: dict[str, bool]) -> ClockChain:
        """Clocks for a sample rate, with the filters on or off."""
        decimation = (self._fir.decimation or 1) if on["rx"] else 1
        interpolation = (self._fir.interpolation or 1) if on["tx"] else 1
        return clock_chain(rate_hz, decimation, interpolation, self._governor == GOVERNORS[0])

    def _fpga_binding(self, side: str) -> Binding:
        def write(text: str) -> None:
            allowed = {self.rate_hz: 1, self.rate_hz // FPGA_FACTOR: FPGA_FACTOR}
            wanted = int(attributes.fixed_point("sampling_frequency", text))
            if wanted not in allowed:
                raise attributes.refusal(
                    "sampling_frequency", wanted, " or ".join(map(str, allowed))
                )
            self._fpga[side] = allowed[wanted]
            self._apply()

        return Binding(lambda: str(self.rate_hz // self._fpga[side]), write)

    def _apply(self) -> None:
        """Set the rates of the radio on the air."""
        before = self._radio.tx.rate_hz
        for side, port in (("rx", self._radio.rx), ("tx", self._radio.tx)):
            port.tune(rate_hz=self.rate_hz / self._fpga[side] * self._scale)
        if self._radio.tx.rate_hz != before:
            self.changed()


@dataclass(frozen=True)
class ClockChain:
    """Clocks from the PLL to the samples, in the order of RX_CLOCKS and TX_CLOCKS.

    Args:
        rx: clocks of the receiver, Hz.
        tx: clocks of the transmitter, Hz.
    """

    rx: tuple[int, ...]
    tx: tuple[int, ...]

    def rx_text(self) -> str:
        """Value of the attribute rx_path_rates."""
        return " ".join(f"{name}:{hz}" for name, hz in zip(RX_CLOCKS, self.rx))

    def tx_text(self) -> str:
        """Value of the attribute tx_path_rates."""
        return " ".join(f"{name}:{hz}" for name, hz in zip(TX_CLOCKS, self.tx))


def lowest_rate_hz(decimation: int) -> int:
    """Lowest sample rate behind a decimating FIR filter, as the driver states it, Hz."""
    return MIN_CONVERTER_HZ // (DIVIDERS[0][0] * decimation)


def clock_chain(
    rate_hz: int, decimation: int, interpolation: int, nominal: bool = True
) -> ClockChain:
    """Clocks for a sample rate.

    Args:
        rate_hz: sample rate of both directions, Hz.
        decimation: of the receiver's FIR filter; 1 where it is off.
        interpolation: of the transmitter's FIR filter; 1 where it is off.
        nominal: the driver's usual choice; False: the highest oversampling.

    Raises:
        RadioError: no clocks make this rate (EINVAL).
    """
    rx_hz = rate_hz * decimation
    tx_hz = rate_hz * interpolation
    first = int(nominal and rx_hz * DIVIDERS[1][0] >= MIN_CONVERTER_HZ)
    fits = (
        row
        for row in range(first, len(DIVIDERS))
        if MIN_CONVERTER_HZ <= rx_hz * DIVIDERS[row][0] <= MAX_ADC_HZ
    )
    rx_row = next(fits, None)
    tx_row = -1
    if rx_row is not None and rate_hz <= MAX_RATE_HZ:
        tx_row = _tx_row(rx_row, rx_hz, tx_hz)
    if rx_row is None or not 0 <= tx_row < len(DIVIDERS):
        lowest = (
            f"{lowest_rate_hz(decimation)} to {MAX_RATE_HZ} Hz with filters of {decimation} "
            f"and {interpolation}"
        )
        raise RadioError(
            errno.EINVAL, f"sampling_frequency is {rate_hz}; allowed is above {lowest}"
        )
    adc_hz = rx_hz * DIVIDERS[rx_row][0]
    dac_hz = adc_hz if adc_hz <= MAX_DAC_HZ else adc_hz // 2
    pll_hz = adc_hz * max(
        factor for factor in (2, 4, 8, 16, 32, 64) if adc_hz * factor <= MAX_PLL_HZ or factor == 2
    )
    return ClockChain(
        _divided(pll_hz, adc_hz, rx_row, decimation),
        _divided(pll_hz, dac_hz, tx_row, interpolation),
    )


def _tx_row(rx_row: int, rx_hz: int, tx_hz: int) -> int:
    """Row of the transmitter's dividers; the DAC runs at the ADC's clock, or at half of it where
    that is too fast. Outside DIVIDERS: there is none.
    """
    ratio = rx_hz // tx_hz if rx_hz >= tx_hz else -(tx_hz // rx_hz)
    shift = 0 if ratio == 1 else ratio
    if rx_hz * DIVIDERS[rx_row][0] <= MAX_DAC_HZ:
        return rx_row - shift
    if rx_row == 4 and ratio >= 0:
        return len(DIVIDERS)  # half of three cannot be made
    return rx_row + (1 if rx_row == 5 and ratio >= 0 else 2) - shift


def _divided(pll_hz: int, converter_hz: int, row: int, fir: int) -> tuple[int, ...]:
    """Clocks from the PLL to the samples, Hz."""
    clocks = [pll_hz, converter_hz]
    for divider in (*DIVIDERS[row][1:], fir):
        clocks.append(clocks[-1] // divider)
    return tuple(clocks)


@dataclass(frozen=True)
class FirConfig:
    """Configuration of both FIR filters; 0 before a client has written one.

    Args:
        rx_taps: number of taps of the receiver's filter.
        decimation: its change of rate.
        tx_taps: number of taps of the transmitter's filter.
        interpolation: its change of rate.
    """

    rx_taps: int = 0
    decimation: int = 0
    tx_taps: int = 0
    interpolation: int = 0

    def text(self) -> str:
        """Value of the attribute filter_fir_config."""
        return f"FIR Rx: {self.rx_taps},{self.decimation} Tx: {self.tx_taps},{self.interpolation}"


def parse_fir(text: str, before: FirConfig) -> FirConfig:
    """Parse a configuration of the FIR filters; other lines are skipped, as by the driver.

    Args:
        text: the configuration.
        before: the filters so far; one that is not in the text stays.

    Raises:
        RadioError: it has neither filter, a channel mask is not 1 to 3, or the number of taps
            is not allowed (EINVAL).
    """
    lines = text.splitlines()
    taps = sum(1 for line in lines if _TAP_LINE.fullmatch(line))
    heads = {
        found[1]: (int(found[2]), int(found[5]))
        for line in lines
        if (found := _FIR_LINE.match(line))
    }
    if not heads or any(mask not in (1, 2, 3) for mask, _ in heads.values()):
        raise RadioError(
            errno.EINVAL,
            "filter_fir_config lacks lines such as 'RX 3 GAIN 0 DEC 4' with a mask of 1 to 3",
        )
    if taps % TAPS_STEP or not 0 < taps <= MAX_TAPS:
        raise RadioError(
            errno.EINVAL,
            f"filter_fir_config has {taps} taps; allowed is a multiple of {TAPS_STEP} up to "
            f"{MAX_TAPS}",
        )
    filters = before
    if "RX" in heads:
        filters = replace(filters, rx_taps=taps, decimation=heads["RX"][1])
    if "TX" in heads:
        filters = replace(filters, tx_taps=taps, interpolation=heads["TX"][1])
    return filters


def check_factor(name: str, factor: int, taps: int, most: int) -> None:
    """Check that a FIR filter can be switched on.

    Args:
        name: of the filter, for the message.
        factor: its change of rate; 1, 2 or 4 is allowed.
        taps: number of its taps.
        most: most taps that its clocks allow.

    Raises:
        RadioError: it cannot (EINVAL).
    """
    if factor not in (1, 2, 4):
        raise RadioError(
            errno.EINVAL, f"{name} filter changes the rate by {factor}; allowed is 1, 2 or 4"
        )
    if taps > most:
        raise RadioError(
            errno.EINVAL, f"{name} filter has {taps} taps; allowed at this rate is up to {most}"
        )
