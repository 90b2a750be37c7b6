# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations of received frames: which samples of a recording they are, and what they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from semcom_core.phy import Layout, PhyConfig, Receiver
from semcom_core.phy.frame import ReceivedFrame
from semcom_core.radio.recording import Annotation


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
