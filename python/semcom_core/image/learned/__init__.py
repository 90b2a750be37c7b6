# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Learned joint source-channel codes for pictures: DeepJSCC and LAM-SC."""
