"""scikit-learn's own contract, all of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from riskmodel.model import RiskClassifier


@parametrize_with_checks([RiskClassifier()])
def test_obeys_scikit_learn(
    estimator: RiskClassifier, check: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without it scikit-learn would leave one of its checks out.
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    check(estimator)
