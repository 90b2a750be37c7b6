# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Senders whose radio is set up late, by `semcom bench radio --part setup`: each text is heard, or
its sender ends with exit status 1 and a reason.
"""

from __future__ import annotations

import json

import pytest

from semcom_core.cli import main

DELAYS_S = ("0", "0.05", "0.2", "2", "10")


def rows(path, *options) -> list[dict]:
    assert main(["bench", "radio", "--part", "setup", "--json", str(path), *options]) == 0
    return json.loads(path.read_text(encoding="utf-8"))["rows"]


def test_a_text_is_heard_however_late_the_radio_is_set_up(tmp_path):
    options = ["--transport", "pluto", "--delay-s", "0.2", "--runs", "1"]
    (row,) = rows(tmp_path / "rows.json", *options)
    assert (row["heard"], row["failed"], row["silent"]) == (1, 0, 0), row


@pytest.mark.slow  # half an hour and more
@pytest.mark.parametrize("transport", ["pluto", "soapy", "uhd"])
def test_texts_are_heard_or_their_senders_say_why_not(transport, tmp_path):
    found = rows(
        tmp_path / "rows.json", "--transport", transport, "--delay-s", *DELAYS_S, "--runs", "20"
    )
    assert len(found) == len(DELAYS_S)
    for row in found:
        assert row["heard"] + row["failed"] == row["runs"] == 20 and row["silent"] == 0, row
