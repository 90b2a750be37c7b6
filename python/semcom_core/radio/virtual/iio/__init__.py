# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual Pluto: a server of libiio's network protocol before a radio of the air, for unmodified
client libraries.
"""

from semcom_core.radio.virtual.iio.server import VirtualPluto

__all__ = ["VirtualPluto"]
