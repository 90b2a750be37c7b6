# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Radios: profiles and their limits, the process that runs one, recordings, and virtual radios on a
simulated air.
"""
