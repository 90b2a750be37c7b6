# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ledger of a link: messages sent and received, their outcomes, and the report.

A message is a text or a picture. LinkLedger pairs each received one with the one sent, counts the
outcomes and the faults that blocks report, and makes the report that write_report writes.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pmt

from semcom_core.errors import ConfigError
from semcom_core.frame import MESSAGE_IDS
from semcom_core.metrics.image import psnr_db

from ..pdu import is_picture, read_picture_pdu, read_text

#: Modes of a monitor, and the outcomes of messages that arrived as they should.
MODES = {"link": ("exact", "whole"), "transmit": ("transmitted",), "receive": ("decoded",)}
#: Outcomes of a message.
#: - exact: the text sent, not marked.
#: - whole: a picture that is not marked, as good as its codec makes it.
#: - wrong: a text that differs from the one sent without being marked.
#: - marked: a text marked as not decoded, right or not (the count `text_right` tells), or a picture
#:   marked as degraded.
#: - lost: not received.
#: - transmitted: its burst has left the transmitter.
OUTCOMES = ("exact", "whole", "wrong", "marked", "lost", "transmitted")
#: Faults that blocks report.
#: - dropped: messages dropped because a queue was full; these are among the lost.
#: - refused: malformed messages, and settings that are not allowed.
#: - restarts: codec processes started anew.
#: - overruns, underruns, reconnects: samples lost on reception, samples late for transmission, and
#:   new connections of radios.
#: - unreadable: bursts that a receiver has heard and could not read, those it has told of.
#: - missed: messages that a receiver on its own has not heard of, by gaps in the messages' numbers.
FAULTS = (
    "dropped",
    "refused",
    "restarts",
    "overruns",
    "underruns",
    "reconnects",
    "unreadable",
    "missed",
)
#: Largest gap in the numbers of messages; a larger one is another beginning.
LARGEST_GAP = MESSAGE_IDS // 2
#: How far a message may come after those that follow it, in numbers.
LATEST = 16
#: Notices that are counted by how many events they stand for, and as what.
_COUNTED = {
    "overrun": "overruns",
    "underrun": "underruns",
    "reconnecting": "reconnects",
    "unreadable": "unreadable",
}
#: Most messages on the way; one more, and the oldest is given up as lost. Only a source without a
#: window reaches it.
MOST_PENDING = 16 * MESSAGE_IDS
#: The same of pictures, which are kept to be compared.
MOST_PICTURES = 64
#: Failures that are kept: the first ones, which tell the cause.
MOST_FAILURES = 100
#: How long an event about a message waits for the message to be entered as sent, s.
EARLY_S = 5.0


@dataclass(frozen=True)
class Picture:
    """A picture sent or received.

    Args:
        name: its file name or title.
        pixels: uint8 (H, W, 3); None where they are not kept.
    """

    name: str
    pixels: np.ndarray | None


#: What a message can hold.
Content = str | Picture


