# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a link monitor keeps of messages, texts or pictures, and how it compares what was sent with
what arrived.

The books of a link: which messages were sent, what became of each, and whether the run was healthy.

The file that a link monitor writes its report to.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semcom_core.errors import ConfigError
from semcom_core.frame import MESSAGE_IDS
from semcom_core.metrics.image import psnr_db

from ..pdu import is_picture, read_picture_pdu, read_text


@dataclass(frozen=True)
class Picture:
    """A picture on its way.

    Args:
        name: what it is called.
        pixels: uint8 (H, W, 3); None where they are not kept.
    """

    name: str
    pixels: np.ndarray | None


#: What a message can hold.
Content = str | Picture


def read_content(message) -> tuple[dict, Content]:
    """Metadata and content of a text or picture PDU.

    Raises:
        FrameError: the message is neither.
    """
    if not is_picture(message):
        return read_text(message)
    meta, pixels = read_picture_pdu(message)
    return meta, Picture(meta.get("name", ""), pixels)


def judge(sent: Content, received: Content, decoded: bool) -> str:
    """What became of a message that arrived: one of the ledger's outcomes."""
    if not decoded:
        return "marked"
    if isinstance(sent, Picture) and isinstance(received, Picture):
        return "whole"
    return "exact" if sent == received else "wrong"


def quality_db(sent: Content, received: Content) -> float | None:
    """PSNR of a received picture, dB; None of texts, and of pictures of another size or not
    kept.
    """
    pixels = [content.pixels for content in (sent, received) if isinstance(content, Picture)]
    if len(pixels) < 2 or any(p is None for p in pixels) or pixels[0].shape != pixels[1].shape:
        return None
    return psnr_db(*pixels)


def label(content: Content | None) -> str | None:
    """A message's content for a report: the text itself, the picture's name."""
    return content.name if isinstance(content, Picture) else content


def light(content: Content | None) -> Content | None:
    """The content without pixels, for what is kept on the chance that it may be needed."""
    return Picture(content.name, None) if isinstance(content, Picture) else content


#: Modes of a monitor, and the counts of messages that arrived as they should.
MODES = {"link": ("exact", "whole"), "transmit": ("transmitted",), "receive": ("decoded",)}
#: What can become of a message. `exact` is the text sent, not marked; `marked` is any text marked
#: as not decoded, right or not (the count `text_right` tells), and any picture marked as degraded;
#: `wrong` is a text that differs from the one sent without being marked; `whole` is a picture that
#: is not marked, as good as its codec makes it.
OUTCOMES = ("exact", "whole", "wrong", "marked", "lost", "transmitted")
#: What blocks say of themselves, counted: messages dropped because a queue was full (these are
#: among the lost), messages and settings refused, codec processes started anew; and what radios
#: say: samples lost on reception, samples late for transmission, new connections.
TROUBLES = ("dropped", "refused", "restarts", "overruns", "underruns", "reconnects")
#: Notices of radios that are counted, and as what.
_RADIO_COUNTS = {"overrun": "overruns", "underrun": "underruns", "reconnecting": "reconnects"}
#: Most messages on the way; one more, and the oldest is given up as lost. Only a source without a
#: window comes that far.
MOST_PENDING = 16 * MESSAGE_IDS
#: The same of pictures, which are kept to be compared.
MOST_PICTURES = 64
#: Failures that are kept: the first ones, which tell the cause.
MOST_FAILURES = 100
#: How long something said of a message waits for the message to be known as sent, s.
EARLY_S = 5.0


