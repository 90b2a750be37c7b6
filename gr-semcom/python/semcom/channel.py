# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated channel: multipath, carrier and sampling offset, and noise by the project's SNR convention."""

from __future__ import annotations

import math

import numpy as np
from gnuradio import channels, gr

from semcom_core.channel.multipath import Taps
from semcom_core.config import from_mapping
from semcom_core.errors import ConfigError, check_range
from semcom_core.phy import PhyConfig
from semcom_core.phy.layout import Layout
from semcom_core.units import db_to_linear


class channel(gr.hier_block2):
    """GNU Radio's channel model with the units of this project.

        samples → sampling offset → taps → carrier offset → + noise → samples

    The SNR is the mean symbol power on the active carriers over N0 with a unitary FFT, for bursts of the transmitter with the
    same `phy` settings; N0 is the noise power of one sample.

    Args:
        snr_db: SNR, dB; inf is without noise.
        cfo_hz: carrier frequency offset, Hz.
        taps_db: powers of paths at successive sample delays, dB; normalised to unit power, phases drawn from the seed, the first 0.
        sampling_offset_ppm: how much faster the receiver's sampling clock runs, parts per million.
        seed: seed of the noise and of the phases; 0 takes one from the clock.
        phy: settings of semcom_core.phy.PhyConfig, a dict.

    Raises:
        ConfigError: a value is out of range.
    """

    def __init__(self, snr_db=20.0, cfo_hz=0.0, taps_db=(0.0,), sampling_offset_ppm=0.0, seed=1, phy=None):
        gr.hier_block2.__init__(self, "channel", gr.io_signature(1, 1, gr.sizeof_gr_complex), gr.io_signature(1, 1, gr.sizeof_gr_complex))
        check_range("seed", seed, 0, 2**31 - 1)
        self.config, self.seed = from_mapping(PhyConfig, phy or {}), int(seed)
        self.model = channels.channel_model(0.0, 0.0, 1.0, [1.0 + 0.0j], self.seed, False)
        self.set_snr_db(snr_db)
        self.set_cfo_hz(cfo_hz)
        self.set_taps_db(taps_db)
        self.set_sampling_offset_ppm(sampling_offset_ppm)
        self.connect(self, self.model, self)

    @property
    def symbol_power(self) -> float:
        """Mean power of a symbol on the active carriers, after a unitary FFT."""
        return self.config.rms**2 / Layout(self.config).occupancy

    def set_snr_db(self, snr_db: float) -> None:
        """Set the SNR, dB; inf is without noise."""
        if not snr_db >= -30:
            raise ConfigError(f"snr_db is {snr_db}; allowed is -30 to inf")
        self.snr_db = float(snr_db)
        noise_power = 0.0 if math.isinf(snr_db) else self.symbol_power / float(db_to_linear(snr_db))
        self.model.set_noise_voltage(math.sqrt(noise_power))

    def set_cfo_hz(self, cfo_hz: float) -> None:
        """Set the carrier frequency offset, Hz."""
        check_range("cfo_hz", cfo_hz, -self.config.rate_hz / 2, self.config.rate_hz / 2)
        self.cfo_hz = float(cfo_hz)
        self.model.set_frequency_offset(self.cfo_hz / self.config.rate_hz)

    def set_taps_db(self, taps_db) -> None:
        """Set the powers of the paths, dB."""
        powers_db = tuple(float(power) for power in taps_db)
        if not powers_db or not all(math.isfinite(power) for power in powers_db):
            raise ConfigError(f"taps_db is {taps_db}; one finite power or more in dB is needed")
        self.taps_db = powers_db
        self.model.set_taps(Taps(powers_db).taps(np.random.default_rng(self.seed or None)).tolist())

    def set_sampling_offset_ppm(self, sampling_offset_ppm: float) -> None:
        """Set how much faster the receiver's sampling clock runs, parts per million."""
        check_range("sampling_offset_ppm", sampling_offset_ppm, -1000, 1000)
        self.sampling_offset_ppm = float(sampling_offset_ppm)
        self.model.set_timing_offset(1.0 - self.sampling_offset_ppm * 1e-6)
