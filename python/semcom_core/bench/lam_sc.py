# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of the codec lam-sc: rivals without semantics, ablation of the attention, mask ratios.

Rows are those of the image bench, with the experiment, what was tried, and the uses over those of
the unmasked system.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, cast

import numpy as np

from semcom_core.bench.image.results import summarise
from semcom_core.bench.image.trials import ImageLink, ImageTrials
from semcom_core.bench.report import verdict
from semcom_core.channel import Channel
from semcom_core.datasets.pictures import BenchPicture
from semcom_core.frame import Frame
from semcom_core.image import ImageCodec

#: What decides where importance is: nothing, parts of the attention, or what people outlined, the
#: most that attention can know.
LABELS = "labels"
MODES = ("none", "channel", "spatial", "both", LABELS)
#: Shares of the latent's symbols that are masked in the experiment "mask".
MASK_RATIOS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
#: Share kept, channel bandwidth ratio, and name of the masked and of the unmasked system.
KEPT = 0.4
CBR = "1/16"
MASKED = "masked"
UNMASKED = "unmasked"
#: Name of the unmasked system that was trained at the masked one's uses.
SAME_USES = "trained at the same uses"
#: Ratio at which the modes are compared: that of the masked system.
_EQUAL_CBR = "0.028"
#: Targets: PSNR unmasked, dB; share kept; uses over unmasked ones; loss by the mask, dB; gain of
#: importance inside objects, dB.
LEAST_PSNR = 27.0
MOST_KEPT = 0.414
MOST_USES = 0.45
MOST_LOSS = 0.3
LEAST_GAIN = 0.5


class AttentionImportance(Protocol):
    """Importance of a picture's pixels by the attention."""

    def __call__(self, pixels: np.ndarray, mode: str) -> np.ndarray:
        """Importance, float (H, W) in 0 to 1, of pixels uint8 (H, W, 3), by the mode channel,
        spatial or both.
        """


@dataclass(frozen=True)
class System:
    """One system of the comparison.

    Args:
        name: for the rows.
        codec: name of the codec.
        settings: its settings.
        mode: what decides where importance is, one of MODES.
    """

    name: str
    codec: str = "lam-sc"
    settings: dict = field(default_factory=dict)
    mode: str = "none"


def systems_of(
    experiment: str, weights: str = "", peer: str = "", device: str = "cpu"
) -> list[System]:
    """What an experiment tries; the unmasked system comes first, where there is one.

    Args:
        experiment: baseline, attention or mask.
        weights: of lam-sc; empty for the shipped ones.
        peer: weights of an unmasked system that was trained at the masked one's uses; empty for
            none.
        device: what all networks compute on, one of config.DEVICES.
    """
    common = {"cbr": CBR, "weights": weights, "device": device}
    unmasked = System(UNMASKED, settings={**common, "keep": 1.0})
    if experiment == "attention":
        return [System(mode, settings={**common, "cbr": _EQUAL_CBR}, mode=mode) for mode in MODES]
    if experiment == "mask":
        return [unmasked] + [
            System(f"mask {r:.0%}", settings={**common, "keep": round(1 - r, 3)})
            for r in MASK_RATIOS
            if r
        ]
    rival = {"cbr": CBR, "device": device}
    systems = [
        unmasked,
        System(MASKED, settings={**common, "keep": KEPT}),
        System("non-semantic", "deepjscc", rival),
    ]
    if peer:
        systems.append(System(SAME_USES, "deepjscc", {**rival, "weights": peer}))
    return systems


class InformedTrials(ImageTrials):
    """Sends pictures by a codec that is told what matters.

    Args:
        link: what is sent over.
        importance: of pixels uint8 (H, W, 3), float (H, W) in 0 to 1.
    """

    def __init__(self, link: ImageLink, importance: Callable[[np.ndarray], np.ndarray]):
        super().__init__(link)
        self._codec = cast(ImageCodec, _Informed(self._codec, importance))


