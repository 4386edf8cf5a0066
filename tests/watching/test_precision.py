"""The estimated precision and its interval."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from watched import ROOT

from riskmodel import load_catalogue
from riskmodel.watching.lists import Drawn
from riskmodel.watching.precision import (
    PRIOR,
    YEAR,
    Matured,
    Shift,
    estimated,
    mature,
    matured_dates,
    pooled,
    untrue,
)

OUTCOME = load_catalogue(ROOT / "features").outcome("need")


def drawn(risk: np.ndarray, *, as_of: date) -> Drawn:
    """A list of households with these risks, ten to a village."""
    rows = pd.DataFrame(
        {
            "household_id": [f"H{number}" for number in range(len(risk))],
            "village_code": [f"V{number // 10}" for number in range(len(risk))],
            "risk": risk,
        }
    )
    return Drawn(as_of=as_of, rows=rows, flagged=np.ones(len(risk), dtype=bool), eligible=len(risk))


def lists_of(shift: float, *, years: int, rng: np.random.Generator, taught: bool = False) -> list[Matured]:
    """Lists a year apart whose risks are off by ``shift`` on the log-odds scale."""
    found: list[Matured] = []
    for year in range(years):
        risk = rng.beta(3, 6, 400)
        outcome = (rng.random(400) < expit(logit(risk) + shift)).astype(float)
        one = drawn(risk, as_of=date(2015 + year, 1, 1))
        found.append(mature(one, outcome, taught=taught, earlier=found, outcome_spec=OUTCOME))
    return found


def test_outcomes_are_taken_when_they_are_known_and_not_a_day_sooner():
    dates = matured_dates(date(2025, 1, 1), OUTCOME, first=date(2023, 1, 1))
    assert dates == [date(2023, 1, 1), date(2023, 4, 1), date(2023, 7, 1), date(2023, 10, 1)][: len(dates)]
    # 2023-10-01 + 12 months + 90 days is 2024-12-30; a month later it would not be known yet.
    assert dates[-1] == date(2023, 10, 1)
    assert matured_dates(date(2024, 12, 29), OUTCOME, first=date(2023, 1, 1))[-1] < date(2023, 10, 1)


def test_lists_that_came_true_more_often_set_the_estimate_right():
    rng = np.random.default_rng(1)
    shift = pooled(lists_of(0.8, years=6, rng=rng))
    assert 0.5 < shift.mean < 0.9
    assert shift.error < np.hypot(PRIOR, YEAR)
    assert estimated(np.full(100, 0.3), shift).value > 0.4


def test_lists_that_taught_the_model_say_nothing():
    rng = np.random.default_rng(1)
    assert pooled(lists_of(0.8, years=6, rng=rng, taught=True)) == pooled([])
    assert untrue(lists_of(3.0, years=6, rng=rng, taught=True)) == []


def test_risks_far_off_need_a_person_and_risks_a_little_off_do_not():
    rng = np.random.default_rng(2)
    assert [one.kind for one in untrue(lists_of(1.5, years=3, rng=rng))] == ["risks_untrue"]
    assert untrue(lists_of(0.2, years=3, rng=rng)) == []


@pytest.mark.parametrize("households", [50, 400])
def test_the_interval_covers_what_comes(households):
    """Years differ, models are off, villages share their luck: nine in ten are covered all the same."""
    rng = np.random.default_rng(households)
    covered = []
    for _ in range(300):
        risk = rng.beta(3, 6, households)
        villages = np.repeat(rng.normal(0, 0.3, households // 10), 10)
        off = rng.normal(0, np.hypot(PRIOR, YEAR))
        outcome = rng.random(households) < expit(logit(risk) + off + villages)
        found = estimated(risk, Shift(mean=0.0, error=float(np.hypot(PRIOR, YEAR)), months=0))
        covered.append(found.low <= outcome.mean() <= found.high)
    assert 0.85 <= np.mean(covered) <= 0.97


def test_nothing_is_said_of_a_list_of_which_nothing_is_known():
    one = drawn(np.full(20, 0.2), as_of=date(2020, 1, 1))
    assert mature(one, np.full(20, np.nan), taught=False, earlier=[], outcome_spec=OUTCOME) is None
