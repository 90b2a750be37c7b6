# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel term: mains hum, a slow sine on top of the samples."""

import numpy as np

from semcom_core.channel import term


@term("hum", symbol_level=True)
def hum(samples, rng, level_db=-30.0, cycles=5.0):
    """A sine of LEVEL_DB over full scale, so many CYCLES in all."""
    phase = 2 * np.pi * cycles * np.arange(len(samples)) / max(len(samples), 1)
    return samples + 10 ** (level_db / 20) * np.sin(phase + rng.uniform(0, 2 * np.pi))
