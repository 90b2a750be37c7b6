# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenario question answering over the channel: a sentence a slot, and the question later."""
