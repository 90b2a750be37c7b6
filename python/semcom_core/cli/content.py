# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Distillation, safety policy and expansion of the texts of `semcom sim`.

text ─► policy ─► distillation ─► link ─► policy ─► expansion ─► text
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from semcom_core.errors import FrameError, check_choice
from semcom_core.safety import parse_policy
from semcom_core.text.codec import TextCodec
from semcom_core.text.distillation import MODES


@dataclass(frozen=True)
class ContentReport:
    """Distillation, safety and expansion of a text; None for what the options do not ask for.

    Args:
        safety_send: verdict of the policy at the sending end.
        distilled: the original and how it was shortened.
        safety_receive: verdict of the policy at the receiving end.
        expanded: the clearer text and how it was made.
    """

    safety_send: dict[str, Any] | None = None
    distilled: dict[str, Any] | None = None
    safety_receive: dict[str, Any] | None = None
    expanded: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The fields that are not None, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def lines(self) -> list[str]:
        """What is printed of it."""
        return lines(self.to_dict())


class Content:
    """Distils texts, applies a safety policy at both ends, and expands what arrives.

    Args:
        distill: mode of distillation, one of MODES.
        safety: policy as given on the command line; None for none.
        expand: whether received texts are written more clearly.
        codec: what is to send the texts.

    Raises:
        ConfigError: a mode or policy that is not allowed.
        ModelError: a model is not there.
    """

    def __init__(self, distill: str, safety: str | None, expand: bool, codec: TextCodec):
        check_choice("distill", distill, MODES)
        policy = None if safety is None else parse_policy(safety)
        self._distiller = self._gate = self._expander = None
        if distill != "off":
            from semcom_core.text.distillation.distiller import load_distiller

            self._distiller = load_distiller(distill, codec, device=codec.device)
        if policy is not None:
            from semcom_core.safety.policy import SafetyGate
            from semcom_core.safety.toxicity import load_toxicity

            classifier = load_toxicity(policy.classifier, policy.path, policy.device)
            self._gate = SafetyGate(policy, classifier)
        if expand:
            from semcom_core.text.distillation.rewriter import Expander

            self._expander = Expander.from_settings(device=codec.device)

    def before(self, text: str) -> tuple[str, ContentReport]:
        """The text to send, and what was done to it.

        Raises:
            FrameError: the policy blocks it.
        """
        verdict = self._verdict(text, "send")
        if verdict is not None and verdict["action"] == "block":
            raise FrameError(verdict["reason"])
        if self._distiller is None:
            return text, ContentReport(safety_send=verdict)
        short = self._distiller.distill(text)
        distilled = {
            "original": short.original,
            "method": short.method,
            "reduction": short.reduction,
            "similarity": short.similarity,
            "reason": short.reason,
        }
        return short.text, ContentReport(safety_send=verdict, distilled=distilled)

    def after(self, text: str, report: ContentReport) -> tuple[str, ContentReport]:
        """The text to deliver, empty where the policy blocks it, and the report continued."""
        verdict = self._verdict(text, "receive")
        report = replace(report, safety_receive=verdict)
        if verdict is not None and verdict["action"] == "block":
            return "", report
        if self._expander is None:
            return text, report
        clear = self._expander.expand(text)
        expanded = {"text": clear.text, "method": clear.method, "reason": clear.reason}
        return text, replace(report, expanded=expanded)

    def _verdict(self, text: str, end: str) -> dict[str, Any] | None:
        return None if self._gate is None else vars(self._gate.judge(text, end))


def lines(row: dict[str, Any]) -> list[str]:
    """What is printed of a text beside the text itself."""
    found = []
    if "distilled" in row:
        short = row["distilled"]
        why = f"; {short['reason']}" if short["reason"] else ""
        found.append(f"said      {short['original']}")
        found.append(
            f"          {short['method']}: {short['reduction']:.0%} of the bits saved, similarity "
            f"{short['similarity']:.2f}{why}"
        )
    for end in ("send", "receive"):
        verdict = row.get(f"safety_{end}")
        if verdict:
            passes = f"passes, toxicity is {verdict['toxicity']:.2f}"
            found.append(f"safety    at the {end} end: {verdict['reason'] or passes}")
    if "expanded" in row:
        clear = row["expanded"]
        why = f"; {clear['reason']}" if clear["reason"] else ""
        found.append(f"expanded  {clear['text']}   [{clear['method']}{why}]")
    return found
