# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the modem bench, and the shape of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.channel import Channel, parse_channel
from semcom_core.config import setting
from semcom_core.errors import ConfigError, check_range
from semcom_core.phy import PhyConfig

#: Payload symbols of a bench message, uniform between these.
MESSAGE_LENGTHS = (100, 190)
#: What every row has; what does not apply stays None.
FIGURES = (
    "detected",
    "header_ok",
    "false_alarms_per_s",
    "snr_loss_db",
    "extra_loss_db",
    "evm_db",
    "tx_msps",
    "rx_msps",
)


@dataclass(frozen=True)
class ModemBench:
    """Settings of the bench.

    Raises:
        ConfigError: a value is outside what is allowed, or the channel sets its own SNR.
    """

    frames: int = setting(500, "bursts sent at each SNR")
    channel: str = setting(
        "awgn", "channel without its SNR: awgn, or terms such as taps:0,-6,-10 and rayleigh"
    )
    snr_db: tuple[float, ...] = (0.0, 5.0, 10.0, 15.0, 20.0, 25.0)
    seconds: float = setting(
        60.0, "length of the noise, the carriers and the interference, s at the sample rate"
    )
    seed: int = setting(1, "seed of everything random")

    def __post_init__(self):
        check_range("frames", self.frames, 1, 1e6)
        check_range("seconds", self.seconds, 0.1, 1e4)
        check_range("seed", self.seed, 0, np.inf)
        for snr_db in self.snr_db:
            check_range("snr_db", snr_db, -20.0, 60.0)
        if self.extra and parse_channel(self.extra).snr_db is not None:
            raise ConfigError(
                f"channel {self.channel!r} sets its own SNR; allowed is a channel without one, the "
                "SNRs apart"
            )

    @property
    def extra(self) -> str:
        """Terms besides the noise."""
        return "+".join(part for part in self.channel.split("+") if part not in ("awgn", "clean"))

    def at(self, snr_db: float | None) -> Channel:
        """The channel at an SNR, or without noise."""
        return channel_at(self.extra, snr_db, PhyConfig())


def channel_at(extra: str, snr_db: float | None, config: PhyConfig) -> Channel:
    """Channel of terms and white noise, for a modem's bursts."""
    noise = "clean" if snr_db is None else f"awgn:{snr_db}"
    return parse_channel("+".join(filter(None, [extra, noise]))).for_modem(config)


def empty_row(
    channel: str, stimulus: str, snr_db: float | None, frames: int, profile: str = "standard"
) -> dict:
    """A row with every key of a modem row, its figures None."""
    about = {
        "channel": channel,
        "snr_db": snr_db,
        "stimulus": stimulus,
        "profile": profile,
        "frames": frames,
    }
    return about | dict.fromkeys(FIGURES)
