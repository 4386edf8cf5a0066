"""Drift is seen where it is, and not where it is not."""

from __future__ import annotations

import json
import math
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.evaluation import run_experiment
from riskmodel.evaluation.bootstrap import ClusterDraws, Estimate
from riskmodel.evaluation.drift import DriftRule, feature_movers, measure_calibration
from riskmodel.evaluation.reference import LEAST_HOUSEHOLDS, FeatureReference, psi, reference_of

RULE = DriftRule()


def _column(rng, kind, n):
    values = {
        "amount": rng.lognormal(9, 1, n),
        "count": rng.poisson(1.2, n).astype(float),
        "flag": (rng.random(n) < 0.03).astype(float),
        "constant": np.ones(n),
        "gone": np.full(n, np.nan),
    }[kind].copy()
    values[rng.random(n) < 0.1] = np.nan
    return values


def test_a_handful_of_villages_gives_a_wider_interval_than_plain_percentiles():
    rng = np.random.default_rng(3)
    villages = np.repeat(np.arange(6), 200)
    risk = np.full(1200, 0.2)
    y = (rng.random(1200) < np.repeat([0.1, 0.15, 0.2, 0.25, 0.3, 0.2], 200)).astype(float)
    found = measure_calibration(risk, y, clusters=villages, draws=400, seed=1, rule=RULE).ratio
    (weights,) = ClusterDraws.of(6, draws=400, seed=1).weights(villages)
    low, high = np.percentile((weights @ y) / (weights @ risk), [2.5, 97.5])
    assert found.low < low
    assert found.high > high


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 9999),
    n=st.integers(1, 300),
    kind=st.sampled_from(["amount", "count", "flag", "constant", "gone"]),
)
def test_the_same_rows_have_an_index_of_zero_in_any_order(seed, n, kind):
    rng = np.random.default_rng(seed)
    values = _column(rng, kind, n)
    (reference,) = reference_of(pd.DataFrame({"x": values}), households=np.arange(n))
    assert psi(reference, rng.permutation(values)) == pytest.approx(0.0, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 9999),
    n=st.integers(1, 300),
    kind=st.sampled_from(["amount", "count", "flag", "constant", "gone"]),
)
def test_no_bin_that_is_kept_speaks_of_fewer_than_five_households(seed, n, kind):
    rng = np.random.default_rng(seed)
    values, households = _column(rng, kind, n), rng.integers(0, max(1, n // 3), n)
    (reference,) = reference_of(pd.DataFrame({"x": values}), households=households)
    total = np.unique(households).size
    gone = np.isnan(values)
    if reference.missing:
        assert np.unique(households[gone]).size >= LEAST_HOUSEHOLDS
    edges = np.asarray(reference.edges)
    bins = np.searchsorted(edges + 0.005 * np.abs(edges), values[~gone], side="left")
    for number in range(len(reference.shares)):
        held = np.unique(households[~gone][bins == number]).size
        assert held >= min(LEAST_HOUSEHOLDS, total) or len(reference.shares) == 1
    assert sum(reference.shares) + (reference.missing or 0.0) == pytest.approx(1.0)


def test_a_year_with_a_leap_day_is_no_shift():
    month = 365.25 / 12
    months = np.repeat([0.0, 3.0, 6.5, 365 / month, 730 / month], [40, 30, 30, 60, 40]) + np.linspace(0, 1e-3, 200)
    (reference,) = reference_of(pd.DataFrame({"x": months}), households=np.arange(200))
    leap = np.where(months > 11, months * 366 / 365, months)
    assert psi(reference, leap) == pytest.approx(0.0, abs=1e-12)
    assert psi(reference, months * 1.1) > 0.25, "a real shift is still seen"


def test_a_reference_is_read_back_as_it_was_written():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({kind: _column(rng, kind, 200) for kind in ("amount", "flag", "gone")})
    before = reference_of(frame, households=np.arange(200))
    after = [FeatureReference.from_dict(json.loads(json.dumps(one.to_dict()))) for one in before]
    for name, one, other in zip(frame, before, after, strict=True):
        assert psi(one, frame[name].to_numpy()[::2]) == psi(other, frame[name].to_numpy()[::2])
        assert (one.mean == other.mean) or (math.isnan(one.mean) and math.isnan(other.mean))


def test_the_feature_that_moved_comes_first_and_one_that_went_missing_counts():
    rng = np.random.default_rng(2)
    then = pd.DataFrame({"still": rng.normal(size=2000), "moved": rng.normal(size=2000), "lost": rng.normal(size=2000)})
    now = pd.DataFrame({"still": rng.normal(size=2000), "moved": rng.normal(size=2000) + 1, "lost": np.nan})
    movers = feature_movers(
        reference_of(then, households=np.arange(2000)), now, words={"moved": ("移动了", "it moved")}
    )
    assert [mover.name for mover in movers] == ["lost", "moved", "still"]
    assert (movers[1].zh, movers[1].en) == ("移动了", "it moved")
    assert movers[1].index > 0.25
    assert movers[2].index < 0.05
    assert movers[1].mean_now - movers[1].mean_before == pytest.approx(1.0, abs=0.1)


def _county(factor, *, seed, n=4000):
    rng = np.random.default_rng(seed)
    risk = rng.beta(1, 12, n)
    outcome = (rng.random(n) < np.clip(risk * factor, 0, 1)).astype(float)
    return measure_calibration(risk, outcome, clusters=rng.integers(0, 60, n), draws=300, seed=seed, rule=RULE)


@pytest.mark.parametrize(("factor", "drifted"), [(1.0, False), (1.7, True), (0.5, True), (1.1, False)])
def test_drift_is_a_ratio_far_from_one_with_an_interval_that_excludes_it(factor, drifted):
    found = _county(factor, seed=4)
    assert found.drifted is drifted
    assert found.ratio.value == pytest.approx(factor, abs=0.15)
    assert found.ratio.low < found.ratio.value < found.ratio.high
    assert found.found / found.expected == found.ratio.value


def test_true_risks_are_rarely_called_drifted():
    assert sum(_county(1.0, seed=seed, n=800).drifted for seed in range(40)) <= 4


@pytest.mark.parametrize(
    ("value", "low", "high", "drifted"),
    [(1.3, 1.01, 1.6, True), (1.3, 0.99, 1.6, False), (1.2, 1.1, 1.3, False), (0.0, 0.0, 0.0, True)],
)
def test_the_rule_asks_for_both(value, low, high, drifted):
    assert RULE.drifted(Estimate(value=value, low=low, high=high)) is drifted


def test_nothing_found_and_nothing_expected_is_not_drift():
    assert not RULE.drifted(Estimate(value=math.nan, low=math.nan, high=math.nan))


@pytest.fixture(scope="module")
def at_origins(trained, county, workspace, tmp_path_factory):
    """The same county twice: as it was, and with wages that fall after the first test origin."""
    folder = tmp_path_factory.mktemp("drift")
    fallen = county.write_county(folder / "fallen", falls_on=date(2022, 1, 1), to=0.75)
    call = {"registry": fallen, "models": folder / "models", "out": folder / "out", "tracker": None}
    return {"as it was": trained, "fallen": run_experiment(workspace / "small.yaml", **call)}


def test_training_sees_the_drift_and_the_card_report_and_bundle_say_so(at_origins):
    calm, fallen = at_origins["as it was"], at_origins["fallen"]
    assert calm.evaluation.drift.seen == []
    seen = fallen.evaluation.drift.seen
    assert seen[0].origin == date(2022, 1, 1)
    assert seen[0].calibration.found > 1.25 * seen[0].calibration.expected
    for name, said in (("card.md", "Drift seen at"), ("card.html", "看到漂移："), ("evaluation.html", "Drift seen at")):
        assert said in (fallen.out / name).read_text(encoding="utf-8")
        assert said not in (calm.out / name).read_text(encoding="utf-8")
    told = json.loads((fallen.bundle / "metrics.json").read_text(encoding="utf-8"))
    assert "2022-01-01" in told["drift"]["seen"]
    assert [one["name"] for one in told["reference"]] == [f["name"] for f in fallen.evaluation.features]


def test_features_that_moved_are_named_at_the_origins_after_the_fall(at_origins):
    before, after = (at_origins["fallen"].evaluation.drift.origins[at] for at in (0, -1))
    assert after.movers[0].name.startswith(("income_pc", "line_gap"))
    assert after.movers[0].index > 5 * before.movers[0].index
    assert after.movers[0].mean_now < after.movers[0].mean_before
