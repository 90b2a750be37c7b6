# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a message may be made shorter."""

#: off, as it is; canonical, spelling only; extractive, words are left out; abstractive, the
#: language model rewrites.
MODES = ("off", "canonical", "extractive", "abstractive")
