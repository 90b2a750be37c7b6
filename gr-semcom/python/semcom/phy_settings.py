# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modem's settings as a block takes them."""

from __future__ import annotations

from semcom_core.config import from_mapping
from semcom_core.errors import ConfigError
from semcom_core.phy import PhyConfig


def phy_config(phy: dict | None) -> PhyConfig:
    """Configuration of the modem from a dict of its settings; None is the defaults.

    Raises:
        ConfigError: it is no dict, the modem has no such setting, or a value is out of range.
    """
    if not isinstance(phy, dict | None):
        raise ConfigError(f"phy is {phy!r}; allowed is a dict of settings")
    return from_mapping(PhyConfig, phy or {})
