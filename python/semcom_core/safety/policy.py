# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy of a link for toxic messages: at either end, let them pass, mark them, or block them.

text -> classifier -> probability -> below the threshold: pass; else: the end's action
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import yaml

from semcom_core.config import DEVICE_HELP, check_device, from_mapping, setting
from semcom_core.errors import ConfigError, check_choice, check_range
from semcom_core.safety.toxicity import CLASSIFIERS, ToxicityClassifier, load_toxicity

#: Actions on a toxic message, and the ends of a link that take them.
ACTIONS = ("pass", "mark", "block")
ENDS = ("send", "receive")


@dataclass(frozen=True)
class Policy:
    """Settings of a link's policy."""

    send: str = setting("pass", "what the sender does with a toxic message: pass, mark or block")
    receive: str = setting(
        "mark", "what the receiver does with a toxic message: pass, mark or block"
    )
    threshold: float = setting(0.5, "probability from which a message counts as toxic, 0 to 1")
    classifier: str = setting("minilm", "minilm, profanity-check or detoxify")
    path: str = setting("", "weights of the classifier, where it does not bring its own")
    device: str = setting("cpu", DEVICE_HELP)

    def __post_init__(self) -> None:
        check_choice("send", self.send, ACTIONS)
        check_choice("receive", self.receive, ACTIONS)
        check_range("threshold", self.threshold, 0, 1)
        check_choice("classifier", self.classifier, CLASSIFIERS)
        check_device(self.device)

    def verdict(self, end: str, toxicity: float) -> Verdict:
        """What becomes of a message at one end.

        Args:
            end: send or receive.
            toxicity: probability that it is toxic.

        Raises:
            ConfigError: no such end.
        """
        check_choice("end", end, ENDS)
        action = getattr(self, end) if toxicity >= self.threshold else "pass"
        reason = (
            ""
            if action == "pass"
            else f"toxicity is {toxicity:.2f}; the {end} policy is to {action} from "
            f"{self.threshold:g} on"
        )
        return Verdict(action, float(toxicity), reason)


@dataclass(frozen=True)
class Verdict:
    """Decision of a policy on a message.

    Args:
        action: one of ACTIONS.
        toxicity: probability that it is toxic, 0 to 1.
        reason: why it does not simply pass, in one line; else empty.
    """

    action: str
    toxicity: float
    reason: str


class SafetyGate:
    """A policy with its classifier.

    Args:
        policy: what to do.
        classifier: what tells how toxic a message is.
    """

    def __init__(self, policy: Policy, classifier: ToxicityClassifier) -> None:
        self.policy = policy
        self._classifier = classifier

    @classmethod
    def from_settings(cls, **settings: Any) -> SafetyGate:
        """Make a gate from the settings of a policy and load its classifier."""
        policy = from_mapping(Policy, settings)
        return cls(policy, load_toxicity(policy.classifier, policy.path, policy.device))

    def judge(self, text: str, end: str) -> Verdict:
        """What becomes of a text at one end, `send` or `receive`; a text of white space is not
        toxic.
        """
        toxicity = float(self._classifier.scores([text])[0]) if text.strip() else 0.0
        return self.policy.verdict(end, toxicity)


def parse_policy(text: str) -> Policy:
    """A policy from one word for both ends, or from settings such as
    "send=block,receive=mark,threshold=0.8".

    Raises:
        ConfigError: it is neither, or a setting is unknown or out of range.
    """
    if text in ACTIONS:
        return Policy(send=text, receive=text)
    found = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not equals:
            known = ", ".join(f.name for f in fields(Policy))
            raise ConfigError(
                f"policy has {part!r}; allowed is pass, mark, block, or NAME=VALUE of {known}"
            )
        found[name.strip()] = _number(value) if name.strip() == "threshold" else value.strip()
    return from_mapping(Policy, found)


def _number(text: str) -> Any:
    """A value as YAML reads it; the policy refuses what is no number."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"threshold is {text!r}; allowed is a number from 0 to 1") from error
