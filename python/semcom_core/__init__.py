# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Semantic communication: what the system computes. Never imports gnuradio."""

__version__ = "0.1.0"
