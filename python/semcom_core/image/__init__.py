# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image codecs: pictures to channel symbols and back."""

from semcom_core.image.codec import IMAGE_CODECS, DecodedImage, ImageCodec, load_image_codec
from semcom_core.image.symbol_codec import SymbolImageCodec

__all__ = ["IMAGE_CODECS", "DecodedImage", "ImageCodec", "SymbolImageCodec", "load_image_codec"]
