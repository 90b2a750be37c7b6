# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual Pluto that hears itself, and a client."""

from __future__ import annotations

import pytest

from tests.core.radio.virtual.iio.client import Client, serve


@pytest.fixture
def served():
    """(air, server), elastic."""
    with serve() as both:
        yield both


@pytest.fixture
def client(served):
    with Client(served[1].endpoint) as made:
        yield made
