# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text codecs: the token-spinal code over a language model, and the separate baselines."""

from semcom_core.text.codec import (
    TEXT_CODECS,
    DecodedText,
    SymbolTextCodec,
    TextCodec,
    load_text_codec,
)
from semcom_core.text.codec import load_text_codec as load_codec

__all__ = [
    "TEXT_CODECS",
    "DecodedText",
    "SymbolTextCodec",
    "TextCodec",
    "load_codec",
    "load_text_codec",
]
