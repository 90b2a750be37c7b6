# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entropy coding: the arithmetic coder of texts, masks and side information."""
