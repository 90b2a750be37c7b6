# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Context distillation: shortening of messages before they are sent, and clarifying them after."""

#: off, as it is; canonical, spelling only; extractive, words are left out; abstractive, the
#: language model rewrites.
MODES = ("off", "canonical", "extractive", "abstractive")
