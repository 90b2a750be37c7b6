# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom record` on a radio that stands in for one: what has been recorded has its annotations,
however it ended.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from semcom_core.cli import main
from semcom_core.errors import RadioError
from semcom_core.frame import Frame, FrameHeader
from semcom_core.phy import Transmitter
from semcom_core.radio.recording import read_recording


def burst() -> np.ndarray:
    """A burst of one frame in silence and a little noise, 20,000 samples."""
    rng = np.random.default_rng(3)
    x = 0.01 * (rng.standard_normal(20_000) + 1j * rng.standard_normal(20_000)).astype(np.complex64)
    symbols = np.exp(2j * np.pi * rng.random(90)).astype(np.complex64)
    sent = Transmitter().burst([Frame(FrameHeader(codec=3, message_id=7, length=90), symbols)])
    x[3000 : 3000 + len(sent)] += sent
    return x


@pytest.fixture
def ending(monkeypatch):
    """ending(error): the radio gives one burst, then raises the error; without one it goes on with
    silence.
    """

    class StandIn:
        error, counts, given = None, Counter(), 0

        def __init__(self, profile, retries):
            self.profile = profile

        def __enter__(self):
            return self

        def __exit__(self, *exception):
            pass

        def wait_ready(self, timeout_s: float):
            pass

        def read(self, count: int, timeout_s: float) -> np.ndarray:
            samples = np.zeros(count, np.complex64) if self.given else burst()
            if self.given and self.error:
                raise self.error
            self.given += 1
            return samples[:count]

    monkeypatch.setattr("semcom_core.cli.record.RadioProcess", StandIn)
    return lambda error: setattr(StandIn, "error", error)


@pytest.mark.parametrize(
    "error, status, printed, count",
    [
        (None, 0, "100000 samples, 1 frames, 0 overruns", 100_000),
        (KeyboardInterrupt(), 0, "20000 samples, 1 frames, 0 overruns", 20_000),
        (RadioError("radio is gone"), 1, "", 20_000),
        (TimeoutError("no sample has come"), 1, "", 20_000),
    ],
)
def test_what_was_recorded_is_annotated_however_it_ended(
    error, status, printed, count, ending, tmp_path, capsys
):
    ending(error)
    assert (
        main(
            [
                "record",
                "--radio",
                "virtual-pluto",
                "--seconds",
                "0.1",
                "--out",
                str(tmp_path / "night"),
            ]
        )
        == status
    )
    said = capsys.readouterr()
    assert printed in said.out and (status == 0 or said.err.splitlines()[-1] == f"semcom: {error}")
    found = read_recording(tmp_path / "night")
    assert found.count == count and [one.label for one in found.annotations] == ["message 7"]
