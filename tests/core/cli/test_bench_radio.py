# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench radio`: options are checked before anything is measured, and what has been measured
is written in any case.
"""

from __future__ import annotations

import json

import pytest

from semcom_core.cli import main
from semcom_core.cli.bench import radio as bench_radio
from semcom_core.errors import ConfigError, RadioError


def row(client: str, rate_hz: float, seconds: float, pacing: str) -> dict:
    """A row of a stream without any trouble."""
    found = dict.fromkeys(("discontinuities", "overruns", "underruns"), 0)
    return {
        "part": "stream",
        "client": client,
        "rate_hz": rate_hz,
        "seconds": seconds,
        "pacing": pacing,
        **found,
    }


@pytest.mark.parametrize("options, said", [
    (["--codec", "morse"], "codec is 'morse'; allowed is one of "),
    (["--image-codec", "gif"], "image codec is 'gif'; allowed is one of "),
    (["--rate-hz", "1e6", "1e9"], "rate_hz of profile virtual-pluto is 1000000000; allowed is "),
    (["--rate-hz", "nan"], "rate_hz of profile virtual-pluto is nan"),
    (["--client", "carrier-pigeon"], "client is 'carrier-pigeon'"),
    (["--design-snr-db", "1e3"], "design_snr_db is 1000.0; allowed is -20 to 60"),
    (["--snr-db", "nan", "--design-snr-db", "3"], "nan"),
    (["--channel", "awgn:3"], "channel is 'awgn:3'; allowed are terms without an SNR"),
    (["--channel", "iq:1db"], "such terms belong to `receiver`"),
    (["--delay-s", "0", "-1"], "delay_s is -1.0; allowed is 0 to 60"),
    (["--runs", "0"], "runs is 0; allowed is 1 to 10000"),
    (["--json", "no/such/folder/x.json"], "output file is 'no/such/folder/x.json'"),
])  # fmt: skip
def test_options_are_checked_before_anything_is_measured(options, said, monkeypatch, capsys):
    monkeypatch.setattr(bench_radio, "_measures", lambda *_: pytest.fail("it measures"))
    assert main(["bench", "radio", *options]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


@pytest.mark.parametrize("error, status, measured", [
    (RadioError("no radio"), 1, [1e6, 3e6]), (TimeoutError("too late"), 1, [1e6, 3e6]),
    (ConfigError("nobody thought of this"), 2, [1e6]), (KeyboardInterrupt(), 130, [1e6]),
])  # fmt: skip
def test_what_has_been_measured_is_written_in_any_case(
    error, status, measured, tmp_path, monkeypatch
):
    def measure(client, rate_hz, seconds, pacing):
        if rate_hz == 2e6:
            raise error
        return row(client, rate_hz, seconds, pacing)

    monkeypatch.setattr(bench_radio, "stream_row", measure)
    options = [
        "--part",
        "stream",
        "--client",
        "iio",
        "--rate-hz",
        "1e6",
        "2e6",
        "3e6",
        "--json",
        str(tmp_path / "rows.json"),
    ]
    assert main(["bench", "radio", *options]) == status
    assert [
        one["rate_hz"] for one in json.loads((tmp_path / "rows.json").read_text())["rows"]
    ] == measured
