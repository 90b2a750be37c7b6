# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Block fading whose gain the receiver estimates from pilots, without the modem.

    block of B uses:  | P pilots 1 | B - P codec symbols |        r = h s + n,  E|h|^2 = 1,  E|n|^2 = N0

    h' = sum of the received pilots / (P + N0)                    least mean square error for Rayleigh gains
    y = r / h' = x + (e x + n) / h',   noise_var = (N0 / (P + N0) + N0) / |h'|^2,   e = h - h'

For Rayleigh gains the error e does not depend on h', so y and noise_var keep the contract with the codecs exactly. The pilots are
counted as channel uses. N0 is taken as known: it changes slowly, and many blocks tell it.
"""

from __future__ import annotations

import numpy as np

from semcom_core.channel import Channel
from semcom_core.errors import ConfigError
from semcom_core.phy import Frame, ReceivedFrame
from semcom_core.units import db_to_linear

#: Estimated gains of a power below this are no use: their symbols are erased.
_LEAST_POWER = 1e-6


def data_uses(channel: Channel, pilots: int) -> int:
    """Codec symbols of a fading block with this many pilots.

    Raises:
        ConfigError: the channel has no term with blocks, or they are too short for the pilots.
    """
    block = next((one.block for one in channel.terms if getattr(one, "block", 0)), 0)
    if not block:
        raise ConfigError(f"channel {str(channel)!r} has no fading blocks; allowed with pilots is one such as rayleigh,block=32")
    if not 1 <= pilots < block:
        raise ConfigError(f"pilots is {pilots}; allowed is 0 to {block - 1}, fewer than a block has uses")
    return block - pilots


def pilot_uses(length: int, channel: Channel, pilots: int) -> int:
    """Channel uses of the pilots of a frame of `length` symbols."""
    return -(-length // data_uses(channel, pilots)) * pilots


def receive_with_pilots(frame: Frame, channel: Channel, pilots: int, rng: np.random.Generator) -> ReceivedFrame:
    """A frame as it comes out of a block-fading channel whose gains are estimated from `pilots` pilots at the begin of each block.

    Raises:
        ConfigError: as data_uses.
    """
    length, width, n0 = len(frame.symbols), data_uses(channel, pilots), float(1 / db_to_linear(channel.snr_db))
    sent = np.zeros((-(-length // width), width), np.complex64)
    sent.ravel()[:length] = frame.symbols
    got = _raw(np.pad(sent, ((0, 0), (pilots, 0)), constant_values=1), channel, n0, rng)
    gains = got[:, :pilots].sum(axis=1, keepdims=True) / (pilots + n0)
    lost = np.abs(gains) ** 2 < _LEAST_POWER
    gains = np.where(lost, 1, gains)
    symbols = np.where(lost, 0, got[:, pilots:] / gains)
    noise_var = np.where(lost, np.inf, (n0 / (pilots + n0) + n0) / np.abs(gains) ** 2) * np.ones((1, width))
    found = symbols.ravel()[:length].astype(np.complex64), noise_var.ravel()[:length].astype(np.float32)
    return ReceivedFrame(frame.header, *found, snr_db=channel.snr_db)


def _raw(sent: np.ndarray, channel: Channel, n0: float, rng: np.random.Generator) -> np.ndarray:
    """Blocks with their gains, complex (blocks, block): what Channel.through_symbols has taken out is put back.

    The phase of a gain is uniform and independent of its size, so it is drawn anew; a block so faded that the channel erases it has no
    signal left.
    """
    symbols, noise_var = channel.through_symbols(sent.ravel(), rng)
    size = np.sqrt(n0 / noise_var).reshape(sent.shape)
    phase = np.exp(2j * np.pi * rng.random((len(sent), 1)))
    noise = np.sqrt(n0 / 2) * (rng.standard_normal(sent.shape) + 1j * rng.standard_normal(sent.shape))
    return np.where(size > 0, phase * size * symbols.reshape(sent.shape), noise)
