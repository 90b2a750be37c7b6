# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations of recordings: what is said of some samples, such as which frame they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semcom_core.phy import Layout, PhyConfig, Receiver
from semcom_core.phy.frame import ReceivedFrame


@dataclass(frozen=True)
class Annotation:
    """What is said of some samples.

    Args:
        start: first sample.
        count: how many.
        label: a short name.
        comment: more words.
        snr_db: SNR of a frame, dB, where it was measured.
        cfo_hz: its carrier frequency offset, Hz.
    """

    start: int
    count: int
    label: str
    comment: str = ""
    snr_db: float | None = None
    cfo_hz: float | None = None

    def metadata(self) -> dict:
        """The keys of SigMF."""
        found = {"core:label": self.label, "core:comment": self.comment, "semcom:snr_db": self.snr_db, "semcom:cfo_hz": self.cfo_hz}
        return {key: value for key, value in found.items() if value not in (None, "")}

    @classmethod
    def of(cls, data: dict) -> Annotation:
        """The annotation that SigMF's keys are."""
        return cls(
            data["core:sample_start"], data.get("core:sample_count", 0), data.get("core:label", ""), data.get("core:comment", ""),
            data.get("semcom:snr_db"), data.get("semcom:cfo_hz"),
        )  # fmt: skip


def annotation_of(frame: ReceivedFrame, config: PhyConfig) -> Annotation:
    """The annotation of a frame; its samples begin with the burst that it is in.

    Args:
        frame: as the burst receiver gives it.
        config: settings of the modem.
    """
    header = frame.header
    words = f"codec {header.codec}, fragment {header.fragment + 1} of {header.last_fragment + 1}, {header.length} symbols"
    count = Layout(config).burst_samples([header.length])
    label = f"message {header.message_id}" + ("" if frame.crc_ok else " (header guessed)")
    return Annotation(max(0, frame.start_sample), count, label, words, round(float(frame.snr_db), 2), round(float(frame.cfo_hz), 1))


def annotations_in(data: Path, config: PhyConfig) -> Iterator[Annotation]:
    """Annotations of the frames in a file of complex64 samples.

    Args:
        data: the data file of a recording.
        config: settings of the modem.
    """
    receiver = Receiver(config)
    with data.open("rb") as file:
        while len(samples := np.fromfile(file, "<c8", 1 << 20)):
            yield from (annotation_of(frame, config) for frame in receiver.push(samples))
    yield from (annotation_of(frame, config) for frame in receiver.flush())
