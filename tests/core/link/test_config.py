# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the two ends, and the wait that is learned from answers."""

from __future__ import annotations

import pytest

from semcom_core.config import from_mapping
from semcom_core.errors import ConfigError
from semcom_core.link.config import ReceiverConfig, SenderConfig
from semcom_core.link.sender import RoundTrip


@pytest.mark.parametrize(
    "name, value",
    [
        ("mode", "go-back-n"),
        ("window", 0),
        ("window", 129),
        ("max_tries", 0),
        ("timeout_s", 0),
        ("timeout_s", float("nan")),
        ("longest_s", 0.5),
        ("backoff", 0.9),
        ("stall_s", 0),
        ("queue_size", 0),
    ],
)
def test_sender_refuses(name, value):
    with pytest.raises(ConfigError, match=name):
        from_mapping(SenderConfig, {name: value})


@pytest.mark.parametrize(
    "name, value",
    [("window", 0), ("window", 129), ("max_tries", 0), ("ack_delay_s", -1), ("patience_s", 0)],
)
def test_receiver_refuses(name, value):
    with pytest.raises(ConfigError, match=name):
        from_mapping(ReceiverConfig, {name: value})


def test_stop_and_wait_has_one_message_on_the_way():
    assert SenderConfig(mode="stop-and-wait", window=16).messages_at_once == 1
    assert SenderConfig(mode="selective-repeat", window=16).messages_at_once == 16


def test_wait_is_learned():
    trip = RoundTrip()
    assert trip.timeout_s(3.0) == 3.0
    trip.measure(2.0)
    assert trip.timeout_s(3.0) == pytest.approx(2.0 + 4 * 1.0)
    trip = RoundTrip()
    for _ in range(3):
        trip.measure(0.2)
    assert trip.timeout_s(3.0) == 3.0
    trip.measure(0.2)
    assert 0.4 <= trip.timeout_s(3.0) < 0.6
    for _ in range(200):
        trip.measure(0.2)
    assert trip.timeout_s(3.0) == pytest.approx(2 * 0.2)  # never less than two means
    for k in range(400):
        trip.measure(0.1 if k % 2 else 0.5)
    assert trip.timeout_s(3.0) == pytest.approx(0.3 + 4 * 0.2, rel=0.1)
