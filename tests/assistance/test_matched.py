"""Who is compared with whom: never across what must be the same, never beyond the caliper, always the nearest."""

from __future__ import annotations

import numpy as np
import pytest
from follow_ups import made_rows
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.assistance.follow_up import SAME
from riskmodel.assistance.matched import match, uncorrelated


def _by_hand(rows, features, *, row, neighbours, reach):
    """The nearest rows of the township, else of the county, by looking at every one."""
    alike = ~rows.treated.to_numpy()
    for name in ("month", *SAME):
        alike &= (rows[name] == rows[name][row]).to_numpy()
    far = np.sqrt(((features - features[row]) ** 2).sum(axis=1))
    for place in (alike & (rows.township_code == rows.township_code[row]).to_numpy(), alike):
        near = [one for one in np.argsort(far, kind="stable") if place[one] and far[one] <= reach]
        if near:
            return set(near[:neighbours])
    return set()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), neighbours=st.integers(1, 6), caliper=st.floats(0.1, 1.5))
def test_matches_are_those_found_by_looking_at_everyone(seed, neighbours, caliper):
    rows = made_rows(seed, effect=0.0, villages=12, each=12)
    found = match(rows, neighbours=neighbours, caliper=caliper)
    reach = caliper * np.sqrt(found.features.shape[1])
    sets = {row: set(found.compared[found.of == at]) for at, row in enumerate(found.treated)}
    sets |= {row: set() for row in found.unmatched}
    assert sorted(sets) == list(np.flatnonzero(rows.treated))
    for row, chosen in sets.items():
        assert chosen == _by_hand(rows, found.features, row=row, neighbours=neighbours, reach=reach)
    assert found.weights.sum() == pytest.approx(len(found.treated))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_leaving_rows_out_leaves_whole_sets_that_weigh_alike(seed):
    rows = made_rows(seed, effect=0.0, villages=12, each=12)
    known = np.random.default_rng(seed).random(len(rows)) < 0.7
    found = match(rows, neighbours=3, caliper=1.0)
    left = found.among(known)
    assert known[left.treated].all() and known[left.compared].all()
    assert left.weights.sum() == pytest.approx(len(left.treated))
    assert set(left.of) == set(range(len(left.treated)))
    pairs = set(zip(found.treated[found.of], found.compared, strict=True))
    kept = {(one, other) for one, other in pairs if known[one] and known[other]}
    assert set(zip(left.treated[left.of], left.compared, strict=True)) == kept


def test_what_says_the_same_twice_counts_once_and_a_gap_is_the_middle():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(400, 2))
    doubled = np.column_stack([values, values[:, 0] * 3 + 7, np.full(400, 5.0), np.full(400, np.nan)])
    turned = uncorrelated(doubled)
    assert turned.shape == (400, 2)
    assert np.cov(turned, rowvar=False) == pytest.approx(np.eye(2), abs=1e-9)
    values[0, 0] = np.nan
    middle = values.copy()
    middle[0, 0] = np.nanmedian(values[:, 0])
    assert uncorrelated(values) == pytest.approx(uncorrelated(middle))
