# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings and rows of the modem bench."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from semcom_core.channel import Channel, parse_channel
from semcom_core.config import setting
from semcom_core.errors import ConfigError, check_range
from semcom_core.phy import PhyConfig

#: Payload symbols of a bench message, uniform between these.
MESSAGE_LENGTHS = (100, 190)


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

    def __post_init__(self) -> None:
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
    """Channel of terms and white noise, for a modem's bursts.

    Args:
        extra: terms besides the noise, such as cfo:9khz; empty for none.
        snr_db: SNR of the noise, dB; None for no noise.
        config: of the modem.
    """
    noise = "clean" if snr_db is None else f"awgn:{snr_db}"
    return parse_channel("+".join(filter(None, [extra, noise]))).for_modem(config)


@dataclass
class ModemRow:
    """A row of the modem bench; a figure that does not apply stays None.

    Args:
        channel: what the bursts go through, or "-".
        snr_db: its SNR, dB; None without noise.
        stimulus: what is received, such as "bursts" or "noise".
        profile: of the modem.
        frames: how many were sent, or in a stream without bursts wrongly handed out.
        detected: bursts detected.
        header_ok: frames whose header was read right.
        false_alarms_per_s: preambles wrongly accepted in a second.
        snr_loss_db: SNR of the channel less that of the symbols handed out, dB.
        extra_loss_db: the same against a receiver that knows the channel, dB.
        evm_db: error vector magnitude without noise, dB.
        tx_msps, rx_msps: speed of transmitter and receiver, millions of samples a second.
        more: figures that rows of this stimulus alone have.
    """

    channel: str
    snr_db: float | None
    stimulus: str
    profile: str
    frames: int
    detected: int | None = None
    header_ok: int | None = None
    false_alarms_per_s: float | None = None
    snr_loss_db: float | None = None
    extra_loss_db: float | None = None
    evm_db: float | None = None
    tx_msps: float | None = None
    rx_msps: float | None = None
    more: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The row as a bench file has it."""
        row = vars(self) | self.more
        del row["more"]
        return row
