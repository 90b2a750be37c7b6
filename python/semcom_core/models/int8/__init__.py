# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Llama inference with 8-bit weights and exact integer sums on the CPU."""
