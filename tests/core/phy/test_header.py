# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Header bits, their code and the sequences that scramble them."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import FrameError
from semcom_core.fec import convolutional as tbcc
from semcom_core.phy import FrameHeader, Layout, PhyConfig, header
from semcom_core.phy.ofdm import interleaver, phases, signs
from semcom_core.units import complex_noise

LAYOUT = Layout(PhyConfig(key="ours"))
FULL = FrameHeader(31, 255, 15, 15, 4095, 63, 15, 15, 1)
FULL_WIDE = FrameHeader(15, 255, 255, 255, 4095, 63, more=1)


@pytest.mark.parametrize(
    "made", [FrameHeader(0), FULL, FULL_WIDE, FrameHeader(3, 17, 2, 5, 140, 33, 9, 6, 0)]
)
def test_header_survives_packing(made):
    assert header.unpack(header.pack(made)) == made


def test_fields_lie_in_their_order():
    bits = header.pack(FrameHeader(codec=1, message_id=2, length=5, more=1))
    assert (
        "".join(map(str, bits[:48]))
        == "00001"
        + "00000010"
        + "0000"
        + "0000"
        + "000000000101"
        + "000000"
        + "0000"
        + "0000"
        + "1"
    )


def test_picture_codecs_have_wide_fragment_fields():
    bits = header.pack(
        FrameHeader(codec=8, message_id=2, fragment=3, last_fragment=18, length=5, more=1)
    )
    assert (
        "".join(map(str, bits[:48]))
        == "01000" + "00000010" + "00000011" + "00010010" + "000000000101" + "000000" + "1"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"codec": 8, "last_fragment": 256},
        {"codec": 8, "model_fp": 1},
        {"codec": 7, "last_fragment": 16},
        {"codec": 16, "last_fragment": 16},
    ],
)
def test_fields_are_as_wide_as_the_codec_has_them(wrong):
    with pytest.raises(FrameError, match="allowed is 0 to"):
        FrameHeader(**wrong)


@pytest.mark.parametrize("place", range(64))
def test_every_single_bit_error_is_noticed(place):
    bits = header.pack(FULL)
    bits[place] ^= 1
    with pytest.raises(FrameError, match="CRC"):
        header.unpack(bits)


def test_all_zero_word_is_no_header():
    with pytest.raises(FrameError):
        header.unpack(np.zeros(64, dtype=np.uint8))


def test_code_has_free_distance_20(rng):
    words = np.eye(64, dtype=np.uint8)
    assert tbcc.encode(words).sum(axis=1).min() >= 20
    near = (words[0] ^ rng.integers(0, 2, (2000, 64))).astype(np.uint8)
    weights = tbcc.encode(near)[near.any(axis=1)].sum(axis=1)
    assert weights.min() >= 20


def test_tail_biting_code_turns_with_its_word(rng):
    word = rng.integers(0, 2, 64)
    assert np.array_equal(tbcc.encode(np.roll(word, 5)), np.roll(tbcc.encode(word), 20))


def test_headers_decode_below_0_db(rng):
    """At -1 dB fewer than 1 % fail (0.4 % measured on 5000): of 600, 14 or more would be six
    deviations from that.
    """
    bits = np.stack([header.pack(FrameHeader(3, int(i) % 256, length=int(i))) for i in range(600)])
    sent = header.modulate(bits, LAYOUT)
    found, good = header.decode(sent + complex_noise(sent.shape, 10**0.1, rng), LAYOUT)
    right = good & (found == bits).all(axis=1)
    assert right.sum() > 586
    assert not (good & ~right).any()


def test_noise_is_no_header(rng):
    """64 candidates against a 16-bit CRC pass about once in 1000 times; more than 10 of 2000 is
    five deviations off.
    """
    _, good = header.decode(complex_noise((2000, 128), 1.0, rng), LAYOUT)
    assert good.sum() <= 10


def test_another_key_reads_nothing():
    _, good = header.decode(
        header.modulate(header.pack(FULL)[None], LAYOUT), Layout(PhyConfig(key="theirs"))
    )
    assert not good.any()


def test_sequences_depend_on_key_and_label_and_never_change():
    assert not np.array_equal(phases("a", "payload", 64), phases("b", "payload", 64))
    assert not np.array_equal(phases("a", "payload", 64), phases("a", "fill", 64))
    assert np.allclose(np.abs(phases("a", "payload", 64)), 1)
    assert signs("", "pilots", 12).tolist() == PILOTS


PILOTS = [1.0, 1.0, -1.0, 1.0, -1.0, 1.0, 1.0, 1.0, -1.0, 1.0, 1.0, -1.0]


@pytest.mark.parametrize("length", [0, 1, 2, 7, 48, 140, 4095])
def test_interleaver_permutes_and_spreads(length):
    order = interleaver(length)
    assert sorted(order.tolist()) == list(range(length))
    if length >= 48:
        assert np.abs(np.diff(np.argsort(order))).min() > length // 10
