"""Regret by hand on a few rows, by the draws of the tables beside it, and noise taken out where the answer is known."""

from __future__ import annotations

import itertools
from datetime import date

import numpy as np
import pytest

from riskmodel.evaluation.backtest import Predictions
from riskmodel.evaluation.baselines import Scorer
from riskmodel.evaluation.compare import compare
from riskmodel.evaluation.regret import EDGES, ORACLE, regret_tables

DAYS = [date(2022, 1, 1), date(2023, 1, 1)]
HOW = {"capacities": [0.25], "rule": None, "draws": 80, "level": 0.95, "seed": 3}


def scorer(name: str, *, probabilities: bool = True) -> Scorer:
    def never(*_):
        raise AssertionError("regret asks nobody anew")

    return Scorer(name=name, zh=name, en=name, means_zh="", means_en="", probabilities=probabilities, fit=never)


def asked(outcome, *, stratum=None, origins=(DAYS[0],), **scores) -> Predictions:
    n = len(outcome)
    return Predictions(
        rows=np.arange(n),
        stratum=np.zeros(n, dtype=int) if stratum is None else stratum,
        fold=np.zeros(n, dtype=int),
        outcome=np.asarray(outcome, dtype=float),
        scores={name: np.asarray(values, dtype=float) for name, values in scores.items()},
        origins=list(origins),
        trained_on=[(100, 10)] * len(origins),
    )


def values(by_measure):
    return {measure: estimate.value for measure, estimate in by_measure.items()}


def test_four_households_by_hand():
    """Outcome 1, 0, 1, 0; the oracle's order is perfect, the model puts the second household first; 11 replays."""
    risk = np.array([0.8, 0.4, 0.6, 0.2])
    predictions = asked([1, 0, 1, 0], model=[0.3, 0.6, 0.5, 0.1], rule=[0, 1, 0, 0])
    (table,) = regret_tables(
        predictions,
        risk=risk,
        noise=risk * (1 - risk) / 10,
        scorers=[scorer("model"), scorer("rule", probabilities=False)],
        clusters=np.arange(4),
        **HOW,
    )
    assert (table.name, table.rows, table.positives) == ("2022-01-01", 4, 2)
    assert values(table.estimates[ORACLE]) == pytest.approx(
        # 0.1 as it stands, of which 0.02 is the replays' noise.
        {"auc": 1, "average_precision": 1, "brier": 0.08, "recall_at_25pct": 0.5, "precision_at_25pct": 1}
    )
    # Pairs won: 2 of 4. Steps: 1/2 and 2/3. Brier (0.49 + 0.36 + 0.25 + 0.01) / 4.
    assert values(table.estimates["model"])["brier"] == pytest.approx(0.2775)
    assert values(table.regrets["model"]) == pytest.approx(
        {
            "auc": 0.5,
            "average_precision": 1 - (1 / 2 + 2 / 3) / 2,
            "brier": 0.2775 - 0.08,
            "recall_at_25pct": 0.5,
            "precision_at_25pct": 1,
        }
    )
    # The rule flags the second alone: of four pairs it loses two and ties two.
    assert values(table.regrets["rule"])["auc"] == pytest.approx(1 - 1 / 4)
    assert "brier" not in table.regrets["rule"]
    assert set(table.distances) == {"model"}
    assert values(table.distances["model"]) == pytest.approx(
        {
            "truth_gap": 0.375 - 0.5,
            "truth_squared_error": (0.25 + 0.04 + 0.01 + 0.01) / 4 - 0.02,
            "truth_correlation": 0.05 / np.sqrt(0.1475 * (0.2 - 0.08)),
            "truth_slope": 0.05 / 0.1475,
        }
    )
    assert [(b.low, b.high, b.rows, b.share.value) for b in table.bands] == [
        (0.2, 0.4, 1, 0.0),
        (0.4, 1.0, 3, pytest.approx(2 / 3)),
        (0.0, 1.0, 4, 0.5),
    ]
    assert table.bands[1].said["model"] == pytest.approx((0.3 + 0.6 + 0.5) / 3)


