"""Labels shuffled within each date: chance for an honest pipeline, and not for one that has seen the answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import DataError
from riskmodel.features import Catalogue
from riskmodel.testing import shuffled_labels
from riskmodel.training import TrainingSet

HOUSEHOLDS, DATES = 300, [date(2022, 1, 1), date(2023, 1, 1)]


def made(seed: int) -> TrainingSet:
    """Households in villages of five at two dates; the outcome follows from the one feature, more often later."""
    rng = np.random.default_rng(seed)
    ids = np.tile([f"H{n:03d}" for n in range(HOUSEHOLDS)], len(DATES))
    x = rng.normal(size=len(ids))
    as_of = np.repeat(np.array(DATES, dtype=object), HOUSEHOLDS)
    y = (x + (as_of == DATES[1]) > np.quantile(x, 0.7)).astype(float)
    frame = pd.DataFrame({"household_id": ids, "as_of": as_of, "county_code": "c", "township_code": "t"})
    frame["village_code"] = [f"v{int(i[1:]) // 5}" for i in ids]
    X = pd.DataFrame({"x": x, "late": (as_of == DATES[1]).astype(float)})
    weights = pd.Series(1.0, index=frame.index)
    flow = pd.DataFrame({"as_of": DATES})
    return TrainingSet(frame, X, pd.Series(y), frame[[]], weights, Catalogue(), flow, {"weighting": "rows"})


def logistic(X: pd.DataFrame, y: pd.Series, asked: pd.DataFrame) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression().fit(X, y).predict_proba(asked)[:, 1]


def village_rate(rows: TrainingSet) -> pd.DataFrame:
    """An outcome rate a village from all rows, those to be tested among them."""
    return rows.y.groupby(rows.frame["village_code"]).transform("mean").to_frame("rate")


def test_an_honest_model_is_back_at_one_half() -> None:
    report = shuffled_labels(made(1))
    assert report.passed and report.repeats == 8
    assert str(report).endswith("as chance has it.")


def test_a_column_made_from_the_labels_of_all_rows_is_caught() -> None:
    report = shuffled_labels(made(1), derive=village_rate, fit=logistic)
    assert not report.passed and report.auc > 0.6
    with pytest.raises(AssertionError, match=r"AUC 0\.\d+, expected 0\.5 ± .* something tells the model"):
        report.require()


def test_the_stated_noise_is_the_noise_there_is() -> None:
    """Over 60 honest sets the distance from one half has the stated standard deviation, to within its own error."""
    reports = [shuffled_labels(made(seed), fit=logistic, repeats=2, seed=seed) for seed in range(60)]
    standardised = np.array([(report.auc - 0.5) / report.noise for report in reports])
    assert abs(standardised.mean()) < 3.3 / np.sqrt(60)
    assert 0.7 < standardised.std(ddof=1) < 1.3


def test_labels_are_shuffled_within_their_date() -> None:
    """A later date's rate is higher and stays so; that a score tells the date is no leak, and is not taken for one."""
    rows, rates = made(2), []

    def derive(shuffled: TrainingSet) -> pd.DataFrame:
        rates.extend(shuffled.y.groupby(shuffled.frame["as_of"]).mean())
        assert not shuffled.y.equals(rows.y)
        return shuffled.X[["late"]]

    assert shuffled_labels(rows, derive=derive, fit=logistic, repeats=2).auc == 0.5
    assert rates == [*rows.y.groupby(rows.frame["as_of"]).mean()] * 2
    assert rates[1] > rates[0] + 0.2


def test_one_class_is_refused() -> None:
    rows = made(1)
    with pytest.raises(DataError, match="one class only"):
        shuffled_labels(replace(rows, y=rows.y * 0))
