"""Risk types are the contributions added by type: the strongest first, five at most, noise left out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from riskmodel.explain import risk_types
from riskmodel.explain.risk_types import MOST, THRESHOLD

TYPES = ["illness", "schooling", None, "illness", "water", "housing", "disaster", "job_instability", "other", "illness"]


@given(arrays.arrays(np.float64, (3, len(TYPES)), elements=st.floats(-2, 2)))
def test_types_are_ordered_sums(contributions):
    for row, told in zip(contributions, risk_types(contributions, TYPES), strict=True):
        sums: dict[str, float] = {}
        for kind, contribution in zip(TYPES, row, strict=True):
            if kind:
                sums[kind] = sums.get(kind, 0.0) + contribution
        shown = [sums[kind] for kind in told]
        assert shown == pytest.approx(sorted(sums.values(), reverse=True)[: len(told)])
        assert len(told) == len(set(told)) <= MOST
        assert all(value > THRESHOLD - 1e-9 for value in shown)
        if len(told) < MOST:
            assert all(value <= THRESHOLD + 1e-9 for kind, value in sums.items() if kind not in told)


def test_what_lowers_the_score_takes_away_from_its_type():
    assert risk_types(np.array([[0.3, -0.28]]), ["illness", "illness"]) == [[]]
    assert risk_types(np.array([[0.3, -0.2]]), ["illness", "illness"]) == [["illness"]]


def test_features_that_point_nowhere_give_no_type():
    assert risk_types(np.array([[2.0], [3.0]]), [None]) == [[], []]