@pytest.fixture(scope="module")
def two_origins():
    rng = np.random.default_rng(5)
    n = 1200
    stratum = np.repeat([0, 1], n // 2)
    risk = rng.beta(0.5, 4, n)
    outcome = rng.random(n) < risk
    model = np.clip(risk + rng.normal(0, 0.08, n), 0, 1)
    number = risk + rng.normal(0, 0.3, n)
    predictions = asked(outcome, stratum=stratum, origins=DAYS, model=model, one_number=number, oracles_twin=risk)
    everyone = [scorer("model"), scorer("one_number", probabilities=False), scorer("oracles_twin")]
    return predictions, risk, everyone, rng.integers(0, 40, n)


def test_the_draws_are_those_of_the_tables_beside_it(two_origins):
    predictions, risk, everyone, clusters = two_origins
    beside = compare(predictions, scorers=everyone, clusters=clusters, **HOW)
    tables = regret_tables(predictions, risk=risk, noise=None, scorers=everyone, clusters=clusters, **HOW)
    assert [t.name for t in tables] == ["2022-01-01", "2023-01-01", "pooled"]
    for table, other in zip(tables, beside, strict=True):
        for name in ("model", "one_number"):
            for measure, estimate in table.estimates[name].items():
                assert estimate == other.estimates[name][measure]
    again = regret_tables(predictions, risk=risk, noise=None, scorers=everyone, clusters=clusters, **HOW)
    assert [t.to_dict() for t in again] == [t.to_dict() for t in tables]


def test_who_says_the_true_risk_has_no_regret_in_any_draw_and_others_have(two_origins):
    predictions, risk, everyone, clusters = two_origins
    tables = regret_tables(predictions, risk=risk, noise=None, scorers=everyone, clusters=clusters, **HOW)
    for table in tables:
        for estimate in (
            *table.regrets["oracles_twin"].values(),
            table.distances["oracles_twin"]["truth_squared_error"],
        ):
            assert (estimate.value, estimate.low, estimate.high) == pytest.approx((0, 0, 0), abs=1e-12)
        assert table.regrets["one_number"]["auc"].low > 0
    pooled = tables[-1]
    assert pooled.rows == sum(t.rows for t in tables[:-1])
    assert pooled.regrets["model"]["brier"].low > 0
    # Pairs count within an origin only, so the pooled AUC lies between the origins'.
    ends = sorted(t.estimates[ORACLE]["auc"].value for t in tables[:-1])
    assert ends[0] <= pooled.estimates[ORACLE]["auc"].value <= ends[1]


def test_origins_without_truth_are_left_out_and_change_nothing_elsewhere(two_origins):
    predictions, risk, everyone, clusters = two_origins
    half = np.where(predictions.stratum == 0, risk, np.nan)
    whole = regret_tables(predictions, risk=risk, noise=None, scorers=everyone, clusters=clusters, **HOW)
    (only,) = regret_tables(predictions, risk=half, noise=None, scorers=everyone, clusters=clusters, **HOW)
    assert only.to_dict() == whole[0].to_dict()
    nothing = np.full(len(risk), np.nan)
    assert regret_tables(predictions, risk=nothing, noise=None, scorers=everyone, clusters=clusters, **HOW) == []


def test_bands_hold_every_row_once_and_an_edge_belongs_above(two_origins):
    predictions, risk, everyone, clusters = two_origins
    on_edges = risk.copy()
    on_edges[: len(EDGES)] = EDGES
    table = regret_tables(predictions, risk=on_edges, noise=None, scorers=everyone, clusters=clusters, **HOW)[-1]
    assert sum(b.rows for b in table.bands[:-1]) == table.bands[-1].rows == len(risk)
    expected = [
        int(((on_edges >= low) & ((on_edges < high) | (high == 1))).sum()) for low, high in itertools.pairwise(EDGES)
    ]
    assert [b.rows for b in table.bands[:-1]] == expected
    assert table.bands[-1].share.value == pytest.approx(predictions.outcome.mean())


@pytest.mark.parametrize("replays", [2, 10])
def test_the_noise_of_replays_is_taken_out(replays):
    """With the truth itself at hand: corrected figures lie within chance of it, uncorrected ones far from it."""
    rng = np.random.default_rng(11)
    n = 60_000
    truth = rng.beta(0.4, 3, n)
    said = 0.6 * truth + 0.08
    risk = rng.binomial(replays, truth) / replays
    predictions = asked(rng.random(n) < truth, model=said)
    noise = risk * (1 - risk) / (replays - 1)
    how = {"scorers": [scorer("model")], "clusters": np.arange(n) % 200, **HOW}
    (clean,) = regret_tables(predictions, risk=risk, noise=noise, **how)
    (noisy,) = regret_tables(predictions, risk=risk, noise=None, **how)
    wanted = {
        "truth_gap": np.mean(said - truth),
        "truth_squared_error": np.mean((said - truth) ** 2),
        "truth_correlation": 1.0,
        "truth_slope": 1 / 0.6,
    }
    for measure, value in wanted.items():
        found = clean.distances["model"][measure]
        assert abs(found.value - value) < 4 * found.standard_error, measure
    for measure in ("truth_squared_error", "truth_correlation"):
        found = noisy.distances["model"][measure]
        assert abs(found.value - wanted[measure]) > 8 * found.standard_error, measure
    best = clean.estimates[ORACLE]["brier"]
    assert abs(best.value - np.mean(truth * (1 - truth))) < 4 * best.standard_error
    regret = clean.regrets["model"]["brier"]
    assert abs(regret.value - wanted["truth_squared_error"]) < 4 * regret.standard_error
    assert noisy.regrets["model"]["brier"].value < regret.value - 8 * regret.standard_error
