"""scikit-learn's own contract, all of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

from riskmodel.model import RiskClassifier


@parametrize_with_checks([RiskClassifier()])
def test_obeys_scikit_learn(estimator: RiskClassifier, check: Callable[[Any], None]) -> None:
    check(estimator)
