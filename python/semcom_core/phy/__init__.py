# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""OFDM burst modem for continuous-amplitude symbols: frames to samples and back.

    frames -> Transmitter.burst -> samples -> channel -> Receiver.push -> received frames

>>> import numpy as np
>>> config = PhyConfig()
>>> x = np.exp(2j * np.pi * np.arange(100) / 7).astype(np.complex64)
>>> samples = Transmitter(config).burst([Frame(FrameHeader(codec=3, length=100), x)])
>>> receiver = Receiver(config)
>>> frames = receiver.push(samples) + receiver.flush()
>>> bool(np.allclose(frames[0].symbols, x, atol=0.01))
True

The receive chain, module by module: receiver (stream to frames), synchronization (gate and
acquisition), burst (demodulation), header_decoder, channel_estimation, phase_tracking,
interference, equaliser. What both ends share: config (profiles), ofdm (layout of a burst, pilots),
header (code of the header), scramble. gain is the automatic gain control of a radio; modem is both
ends in one object.

Array axes, in this order wherever they occur:

    B  bursts worked on together
    S  OFDM symbols of a frame (with the Zadoff-Chu symbols before them where these are known)
    H  the first of them, about the header: Zadoff-Chu symbols and symbols of the header
    A  active carriers, ascending in frequency
    D  data carriers among the active ones
    P  pilot carriers among the active ones
    I  idle carriers, beyond the outermost active ones

Frequencies within a burst are in cycles a sample, phases in rad, noise powers those of one carrier
with a unitary transform, E|n|^2.
"""

from semcom_core.frame import Frame, FrameHeader, ReceivedFrame
from semcom_core.phy.config import PROFILES, PhyConfig, Profile
from semcom_core.phy.modem import Modem
from semcom_core.phy.ofdm import Layout
from semcom_core.phy.receiver import Receiver, ReceiverStats
from semcom_core.phy.transmitter import Transmitter

__all__ = [
    "PROFILES",
    "Frame",
    "FrameHeader",
    "Layout",
    "Modem",
    "PhyConfig",
    "Profile",
    "ReceivedFrame",
    "Receiver",
    "ReceiverStats",
    "Transmitter",
]
