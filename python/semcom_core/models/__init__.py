# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Language models, loaded by name on first use, once per process."""

from semcom_core.models.language import LanguageModel, TokenTree
from semcom_core.models.loader import load_language_model

__all__ = ["LanguageModel", "TokenTree", "load_language_model"]
