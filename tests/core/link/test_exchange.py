# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both ends together over a lossy channel in virtual time: everything arrives once, in order, and
nothing hangs.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import Counter

import numpy as np
import pytest

from semcom_core.link import Ack, ArqReceiver, ArqSender, ReceiverConfig, SenderConfig, is_control
from tests.core.link.round_codec import FIRST, MORE, message_of


class Link:
    """A sender, a receiver, a decoder that needs `copies` of each fragment, and a channel both
    ways, in virtual time.
    """

    def __init__(self, heard, loss, copies=1, decode_s=0.02, sender=None, receiver=None, seed=0):
        self.sender = ArqSender(SenderConfig(**(sender or {})), np.random.default_rng(seed))
        self.receiver = ArqReceiver(ReceiverConfig(**(receiver or {})))
        self.heard, self.loss, self.copies, self.decode_s = heard, loss, copies, decode_s
        self.rng = np.random.default_rng(seed + 1)
        self.now, self.free_at, self.decoder_free_at = 0.0, 0.0, 0.0
        self.events, self.order = [], itertools.count()
        self.deliveries, self.settled = [], []

    def at(self, time, function, *arguments):
        heapq.heappush(self.events, (time, next(self.order), function, arguments))

    def run(self, limit_s=3600.0):
        """Go on until nothing more is to be done; returns the time that took, s."""
        for _ in range(100_000):
            assert self.now < limit_s
            self._act()
            ahead = min(
                self.sender.next_time(),
                self.receiver.next_time(),
                self.events[0][0] if self.events else math.inf,
            )
            if ahead == math.inf:
                return self.now
            self.now = max(self.now, ahead)
            while self.events and self.events[0][0] <= self.now:
                _, _, function, arguments = heapq.heappop(self.events)
                function(*arguments)
        raise AssertionError(f"time stands still at {self.now} s")

    def _act(self):
        sends, settled = self.sender.poll(self.now)
        self.settled += settled
        for frames in sends:  # one burst after another
            self.free_at = max(self.free_at, self.now) + 0.001 * (
                1 + sum(f.header.length for f in frames) / 1000
            )
            self.at(
                self.free_at,
                lambda i: self.sender.on_transmitted(i, self.now),
                frames[0].header.message_id,
            )
            for frame in frames:
                if self.rng.random() >= self.loss:
                    self.at(self.free_at + 0.01, self._arrive, frame)
        actions = self.receiver.poll(self.now)
        self.deliveries += actions.deliveries
        for ack in actions.acks:
            if self.rng.random() >= self.loss:
                header = Ack.from_header(ack.to_header())
                self.at(self.now + 0.012, lambda ack: self.sender.on_ack(ack, self.now), header)
        for frames in actions.decode:
            self.decoder_free_at = max(self.decoder_free_at, self.now) + self.decode_s
            self.at(self.decoder_free_at, self._decoded, frames)

    def _arrive(self, frame):
        if is_control(frame.header):
            self.receiver.on_poll(frame.header.message_id, self.now)
        else:
            self.receiver.on_frame(self.heard(frame, 1.0, self.rng), self.now)

    def _decoded(self, frames):
        good = len(frames) == frames[0].header.fragments and all(
            f.noise_var[0] < 1.01 / self.copies for f in frames
        )
        guess = (frames[0].header.params, good)
        self.receiver.on_decoded(frames[0].header.message_id, guess, good, self.now)


def run(message, heard, count, fragments=1, **settings):
    link = Link(heard, **settings)
    for i in range(count):
        assert link.sender.submit(message(i % 256, fragments, 100, variant=i))
    return link, link.run()


@pytest.mark.parametrize("mode", ["stop-and-wait", "selective-repeat"])
@pytest.mark.parametrize("fragments, loss", [(1, 0.0), (1, 0.2), (4, 0.2), (1, 0.5)])
def test_all_arrive_once_and_in_order(mode, fragments, loss, message, heard):
    settings = {
        "sender": {"mode": mode, "max_tries": 60, "queue_size": 400},
        "receiver": {"window": 1 if mode == "stop-and-wait" else 16},
    }
    link, _ = run(message, heard, 300, fragments, loss=loss, **settings)
    assert [d.message_id for d in link.deliveries] == [i % 256 for i in range(300)]
    assert all(d.decoded for d in link.deliveries)
    assert [s.acknowledged for s in link.settled] == [True] * 300
    assert loss or link.sender.counts["transmissions"] == 300


def test_selective_repeat_is_faster_and_sends_less(message, heard):
    results = {}
    for mode in ("stop-and-wait", "selective-repeat"):
        link, took = run(message, heard, 100, 8, loss=0.2, sender={"mode": mode, "max_tries": 60})
        results[mode] = link.sender.counts["frames"], took
    assert results["selective-repeat"][0] < 0.85 * results["stop-and-wait"][0]
    assert results["selective-repeat"][1] < 0.5 * results["stop-and-wait"][1]


