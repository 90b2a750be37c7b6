# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel coding: 5G NR LDPC, polar and convolutional codes, CRC, QAM, probabilistic shaping.

A link takes message bits to complex symbols of mean power 1 and back; log-likelihood ratios are
ln p(b=0|y) - ln p(b=1|y), so positive means 0, and a bit that was not received has the ratio 0.

>>> import numpy as np
>>> from semcom_core.fec import FecLink, choose_mode
>>> rng = np.random.default_rng(1)
>>> mode = choose_mode(snr_db=6.0)
>>> link = FecLink(info_bits=800, uses=mode.uses(816), modulation=mode.modulation)
>>> bits = rng.integers(0, 2, 800).astype(np.uint8)
>>> noise = rng.standard_normal((link.uses, 2)) @ [1, 1j] * np.sqrt(0.125)
>>> decoded, crc_ok = link.decode(link.encode(bits) + noise, np.full(link.uses, 0.25))
>>> crc_ok, np.array_equal(decoded, bits)
(True, True)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semcom_core.fec.crc import attach_crc, check_crc, crc_bits, crc_length
    from semcom_core.fec.ldpc_rate_matching import ChannelCode
    from semcom_core.fec.modulation_coding import (
        MAX_RATE,
        MIN_RATE,
        FecLink,
        Mode,
        PolarLink,
        choose_mode,
        mode_for_rate,
    )
    from semcom_core.fec.polar import PolarCode
    from semcom_core.fec.qam import BITS_PER_SYMBOL, demodulate, modulate

__all__ = [
    "BITS_PER_SYMBOL",
    "MAX_RATE",
    "MIN_RATE",
    "ChannelCode",
    "FecLink",
    "Mode",
    "PolarCode",
    "PolarLink",
    "attach_crc",
    "check_crc",
    "choose_mode",
    "crc_bits",
    "crc_length",
    "demodulate",
    "mode_for_rate",
    "modulate",
]

#: Module below semcom_core.fec → the names that it gives to this package.
_EXPORTS = {
    "crc": ("attach_crc", "check_crc", "crc_bits", "crc_length"),
    "ldpc_rate_matching": ("ChannelCode",),
    "modulation_coding": (
        "MAX_RATE",
        "MIN_RATE",
        "FecLink",
        "Mode",
        "PolarLink",
        "choose_mode",
        "mode_for_rate",
    ),
    "polar": ("PolarCode",),
    "qam": ("BITS_PER_SYMBOL", "demodulate", "modulate"),
}
_MODULE_OF = {name: module for module, names in _EXPORTS.items() for name in names}


def __getattr__(name: str) -> object:
    """Import an exported name when it is first used: the modem's header needs one code of them."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value
