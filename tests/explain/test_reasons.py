"""The reasons shown are the ideas that contributed most, and with the stated rest they are everything."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from riskmodel.errors import CallError
from riskmodel.explain import Beside, explain_rows
from riskmodel.explain.reasons import LOWERING, RAISING, WORTH_SAYING, chosen_ideas
from riskmodel.features.declare import FeatureSpec

SIZES = st.one_of(st.just(0.0), st.floats(-5, 5, allow_subnormal=False))
MATRICES = arrays.arrays(np.float64, st.tuples(st.integers(0, 6), st.integers(1, 9)), elements=SIZES)


def specs(number: int, *, width: int = 1) -> list[FeatureSpec]:
    return [
        FeatureSpec(
            name=f"f{i}",
            zh=f"特征{i}",
            en=f"feature {i}",
            unit="yuan",
            direction=None,
            risk_type="illness" if i // width % 2 else "",
            sensitive=False,
            missing="nothing recorded",
            missing_zh="没有登记",
            idea=f"idea {i // width}",
            family=f"f{i}",
            definition="0",
        )
        for i in range(number)
    ]


@given(MATRICES, st.integers(1, 4))
def test_reasons_are_the_largest_ideas_and_with_the_rest_they_are_all(contributions, width):
    values = np.full(contributions.shape, np.nan)
    entries = specs(contributions.shape[1], width=width)
    told = explain_rows(values, contributions, specs=entries)
    assert len(told) == len(contributions)
    for row, household in zip(contributions, told, strict=True):
        sums: dict[str, float] = {}
        for spec, contribution in zip(entries, row, strict=True):
            sums[spec.idea] = sums.get(spec.idea, 0.0) + contribution
        up = sorted((s for s in sums.values() if s >= WORTH_SAYING), reverse=True)[:RAISING]
        down = sorted(s for s in sums.values() if s <= -WORTH_SAYING)[:LOWERING]
        assert [reason.contribution for reason in household.reasons] == pytest.approx([*up, *down], abs=1e-12)
        assert sum(r.contribution for r in household.reasons) + household.other_contributions == pytest.approx(
            row.sum(), abs=1e-12
        )
        for reason in household.reasons:
            own = {s.name: c for s, c in zip(entries, row, strict=True) if s.idea == reason.idea}
            way = 1 if reason.contribution > 0 else -1
            assert own[reason.feature] * way == max(c * way for c in own.values())
            assert set(reason.together) == {name for name, c in own.items() if c != 0} - {reason.feature}


def test_equal_contributions_keep_the_order_of_the_ideas():
    assert chosen_ideas(np.array([[0.5, -0.5, 0.5, 0.1]]), raising=2, lowering=1) == [[0, 2, 1]]


def test_what_cancels_within_an_idea_is_no_reason():
    (told,) = explain_rows(np.ones((1, 2)), np.array([[0.7, -0.7]]), specs=specs(2, width=2))
    assert told.reasons == ()
    assert told.other_contributions == 0.0


def test_a_reason_tells_the_households_own_value():
    (told,) = explain_rows(np.array([[1500.0, np.nan]]), np.array([[0.3, -0.9]]), specs=specs(2))
    recorded, missing = told.reasons
    assert (missing.feature, missing.value, missing.risk_type) == ("f1", None, "illness")
    assert missing.en == "Feature 1: nothing recorded; contributed -0.90 to the score (lowers it)"
    assert missing.zh == "特征1：没有登记；对评分的贡献 -0.90（使评分下降）"
    assert (recorded.value, recorded.risk_type) == (1500.0, None)
    assert "1,500 yuan" in recorded.en
    assert "1,500元" in recorded.zh


def test_a_reason_holds_the_value_beside_the_village_and_a_year_ago_and_says_what_is_unseen():
    beside = Beside(np.array([[900.0]]), np.array([[np.nan]]), np.array([[True]]))
    (told,) = explain_rows(np.array([[1500.0]]), np.array([[0.3]]), specs=specs(1), beside=beside)
    (reason,) = told.reasons
    assert (reason.village_median, reason.year_ago, reason.unseen) == (900.0, None, True)
    assert reason.zh == "特征0：1,500元（本村中位数900），超出模型学习时见过的范围；对评分的贡献 +0.30（使评分上升）"
    assert reason.en == (
        "Feature 0: 1,500 yuan (village median 900), beyond what the model saw in training; "
        "contributed +0.30 to the score (raises it)"
    )


def test_a_household_about_whom_nothing_speaks_has_no_reason():
    (told,) = explain_rows(np.full((1, 3), np.nan), np.zeros((1, 3)), specs=specs(3))
    assert told.reasons == ()
    assert told.other_contributions == 0.0


def test_columns_that_do_not_fit_are_refused():
    with pytest.raises(CallError, match=r"values \(2, 3\), contributions \(2, 3\) and 2 features"):
        explain_rows(np.zeros((2, 3)), np.zeros((2, 3)), specs=specs(2))
