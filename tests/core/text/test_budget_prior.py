# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both ends of the spinal code must agree on: symbol budget, source alphabet,
constellation.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.text.language_model import (
    END_AFTER_SENTENCE,
    END_ELSEWHERE,
    RAW_BYTE,
    RULE_SHARE,
    TextPrior,
)
from semcom_core.text.spinal.rate import (
    GRID,
    Budget,
    rate_index,
    surprisal_units,
    symbols_per_bit,
)
from semcom_core.text.spinal.rate import RATE_INDICES as RATES
from semcom_core.text.spinal.symbols import AXIS_LEVELS, LEVELS
from semcom_core.text.spinal.symbols import information_density as evidence
from semcom_core.units import capacity_bits, complex_noise
from tests.core.text.toy_model import DROPPED, ToyModel


@pytest.fixture(scope="module")
def prior() -> TextPrior:
    return TextPrior(ToyModel())


@pytest.mark.parametrize(
    ("steps", "units"), [(0.0, 0), (0.49, 0), (0.51, 1), (1.0, 1), (1.49, 1), (1.51, 2), (64.0, 64)]
)
def test_surprisal_is_rounded_to_the_nearest_step_of_the_grid(steps, units):
    assert surprisal_units(-steps * GRID) == units and isinstance(
        surprisal_units(-steps * GRID), int
    )


@pytest.mark.parametrize("index", [0, 1, 17, 40, RATES - 1])
def test_positions_are_integers_that_never_fall_and_follow_alpha(index):
    budget, units = Budget(index, 0.25, 12.0), np.arange(0, 8000, dtype=np.int64)
    positions = budget.position(units)
    assert positions.dtype == np.int64 and positions[0] == 0
    assert (np.diff(positions) >= 0).all()
    # Rounded up to a whole symbol; the rate's 16-bit fixed point is off by at most 2^-17 symbols a
    # unit, 0.07 over 8000 units.
    exact = symbols_per_bit(index) * GRID * units
    assert (positions >= exact - 0.07).all() and (positions < exact + 1.07).all()
    assert budget.position(7999) == positions[-1] and isinstance(budget.position(7999), int)


def test_delta_and_tail_are_in_the_budgets_units():
    budget = Budget(rate_index(2.0), 2 * GRID, 40 * GRID)
    assert budget.delta_units == 2
    assert (
        budget.tail
        == budget.position(40)
        == math.ceil(40 * GRID * symbols_per_bit(budget.index) - 1e-3)
    )


@pytest.mark.parametrize("round", [0, 1, 3])
@pytest.mark.parametrize("share", [0.0, 0.0001, 0.2, 0.5, 0.77, 0.999, 1.0])
def test_rate_index_is_the_nearest(share, round):
    low, high = symbols_per_bit(0, round), symbols_per_bit(RATES - 1, round)
    alpha = low ** (1 - share) * high**share
    off = [abs(math.log(symbols_per_bit(index, round) / alpha)) for index in range(RATES)]
    assert off[rate_index(alpha, round)] == pytest.approx(min(off), abs=1e-9)


def test_rate_index_at_its_boundaries():
    assert [rate_index(symbols_per_bit(index)) for index in range(RATES)] == list(range(RATES))
    assert rate_index(symbols_per_bit(0) / 2) == 0
    assert rate_index(symbols_per_bit(RATES - 1) * 1.001) == rate_index(1e9) == RATES - 1
    steps = [symbols_per_bit(index + 1) / symbols_per_bit(index) for index in range(RATES - 1)]
    assert steps == pytest.approx([steps[0]] * len(steps)) and 1 < steps[0] < 1.1


@pytest.mark.parametrize(
    "values",
    [
        (-1, 0, 0),
        (RATES, 0, 0),
        (0, -0.1, 0),
        (0, 4.1, 0),
        (0, 0, -1),
        (0, 0, 64.5),
        (0, math.nan, 0),
    ],
)
def test_budgets_out_of_range_are_refused(values):
    with pytest.raises(ConfigError, match="; allowed is"):
        Budget(*values)


def rows(prior, symbols):
    return np.stack(
        [
            prior.apply(row, before)
            for row, before in zip(prior.model.log2_probs(symbols), [None, *symbols])
        ]
    )


def test_prior_is_a_distribution(prior):
    symbols = prior.tokenize("the report. ok")
    log2 = rows(prior, symbols)
    assert log2.shape == (len(symbols) + 1, prior.size) and log2.dtype == np.float32
    total = np.exp2(log2.astype(float)).sum(axis=1)
    special = np.exp2(prior.model.log2_probs(symbols)[:, 256].astype(float))
    raw = 256 * 2.0**RAW_BYTE
    # What is left out is the special token; the raw bytes come on top with 256 * 2^-28. Float32
    # adds 1e-6.
    assert raw < 1e-5 and (total <= 1 + raw + 1e-6).all()
    assert total == pytest.approx(
        1 - special * (1 - np.exp2(log2[:, prior.end].astype(float))) + raw, abs=2e-6
    )


def test_special_tokens_are_impossible_and_raw_bytes_rare(prior):
    log2 = rows(prior, [97, 98])
    assert np.isneginf(log2[:, list(prior.model.special_tokens)]).all()
    assert (log2[:, prior.end + 1 :] == RAW_BYTE).all() and log2[:, prior.end + 1 :].shape[1] == 256
    assert np.isfinite(np.delete(log2, prior.model.special_tokens, axis=1)).all()


