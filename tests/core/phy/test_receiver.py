# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiver as a stream processor: values, chunks, bad input, ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from semcom_core.channel import parse_channel
from semcom_core.phy import Layout, PhyConfig, Receiver, Transmitter
from semcom_core.phy.receiver import _ONE_BLAS_THREAD
from semcom_core.units import complex_noise


def receive(samples, config=None, chunks=None):
    receiver = Receiver(config)
    parts = [samples] if chunks is None else np.split(samples, np.cumsum(chunks)[:-1])
    return [
        frame for part in parts for frame in receiver.push(part)
    ] + receiver.flush(), receiver.stats


def check(found, sent, tolerance=0.02):
    """The received frames are the sent ones, in order, each symbol right to a tolerance (rms)."""
    assert [replace(f.header, more=0) for f in found] == [replace(f.header, more=0) for f in sent]
    for ours, theirs in zip(found, sent, strict=True):
        assert np.sqrt(np.mean(np.abs(ours.symbols - theirs.symbols) ** 2)) < tolerance


@pytest.mark.parametrize("length", [1, 15, 16, 17, 48, 140, 600, 4095])
def test_frame_comes_through_unharmed(frame, stream, length):
    sent = frame(length, fragment=1, last_fragment=2, params=5, model_fp=3, context_fp=9)
    found, stats = receive(stream([sent], gap=77))
    check(found, [sent])
    assert found[0].start_sample == 77 and found[0].cfo_hz == pytest.approx(0, abs=20)
    assert (stats.bursts, stats.headers_ok, stats.headers_bad, stats.frames) == (1, 1, 0, 1)


def test_frame_without_payload_comes_through(frame, stream):
    found, _ = receive(stream([frame(0, message_id=7)]))
    assert [f.header.message_id for f in found] == [7] and found[0].symbols.shape == (0,)


def test_several_frames_in_a_burst(frame, stream):
    sent = [frame(n, message_id=i) for i, n in enumerate([100, 1, 0, 333, 47, 48, 150])]
    found, stats = receive(stream(sent))
    check([f for f in found if f.header.length], [f for f in sent if f.header.length])
    assert [f.header.more for f in found] == [1] * 6 + [0] and stats.bursts == 1


def test_bursts_back_to_back(frame):
    sent = [frame(90 + i, message_id=i) for i in range(6)]
    transmitter = Transmitter()
    found, stats = receive(np.concatenate([transmitter.burst([f]) for f in sent]))
    check(found, sent)
    assert stats.bursts == 6


def test_burst_may_begin_with_the_stream_and_end_with_it(frame):
    sent = frame(140)
    found, _ = receive(Transmitter().burst([sent])[: -PhyConfig().dimensions.guard])
    check(found, [sent])


@pytest.mark.parametrize("rate_hz", [100e3, 250e3, 500e3, 1e6, 2e6])
@pytest.mark.parametrize("profile, snr_db", [("standard", 3), ("long-range", -2)])
def test_offset_at_the_edge_of_what_is_searched(frame, rng, rate_hz, profile, snr_db):
    config = PhyConfig(profile=profile, rate_hz=rate_hz)
    silence = np.zeros(500, np.complex64)
    for sign in (1, -1):
        cfo_hz = sign * 0.055 * rate_hz
        burst = Transmitter(config).burst([frame(100, message_id=3)])
        channel = parse_channel(f"awgn:{snr_db}+cfo:{cfo_hz}hz").for_modem(config)
        samples = channel.through_samples(np.concatenate([silence, burst, silence]), rng)
        (found,), _ = receive(samples, config)
        assert found.header.message_id == 3
        assert found.cfo_hz == pytest.approx(cfo_hz, abs=1e-3 * rate_hz)
        assert abs(found.cfo_hz) <= 0.056 * rate_hz


