# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending end: its timers, by virtual time."""

from __future__ import annotations

import numpy as np

from semcom_core.link import POLL, Ack, ArqSender, SenderConfig
from semcom_core.link.sender import JITTER

WHOLE = 0b111


def make(**settings):
    return ArqSender(
        SenderConfig(**{"timeout_s": 1.0, "longest_s": 100.0, **settings}), np.random.default_rng(0)
    )


def start(sender, frames, now=0.0):
    """Submit a message, send it, and have it transmitted at once."""
    sender.submit(frames)
    sends, _ = sender.poll(now)
    sender.on_transmitted(frames[0].header.message_id, now)
    return sends


def test_timeouts_back_off_and_end(message):
    sender = make(max_tries=4, timeout_s=1.0, backoff=2.0, longest_s=3.0)
    start(sender, message())
    waits, now = [], 0.0
    while sender.pending:
        waits.append(sender.next_time() - now)
        assert sender.poll(sender.next_time() - 1e-6) == ([], [])
        now = sender.next_time()
        sends, settled = sender.poll(now)
        sender.on_transmitted(0, now)
    for wait, base in zip(waits, [1, 2, 3, 3], strict=True):
        assert base <= wait <= base * (1 + JITTER)
    assert len(set(np.round(waits[2:], 9))) == 2, "jitter is drawn anew"
    assert (settled[0].acknowledged, settled[0].tries) == (False, 4)
    assert "4 transmissions" in settled[0].reason
    assert (sender.counts["timeouts"], sender.counts["given_up"]) == (4, 1)


def test_timer_starts_when_the_burst_is_out(message):
    sender = make(stall_s=50.0)
    sender.submit(message())
    sender.poll(0)
    assert sender.poll(49.0) == ([], [])
    sender.on_transmitted(0, 49.0)
    assert 50.0 <= sender.next_time() <= 49.0 + 1 + JITTER


def test_silent_transmitter_is_not_waited_for(message):
    sender = make(stall_s=5.0, max_tries=1)
    sender.submit(message())
    sender.poll(0)
    assert sender.next_time() == 5.0
    assert sender.poll(5.0) == ([], [])
    assert len(sender.poll(sender.next_time())[1]) == 1


def test_working_transmitter_is_waited_for(message):
    sender = make(stall_s=5.0)
    start(sender, message(0))
    sender.on_ack(Ack(0, done=True), 0.0)
    sender.submit(message(1))
    sender.submit(message(2))
    sender.poll(0)
    sender.on_transmitted(1, 4.0)
    sender.on_ack(Ack(1, done=True), 4.1)
    assert sender.next_time() == 9.0


def test_decoder_at_work_is_asked_after_ever_less_often(message):
    sender = make(max_tries=2, backoff=2.0)
    start(sender, message(0, 3))
    gaps, now = [], 0.5
    for _ in range(5):
        sender.on_ack(Ack(0, WHOLE), now)
        gaps.append(sender.next_time() - now)
        now = sender.next_time()
        ((poll,),), _ = sender.poll(now)
        assert (poll.header.codec, poll.header.message_id, poll.header.length) == (POLL, 0, 0)
        sender.on_transmitted(0, now)
    assert all(later > 1.5 * sooner for sooner, later in zip(gaps, gaps[1:], strict=False))
    assert sender.counts["transmissions"] == 1, "polls are no tries"


def test_unanswered_polls_end(message):
    sender = make(max_tries=3)
    start(sender, message())
    sender.on_ack(Ack(0, 1), 0.5)
    settled = []
    while not settled:
        now = sender.next_time()
        _, settled = sender.poll(now)
        sender.on_transmitted(0, now)
    assert (sender.counts["polls"], settled[0].acknowledged) == (3, False)


def test_wait_follows_the_answers_but_not_those_to_repeats(message):
    sender = make(timeout_s=10.0)
    for i in range(20):
        start(sender, message(i), float(i))
        sender.on_ack(Ack(i, done=True), i + 0.2)
    start(sender, message(20), 20.0)
    assert 20.4 <= sender.next_time() <= 20.0 + 0.6 * (1 + JITTER)
    now = sender.next_time()
    sender.poll(now)
    sender.on_transmitted(20, now)
    sender.on_ack(Ack(20, done=True), now + 0.01)  # to which of the two? Karn: not measured
    start(sender, message(21), 40.0)
    assert sender.next_time() >= 40.4
