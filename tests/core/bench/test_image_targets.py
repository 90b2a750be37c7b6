# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the image bench judges, and against what."""

from __future__ import annotations

import pytest

from semcom_core.bench.image.targets import image_figures

KODAK = {"pictures": [f"kodim{number:02d}" for number in range(1, 13)]}


def row(codec: str = "hybrid", snr_db: float = 10, **more) -> dict:
    usual = {
        "codec": codec,
        "channel": f"awgn:{snr_db:g}",
        "snr_db": snr_db,
        "cbr": "1/16",
        "psnr_db": 34.0,
        "roi_psnr_db": None,
    }
    usual |= {
        "matched": True,
        "design_snr_db": snr_db,
        "roi": "off",
        "modem": False,
        "settings": {},
        "delivered": 1.0,
    }
    return usual | {"encode_s": 1.0, "decode_s": 1.0} | more


def told(rows: list[dict], settings: dict = KODAK) -> dict[str, tuple[str, bool]]:
    return {
        f"{f.name} at {f.snr_db:g}": (f.value, f.reached) for f in image_figures(rows, settings)
    }


def test_matched_figures_are_those_of_the_twelve_pictures():
    assert told([row()]) == {
        "PSNR in dB at 10": ("34.00", True),
        "encode and decode in s at 10": ("2.00", True),
    }
    assert told([row(psnr_db=33.99)])["PSNR in dB at 10"] == ("33.99", False)
    assert told([row(cbr="1/48", psnr_db=29.5)])["PSNR in dB at 10"][1]
    assert "PSNR in dB at 10" not in told([row()], {"pictures": ["kodim01"]})
    for other in (
        {"snr_db": 9},
        {"roi": "objects"},
        {"codec": "avif"},
        {"settings": {"profile": "graceful"}},
    ):
        assert "PSNR in dB at 10" not in told([row(**{"snr_db": 10} | other)])


@pytest.mark.parametrize(("gain", "reached"), [(0.31, True), (0.29, False)])
def test_gain_over_files_is_a_mean_over_all_snrs(gain, reached):
    snrs = (1, 4, 7, 10, 13)
    rows = [row(snr_db=snr_db, psnr_db=30.0 + snr_db) for snr_db in snrs]
    rows += [
        row("avif", snr_db, psnr_db=30.0 + snr_db - gain + (snr_db - 7) / 10) for snr_db in snrs
    ]
    assert told(rows)["dB over avif, mean of 1 to 13 dB at 13"] == (f"{gain:.2f}", reached)
    assert not any("avif" in name for name in told(rows[1:]))


def test_graceful_profile_is_compared_with_the_matched_and_with_itself():
    graceful = {"settings": {"profile": "graceful"}, "matched": False, "design_snr_db": 10}
    rows = [
        row(),
        *(
            row(snr_db=snr_db, psnr_db=psnr, **graceful)
            for snr_db, psnr in ((4, 26.9), (10, 32.3), (16, 33.1))
        ),
    ]
    found = told(rows)
    assert found["dB below matched at 10"] == ("1.70", True) and found["PSNR in dB at 4"] == (
        "26.90",
        False,
    )
    assert found["dB over its own at 10 dB at 16"] == ("0.80", True)


def test_importance_is_judged_inside_objects_and_in_all():
    rows = [row(roi_psnr_db=30.0), row(roi="objects", roi_psnr_db=31.2, psnr_db=33.1)]
    found = told(rows, {})
    assert found["dB gained in objects at 10"] == ("1.20", True) and found[
        "dB lost in all at 10"
    ] == ("0.90", False)


def test_fading_takes_the_modem():
    fading = {
        "channel": "tdl-a:10,100ns",
        "modem": True,
        "psnr_db": 29.5,
        "delivered": 0.95,
        "decode_s": 4.0,
    }
    found = told([row(**fading)], {})
    assert found["share delivered at 10"] == ("0.95", False) and found["PSNR in dB at 10"] == (
        "29.50",
        True,
    )
    assert found["encode and decode in s at 10"] == ("5.00", False)
    assert "PSNR in dB at 10" not in told([row(**fading | {"modem": False})], {})
