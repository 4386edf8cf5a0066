"""The compiled median is pandas' median."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.monitoring.medians import medians

VALUES = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.0, 1.0, 2.5, -7.0, float("nan")])), max_size=40)


@settings(deadline=None)  # the first call compiles
@given(VALUES, st.integers(1, 4))
def test_a_median_is_that_of_the_group_and_none_of_few(rows, least):
    group = np.array([place for place, _ in rows], dtype=np.int64)
    values = np.array([value for _, value in rows], dtype=np.float64)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(5))
    out = np.empty(4)
    medians(values, order, starts, least, out)
    grouped = pd.Series(values).groupby(group)
    wanted = grouped.median().where(grouped.count() >= least).reindex(range(4))
    np.testing.assert_array_equal(out, wanted.to_numpy())
