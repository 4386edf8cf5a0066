"""Contributions are what they claim to be: the exact terms of the curves plus LightGBM's own, summing to the margin."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from riskmodel.errors import DataError
from riskmodel.explain import booster_residual, require_small, sum_residual


@pytest.fixture(scope="module")
def rows(scored_county):
    return scored_county.features()[scored_county.bundle.names]


def test_they_are_lightgbms_own_plus_the_curves(scored_county, rows):
    classifier = scored_county.bundle.classifier
    trees = lightgbm.Booster(model_str=(scored_county.bundle.folder / "booster.txt").read_text())
    own = trees.predict(rows.to_numpy(), pred_contrib=True)
    curves = classifier.linear_.terms(rows.to_numpy())
    assert np.abs(own[:, :-1]).max() > 0.01
    assert np.abs(curves).max() > 0.01
    assert classifier.contributions(rows) == pytest.approx(own[:, :-1] + curves, abs=1e-9)
    assert booster_residual(classifier, rows) <= 1e-9


def test_base_value_and_contributions_are_the_margin(scored_county, rows):
    classifier = scored_county.bundle.classifier
    contributions = classifier.contributions(rows)
    margin = classifier.decision_function(rows)
    assert classifier.base_value_ + contributions.sum(axis=1) == pytest.approx(margin, abs=1e-9)
    assert sum_residual(contributions, base_value=classifier.base_value_, margin=margin) <= 1e-9


def test_a_contribution_that_strays_is_measured(scored_county, rows):
    classifier = scored_county.bundle.classifier
    contributions = classifier.contributions(rows)
    contributions[7, 3] += 0.25
    margin = classifier.decision_function(rows)
    assert sum_residual(contributions, base_value=classifier.base_value_, margin=margin) == pytest.approx(0.25)


def test_no_rows_have_no_residual(scored_county, rows):
    classifier = scored_county.bundle.classifier
    assert booster_residual(classifier, rows.head(0)) == 0.0
    assert sum_residual(np.empty((0, 3)), base_value=-1.0, margin=np.empty(0)) == 0.0


@pytest.mark.parametrize("residual", [1.1e-5, float("nan"), float("inf")])
def test_what_does_not_add_up_is_refused(residual):
    with pytest.raises(DataError, match=r"contributions against the margin: off by .* more than 1e-05"):
        require_small(residual, what="contributions against the margin")


def test_what_adds_up_passes():
    require_small(1e-5, what="contributions against the margin")
