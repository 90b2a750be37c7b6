# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of what happens to a message before it is sent and after it is received: distillation, policy, expansion."""

from __future__ import annotations

import argparse

from semcom_core.errors import FrameError, check_choice
from semcom_core.safety import parse_policy
from semcom_core.text import TextCodec
from semcom_core.text.codec import check_text
from semcom_core.text.distill_modes import MODES


def add_content_options(parser: argparse.ArgumentParser) -> None:
    """Add --distill, --safety and --expand."""
    parser.add_argument("--distill", default="off", metavar="MODE", help=f"shorten messages first, one of {', '.join(MODES)} (default off)")
    parser.add_argument("--safety", metavar="POLICY", help="pass, mark or block toxic messages, or send=block,receive=mark,threshold=0.8")
    parser.add_argument("--expand", action="store_true", help="write received messages more clearly; what was decoded is shown as well")


class Content:
    """What the options ask for; models are loaded for those alone that are given.

    Args:
        args: parsed options.
        codec: what is to send the messages.

    Raises:
        ConfigError: a mode or policy that is not allowed.
        ModelError: a model is not there.
    """

    def __init__(self, args: argparse.Namespace, codec: TextCodec):
        check_choice("distill", args.distill, MODES)
        policy = None if args.safety is None else parse_policy(args.safety)
        self._distiller = self._gate = self._expander = None
        if args.distill != "off":
            from semcom_core.text.distill import load_distiller

            self._distiller = load_distiller(args.distill, codec)
        if policy is not None:
            from semcom_core.safety.gate import SafetyGate
            from semcom_core.safety.toxicity import load_toxicity

            self._gate = SafetyGate(policy, load_toxicity(policy.classifier, policy.path))
        if args.expand:
            from semcom_core.text.expand import Expander

            self._expander = Expander.from_settings()

    def before(self, text: str) -> tuple[str, dict]:
        """The text to send, and what to report.

        Raises:
            FrameError: the policy blocks it, or it is no text that can be sent.
        """
        check_text(text)
        said = self._judged(text, "send")
        if _blocked(said, "send"):
            raise FrameError(said["safety_send"]["reason"])
        if self._distiller is None:
            return text, said
        short = self._distiller.distill(text)
        about = {"method": short.method, "reduction": short.reduction, "similarity": short.similarity, "reason": short.reason}
        return short.text, {**said, "distilled": {"original": short.original, **about}}

    def after(self, text: str) -> tuple[str, dict]:
        """The text to deliver, empty where the policy blocks it, and what to report."""
        said = self._judged(text, "receive")
        if _blocked(said, "receive"):
            return "", said
        if self._expander is None:
            return text, said
        clear = self._expander.expand(text)
        return text, {**said, "expanded": {"text": clear.text, "method": clear.method, "reason": clear.reason}}

    def _judged(self, text: str, end: str) -> dict:
        return {} if self._gate is None else {f"safety_{end}": vars(self._gate.judge(text, end))}


def _blocked(said: dict, end: str) -> bool:
    return said.get(f"safety_{end}", {}).get("action") == "block"


def lines(result: dict) -> list[str]:
    """What to print of a result besides the message itself."""
    found = []
    if "distilled" in result:
        d = result["distilled"]
        why = f"; {d['reason']}" if d["reason"] else ""
        found.append(f"said      {d['original']}")
        found.append(f"          {d['method']}: {d['reduction']:.0%} of the bits saved, similarity {d['similarity']:.2f}{why}")
    for end in ("send", "receive"):
        verdict = result.get(f"safety_{end}")
        if verdict:
            passes = f"passes, toxicity is {verdict['toxicity']:.2f}"
            found.append(f"safety    at the {end} end: {verdict['reason'] or passes}")
    if "expanded" in result:
        e = result["expanded"]
        found.append(f"expanded  {e['text']}   [{e['method']}{'; ' + e['reason'] if e['reason'] else ''}]")
    return found
