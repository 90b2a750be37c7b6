# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies, and the gate that applies them."""

from __future__ import annotations

import pytest

from semcom_core.errors import ConfigError
from semcom_core.safety import Policy, parse_policy
from semcom_core.safety.policy import SafetyGate
from semcom_core.services import SERVICES, load_service
from semcom_core.text import TEXT_CODECS
from tests.core.safety.counting_classifier import CountingClassifier


@pytest.mark.parametrize(
    "text, expected",
    [
        ("block", Policy(send="block", receive="block")),
        ("pass", Policy(send="pass", receive="pass")),
        (
            "send=block,receive=mark,threshold=0.8",
            Policy(send="block", receive="mark", threshold=0.8),
        ),
        ("threshold=1", Policy(threshold=1)),
        ("classifier=detoxify,path=/weights/1", Policy(classifier="detoxify", path="/weights/1")),
    ],
)
def test_policies_are_read(text, expected):
    assert parse_policy(text) == expected


@pytest.mark.parametrize(
    "text, reason",
    [
        (
            "blok",
            "policy has 'blok'; allowed is pass, mark, block, or NAME=VALUE of send, receive, "
            "threshold",
        ),
        ("send=drop", "send is 'drop'; allowed is one of block, mark, pass"),
        ("threshold=2", "threshold is 2; allowed is 0 to 1"),
        ("threshold=high", "threshold is 'high'; allowed is a number"),
        ("threshold=nan", "threshold is 'nan'"),
        ("threshold=[1", r"threshold is '\[1'; allowed is a number"),
        ("classifier=oracle", "classifier is 'oracle'; allowed is one of "),
        ("colour=red", "no setting 'colour'"),
        ("", "policy has ''"),
    ],
)
def test_bad_policies_are_refused(text, reason):
    with pytest.raises(ConfigError, match=reason):
        parse_policy(text)


@pytest.mark.parametrize("action", ["pass", "mark", "block"])
@pytest.mark.parametrize("end", ["send", "receive"])
def test_each_end_does_what_its_policy_says(end, action):
    gate = SafetyGate(
        Policy(**{"send": "pass", "receive": "pass", end: action}), CountingClassifier()
    )
    toxic, mild = gate.judge("!!!!!", end), gate.judge("!!!!", end)
    assert (toxic.action, mild.action) == (action, "pass")
    assert (toxic.toxicity, mild.toxicity) == (0.5, 0.4)
    assert bool(toxic.reason) == (action != "pass") and not mild.reason
    other = "send" if end == "receive" else "receive"
    assert gate.judge("!!!!!!!", other).action == "pass"


def test_reason_says_what_and_from_where():
    verdict = SafetyGate(Policy(send="block"), CountingClassifier()).judge("!!!!!!!", "send")
    assert verdict.reason == "toxicity is 0.70; the send policy is to block from 0.5 on"


def test_white_space_passes_and_ends_are_checked():
    gate = SafetyGate(Policy(receive="block", threshold=0.1), CountingClassifier())
    assert gate.judge(" \n", "receive").action == "pass"
    with pytest.raises(ConfigError, match="end is 'middle'"):
        gate.judge("x", "middle")


def test_services_are_named():
    assert not set(SERVICES) & set(TEXT_CODECS)
    assert load_service("deflate").name == "deflate"
    with pytest.raises(
        ConfigError, match="service is 'gate'; allowed is one of .*distiller.*safety_gate"
    ):
        load_service("gate")
    with pytest.raises(ConfigError, match="no setting 'policy'"):
        load_service("safety_gate", policy="block")
