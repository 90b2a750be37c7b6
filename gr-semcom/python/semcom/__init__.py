# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks of semantic communication: texts and pictures, their codecs in worker processes, the burst
modem, a channel and a monitor.

Neither torch nor transformers is imported here: GNU Radio Companion imports every block, and codecs
live in worker processes.
"""

from .acknowledger import acknowledger
from .automatic_gain import automatic_gain
from .burst_receiver import burst_receiver
from .burst_transmitter import burst_transmitter
from .channel import channel
from .distiller import distiller
from .frame_loss import frame_loss
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
from .text_decoder import text_decoder
from .text_encoder import text_encoder
from .text_sink import text_sink
from .text_source import text_source

__all__ = [
    "acknowledger",
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
    "recorder",
    "radio_sink",
    "radio_source",
    "retransmitter",
    "safety_gate",
    "text_decoder",
    "text_encoder",
    "text_sink",
    "text_source",
]