class _Informed:
    """A codec that finds the importance of a picture itself, so that its time counts."""

    def __init__(self, codec: ImageCodec, importance: Callable[[np.ndarray], np.ndarray]):
        self._codec = codec
        self._importance = importance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codec, name)

    def encode(
        self,
        pixels: np.ndarray,
        snr_db: float,
        message_id: int = 0,
        importance: np.ndarray | None = None,
    ) -> list[Frame]:
        """As ImageCodec.encode; a given importance is left aside."""
        return self._codec.encode(pixels, snr_db, message_id, self._importance(pixels))


def rows_of(
    experiment: str,
    systems: Sequence[System],
    pictures: list[BenchPicture],
    channel: Channel,
    attention: AttentionImportance,
    seed: int,
) -> Iterator[dict]:
    """A row for each system, as it is measured; uses_ratio is over the uses of the first system
    where that is the unmasked one.

    Args:
        experiment: baseline, attention or mask.
        systems: what is tried.
        pictures: what is sent.
        channel: states an SNR.
        attention: importance of a picture.
        seed: of the channel.
    """
    unmasked = None
    for system in systems:
        link = ImageLink(
            system.codec,
            system.settings,
            channel,
            system.settings["cbr"],
            roi="objects" if system.mode == LABELS else "off",
            seed=seed,
        )
        if system.mode in ("none", LABELS):
            trials = link.trials()
        else:
            trials = InformedTrials(link, partial(attention, mode=system.mode))
        row = summarise(
            link, [trials.run(number, picture) for number, picture in enumerate(pictures)]
        )
        if system.name == UNMASKED:
            unmasked = row
        yield {
            "experiment": experiment,
            "system": system.name,
            "mode": system.mode,
            "uses_ratio": row["uses"] / unmasked["uses"] if unmasked else None,
            **row,
        }


def describe(row: dict) -> str:
    """One line on a row."""
    figures = [
        f"{row['experiment']:9s} {row['system']:24s} {row['channel']}: PSNR {row['psnr_db']:.2f} "
        f"dB, SSIM {row['ssim']:.4f}"
    ]
    if row["roi_psnr_db"] is not None:
        figures.append(f"in objects {row['roi_psnr_db']:.2f} dB")
    figures.append(f"CBR {row['cbr_spent']:.5f}")
    if row["latents_kept"] is not None:
        figures.append(f"kept {row['latents_kept']:.3f}")
    if row["uses_ratio"] is not None:
        figures.append(f"uses {row['uses_ratio']:.3f} of the unmasked")
    return ", ".join(figures)


def targets(rows: list[dict]) -> list[str]:
    """Lines on the targets that the rows of one experiment at one SNR, which are stated for 10 dB,
    bear on.
    """
    found = {row["system"]: row for row in rows}
    lines = []
    if UNMASKED in found:
        reached = found[UNMASKED]["psnr_db"]
        lines.append(
            verdict(f"unmasked: PSNR {reached:.2f} dB", f">= {LEAST_PSNR:g}", reached >= LEAST_PSNR)
        )
    if MASKED in found:
        lines += _mask_targets(found[UNMASKED], found[MASKED], found.get(SAME_USES))
    if found.get("both", {}).get("roi_psnr_db") is not None:
        gain = found["both"]["roi_psnr_db"] - found["none"]["roi_psnr_db"]
        lines.append(
            verdict(
                f"importance: {gain:+.2f} dB inside objects",
                f">= {LEAST_GAIN:+g}",
                gain >= LEAST_GAIN,
            )
        )
    return lines


def _mask_targets(unmasked: dict, masked: dict, peer: dict | None) -> list[str]:
    kept = masked["latents_kept"]
    ratio = masked["uses_ratio"]
    loss = unmasked["psnr_db"] - masked["psnr_db"]
    lines = [
        verdict(f"masked: {kept:.3f} of the latent kept", f"<= {MOST_KEPT:g}", kept <= MOST_KEPT),
        verdict(
            f"masked: uses {ratio:.3f} of the unmasked, mask included",
            f"<= {MOST_USES:g}",
            ratio <= MOST_USES,
        ),
        verdict(f"masked: {loss:.2f} dB lost", f"<= {MOST_LOSS:g}", loss <= MOST_LOSS),
    ]
    if peer:
        gain = masked["psnr_db"] - peer["psnr_db"]
        lines.append(
            verdict(
                f"masked: {gain:+.2f} dB against a system trained at the same uses", "> 0", gain > 0
            )
        )
    return lines
