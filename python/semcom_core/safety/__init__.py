# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content safety of messages: toxicity classifiers, HHH assessment, and the policy of a link.

HHH: helpful, honest, harmless. The policy says whether a message may be sent or delivered.
"""

from semcom_core.safety.policy import ACTIONS, ENDS, Policy, Verdict, parse_policy
from semcom_core.safety.toxicity import CLASSIFIERS, ToxicityClassifier, load_toxicity

__all__ = [
    "ACTIONS",
    "CLASSIFIERS",
    "ENDS",
    "Policy",
    "ToxicityClassifier",
    "Verdict",
    "load_toxicity",
    "parse_policy",
]
