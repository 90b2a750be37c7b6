# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio blocks of semantic communication: sources, codecs, burst modem, radios and monitor.

One block per file, and one name for file, class and catalogue entry (`semcom_<name>`):

    sources    text_source, image_source             base paced_source
    content    distiller, safety_gate                base worker.blocks.service_block
    encoders   text_encoder, image_encoder           base worker.blocks.encoder_block
    modem      burst_transmitter, burst_receiver, automatic_gain
    air        channel, frame_loss, radio_source, radio_sink (base radio.station.radio_block),
               half_duplex, recorder
    ARQ        retransmitter, acknowledger           base arq_block
    decoders   text_decoder, image_decoder           base worker.blocks.decoder_block
    tasks      task_router, semantic_memory, answerer     base worker.blocks.content_block
    sinks      text_sink, image_sink (base message_sink), image_window
    monitor    link_monitor

What blocks share:

    pdu        metadata keys; PDUs of frames, texts and pictures
    notices    events on the `feedback` ports
    guard      exceptions in work(), handlers and flowgraphs, settings, restarts, lifetime
    gathering  reassembly of messages from fragments
    gui        Qt widgets of image_window
    worker/    codecs in processes of their own, and the bases of the blocks that use them
    monitor/   ledger of messages and end of a run, for link_monitor
    radio/     stations that radio_source and radio_sink share, and the process of a device

Neither torch nor transformers is imported here, nor Qt: GNU Radio Companion imports every block,
codecs live in worker processes, and image_window imports gui when it is made.

Flowgraphs import this package alone. Of the core they get the names in CORE_NAMES, which are
imported when they are first used:

    scratch_path     file that is removed when the flowgraph ends (semcom_core.resources)
    load_profile     radio profile by its name (semcom_core.radio.profile)
    example_picture  file of an example picture (semcom_core.image.example)
    read_settings    settings that a user types in YAML (semcom_core.config)
"""

from __future__ import annotations

import importlib
from typing import Any

from .acknowledger import acknowledger
from .answerer import answerer
from .automatic_gain import automatic_gain
from .burst_receiver import burst_receiver
from .burst_transmitter import burst_transmitter
from .channel import channel
from .distiller import distiller
from .frame_loss import frame_loss
from .guard import keep_connected_blocks, tell_refusals
from .half_duplex import half_duplex
from .image_decoder import image_decoder
from .image_encoder import image_encoder
from .image_sink import image_sink
from .image_source import image_source
from .image_window import image_window
from .link_monitor import link_monitor
from .radio_sink import radio_sink
from .radio_source import radio_source
from .recorder import recorder
from .retransmitter import retransmitter
from .safety_gate import safety_gate
from .semantic_memory import semantic_memory
from .task_router import task_router
from .text_decoder import text_decoder
from .text_encoder import text_encoder
from .text_sink import text_sink
from .text_source import text_source

keep_connected_blocks()
tell_refusals()

__all__ = [
    "acknowledger",
    "answerer",
    "automatic_gain",
    "burst_receiver",
    "burst_transmitter",
    "channel",
    "distiller",
    "frame_loss",
    "half_duplex",
    "image_decoder",
    "image_encoder",
    "image_sink",
    "image_source",
    "image_window",
    "link_monitor",
    "radio_sink",
    "radio_source",
    "recorder",
    "retransmitter",
    "safety_gate",
    "semantic_memory",
    "task_router",
    "text_decoder",
    "text_encoder",
    "text_sink",
    "text_source",
]

#: Name → module of the core that has it.
CORE_NAMES = {
    "scratch_path": "semcom_core.resources",
    "example_picture": "semcom_core.image.example",
    "load_profile": "semcom_core.radio.profile",
    "read_settings": "semcom_core.config",
}


def __getattr__(name: str) -> Any:
    """A name of the core that flowgraphs use (PEP 562)."""
    if name not in CORE_NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(CORE_NAMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *CORE_NAMES])