@pytest.mark.parametrize("chunk", [1, 7, 100, 333, 4096])
def test_chunks_make_no_difference(frame, stream, rng, chunk):
    sent = [[frame(120, message_id=1)], [frame(80, message_id=2), frame(60, message_id=3)]]
    samples = parse_channel("awgn:8+cfo:20khz+taps:0,-6").through_samples(
        stream(*sent, gap=90), rng
    )
    whole, stats = receive(samples)
    sizes = [chunk] * (len(samples) // chunk) + [len(samples) % chunk]
    parts, part_stats = receive(samples, chunks=sizes)
    assert [f.header for f in parts] == [f.header for f in whole] and len(whole) == 3
    assert part_stats == stats
    for a, b in zip(parts, whole, strict=True):
        assert np.allclose(a.symbols, b.symbols, atol=1e-4) and np.allclose(
            a.noise_var, b.noise_var, rtol=1e-4
        )
        assert a.start_sample == b.start_sample


def test_frames_come_as_soon_as_their_samples_are_there(frame, stream):
    receiver, layout = Receiver(), Layout(PhyConfig())
    samples = stream([frame(140)], gap=0)
    assert receiver.push(samples[: layout.burst_samples([140]) - layout.profile.guard - 1]) == []
    assert (
        len(receiver.push(samples[layout.burst_samples([140]) - layout.profile.guard - 1 :])) == 1
    )


@pytest.mark.parametrize("kept", [0.5, 0.8])
def test_cut_off_frame_keeps_what_came_and_erases_the_rest(frame, kept):
    sent = frame(600)
    burst = Transmitter(PhyConfig(interleave=False)).burst([sent])
    found, stats = receive(burst[: int(kept * len(burst))], PhyConfig(interleave=False))
    lost = np.isinf(found[0].noise_var)
    assert (
        0.6 * (1 - kept) < lost.mean() < 1.6 * (1 - kept)
        and np.all(found[0].symbols[lost] == 0)
        and stats.truncated == 1
    )
    assert np.mean(np.abs(found[0].symbols - sent.symbols)[~lost] ** 2) < 1e-3


def test_burst_cut_off_in_its_header_gives_nothing(frame):
    layout = Layout(PhyConfig())
    found, stats = receive(Transmitter().burst([frame(140)])[: layout.preamble_samples + 40])
    assert found == [] and stats.headers_ok == 0


def test_receiver_can_be_used_again_after_its_end(frame, stream):
    receiver = Receiver()
    sent = frame(140)
    for _ in range(2):
        check(receiver.push(stream([sent], gap=40)) + receiver.flush(), [sent])
    assert receiver.stats.frames == 2
    assert receiver.flush() == []


def test_nothing_in_nothing_out():
    assert receive(np.zeros(0, np.complex64))[0] == []
    assert receive(np.zeros(10000, np.complex64))[0] == []


@pytest.mark.parametrize(
    "value", [np.nan, np.inf, -np.inf, complex(np.nan, 1), 1e30, 1e38j, complex(np.inf, -np.inf)]
)
def test_wrong_samples_harm_no_later_frame(frame, stream, value):
    sent = [frame(140, message_id=i) for i in range(3)]
    samples = stream(*([f] for f in sent), gap=300)
    samples[250:260] = value
    samples[1000:1150:7] = value
    found, _ = receive(samples, chunks=[500, len(samples) - 500])
    assert np.isfinite(found[-1].symbols).all()
    check(found[-1:], sent[-1:])


@pytest.mark.parametrize(
    "samples",
    [[1, 2, 3], np.ones(5), np.ones(3, dtype=np.complex128), np.ones((2, 2), dtype=np.int16)],
)
def test_takes_any_array_of_numbers(samples):
    assert Receiver().push(samples) == []


@pytest.mark.parametrize("level", [1e-5, 1e-2, 30.0, 2e4])
def test_level_makes_no_difference(frame, stream, level):
    sent = frame(140)
    found, _ = receive((level * stream([sent])).astype(np.complex64))
    check(found, [sent])


def test_after_a_bad_header_the_search_goes_on(frame, stream):
    """A burst that begins inside a burst with a spoilt header is found: nothing but the preamble
    was claimed.
    """
    layout = Layout(PhyConfig())
    sent = frame(140, message_id=9)
    spoilt = Transmitter().burst([frame(1000)])
    begin = layout.preamble_samples + 2 * layout.symbol_samples
    spoilt[layout.preamble_samples : begin + 100] = 0
    spoilt[begin : begin + layout.burst_samples([140])] = Transmitter().burst([sent])
    found, stats = receive(np.concatenate([np.zeros(100, np.complex64), spoilt]))
    check(found, [sent])
    assert stats.headers_bad == 1


def test_burst_inside_a_burst_is_handed_out_too(frame):
    """Whichever is the stronger: neither may hide the other."""
    long = frame(2000, message_id=1)
    samples = Transmitter().burst([long])
    inner = Transmitter().burst([frame(140, message_id=2)])
    samples[1500 : 1500 + len(inner)] = inner
    found, _ = receive(samples)
    assert [f.header.message_id for f in found] == [1, 2]


def test_an_echo_is_not_handed_out_again(frame):
    """A copy 250 samples late and 3 dB down has a preamble and a header that hold; what it says was
    said.
    """
    burst = Transmitter().burst([frame(600, message_id=1), frame(200, message_id=2)])
    samples = np.zeros(len(burst) + 600, np.complex64)
    samples[100 : 100 + len(burst)] = burst
    samples[350 : 350 + len(burst)] += 0.7 * burst
    found, stats = receive(samples)
    assert [f.header.message_id for f in found] == [1, 2]


def test_frames_of_a_long_burst_come_as_they_are_read(frame):
    burst = Transmitter().burst([frame(4000, message_id=i) for i in range(4)])
    receiver = Receiver()
    assert [f.header.message_id for f in receiver.push(burst[: len(burst) // 2])] == [0]
    assert [
        f.header.message_id for f in receiver.push(burst[len(burst) // 2 :]) + receiver.flush()
    ] == [1, 2, 3]


def test_keys_keep_modems_apart(frame, stream):
    ours, theirs = PhyConfig(key="ours"), PhyConfig(key="theirs")
    samples = stream([frame(140)], config=ours)
    assert len(receive(samples, ours)[0]) == 1
    found, stats = receive(samples, theirs)
    assert found == [] and stats.headers_bad == 1


def test_limit_of_blas_threads_ends_with_the_last_receiver_at_work():
    """Receivers of two threads overlap: the one that began first may end first."""

    def limits():
        return [lib["num_threads"] for lib in ThreadpoolController().select(user_api="blas").info()]

    with threadpool_limits(2, user_api="blas"):
        before = limits()
        assert before and set(before) == {2}
        _ONE_BLAS_THREAD.__enter__()
        _ONE_BLAS_THREAD.__enter__()
        assert set(limits()) == {1}
        _ONE_BLAS_THREAD.__exit__()
        assert set(limits()) == {1}
        _ONE_BLAS_THREAD.__exit__()
        assert limits() == before


def counts_over(channel, config, frame, stream, rng, bursts=20):
    """Counts of the receiver for some bursts, out of noise and with gaps, through a channel."""
    samples = stream(*([frame(100, message_id=k)] for k in range(bursts)), gap=700, config=config)
    _, stats = receive(
        parse_channel(channel).for_modem(config).through_samples(samples, rng), config
    )
    return stats


@pytest.mark.parametrize("profile", ["standard", "long-range"])
@pytest.mark.parametrize("cfo_hz", [70e3, 125e3, 144e3, -144e3])
def test_bursts_beyond_the_searched_offset_are_counted_as_unreadable(
    profile, cfo_hz, frame, stream, rng
):
    config = PhyConfig(profile=profile)
    stats = counts_over(f"awgn:8+cfo:{cfo_hz}hz", config, frame, stream, rng)
    assert stats.frames == 0 and stats.unreadable >= 18


def test_bursts_of_another_key_are_counted_as_unreadable(frame, stream):
    sent = [[frame(100, message_id=k)] for k in range(5)]
    samples = stream(*sent, gap=700, config=PhyConfig(key="theirs"))
    found, stats = receive(samples, PhyConfig(key="ours"))
    assert found == [] and stats.unreadable == 5


@pytest.mark.parametrize("profile", ["standard", "long-range"])
@pytest.mark.parametrize(
    "channel", ["awgn:30", "awgn:3", "awgn:12+cfo:-54khz+taps:0,-6,-10", "tdl-c:15,300ns,30kmh"]
)
def test_bursts_that_can_be_read_are_not_unreadable(profile, channel, frame, stream, rng):
    stats = counts_over(channel, PhyConfig(profile=profile), frame, stream, rng)
    assert stats.frames >= 18  # fading takes one now and then, header and all
    assert stats.unreadable <= stats.headers_bad <= 1


def test_noise_and_carriers_are_no_unreadable_bursts(rng):
    count = 1_000_000
    noise = complex_noise(count, 1.0, rng)
    carrier = 10 * np.exp(2j * np.pi * 0.0371 * np.arange(count)).astype(np.complex64)
    keyed = {length: (np.arange(count) // length) % 2 * carrier for length in (80, 150, 1000)}
    for added in (0, carrier, *keyed.values()):
        _, stats = receive(noise + added)
        assert stats.openings > 1000 and stats.unreadable == 0


@pytest.mark.parametrize("chunk", [100, 5000])
def test_chunks_make_no_difference_to_unreadable_bursts(chunk, frame, stream, rng):
    samples = stream(*([frame(60, message_id=k)] for k in range(4)), gap=400)
    shifted = parse_channel("awgn:15+cfo:144khz").through_samples(samples, rng)
    _, whole = receive(shifted)
    _, split = receive(shifted, chunks=[chunk] * (len(shifted) // chunk + 1))
    assert (whole.unreadable, split.unreadable) == (4, 4)
