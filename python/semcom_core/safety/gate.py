# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges messages by a link's policy."""

from __future__ import annotations

from semcom_core.config import from_mapping
from semcom_core.safety.policy import Policy, Verdict
from semcom_core.safety.toxicity import ToxicityClassifier, load_toxicity


class SafetyGate:
    """A policy with its classifier.

    Args:
        policy: what to do.
        classifier: what tells how toxic a message is.
    """

    def __init__(self, policy: Policy, classifier: ToxicityClassifier):
        self.policy, self._classifier = policy, classifier

    @classmethod
    def from_settings(cls, **settings) -> SafetyGate:
        """Make a gate from the settings of a policy and load its classifier."""
        policy = from_mapping(Policy, settings)
        return cls(policy, load_toxicity(policy.classifier, policy.path))

    def judge(self, text: str, end: str) -> Verdict:
        """What becomes of a text at one end, `send` or `receive`; a text of white space is not toxic."""
        toxicity = float(self._classifier.scores([text])[0]) if text.strip() else 0.0
        return self.policy.verdict(end, toxicity)