def end_after(prior, symbol) -> float:
    """Log2-probability that a message ends after a symbol."""
    return prior.apply(prior.model.log2_probs([])[0], symbol)[prior.end]


@pytest.mark.parametrize("last", ".?!\"')\n ")
def test_the_end_is_likely_after_what_ends_a_sentence(prior, last):
    assert end_after(prior, ord(last)) == (END_AFTER_SENTENCE if last in ".?!" else END_ELSEWHERE)


def test_the_end_is_unlikely_at_the_start_and_after_a_raw_byte(prior):
    assert end_after(prior, None) == end_after(prior, prior.end + 1 + ord(".")) == END_ELSEWHERE
    assert END_ELSEWHERE < END_AFTER_SENTENCE < 0


def test_closing_marks_after_the_stop_still_end_a_sentence():
    class Words(ToyModel):
        def detokenize(self, tokens):
            return "".join({0: 'end."', 1: "end,", 2: "।\n"}.get(t, "x") for t in tokens)

    assert [end_after(TextPrior(Words()), symbol) for symbol in range(3)] == [
        END_AFTER_SENTENCE,
        END_ELSEWHERE,
        END_AFTER_SENTENCE,
    ]


@pytest.mark.parametrize("known", [0.0, 0.3, 1.0])
def test_a_model_that_has_learned_its_ends_is_believed(known):
    class Learned(ToyModel):
        end_token = 256

    prior = TextPrior(Learned())
    row = np.full(257, np.log2((1 - known) / 256 + 1e-30), np.float32)
    row[256] = np.log2(known + 1e-30)
    found = 2.0 ** prior.apply(row, ord("x")).astype(float)
    assert found[prior.end] == pytest.approx(
        (1 - RULE_SHARE) * known + RULE_SHARE * 2.0**END_ELSEWHERE, rel=1e-4
    )
    if known < 1:
        assert found[:257].sum() + found[prior.end] == pytest.approx(1, abs=1e-3)


def test_text_the_tokenizer_can_write_has_no_raw_bytes(prior):
    assert prior.tokenize("Grüße 😀\x00") == list("Grüße 😀\x00".encode())


def test_what_the_tokenizer_drops_becomes_raw_bytes(prior):
    text = f"a{DROPPED[0]}é{DROPPED}."
    symbols = prior.tokenize(text)
    raw = [symbol - prior.end - 1 for symbol in symbols if symbol > prior.end]
    assert bytes(raw).decode() == DROPPED[0] + DROPPED
    assert prior.text_of(symbols) == text


def test_raw_bytes_join_over_their_neighbours_and_bad_ones_are_marked(prior):
    euro = [prior.end + 1 + byte for byte in "€".encode()]
    assert prior.text_of([97, *euro, 98]) == "a€b"
    assert prior.text_of([97, *euro[:2], 98]) == "a\ufffdb"
    assert prior.text_of([]) == ""


def test_the_model_hears_of_a_raw_byte_as_of_a_special_token(prior):
    assert prior.model_token(97) == 97
    assert prior.model_token(prior.end + 1) == 256


def test_constellation_is_symmetric_with_unit_power():
    assert LEVELS.shape == (AXIS_LEVELS,) and (np.diff(LEVELS) > 0).all()
    assert LEVELS == pytest.approx(-LEVELS[::-1], abs=1e-6)
    assert 2 * np.mean(LEVELS.astype(float) ** 2) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("noise", [1e-3, 0.1, 1.0, 30.0])
def test_evidence_averages_to_one_over_the_levels(noise):
    symbols = complex_noise(50, 1 + noise, np.random.default_rng(4))
    bits = evidence(symbols, np.full(50, noise))
    assert bits.shape == (50, 2, AXIS_LEVELS) and bits.dtype == np.float32
    assert np.exp2(bits.astype(float)).mean(axis=2) == pytest.approx(1, abs=1e-5)


def test_erased_symbols_have_no_evidence_and_noise_free_ones_all_of_it():
    symbols = (LEVELS[[5, 40, 63]] + 1j * LEVELS[[6, 0, 31]]).astype(np.complex64)
    symbols[1] = 0
    bits = evidence(symbols, np.array([0.0, np.inf, 0.0]))
    assert (bits[1] == 0).all() and not np.isnan(bits).any()
    assert bits[[0, 2]].argmax(axis=2).tolist() == [[5, 6], [63, 31]]
    assert bits[[0, 2]].max(axis=2) == pytest.approx(6)


def mutual_information(snr_db: float) -> float:
    """Expected evidence for the level sent, bits a symbol, by Gauss-Hermite quadrature over the
    noise.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    noise = 10 ** (-snr_db / 10)
    axis = (LEVELS[:, None] + np.sqrt(noise / 2) * nodes).ravel()
    bits = evidence(axis.astype(complex), np.full(axis.size, noise))[:, 0].reshape(
        AXIS_LEVELS, nodes.size, AXIS_LEVELS
    )
    sent = bits[np.arange(AXIS_LEVELS), :, np.arange(AXIS_LEVELS)]
    return 2 * float(np.mean(sent @ (weights / weights.sum())))


# 64 levels of a density cut at two standard deviations lose 0.2, 0.7 and 1.0 % here; the quadrature
# is exact to 1e-6.
@pytest.mark.parametrize("snr_db", [0.0, 6.0, 12.0])
def test_mutual_information_is_within_one_and_a_half_percent_of_capacity(snr_db):
    assert 0.985 * capacity_bits(snr_db) <= mutual_information(snr_db) <= capacity_bits(snr_db)
