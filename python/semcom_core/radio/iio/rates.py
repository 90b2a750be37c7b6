# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sample rate of the virtual Pluto: clocks, FIR filters, and the decimation and interpolation by 8 in the FPGA."""

from __future__ import annotations

from semcom_core.radio.air import AirRadio
from semcom_core.radio.iio import values
from semcom_core.radio.iio.clock_chain import MAX_RATE_HZ, clock_chain, lowest_rate_hz
from semcom_core.radio.iio.fir import Fir, check_factor, parse_fir
from semcom_core.radio.iio.values import Binding

START_RATE_HZ = 30_720_000
FPGA_FACTOR = 8
GOVERNORS = ["nominal", "highest_osr"]


class Rates:
    """The one sample rate of both directions, as the driver sets it.

    `changed` is called after each change of the transmitter's rate, which throws away what the port holds.

    Args:
        radio: whose rates follow.
    """

    def __init__(self, radio: AirRadio):
        self._radio, self._scale, self.changed = radio, 1.0, _nothing
        self._fir, self._fir_on, self._governor = Fir(), {"rx": False, "tx": False}, GOVERNORS[0]
        self._fpga = {"rx": 1, "tx": 1}
        self._chain = clock_chain(START_RATE_HZ, 1, 1)
        self._apply()

    @property
    def rate_hz(self) -> int:
        """Samples a second at the chip."""
        return self._chain.rx[-1]

    @property
    def tx_rate_hz(self) -> int:
        """Samples a second that a client sends, or that the tones are made of."""
        return self.rate_hz // self._fpga["tx"]

    def correct(self, scale: float) -> None:
        """Have the clocks run faster by a factor than they would with the nominal oscillator."""
        self._scale = scale
        self._apply()

    def bindings(self) -> dict[str, Binding]:
        """What stands behind the attributes about rates, by the names of the catalogue."""
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
            made[f"{side}_fpga_rate_available"] = Binding(lambda: f"{self.rate_hz} {self.rate_hz // FPGA_FACTOR} ")
        return made

    def _set_rate(self, text: str) -> None:
        self._retune(int(values.within("sampling_frequency", values.fixed_point("sampling_frequency", text), 0, MAX_RATE_HZ)))

    def _set_governor(self, text: str) -> None:
        before, self._governor = self._governor, values.choice("trx_rate_governor", text, GOVERNORS)
        if before != self._governor:
            self._retune(self.rate_hz)

    def _set_fir(self, text: str) -> None:
        self._fir = parse_fir(text, self._fir)

    def _available(self) -> str:
        decimation = self._fir.decimation if self._fir_on["rx"] else 1
        return f"[{lowest_rate_hz(decimation)} 1 {MAX_RATE_HZ}]"

    def _fir_switch(self, *sides: str) -> Binding:
        def write(text: str) -> None:
            on = values.flag("filter_fir_en", text)
            self._switch_fir({**self._fir_on, **dict.fromkeys(sides, on)})

        return Binding(lambda: str(int(all(self._fir_on[side] for side in sides))), write)

    def _switch_fir(self, on: dict[str, bool]) -> None:
        """Switch the filters; the rate stays, so that the clocks may have to change, or cannot."""
        chain = self._made_by(self.rate_hz, on)
        adc, after = chain.rx[1], chain.rx[2]
        if on["rx"]:
            check_factor("receive", self._fir.decimation, self._fir.rx_taps, adc // (1 if adc == after else 2) // chain.rx[-1] * 16)
        if on["tx"]:
            check_factor("transmit", self._fir.interpolation, self._fir.tx_taps, chain.tx[1] // chain.tx[-1] * 16)
        self._fir_on, self._chain = on, chain
        self._apply()

    def _retune(self, rate_hz: int) -> None:
        self._chain = self._made_by(rate_hz, self._fir_on)
        self._apply()

    def _made_by(self, rate_hz: int, on: dict[str, bool]):
        decimation, interpolation = (self._fir.decimation or 1, self._fir.interpolation or 1)
        return clock_chain(rate_hz, decimation if on["rx"] else 1, interpolation if on["tx"] else 1, self._governor == GOVERNORS[0])

    def _fpga_binding(self, side: str) -> Binding:
        def write(text: str) -> None:
            allowed = {self.rate_hz: 1, self.rate_hz // FPGA_FACTOR: FPGA_FACTOR}
            wanted = int(values.fixed_point("sampling_frequency", text))
            if wanted not in allowed:
                raise values.refusal("sampling_frequency", wanted, " or ".join(map(str, allowed)))
            self._fpga[side] = allowed[wanted]
            self._apply()

        return Binding(lambda: str(self.rate_hz // self._fpga[side]), write)

    def _apply(self) -> None:
        before = self._radio.tx.rate_hz
        for side, port in (("rx", self._radio.rx), ("tx", self._radio.tx)):
            port.tune(rate_hz=self.rate_hz / self._fpga[side] * self._scale)
        if self._radio.tx.rate_hz != before:
            self.changed()


def _nothing() -> None:
    """What is called while nobody cares for changes."""