class LinkLedger:
    """Counts messages and pairs each received text or picture with the one sent.

    The link keeps the order of messages: one that arrives settles those sent before it as lost.
    Events about a message that is not entered as sent yet (the ports of a block have queues of
    their own) are kept for EARLY_S. At a receiver on its own each message is entered as it comes,
    as `decoded`, `marked` or `lost`, and those whose numbers are left out as `missed`; a sender
    that begins again with 0 leaves none out. Memory is bounded, however long a run lasts: by
    `history`, MOST_PENDING and MOST_FAILURES.

    Args:
        history: how many settled messages are kept for the report, the latest ones.
        paired: whether what is sent is known; False at a receiver on its own.
    """

    def __init__(self, history: int = 10000, paired: bool = True) -> None:
        self.paired = paired
        self.counts: Counter[str] = Counter()
        self.messages: deque[dict] = deque(maxlen=history)
        self.failures: list[str] = []
        self._pending: deque[tuple[int, Content]] = deque()
        self._measured = 0
        self._snr_db_sum = 0.0
        self._cfo_hz_sum = 0.0
        self._compared = 0
        self._psnr_db_sum = 0.0
        self._early: deque[tuple] = deque(maxlen=MESSAGE_IDS)
        self._latest: int | None = None
        self._left_out: set[int] = set()

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
        """Enter an outcome from a notice; returns how many sent messages it settles, 0 or 1."""
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
        """Enter an event about a message that is not known as sent.

        It waits to be paired; at a receiver on its own it is the message's outcome.
        """
        if self.paired:
            self.counts["unexpected"] += 1
            self._early.append(
                (time.monotonic(), message_id, outcome, _without_pixels(content), meta)
            )
            return 0
        if message_id >= 0:
            self._follow(message_id)
        if content is not None and meta.get("decoded", True):  # counted as decoded already
            self._record(message_id, "decoded", None, content, meta)
        else:
            self.counts[outcome or "marked"] += 1
            self._record(message_id, outcome or "marked", None, content, meta)
        return 0

    def _follow(self, message_id: int) -> None:
        """Count the messages between the latest one and this one as missed, until they come."""
        if message_id in self._left_out:
            self._left_out.remove(message_id)
            self.counts["missed"] -= 1
            return
        before = message_id if self._latest is None else self._latest
        step = (message_id - before) % MESSAGE_IDS
        if step >= MESSAGE_IDS - LATEST:  # an earlier one
            return
        self._latest = message_id
        if 1 < step <= LARGEST_GAP and message_id != 0:
            self.counts["missed"] += step - 1
            self._left_out |= {(before + k) % MESSAGE_IDS for k in range(1, step)}
        self._left_out = {
            k for k in self._left_out if (message_id - k) % MESSAGE_IDS <= LARGEST_GAP
        }

    def note(self, state: str, cause: str, count: int = 1) -> None:
        """Count a notice about a fault.

        Args:
            state, cause, count: see notices.Notice.
        """
        if state in _COUNTED:
            self.counts[_COUNTED[state]] += count
        self.counts["dropped"] += cause == "dropped"
        self.counts["refused"] += state == "refused"
        self.counts["restarts"] += state == "restarted"

    def fail(self, reason: str) -> None:
        """Enter the failure of a block."""
        if len(self.failures) < MOST_FAILURES:
            self.failures.append(reason)

    def good_share(self, mode: str, expected: int) -> float:
        """Share of the messages that arrived as they should, 0 to 1; 0 where none was expected.

        Args:
            mode: one of MODES.
            expected: how many messages there should be, in mode "receive".
        """
        good = sum(self.counts[outcome] for outcome in MODES[mode])
        needed = expected if mode == "receive" else self.counts["sent"]
        return good / needed if needed else 0.0

    def lose_pending(self) -> int:
        """Give up the messages on the way as lost; returns how many there were."""
        given_up = len(self._pending)
        for _ in range(given_up):
            self._settle("lost")
        return given_up

    def report(self) -> dict:
        """Counts, means and failures so far.

        Returns:
            Counts by name (uses: symbols received), exact_rate, mean snr_db (dB) and cfo_hz (Hz) of
            received messages, mean psnr_db (dB) of pictures, failures. None for a mean of nothing.
        """
        names = ("sent", "received", "decoded", *OUTCOMES, "text_right", "unexpected", "uses")
        return {
            **{name: self.counts[name] for name in (*names, *FAULTS)},
            "pending": self.pending,
            "exact_rate": _mean(self.counts["exact"], self.counts["sent"]),
            "snr_db": _mean(self._snr_db_sum, self._measured),
            "cfo_hz": _mean(self._cfo_hz_sum, self._measured),
            "psnr_db": _mean(self._psnr_db_sum, self._compared),
            "failures": self.failures,
        }

    def line(self) -> str:
        """The report in one line."""
        report = self.report()
        shown = [name for name in (*OUTCOMES, *FAULTS) if report[name]]
        parts = [f"{name} {report[name]}" for name in ("sent", "received", *shown)]
        if report["snr_db"] is not None:
            parts.append(f"SNR {report['snr_db']:.1f} dB")
            parts.append(f"CFO {report['cfo_hz'] / 1e3:.2f} kHz")
        if report["psnr_db"] is not None:
            parts.append(f"PSNR {report['psnr_db']:.2f} dB")
        failures = [f"failed: {reason}" for reason in self.failures[:3]]
        if len(self.failures) > 3:
            failures.append(f"{len(self.failures) - 3} more failures")
        return "; ".join([", ".join(parts), *failures])

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
        meta = meta or {}
        entry = {
            "message_id": message_id,
            "outcome": outcome,
            "sent": _label(sent),
            "received": _label(received),
            "snr_db": meta.get("snr_db"),
        }
        if isinstance(sent, Picture) or isinstance(received, Picture):
            entry["psnr_db"] = quality_db(sent, received)
            entry["reason"] = meta.get("reason", "")
            self._compared += entry["psnr_db"] is not None
            self._psnr_db_sum += entry["psnr_db"] or 0.0
        self.messages.append(entry)


def read_content(message: pmt.pmt_base) -> tuple[dict, Content]:
    """Metadata and content of a text or picture PDU.

    Raises:
        FrameError: the message is neither.
    """
    if not is_picture(message):
        return read_text(message)
    meta, pixels = read_picture_pdu(message)
    return meta, Picture(meta.get("name", ""), pixels)


def judge(sent: Content, received: Content, decoded: bool) -> str:
    """Outcome of a received message.

    Args:
        sent: what was sent.
        received: what was received.
        decoded: whether it is not marked.
    """
    if not decoded:
        return "marked"
    if isinstance(sent, Picture) and isinstance(received, Picture):
        return "whole"
    return "exact" if sent == received else "wrong"


def quality_db(sent: Content, received: Content) -> float | None:
    """PSNR of a received picture, dB; None of texts, and of pictures that cannot be compared."""
    if not (isinstance(sent, Picture) and isinstance(received, Picture)):
        return None
    if sent.pixels is None or received.pixels is None:
        return None
    if sent.pixels.shape != received.pixels.shape:
        return None
    return psnr_db(sent.pixels, received.pixels)


def _label(content: Content | None) -> str | None:
    """A message in the report: the text itself, the picture's name."""
    return content.name if isinstance(content, Picture) else content


def _without_pixels(content: Content | None) -> Content | None:
    """The content without pixels, to save memory."""
    return Picture(content.name, None) if isinstance(content, Picture) else content


def _mean(total: float, count: int) -> float | None:
    return total / count if count else None


def checked_file(report_file: str) -> Path | None:
    """Path of a report file, checked without writing it; None where no file is named.

    Raises:
        ConfigError: the file cannot be written.
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


def _finite(value: Any) -> Any:
    """The same with None for every number that JSON does not know."""
    if isinstance(value, dict):
        return {name: _finite(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
