# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of what the project ships: adapters of the language model, the learned baseline, the
heads of the safety scores, word lists.
"""