class LinkLedger:
    """Counts messages and pairs each received text or picture with the one sent.

    The link keeps the order of messages: one that arrives settles those sent before it as lost.
    What is said of a message before it is known to be sent (the ports of a block have queues of
    their own) is kept for a while. Where nothing is known of what is sent, each message is entered
    as it comes, as `decoded`, `marked` or `lost`. A run may last for ever: only `history` grows
    with it, up to its bound. What is sent faster than it can arrive is bounded as well
    (MOST_PENDING).

    Args:
        history: how many settled messages are kept for the report, the latest ones.
        paired: whether what is sent is known; False at a receiver on its own.
    """

    def __init__(self, history: int = 10000, paired: bool = True):
        self.paired = paired
        self.counts = Counter()
        self.messages = deque(maxlen=history)
        self.failures: list[str] = []
        self._pending: deque[tuple[int, Content]] = deque()
        self._measured = 0
        self._snr_db_sum = 0.0
        self._cfo_hz_sum = 0.0
        self._compared = 0
        self._psnr_db_sum = 0.0
        self._early: deque[tuple] = deque(maxlen=MESSAGE_IDS)

    @property
    def pending(self) -> int:
        """How many messages are on the way."""
        return len(self._pending)

    def send(self, message_id: int, content: Content) -> int:
        """Enter a message that was sent; returns how many sent ones this settles."""
        self.counts["sent"] += 1
        self._pending.append((message_id, content))
        settled = 0
        if len(self._pending) > (MOST_PICTURES if isinstance(content, Picture) else MOST_PENDING):
            self._settle("lost")
            settled = 1
        recent = [event for event in self._early if time.monotonic() - event[0] < EARLY_S]
        found = next((event for event in recent if event[1] == message_id), None)
        self._early = deque((event for event in recent if event is not found), MESSAGE_IDS)
        if found is None:
            return settled
        self.counts["unexpected"] -= 1
        return settled + self._conclude(*found[1:])

    def receive(self, meta: dict, content: Content) -> int:
        """Enter a received message; returns how many sent ones it settles."""
        self.counts["received"] += 1
        self.counts["decoded"] += bool(meta.get("decoded", True))
        self.counts["uses"] += meta.get("uses", 0)
        snr_db = meta.get("snr_db", math.nan)
        cfo_hz = meta.get("cfo_hz", math.nan)
        if math.isfinite(snr_db) and math.isfinite(cfo_hz):
            self._measured += 1
            self._snr_db_sum += snr_db
            self._cfo_hz_sum += cfo_hz
        return self._conclude(meta.get("message_id", -1), "", content, meta)

    def settle(self, message_id: int, outcome: str) -> int:
        """Enter a message's fate as a notice tells it; returns how many sent ones it settles, 0 or
        1.
        """
        return self._conclude(message_id, outcome)

    def _conclude(
        self,
        message_id: int,
        outcome: str,
        content: Content | None = None,
        meta: dict | None = None,
    ) -> int:
        place = next(
            (i for i, (pending_id, _) in enumerate(self._pending) if pending_id == message_id), None
        )
        if place is None:
            return self._unpaired(message_id, outcome, content, meta)
        if content is None:
            self._pending.rotate(-place)
            self._settle(outcome)
            self._pending.rotate(place)
            return 1
        for _ in range(place):
            self._settle("lost")
        sent = self._pending[0][1]
        decoded = meta.get("decoded", True)
        self.counts["text_right"] += judge(sent, content, True) == "exact"
        self._settle(judge(sent, content, decoded), content, meta)
        return place + 1

    def _unpaired(
        self, message_id: int, outcome: str, content: Content | None, meta: dict | None
    ) -> int:
        """Enter what is said of a message that is not known as sent: it waits to be paired, or is
        all that will be known.
        """
        if self.paired:
            self.counts["unexpected"] += 1
            self._early.append((time.monotonic(), message_id, outcome, light(content), meta))
        elif content is not None and meta.get("decoded", True):  # counted as decoded already
            self._record(message_id, "decoded", None, content, meta)
        else:
            self.counts[outcome or "marked"] += 1
            self._record(message_id, outcome or "marked", None, content, meta)
        return 0

    def note(self, state: str, cause: str, count: int = 1) -> None:
        """Count what a notice says of a block's troubles."""
        if state in _RADIO_COUNTS:
            self.counts[_RADIO_COUNTS[state]] += count
        self.counts["dropped"] += cause == "dropped"
        self.counts["refused"] += state == "refused"
        self.counts["restarts"] += state == "restarted"

    def fail(self, reason: str) -> None:
        """Enter that a block has failed."""
        if len(self.failures) < MOST_FAILURES:
            self.failures.append(reason)

    def good_share(self, mode: str, expected: int) -> float:
        """Share of the messages that arrived as they should, 0 to 1; 0 where there was none to
        arrive.

        Args:
            mode: one of MODES.
            expected: how many messages there should be, in mode "receive".
        """
        good = sum(self.counts[outcome] for outcome in MODES[mode])
        needed = expected if mode == "receive" else self.counts["sent"]
        return good / needed if needed else 0.0

    def lose_pending(self) -> int:
        """Give up what is on the way; returns how many messages that is."""
        given_up = len(self._pending)
        for _ in range(given_up):
            self._settle("lost")
        return given_up

    def report(self) -> dict:
        """Counts (uses: symbols received), mean SNR (dB) and CFO (Hz) of received messages, mean
        PSNR (dB), failures.
        """
        count = self._measured
        snr_db, cfo_hz = (
            (self._snr_db_sum / count, self._cfo_hz_sum / count) if count else (None, None)
        )
        names = (
            "sent",
            "received",
            "decoded",
            *OUTCOMES,
            "text_right",
            "unexpected",
            "uses",
            *TROUBLES,
        )
        counts = {name: self.counts[name] for name in names}
        measured = {
            "snr_db": snr_db,
            "cfo_hz": cfo_hz,
            "psnr_db": self._psnr_db_sum / self._compared if self._compared else None,
        }
        rate = self.counts["exact"] / self.counts["sent"] if self.counts["sent"] else None
        return {
            **counts,
            "pending": self.pending,
            "exact_rate": rate,
            **measured,
            "failures": self.failures,
        }

    def line(self) -> str:
        """The report in one line."""
        r = self.report()
        snr = (
            ""
            if r["snr_db"] is None
            else f", SNR {r['snr_db']:.1f} dB, CFO {r['cfo_hz'] / 1e3:.2f} kHz"
        )
        psnr = "" if r["psnr_db"] is None else f", PSNR {r['psnr_db']:.2f} dB"
        shown = [name for name in (*OUTCOMES, *TROUBLES) if r[name]]
        counts = ", ".join(f"{name} {r[name]}" for name in ("sent", "received", *shown))
        more = f"; {len(self.failures) - 3} more failures" if len(self.failures) > 3 else ""
        return (
            counts
            + snr
            + psnr
            + "".join(f"; failed: {reason}" for reason in self.failures[:3])
            + more
        )

    def _settle(
        self, outcome: str, received: Content | None = None, meta: dict | None = None
    ) -> None:
        message_id, sent = self._pending.popleft()
        self.counts[outcome] += 1
        self._record(message_id, outcome, sent, received, meta)

    def _record(
        self,
        message_id: int,
        outcome: str,
        sent: Content | None,
        received: Content | None,
        meta: dict | None,
    ) -> None:
        entry = {
            "message_id": message_id,
            "outcome": outcome,
            "sent": label(sent),
            "received": label(received),
        }
        entry["snr_db"] = (meta or {}).get("snr_db")
        if isinstance(sent, Picture) or isinstance(received, Picture):
            entry |= {
                "psnr_db": quality_db(sent, received),
                "reason": (meta or {}).get("reason", ""),
            }
            self._compared += entry["psnr_db"] is not None
            self._psnr_db_sum += entry["psnr_db"] or 0.0
        self.messages.append(entry)


def checked_file(report_file: str) -> Path | None:
    """Path of a file that can be written as far as can be told without writing it; None where no
    file is named.

    Raises:
        ConfigError: it cannot be.
    """
    if not report_file:
        return None
    path = Path(os.path.expanduser(report_file))
    there = os.path.exists(path)  # Path.exists raises where a folder may not be searched
    if (
        os.path.isdir(path)
        or not (there or os.path.isdir(path.parent))
        or not os.access(path if there else path.parent, os.W_OK)
    ):
        raise ConfigError(
            f"report_file is {report_file!r}; allowed is a file in a folder that is there and can "
            "be written to"
        )
    return path


def write_report(path: Path, report: dict) -> None:
    """Write a report as JSON; null for a number that is not finite.

    Raises:
        OSError: the file cannot be written.
    """
    path.write_text(
        json.dumps(_finite(report), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


def _finite(value):
    """The same with None for every number that JSON does not know."""
    if isinstance(value, dict):
        return {name: _finite(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
