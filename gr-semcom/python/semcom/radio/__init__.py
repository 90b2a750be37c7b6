# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Radios behind the source and sink blocks: stations of a flowgraph, and the process that drives a
device.
"""
