# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Malformed messages and hostile samples, drawn from a seeded generator."""

from __future__ import annotations

import numpy as np
import pmt
from gnuradio.semcom import notices, pdu
from gnuradio.semcom.pdu import picture_pdu

from semcom_core.phy import Frame, FrameHeader, PhyConfig, ReceivedFrame, Transmitter
from semcom_core.units import complex_noise

#: Numbers that break what expects small ones.
INTEGERS = (0, 1, -1, 15, 16, 255, 256, 4095, 4096, 2**31, -(2**31), 2**63 - 1, -(2**63))
REALS = (0.0, -0.0, 1e-45, -1.0, 1e38, -1e308, float("inf"), float("-inf"), float("nan"))
STRINGS = (
    "",
    "lost",
    "no such state",
    "dropped",
    "\0",
    "\x1b[2J",
    "<|im_end|>",
    "\U0001f600" * 50,
    "x" * 5000,
)
#: Samples that break what expects noise.
SAMPLES = (
    np.nan,
    np.inf,
    -np.inf,
    1e38,
    -3e38,
    1e-45,
    1e-20,
    0.0,
    1.0,
    complex(np.nan, 1),
    complex(0, np.inf),
)


def pick(rng: np.random.Generator, choices):
    """One of several."""
    return choices[int(rng.integers(len(choices)))]


def value(rng: np.random.Generator, depth: int = 3):
    """Any PMT: numbers, strings, vectors, and pairs, lists and dictionaries of them."""
    size = int(rng.integers(20))
    simple = [
        lambda: pmt.PMT_NIL,
        lambda: pmt.PMT_EOF,
        lambda: pmt.from_bool(bool(size % 2)),
        lambda: pmt.from_long(pick(rng, INTEGERS)),
        lambda: pmt.from_uint64(2**64 - 1 - size),
        lambda: pmt.from_double(pick(rng, REALS)),
        lambda: pmt.from_complex(pick(rng, REALS), pick(rng, REALS)),
        lambda: pmt.intern(pick(rng, STRINGS)),
        lambda: pmt.init_u8vector(size, rng.integers(256, size=size).tolist()),
        lambda: pmt.init_s32vector(size, [-1] * size),
        lambda: pmt.init_f32vector(size, [pick(rng, REALS[:5] + REALS[6:]) for _ in range(size)]),
        lambda: pmt.init_c32vector(
            size,
            [pick(rng, (0j, 1j, 1e38 + 0j, complex("nan"), complex("inf"))) for _ in range(size)],
        ),
    ]
    nested = [
        lambda: pmt.cons(value(rng, depth - 1), value(rng, depth - 1)),
        lambda: pmt.list3(*(value(rng, depth - 1) for _ in range(3))),
        lambda: pmt.make_tuple(value(rng, depth - 1), value(rng, depth - 1)),
        lambda: pmt.make_vector(size, value(rng, depth - 1)),
        lambda: table(rng, depth - 1),
    ]
    return pick(rng, simple + nested if depth else simple)()


def table(rng: np.random.Generator, depth: int = 2):
    """A dictionary of known and unknown keys with any values."""
    made = pmt.make_dict()
    for _ in range(int(rng.integers(8))):
        known = [pmt.intern(name) for name in pdu.KEYS]
        key = pick(rng, [*known, value(rng, 1)])
        made = pmt.dict_add(made, key, value(rng, depth))
    return made


