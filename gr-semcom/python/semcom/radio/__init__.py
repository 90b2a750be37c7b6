# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Radios behind radio_source and radio_sink: shared stations, and the process of a device."""
