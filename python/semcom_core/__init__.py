# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Semantic communication over simulated channels and radios: the public Python interface.

A text, its frames of channel symbols, and what arrives of them through modem and channel:

>>> import semcom_core as sc
>>> codec = sc.load_text_codec("spinal", adapter="europarl")
>>> frames = codec.encode("Mr President, I thank the rapporteur.", snr_db=3)
>>> received = sc.transmit(frames, "awgn:3+cfo:12khz", seed=1)
>>> print(codec.decode(received).text)
Mr President, I thank the rapporteur.

The whole link in one call, with the figures that `semcom sim` prints for the same seed; with
`harq=True` further rounds follow until the text decodes:

>>> result = sc.simulate(codec, "The sitting is closed.", "awgn:3", seed=1, harq=True)
>>> result.exact, result.to_dict()["rounds"]
(True, 1)

Pictures:

>>> import numpy as np
>>> pixels = np.indices((128, 192)).sum(axis=0).astype(np.uint8)[..., None].repeat(3, axis=2)
>>> picture = sc.simulate(sc.load_image_codec("softcast", cbr="1/6"), pixels, "awgn:12", seed=1)
>>> picture.received.shape, picture.psnr_db > 25
((128, 192, 3), True)

Names are imported when they are first used: `import semcom_core` itself loads nothing.

- Codecs: load_text_codec, load_image_codec; TextCodec, ImageCodec, SymbolTextCodec and
  SymbolImageCodec to derive codecs from; DecodedText, DecodedImage.
- Frames: Frame, FrameHeader, ReceivedFrame.
- Link: transmit, simulate, Simulation; TextResult, ImageResult.
- Modem on samples: Modem, PhyConfig.
- Channels on numpy arrays: parse_channel, apply_channel, Channel; term and Term to add terms.
- Language models: load_language_model, LanguageModel.
- Errors: SemcomError and its kinds ConfigError, FrameError, ModelError, RadioError.

All else is found in the packages: text, image, phy, channel, fec, metrics, models, link, radio.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semcom_core.channel import Channel, Term, parse_channel, term
    from semcom_core.errors import ConfigError, FrameError, ModelError, RadioError, SemcomError
    from semcom_core.frame import Frame, FrameHeader, ReceivedFrame
    from semcom_core.image import DecodedImage, ImageCodec, SymbolImageCodec, load_image_codec
    from semcom_core.models import LanguageModel, load_language_model
    from semcom_core.phy import Modem, PhyConfig
    from semcom_core.simulation import (
        ImageResult,
        Simulation,
        TextResult,
        apply_channel,
        simulate,
        transmit,
    )
    from semcom_core.text import DecodedText, SymbolTextCodec, TextCodec, load_text_codec

__version__ = "0.1.0"

__all__ = [
    "Channel",
    "ConfigError",
    "DecodedImage",
    "DecodedText",
    "Frame",
    "FrameError",
    "FrameHeader",
    "ImageCodec",
    "ImageResult",
    "LanguageModel",
    "Modem",
    "ModelError",
    "PhyConfig",
    "RadioError",
    "ReceivedFrame",
    "SemcomError",
    "Simulation",
    "SymbolImageCodec",
    "SymbolTextCodec",
    "Term",
    "TextCodec",
    "TextResult",
    "__version__",
    "apply_channel",
    "load_image_codec",
    "load_language_model",
    "load_text_codec",
    "parse_channel",
    "simulate",
    "term",
    "transmit",
]

#: Module below semcom_core → the names that it gives to this package.
_EXPORTS = {
    "channel": ("Channel", "Term", "parse_channel", "term"),
    "errors": ("ConfigError", "FrameError", "ModelError", "RadioError", "SemcomError"),
    "frame": ("Frame", "FrameHeader", "ReceivedFrame"),
    "image": ("DecodedImage", "ImageCodec", "SymbolImageCodec", "load_image_codec"),
    "models": ("LanguageModel", "load_language_model"),
    "phy": ("Modem", "PhyConfig"),
    "simulation": (
        "ImageResult",
        "Simulation",
        "TextResult",
        "apply_channel",
        "simulate",
        "transmit",
    ),
    "text": ("DecodedText", "SymbolTextCodec", "TextCodec", "load_text_codec"),
}
_MODULE_OF = {name: module for module, names in _EXPORTS.items() for name in names}


def __getattr__(name: str) -> object:
    """Import an exported name when it is first used."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
