# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom demo`: sentences, a picture and a story through GNU Radio flowgraphs and a simulated
channel.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from semcom_core.cli import grc
from semcom_core.datasets.corpus import shipped_sentences
from semcom_core.errors import ModelError, RadioError
from semcom_core.image.example import example_picture
from semcom_core.image.picture import read_picture, write_picture
from semcom_core.image.segmentation.panel import Panel, side_by_side
from semcom_core.text import load_codec

#: How far below the SNR the rate is chosen: the paths of the channel fade some carriers, dB.
MARGIN_DB = 3.5
#: Picture that is sent, its codec, and the channel uses over 3 H W.
PICTURE = "astronaut"
CODEC = "hybrid"
CBR = "1/16"
#: Story of which the receiver is asked what it remembers.
STORY = (
    "Mary moved to the bathroom.",
    "John went to the hallway.",
    "Where is Mary?",
    "Mary travelled to the garden.",
    "Where is Mary?",
    "Where is Sandra?",
)
#: File that the demonstration writes to the current folder.
RESULT = Path("demo.png")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--snr-db", type=float, default=5.0, help="SNR, dB (default 5)")
    parser.add_argument(
        "--cfo-hz", type=float, default=12e3, help="carrier frequency offset, Hz (default 12000)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run text_link_headless on the shipped sentences, image_link_headless on a picture and
    scenario_qa_headless on a story, and show what arrived.

    The exit status is 0 where all flowgraphs' is.

    Raises:
        RadioError: GNU Radio is not there, or the flowgraph ended without a report.
    """
    status = send_sentences(args.snr_db, args.cfo_hz, MARGIN_DB)
    status |= send_picture(args.snr_db, args.cfo_hz, MARGIN_DB)
    return status | send_story(args.snr_db, args.cfo_hz, MARGIN_DB)


def send_sentences(snr_db: float, cfo_hz: float, margin_db: float) -> int:
    """Run text_link_headless on the shipped sentences; the exit status is the flowgraph's.

    Args:
        snr_db: SNR of the channel, dB.
        cfo_hz: carrier frequency offset, Hz.
        margin_db: how far below the SNR the rate is chosen, dB.

    Raises:
        RadioError: the flowgraph ended without a report.
    """
    sentences = shipped_sentences()
    print(
        f"{len(sentences)} sentences over a GNU Radio link: {snr_db:g} dB SNR, "
        f"{cfo_hz:g} Hz offset, 3 paths",
        flush=True,
    )
    with tempfile.TemporaryDirectory(prefix="semcom-demo-") as folder:
        texts = Path(folder) / "texts.txt"
        texts.write_text("\n".join(sentences) + "\n", encoding="utf-8")
        options = {
            "text-file": texts,
            "snr-db": snr_db,
            "cfo-hz": cfo_hz,
            "margin-db": margin_db,
        }
        status, messages = _run_link("text_link", options, Path(folder) / "report.json")
    for message in messages:
        print(f"{message['outcome']:9s} {message['received'] or message['sent']}")
    print(_cost(sentences, snr_db - margin_db))
    return status


def send_picture(snr_db: float, cfo_hz: float, margin_db: float) -> int:
    """Run image_link_headless on the example picture and write RESULT, the picture as it was sent,
    as Segment Anything sees it, and as it arrived; the exit status is the flowgraph's.

    Args:
        snr_db: SNR of the channel, dB.
        cfo_hz: carrier frequency offset, Hz.
        margin_db: how far below the SNR the rate is chosen, dB.

    Raises:
        RadioError: the flowgraph ended without a report, or no picture arrived.
    """
    path = example_picture(PICTURE)
    sent = read_picture(path)
    print(
        f"A picture of {sent.shape[1]}x{sent.shape[0]} pixels over the same link, codec {CODEC}, "
        f"{CBR} channel uses a value",
        flush=True,
    )
    views = _views(sent)
    with tempfile.TemporaryDirectory(prefix="semcom-demo-") as folder:
        options = {
            "image-file": path,
            "codec": CODEC,
            "cbr": CBR,
            "snr-db": snr_db,
            "cfo-hz": cfo_hz,
            "margin-db": margin_db,
            "importance": "sam" if views else "none",
            "received-folder": folder,
        }
        status, (message,) = _run_link("image_link", options, Path(folder) / "report.json")
        if message["psnr_db"] is None:
            raise RadioError(
                f"the picture did not arrive, it is {message['outcome']}: {message['reason']}"
            )
        received = read_picture(Path(folder) / "received_000.png")
    write_picture(RESULT, side_by_side(panels(sent, views, received, message)))
    print(
        f"{message['outcome']:9s} PSNR {message['psnr_db']:.2f} dB; sent, seen and received side "
        f"by side: {RESULT.resolve()}"
    )
    return status


def send_story(snr_db: float, cfo_hz: float, margin_db: float) -> int:
    """Run scenario_qa_headless on STORY and show what the receiver answers from its memory; the
    exit status is the flowgraph's.

    Args:
        snr_db: SNR of the channel, dB.
        cfo_hz: carrier frequency offset, Hz.
        margin_db: how far below the SNR the rate is chosen, dB.

    Raises:
        RadioError: the flowgraph ended without a report.
    """
    print(
        "A story over the same link, with questions that the receiver's memory answers", flush=True
    )
    with tempfile.TemporaryDirectory(prefix="semcom-demo-") as folder:
        texts = Path(folder) / "story.txt"
        texts.write_text("\n".join(STORY) + "\n", encoding="utf-8")
        replies = Path(folder) / "replies.jsonl"
        options = {
            "text-file": texts,
            "snr-db": snr_db,
            "cfo-hz": cfo_hz,
            "margin-db": margin_db,
            "replies-file": replies,
        }
        status, messages = _run_link("scenario_qa", options, Path(folder) / "report.json")
        answers = _replies(replies)
    for message in messages:
        text = message["received"]
        if answers.get(text):
            print(f"question  {text}  {answers[text].pop(0)}")
        else:
            print(f"{message['outcome']:9s} {text or message['sent']}")
    return status


def panels(
    sent: np.ndarray, views: dict[str, np.ndarray], received: np.ndarray, message: dict
) -> list[Panel]:
    """The picture in all its states, from left to right.

    Args:
        sent, received: uint8 (H, W, 3).
        views: name → what was seen in it, uint8 (H, W, 3).
        message: what the report of the flowgraph says of it.
    """
    verdict = "" if message["outcome"] == "whole" else f"\ndegraded: {message['reason']}"
    arrived = f"PSNR {message['psnr_db']:.2f} dB at SNR {message['snr_db']:.1f} dB{verdict}"
    seen = [Panel(name.capitalize(), pixels) for name, pixels in views.items()]
    return [
        Panel("Sent", sent, f"{message['sent']}, {CBR} channel uses a value"),
        *seen,
        Panel("Received", received, arrived),
    ]


def _replies(path: Path) -> dict[str, list[str]]:
    """Request → its answers in order, or why there is none."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        reply = json.loads(line)
        found.setdefault(reply["request"], []).append(reply["text"] or reply["reason"])
    return found


def _run_link(flowgraph: str, options: dict, report: Path) -> tuple[int, list[dict]]:
    """Run a headless flowgraph of both ends; returns its exit status and what its report says of
    each message.
    """
    status = grc.run_headless(flowgraph, {**options, "out-file": report})
    if not report.exists():
        raise RadioError(f"the flowgraph ended with status {status} and wrote no report")
    return status, json.loads(report.read_text(encoding="utf-8"))["messages"]


def _cost(sentences: list[str], snr_db: float) -> str:
    """What the sentences take by language model, and by compressing and then protecting."""
    uses = {}
    for name in ("spinal", "deflate"):
        codec = load_codec(name)
        uses[name] = sum(
            len(frame.symbols) for text in sentences for frame in codec.encode(text, snr_db)
        )
    share = uses["spinal"] / uses["deflate"]
    return (
        f"{uses['spinal']} channel uses; deflate with channel code and QAM takes "
        f"{uses['deflate']}: {share:.0%}"
    )


def _views(pixels: np.ndarray) -> dict[str, np.ndarray]:
    """What Segment Anything sees in the picture; nothing, with one line that says why, where it is
    not there.
    """
    try:
        from semcom_core.image.transceiver import ImportanceEstimator

        return ImportanceEstimator().estimate(pixels).views
    except ModelError as error:
        print(f"without segments and importance: {error}")
        return {}
