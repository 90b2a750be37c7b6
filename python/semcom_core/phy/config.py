# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration of the burst modem: settings, and the table of burst profiles."""

from __future__ import annotations

from dataclasses import dataclass

from semcom_core.config import setting
from semcom_core.errors import ConfigError, check_choice, check_range


@dataclass(frozen=True)
class Profile:
    """Dimensions of a burst, in samples and carriers.

    Args:
        fft: carriers of the transform (and samples of a symbol without its prefix).
        prefix: cyclic prefix, samples.
        taper: samples over which neighbouring symbols overlap and fade; they come out of the
            prefix.
        backoff: how many samples inside the prefix the receiver's window begins.
        edge: outermost active carrier; carriers -edge to edge are active, less the notch.
        notch: carriers -notch to notch are unused (leakage of the local oscillator).
        pilots: pilot carriers.
        period, repeats: the repeated part of the preamble.
        chirps: symbols of the Zadoff-Chu part, after one prefix.
        root: root of the Zadoff-Chu sequence.
        header_copies: how often each frame header is sent.
        guard: zero samples that end a burst.
        gate: the gate opens where |autocorrelation|^2 exceeds gate x products x power^2.
        search: how far a burst may begin from where the gate opens, samples.
        accept: least normalised preamble correlation of a burst, 0 to 1.
        plausible: least share of a header's energy that its decoded word explains, and least
            correlation of its pilots.
    """

    fft: int = 64
    prefix: int = 8
    taper: int = 2
    backoff: int = 3
    edge: int = 27
    notch: int = 1
    pilots: tuple[int, ...] = (-21, -7, 7, 21)
    period: int = 8
    repeats: int = 10
    chirps: int = 1
    root: int = 25
    header_copies: int = 1
    guard: int = 4
    gate: float = 3.0
    search: int = 56
    accept: float = 0.17
    plausible: float = 0.25


#: Profiles by name; a profile is data only.
PROFILES = {
    "standard": Profile(),
    "long-range": Profile(
        repeats=40,
        chirps=4,
        root=7,
        header_copies=4,
        gate=2.2,
        search=160,
        accept=0.07,
        plausible=0.08,
    ),
}


#: Carrier frequency offset that is searched, as a share of the sample rate; the repeated part of
#: the preamble has the same phases again at 1 / (2 x period) = 0.0625.
MAX_CFO = 0.055


@dataclass(frozen=True)
class PhyConfig:
    """Settings of the burst modem; both ends need the same profile, key, rate_hz and interleave.

    >>> PhyConfig(rate_hz=250e3).searched_cfo_hz
    13750.0

    Raises:
        ConfigError: a value is outside what is allowed.
    """

    profile: str = setting("standard", "burst profile")
    rate_hz: float = setting(1e6, "sample rate, Hz")
    max_cfo_hz: float | None = setting(
        None, f"largest carrier frequency offset searched, Hz; none: {MAX_CFO} of the sample rate"
    )
    amplitude: float = setting(1.0, "peak of the transmitted samples (full scale of the converter)")
    headroom_db: float = setting(
        10.0, "peak over the root mean square of the transmitted samples, dB"
    )
    key: str = setting("", "key of the scrambling sequence; empty is the public one")
    interleave: bool = setting(True, "spread neighbouring payload symbols over time and frequency")
    max_frames: int = setting(32, "most frames in one burst")

    def __post_init__(self) -> None:
        check_choice("profile", self.profile, PROFILES)
        check_range("rate_hz", self.rate_hz, 1e3, 1e9)
        if isinstance(self.max_cfo_hz, bool) or not isinstance(self.max_cfo_hz, float | int | None):
            raise ConfigError(f"max_cfo_hz is {self.max_cfo_hz!r}; allowed is a number, or none")
        limit = self.rate_hz / (2 * self.dimensions.period)
        check_range("max_cfo_hz", self.searched_cfo_hz, 0.0, limit)
        check_range("amplitude", self.amplitude, 1e-6, 1e6)
        check_range("headroom_db", self.headroom_db, 3.0, 20.0)
        check_range("max_frames", self.max_frames, 1, 256)

    @property
    def dimensions(self) -> Profile:
        """The profile's dimensions."""
        return PROFILES[self.profile]

    @property
    def searched_cfo_hz(self) -> float:
        """Largest carrier frequency offset searched, to both sides, Hz."""
        return MAX_CFO * self.rate_hz if self.max_cfo_hz is None else self.max_cfo_hz

    @property
    def rms(self) -> float:
        """Root mean square of the transmitted samples within a burst."""
        return self.amplitude / 10 ** (self.headroom_db / 20)
