# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole channel code: segmentation, decoding, redundancy versions and block error rates."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.fec import BITS_PER_SYMBOL, ChannelCode, FecLink
from semcom_core.fec.ldpc import ldpc_decoder
from semcom_core.units import complex_noise


def random_bits(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, count, dtype=np.uint8)


def block_errors(link: FecLink, snr_db: float, blocks: int) -> int:
    rng, wrong, noise = np.random.default_rng(11), 0, 10 ** (-snr_db / 10)
    for _ in range(blocks):
        bits = rng.integers(0, 2, link.info_bits, dtype=np.uint8)
        symbols = link.encode(bits)
        decoded, ok = link.decode(symbols + complex_noise(symbols.size, noise, rng), noise)
        wrong += not np.array_equal(decoded, bits)
        assert ok == np.array_equal(decoded, bits)
    return wrong


@pytest.mark.parametrize("modulation", sorted(BITS_PER_SYMBOL))
@pytest.mark.parametrize("info_bits", [1, 8, 333, 3825, 20_000])
def test_noise_free_round_trip(modulation, info_bits):
    link = FecLink(info_bits, -(-2 * (info_bits + 16) // BITS_PER_SYMBOL[modulation]), modulation)
    bits = random_bits(info_bits, info_bits)
    symbols = link.encode(bits)
    assert symbols.shape == (link.uses,)
    decoded, ok = link.decode(symbols, 0.0)
    assert ok
    assert (decoded == bits).all()


def test_long_messages_are_cut_into_equal_blocks_with_their_own_crc():
    code = ChannelCode(20_000, 40_000, 2)
    assert code.block_bits == [6696, 6696, 6696]
    assert sum(code.block_coded_bits) == 40_000
    assert all(n % 2 == 0 for n in code.block_coded_bits)


# Measured: 5.4, 3.0 and 5.2 % of 500 blocks were lost at these SNRs. Of 40 blocks at such a rate
# more than 9 are lost with p < 1e-4.
@pytest.mark.parametrize(
    ("modulation", "uses", "snr_db"),
    [("qpsk", 800, 1.25), ("16qam", 400, 6.5), ("64qam", 200, 14.25)],
)
def test_near_capacity(modulation, uses, snr_db):
    assert block_errors(FecLink(800, uses, modulation), snr_db, 40) <= 9


def test_hopeless_noise_is_reported():
    # Rate 1 at -6 dB is far above capacity (0.32 bits a use).
    assert block_errors(FecLink(800, 800, "qpsk"), -6.0, 5) == 5


def test_second_redundancy_version_rescues_the_first():
    link, rng, noise = FecLink(800, 700, "qpsk"), np.random.default_rng(5), 10**0.05
    bits = random_bits(800, 6)
    received = []
    for version in (0, 2):
        symbols = link.encode(bits, version)
        received.append((symbols + complex_noise(symbols.size, noise, rng), noise, version))
    assert not link.combine(received[:1])[1]
    decoded, ok = link.combine(received)
    assert ok
    assert (decoded == bits).all()


def test_a_fifth_erased_at_rate_a_third():
    link = FecLink(800, 1200, "qpsk")
    bits, noise_var = random_bits(800, 7), np.zeros(1200, np.float32)
    symbols = link.encode(bits)
    noise_var[400:640], symbols[400:640] = np.inf, 0
    decoded, ok = link.decode(symbols, noise_var)
    assert ok
    assert (decoded == bits).all()


def test_everything_erased_is_not_decoded():
    link = FecLink(800, 800, "qpsk")
    bits, ok = link.decode(np.zeros(800, np.complex64), np.full(800, np.inf))
    assert bits.shape == (800,)
    # All-zero bits have an all-zero CRC, so the verdict must not rest on the CRC alone.
    assert not ok


def test_blocks_of_a_batch_do_not_disturb_each_other():
    decoder, rng = ldpc_decoder(2, 16, 20), np.random.default_rng(8)
    llrs = 4 + 4 * rng.standard_normal((19, decoder.bits))
    together, done = decoder.decode(llrs)
    alone = [decoder.decode(row[None]) for row in llrs]
    assert (together == np.concatenate([bits for bits, _ in alone])).all()
    assert (done == np.concatenate([ok for _, ok in alone])).all()
    assert done.any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((0, 10, 1), "info_bits is 0"),
        ((100, 115, 1), "coded_bits is 115.*from 116"),
        ((100, 201, 2), "coded_bits is 201.*multiple of 2"),
        ((100, 200, 9), "bits_per_symbol is 9"),
        ((100, 200, 2, "17"), "CRC is '17'"),
    ],
)
def test_bad_codes_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        ChannelCode(*settings)


def test_wrong_shapes_are_refused():
    link = FecLink(100, 100, "qpsk")
    with pytest.raises(ConfigError, match=r"message has shape \(99,\)"):
        link.encode(np.zeros(99, np.uint8))
    with pytest.raises(ConfigError, match=r"received symbols have shape \(99,\)"):
        link.decode(np.zeros(99, np.complex64), 1.0)
    with pytest.raises(ConfigError, match=r"ratios have shape \(3,\)"):
        link.code.decode(np.zeros(3))
    with pytest.raises(ConfigError, match="0 transmissions"):
        link.combine([])
    with pytest.raises(ConfigError, match=r"shape \(3,\)"):
        ldpc_decoder(2, 16, 4).decode(np.zeros(3))
