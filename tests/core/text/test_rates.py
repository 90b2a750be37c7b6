# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From bits to channel uses and back: both ends find the same code."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.fec import FecLink, PolarLink
from semcom_core.metrics import limit_uses
from semcom_core.text.baselines.separate import RATES, LongRule, ShortRule, params_for
from semcom_core.units import capacity_bits

RULES = {"long": LongRule(grain=1), "bytes": LongRule(grain=8), "short": ShortRule()}


@pytest.mark.parametrize("params", [0, 20, 40, 63])
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_link_carries_the_bits_that_asked_for_its_uses(rule, params):
    for bits in [*range(rule.grain, 40 * rule.grain, rule.grain), 600, 608, 1000, 8000]:
        uses = rule.uses_of(bits, params)
        carried = rule.bits_of(uses, params)
        assert carried >= bits > rule.bits_of(uses - 1, params) and carried % rule.grain == 0
        link = rule.link(uses, params)
        assert (link.info_bits, link.uses) == (carried, uses)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_no_uses_carry_no_bits(rule):
    assert rule.bits_of(0, 30) == 0


def test_short_messages_are_made_for_the_finite_blocklength_limit():
    rule, params = RULES["short"], 33
    snr_db = 10 * np.log10(2 ** RATES[params] - 1)
    for bits in (40, 100, 300):
        # Rounding up to a whole use is all that is added.
        assert 0 <= rule.uses_of(bits, params) - limit_uses(bits, snr_db, 0.01) <= 1


def test_short_messages_are_polar_coded_and_long_ones_ldpc():
    """Between the longest of the one and the shortest of the other, messages are filled up."""
    rule = RULES["short"]
    filled = rule.link(rule.uses_of(601, 30) - 1, 30)
    assert isinstance(filled, PolarLink) and filled.info_bits == 600
    assert isinstance(rule.link(rule.uses_of(600, 30), 30), PolarLink)
    assert isinstance(rule.link(rule.uses_of(620, 30), 30), FecLink)


@pytest.mark.parametrize(
    ("rule", "efficiency", "params"),
    [
        ("short", 0.9, 9),
        ("short", 0.9, 39),
        ("short", 0.9, 50),
        ("long", 0.8, 14),
        ("long", 0.8, 37),
    ],
)
def test_long_messages_arrive_at_the_default_efficiency(rule, efficiency, params):
    """At the lowest SNR for which a rate is chosen. 1 % are lost, with a probability of 1e-4 more
    than 6 of 100; at the rates of short messages it is 8 % for one of these rates, 40 % and more for
    the others.
    """
    link = RULES[rule].link(RULES[rule].uses_of(4800, params), params)
    noise_var = 1 / (2 ** (RATES[params] / efficiency) - 1)
    rng = np.random.default_rng(params)
    lost = 0
    for _ in range(100):
        bits = rng.integers(0, 2, link.info_bits, dtype=np.uint8)
        noise = rng.standard_normal((link.uses, 2)) @ [1, 1j] * np.sqrt(noise_var / 2)
        decoded, crc_ok = link.decode(link.encode(bits) + noise, np.full(link.uses, noise_var))
        lost += not (crc_ok and np.array_equal(decoded, bits))
    assert lost <= 6


@pytest.mark.parametrize(
    ("snr_db", "efficiency", "margin_db"), [(0, 0.8, 0), (12, 0.95, 0), (6, 0.8, 2), (60, 1.0, 0)]
)
def test_params_are_the_highest_rate_within_the_wanted_one(snr_db, efficiency, margin_db):
    params = params_for(snr_db, efficiency, margin_db)
    wanted = efficiency * capacity_bits(snr_db - margin_db)
    assert RATES[params] <= wanted
    assert params == 63 or RATES[params + 1] > wanted


def test_below_the_lowest_rate_the_lowest_is_taken():
    assert params_for(-20, 0.5, 0) == 0
