# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a message may be sent or delivered: toxicity, an assessment as helpful, honest and
harmless, and the policy of a link.
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