def good(rng: np.random.Generator):
    """A PDU as the blocks send them: a text, a picture, the end, a notice (none that ends a run), a
    frame sent or received.
    """
    number, fragments, length = (
        int(rng.integers(256)),
        int(rng.integers(1, 17)),
        int(rng.integers(200)),
    )
    codec = pick(
        rng, (1, 2, 2, 2, 2, 3, 12, 12, 30, 31)
    )  # mostly those of the decoders that are tested
    header = FrameHeader(
        codec, number, int(rng.integers(fragments)), fragments - 1, length, int(rng.integers(64))
    )
    symbols = complex_noise(length, 1.0, rng)
    state = pick(
        rng, [state for state in notices.STATES if state not in ("end", "failed", "loading")]
    )
    return pick(
        rng,
        [
            lambda: pdu.text_pdu(
                pick(rng, STRINGS),
                message_id=number,
                decoded=bool(number % 2),
                snr_db=pick(rng, REALS),
            ),
            lambda: picture_pdu(
                np.full((1 + number % 20, 1 + length % 30, 3), number, np.uint8),
                name=pick(rng, STRINGS),
            ),
            pdu.end_pdu,
            lambda: pdu.make_pdu(
                {"state": state, "message_id": number, "reason": pick(rng, STRINGS)},
                np.zeros(0, np.uint8),
            ),
            lambda: pdu.frame_pdu(Frame(header, symbols), last=number % 4 == 0),
            lambda: pdu.frame_pdu(
                ReceivedFrame(
                    header,
                    symbols,
                    np.full(length, pick(rng, (0.0, 0.1, 1e38, np.inf)), np.float32),
                )
            ),
        ],
    )()


def mutated(rng: np.random.Generator):
    """A good PDU with something wrong: a value, a key or the payload missing, of another kind, or
    of another length.
    """
    message = good(rng)
    meta, payload = pmt.car(message), pmt.cdr(message)
    keys = [name for name in pdu.KEYS if pmt.dict_has_key(meta, pmt.intern(name))]
    key = pmt.intern(pick(rng, keys))
    short = pmt.init_c32vector(3, [pick(rng, (1j, complex("nan"), 1e38 + 1e38j)) for _ in range(3)])
    return pick(
        rng,
        [
            lambda: pmt.cons(pmt.dict_delete(meta, key), payload),
            lambda: pmt.cons(pmt.dict_add(meta, key, value(rng)), payload),
            lambda: pmt.cons(pmt.dict_add(meta, key, pmt.from_long(pick(rng, INTEGERS))), payload),
            lambda: pmt.cons(pmt.dict_add(meta, value(rng), value(rng)), payload),
            lambda: pmt.cons(meta, short),
            lambda: pmt.cons(meta, value(rng)),
            lambda: pmt.cons(value(rng), payload),
            lambda: pmt.cons(payload, meta),
            lambda: pmt.cons(message, message),
            lambda: meta,
            lambda: payload,
        ],
    )()


def messages(seed: int, count: int):
    """Messages of all sorts: half of them good ones gone wrong, the others random dictionaries,
    random values, and good ones.
    """
    rng = np.random.default_rng(seed)
    kinds = (mutated, mutated, mutated, lambda rng: pmt.cons(table(rng), value(rng)), value, good)
    for _ in range(count):
        yield pick(rng, kinds)(rng)


def hostile(seed: int, count: int) -> np.ndarray:
    """Samples of all sorts in stretches of random length, complex64 (count,)."""
    rng, parts, made = np.random.default_rng(seed), [], 0
    while made < count:
        length = int(10 ** rng.uniform(0, 5))
        parts.append(pick(rng, (_special, _bits, _spikes, _fragments, _scaled))(rng, length))
        made += len(parts[-1])
    return np.concatenate(parts)[:count]


def _special(rng, length):
    return np.full(length, pick(rng, SAMPLES), np.complex64)


def _bits(rng, length):
    """Random bit patterns, read as pairs of float32."""
    return rng.integers(2**32, size=2 * length, dtype=np.uint32).view(np.complex64)


def _spikes(rng, length):
    samples = complex_noise(length, 0.01, rng)
    places = rng.integers(length, size=1 + length // 50)
    samples[places] = np.array(SAMPLES, np.complex64)[rng.integers(len(SAMPLES), size=len(places))]
    return samples


def _fragments(rng, length):
    """Pieces of good bursts."""
    frame = Frame(
        FrameHeader(4, length=min(length, 4095)), complex_noise(min(length, 4095), 1.0, rng)
    )
    burst = Transmitter(PhyConfig()).burst([frame])
    begin, end = sorted(rng.integers(len(burst), size=2))
    return burst[begin : end + 1]


def _scaled(rng, length):
    return (complex_noise(length, 1.0, rng) * np.float32(10 ** rng.uniform(-44, 38))).astype(
        np.complex64
    )
