# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Still picture coders of given sizes: VVC, AV1, JPEG and WebP."""
