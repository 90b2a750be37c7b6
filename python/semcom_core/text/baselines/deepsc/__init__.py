# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DeepSC: a learned transformer transceiver for text (Xie, Qin, Li, Juang 2021)."""
