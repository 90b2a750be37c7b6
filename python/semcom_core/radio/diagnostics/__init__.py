# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Radio diagnostics: probing a device, and measuring its noise, offsets and link budget."""