@pytest.mark.parametrize("copies", [2, 4])
def test_copies_are_gathered_until_the_message_decodes(copies, message, heard):
    link, _ = run(message, heard, 40, 2, loss=0.2, copies=copies, sender={"max_tries": 60})
    assert [(d.message_id, d.decoded) for d in link.deliveries] == [(i, True) for i in range(40)]


def test_slow_decoder_costs_questions_not_copies(message, heard):
    link, _ = run(message, heard, 10, loss=0.0, decode_s=7.0)
    assert link.sender.counts["transmissions"] == 10
    assert 0 < link.sender.counts["polls"] < 150
    assert [d.decoded for d in link.deliveries] == [True] * 10


def test_without_a_way_back_each_message_is_lost_to_the_sender(message, heard, monkeypatch):
    link = Link(heard, loss=0.0, sender={"max_tries": 3})
    monkeypatch.setattr(link.sender, "on_ack", lambda ack, now: None)
    for i in range(20):
        link.sender.submit(message(i))
    link.run()
    assert [s.acknowledged for s in link.settled] == [False] * 20
    assert [d.message_id for d in link.deliveries] == list(range(20)), (
        "delivered all the same, and once each"
    )


def test_without_a_way_there_nothing_hangs(message, heard):
    link, _ = run(message, heard, 20, loss=1.0, sender={"max_tries": 3})
    assert [s.acknowledged for s in link.settled] == [False] * 20
    assert link.deliveries == []


def test_hopeless_messages_are_delivered_marked(message, heard):
    settings = {"sender": {"max_tries": 30}, "receiver": {"max_tries": 4}}
    link, _ = run(message, heard, 10, loss=0.1, copies=1000, **settings)
    assert [(d.decoded, d.guess is not None, d.attempts) for d in link.deliveries] == [
        (False, True, 4)
    ] * 10
    assert all(s.acknowledged and not s.decoded for s in link.settled)


def test_given_up_messages_do_not_hold_up_the_others(message, heard):
    link, _ = run(message, heard, 100, 2, loss=0.4, sender={"max_tries": 2})
    given_up = [s for s in link.settled if not s.acknowledged]
    decoded = [d.message_id for d in link.deliveries if d.decoded]
    assert len(link.settled) == 100 and 10 < len(given_up) < 95
    assert decoded == sorted(decoded)
    assert {s.message_id for s in link.settled if s.acknowledged} <= set(decoded)


class RoundLink(Link):
    """A link whose decoder needs as much as the first round and two increments carry, of each
    fragment.
    """

    def _decoded(self, frames):
        found = Counter()
        for frame in frames:
            found[frame.header.fragment] += frame.header.length / frame.noise_var[0]
        good = len(found) == frames[0].header.fragments and min(found.values()) > 0.99 * (
            FIRST + 2 * MORE
        )
        self.receiver.on_decoded(
            frames[0].header.message_id, frames[0].symbols.tobytes(), good, self.now
        )


@pytest.mark.parametrize("mode", ["stop-and-wait", "selective-repeat"])
@pytest.mark.parametrize("fragments, loss", [(1, 0.0), (1, 0.3), (4, 0.2)])
def test_increments_over_a_lossy_link(mode, fragments, loss, heard):
    settings = {
        "sender": {"mode": mode, "max_tries": 60},
        "receiver": {"window": 1 if mode == "stop-and-wait" else 16, "max_tries": 100},
    }
    link = RoundLink(heard, loss, **settings)
    for i in range(100):
        assert link.sender.submit(message_of(i, fragments))
    link.run()
    assert [(d.message_id, d.decoded) for d in link.deliveries] == [(i, True) for i in range(100)]
    assert all(s.acknowledged for s in link.settled) and len(link.settled) == 100
    assert loss or link.sender.counts["uses"] == 100 * fragments * (FIRST + 2 * MORE)


def test_increments_without_a_way_back_end(heard, monkeypatch):
    link = RoundLink(heard, loss=0.0, sender={"max_tries": 3}, receiver={"patience_s": 5.0})
    monkeypatch.setattr(link.sender, "on_ack", lambda ack, now: None)
    for i in range(10):
        link.sender.submit(message_of(i, 2))
    link.run()
    assert [s.acknowledged for s in link.settled] == [False] * 10
    assert link.sender.counts["increments"] == 0, "nobody has asked for one"
    assert [d.message_id for d in link.deliveries] == list(range(10))
    assert all(d.decoded for d in link.deliveries), "three copies are as good"
