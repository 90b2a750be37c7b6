# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets of the image bench: the figures of the rows of one bench file that have one.

The targets are for the headline codec on kodim01 to 12 (PSNR) and on photographs with outlined
objects (importance).
"""

from __future__ import annotations

from collections.abc import Iterator

from semcom_core.bench.image.plot import HEADLINE
from semcom_core.bench.image.results import image_series
from semcom_core.bench.text.results import Figure, TargetCheck

#: Pictures of the targets: the first half of the Kodak set.
_KODAK = [f"kodim{number:02d}" for number in range(1, 13)]
#: (CBR, SNR in dB) → least PSNR in dB of the matched profile in noise.
_MATCHED_DB = {
    ("1/16", 1): 29.8,
    ("1/16", 4): 31.4,
    ("1/16", 7): 32.8,
    ("1/16", 10): 34.0,
    ("1/16", 13): 35.1,
    ("1/48", 10): 29.4,
    ("1/8", 10): 36.9,
}
#: Other codec → by how much the matched profile is better at least, dB, averaged over these SNRs.
_BETTER_DB = {"avif": 0.3, "webp": 1.0, "jpeg": 3.0}
_AVERAGED_DB = (1, 4, 7, 10, 13)
#: The graceful profile made for 10 dB: most below the matched one there, least PSNR at 4 dB, least
#: gain at 16 dB over 10 dB; all in dB.
_DESIGN_DB = 10
_BELOW_DB = 1.8
_LOW = (4, 27.0)
_HIGH = (16, 0.7)
#: With importance against without, dB: least gain inside objects, most loss of the whole picture.
_OBJECTS_DB = 1.0
_WHOLE_DB = 0.7
#: Fading over the modem at a mean SNR, dB: least mean PSNR in dB, with every picture delivered.
_FADING = "tdl-a"
_FADING_SNR_DB = 10
_FADING_DB = 29.0
#: Most time to encode and decode a picture, s.
_SECONDS = 4.0


def image_figures(rows: list[dict], settings: dict) -> list[Figure]:
    """All figures of the rows of one bench file that have a target."""
    kodak = settings.get("pictures") == _KODAK
    own = [row for row in rows if row["codec"] == HEADLINE]
    checks = [_objects, _fading, _time]
    if kodak:
        checks = [_matched, _over_others, _graceful, *checks]
    return [
        Figure(image_series(row), row["snr_db"], *found)
        for check in checks
        for row in own
        for found in check(row, rows)
    ]


def _least(name: str, value: float, limit: float) -> TargetCheck:
    return name, f"{value:.2f}", f">= {limit:g}", value >= limit


def _most(name: str, value: float, limit: float) -> TargetCheck:
    return name, f"{value:.2f}", f"<= {limit:g}", value <= limit


def _is_matched(row: dict) -> bool:
    """Whether a row is of noise alone, at the SNR that the codec was told, in the profile for
    that.
    """
    return (
        row["channel"].startswith("awgn")
        and row["matched"]
        and row["roi"] == "off"
        and _profile(row) == "matched"
    )


def _profile(row: dict) -> str:
    return row["settings"].get("profile", "matched")


def _matched(row: dict, rows: list[dict]) -> Iterator[TargetCheck]:
    """PSNR where the SNR is known."""
    wanted = _MATCHED_DB.get((row["cbr"], row["snr_db"]))
    if wanted is not None and _is_matched(row):
        yield _least("PSNR in dB", row["psnr_db"], wanted)


def _over_others(row: dict, rows: list[dict]) -> Iterator[TargetCheck]:
    """PSNR against that of files with the same channel code, told once, at the highest of the
    SNRs.
    """
    if not _is_matched(row) or row["snr_db"] != _AVERAGED_DB[-1]:
        return
    for codec, wanted in _BETTER_DB.items():
        own = _matched_curve(HEADLINE, row["cbr"], rows)
        other = _matched_curve(codec, row["cbr"], rows)
        if set(_AVERAGED_DB) <= own.keys() & other.keys():
            gains = [own[snr_db] - other[snr_db] for snr_db in _AVERAGED_DB]
            yield _least(
                f"dB over {codec}, mean of {_AVERAGED_DB[0]} to {_AVERAGED_DB[-1]} dB",
                sum(gains) / len(gains),
                wanted,
            )


def _matched_curve(codec: str, cbr: str, rows: list[dict]) -> dict[float, float]:
    """PSNR by SNR of a codec's matched rows at a channel bandwidth ratio, both in dB."""
    return {
        one["snr_db"]: one["psnr_db"]
        for one in rows
        if one["codec"] == codec and one["cbr"] == cbr and _is_matched(one)
    }


def _graceful(row: dict, rows: list[dict]) -> Iterator[TargetCheck]:
    """PSNR of the profile that degrades gracefully, above and below what it is made for."""
    made_for_it = (
        _profile(row) == "graceful" and row["design_snr_db"] == _DESIGN_DB and row["roi"] == "off"
    )
    if not made_for_it or not row["channel"].startswith("awgn") or row["cbr"] != "1/16":
        return
    same = {one["snr_db"]: one["psnr_db"] for one in rows if image_series(one) == image_series(row)}
    matched = [
        one
        for one in rows
        if one["codec"] == HEADLINE and one["snr_db"] == _DESIGN_DB and _is_matched(one)
    ]
    if row["snr_db"] == _DESIGN_DB:
        yield from (
            _most("dB below matched", one["psnr_db"] - row["psnr_db"], _BELOW_DB)
            for one in matched
            if one["cbr"] == row["cbr"]
        )
    if row["snr_db"] == _LOW[0]:
        yield _least("PSNR in dB", row["psnr_db"], _LOW[1])
    if row["snr_db"] == _HIGH[0] and _DESIGN_DB in same:
        yield _least(
            f"dB over its own at {_DESIGN_DB} dB", row["psnr_db"] - same[_DESIGN_DB], _HIGH[1]
        )


def _objects(row: dict, rows: list[dict]) -> Iterator[TargetCheck]:
    """Inside objects and over the whole picture, with importance against without."""
    keys = ("codec", "channel", "cbr", "settings", "design_snr_db", "modem")
    without = [
        one for one in rows if one["roi"] == "off" and all(one[key] == row[key] for key in keys)
    ]
    if row["roi"] != "off" and without and row["roi_psnr_db"] is not None:
        yield _least(
            "dB gained in objects", row["roi_psnr_db"] - without[0]["roi_psnr_db"], _OBJECTS_DB
        )
        yield _most("dB lost in all", without[0]["psnr_db"] - row["psnr_db"], _WHOLE_DB)


def _fading(row: dict, rows: list[dict]) -> Iterator[TargetCheck]:
    """Delivery and PSNR over a fading channel, through the modem."""
    if (
        row["channel"].startswith(_FADING)
        and row["modem"]
        and row["snr_db"] == _FADING_SNR_DB
        and row["cbr"] == "1/16"
    ):
        yield _least("share delivered", row["delivered"], 1.0)
        yield _least("PSNR in dB", row["psnr_db"], _FADING_DB)


def _time(row: dict, rows: list[dict]) -> Iterator[TargetCheck]:
    """Time of a picture, where it is not told what matters."""
    if row["roi"] == "off":
        yield _most("encode and decode in s", row["encode_s"] + row["decode_s"], _SECONDS)
