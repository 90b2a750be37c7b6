# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codecs in a process of their own, and the bases of the blocks that use them."""
