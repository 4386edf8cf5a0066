"""Signs against a truth: silent where risks come true, however coarse, and loud where they are another's."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from riskmodel.evaluation.backtest import Predictions
from riskmodel.evaluation.baselines import Scorer
from riskmodel.evaluation.doubt import doubts, expected_auc, share_is_off
from riskmodel.evaluation.regret import ORACLE, RegretTable, regret_tables

N = 6000
MODEL = Scorer(name="model", zh="模型", en="model", means_zh="", means_en="", probabilities=True, fit=lambda *_: None)


def judge(y, risk, said, *, replays: int | None) -> tuple[RegretTable, list[str]]:
    """Hold a scorer against risks over two origins; give the pooled table and the signs."""
    stratum = np.arange(len(y)) % 2
    asked = Predictions(
        rows=np.arange(len(y)),
        stratum=stratum,
        fold=np.zeros(len(y), dtype=int),
        outcome=np.asarray(y, dtype=float),
        scores={"model": said},
        origins=[date(2022, 1, 1), date(2023, 1, 1)],
        trained_on=[(1, 1)] * 2,
    )
    noise = None if replays in (None, 1) else risk * (1 - risk) / (replays - 1)
    how = {"clusters": np.arange(len(y)) // 40, "capacities": [0.05], "rule": None, "draws": 200, "level": 0.95}
    tables = regret_tables(asked, risk=risk, noise=noise, scorers=[MODEL], seed=1, **how)
    found = doubts(
        tables, mode="out_of_time", outcome=asked.outcome, risk=risk, noise=noise, stratum=stratum, replays=replays
    )
    return tables[-1], [doubt.sign for doubt in found]


def county(seed: int):
    """True probabilities, outcomes, and a good model's word."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.3, 5, N)
    y = rng.random(N) < p
    odds = np.log((p + 1e-9) / (1 - p)) + rng.normal(0, 0.5, N)
    return rng, p, y, 1 / (1 + np.exp(-odds))


@pytest.mark.parametrize("replays", [1, 2, 5, 20, 100])
@pytest.mark.parametrize("seed", range(4))
def test_risks_told_by_few_lives_are_a_coarse_order_and_still_true(seed, replays):
    rng, p, y, said = county(seed)
    table, signs = judge(y, rng.binomial(replays, p) / replays, said, replays=replays)
    if replays <= 5:
        # A good model honestly ranks better than so few lives do: this alone is no sign.
        assert table.regrets["model"]["auc"].high < 0
    assert signs == []


@pytest.mark.parametrize("replays", [5, 20, 100])
@pytest.mark.parametrize("seed", range(4))
def test_a_neighbours_risks_are_no_truth(seed, replays):
    rng, p, y, said = county(seed)
    risk = np.roll(rng.binomial(replays, p) / replays, 1)
    assert judge(y, risk, said, replays=replays)[1] == ["auc", "brier"]


def test_risks_that_say_nothing_of_their_lives_are_asked_as_they_stand():
    _, p, y, said = county(1)
    assert judge(y, np.roll(p, 1), said, replays=None)[1] == ["auc", "brier"]
    assert judge(y, p, said, replays=None)[1] == []


def test_another_outcomes_risks_are_found_out_by_how_many_it_happened_to():
    """A line twice as high: the order is as good as ever."""
    _, p, y, said = county(2)
    table, signs = judge(y, np.minimum(2 * p, 1), said, replays=100)
    assert table.regrets["model"]["auc"].low > 0
    assert "auc" not in signs
    assert "share" in signs


@pytest.mark.parametrize("factor", [0.82, 1.18])
def test_a_year_of_its_own_is_no_sign(factor):
    """As far off as single years of simulated counties were; the model foresaw it."""
    rng, p, _, _ = county(3)
    y = rng.random(N) < p * factor
    assert judge(y, rng.binomial(100, p) / 100, p * factor, replays=100)[1] == []


def test_shares_far_off_on_either_side():
    risk = np.full(10_000, 0.05)
    limit = int(0.25 * 500 + 6 * np.sqrt(10_000 * 0.05 * 0.95))
    for many, off in ((500 + limit, False), (501 + limit, True), (500 - limit, False), (499 - limit, True)):
        assert share_is_off(np.arange(10_000) < many, risk) is off


@pytest.mark.parametrize("replays", [3, 20, None])
def test_the_auc_expected_is_the_auc_that_comes(replays):
    rng = np.random.default_rng(5)
    p = rng.beta(0.5, 4, 40_000)
    risk = p if replays is None else rng.binomial(replays, p) / replays
    noise = np.zeros(len(p)) if replays is None else risk * (1 - risk) / (replays - 1)
    stratum = np.zeros(len(p), dtype=int)
    table, _ = judge(rng.random(len(p)) < p, risk, p, replays=replays)
    assert abs(expected_auc(risk, noise=noise, stratum=stratum) - table.estimates[ORACLE]["auc"].value) < 0.015
    assert np.isnan(expected_auc(np.zeros(3), noise=np.zeros(3), stratum=np.zeros(3)))


def test_without_a_date_that_has_a_truth_there_is_nothing_to_doubt():
    nothing = np.full(3, np.nan)
    asked = {"outcome": np.zeros(3), "risk": nothing, "noise": None, "stratum": np.zeros(3, dtype=int)}
    assert doubts([], mode="out_of_time", replays=4, **asked) == ()
