# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Benches: quality and cost, measured, as rows that the command line prints and writes."""
