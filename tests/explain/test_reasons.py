"""The reasons shown are the largest by size, and with the stated rest they are everything."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from riskmodel.errors import CallError
from riskmodel.explain import explain_rows, largest
from riskmodel.features.declare import FeatureSpec

SIZES = st.one_of(st.just(0.0), st.floats(-5, 5, allow_subnormal=False))
MATRICES = arrays.arrays(np.float64, st.tuples(st.integers(0, 6), st.integers(1, 9)), elements=SIZES)


def specs(number: int) -> list[FeatureSpec]:
    return [
        FeatureSpec(
            name=f"f{i}",
            zh=f"特征{i}",
            en=f"feature {i}",
            unit="yuan",
            direction=None,
            risk_type="illness" if i % 2 else "",
            sensitive=False,
            missing="nothing recorded",
            family=f"f{i}",
            definition="0",
        )
        for i in range(number)
    ]


@given(MATRICES)
def test_reasons_are_the_largest_and_with_the_rest_they_are_all(contributions):
    values = np.full(contributions.shape, np.nan)
    told = explain_rows(values, contributions, specs=specs(contributions.shape[1]))
    assert len(told) == len(contributions)
    for row, household in zip(contributions, told, strict=True):
        shown = [reason.contribution for reason in household.reasons]
        positions = [int(reason.feature[1:]) for reason in household.reasons]
        assert shown == [row[position] for position in positions]
        assert len(shown) == min(5, np.count_nonzero(row))
        assert [abs(c) for c in shown] == sorted((abs(c) for c in row if c != 0), reverse=True)[: len(shown)]
        assert sum(shown) + household.other_contributions == pytest.approx(row.sum(), abs=1e-12)


def test_equal_contributions_keep_the_order_of_the_features():
    assert largest(np.array([[0.5, -0.5, 0.5, 0.1]]), top=3).tolist() == [[0, 1, 2]]


def test_a_reason_tells_the_households_own_value():
    (told,) = explain_rows(np.array([[1500.0, np.nan]]), np.array([[0.3, -0.9]]), specs=specs(2))
    missing, recorded = told.reasons
    assert (missing.feature, missing.value, missing.risk_type) == ("f1", None, "illness")
    assert missing.en == "Feature 1: no record; contributed -0.90 to the score (lowers it)"
    assert missing.zh == "特征1：无记录，使风险评分下降（贡献 -0.90）"
    assert (recorded.value, recorded.risk_type) == (1500.0, None)
    assert "1,500 yuan" in recorded.en
    assert "1,500元" in recorded.zh


def test_a_household_about_whom_nothing_speaks_has_no_reason():
    (told,) = explain_rows(np.full((1, 3), np.nan), np.zeros((1, 3)), specs=specs(3))
    assert told.reasons == ()
    assert told.other_contributions == 0.0


def test_columns_that_do_not_fit_are_refused():
    with pytest.raises(CallError, match=r"values \(2, 3\), contributions \(2, 3\) and 2 features"):
        explain_rows(np.zeros((2, 3)), np.zeros((2, 3)), specs=specs(2))
