"""The culprit is told first, what follows from it under it."""

from __future__ import annotations

import numpy as np
import pytest

from riskmodel.watching.culprits import culprits
from riskmodel.watching.feeds import feed_findings
from riskmodel.watching.findings import Finding, ranked
from riskmodel.watching.learnt import Learnt


def feed(*names: str, rows: float, last: float | None = None, ratio: float = 1.0) -> Learnt:
    """Forty-nine steady months of a feed whose last has ``last`` rows, their amounts times ``ratio``."""
    wavering = np.random.default_rng(len("".join(names))).normal(0, 0.02, 49)
    counts = np.round(rows * np.exp(wavering))
    counts[-1] = rows if last is None else last
    amounts = np.full(49, 6.0) + wavering
    amounts[-1] = 6.0 + np.log(ratio)
    return Learnt(names, counts, np.full(49, 20.0), amounts, np.full(49, 0.02))


def test_all_feeds_of_a_source_gone_are_one_source_gone():
    feeds = [
        feed("income", "transfer", "pension", rows=900, last=0),
        feed("income", "transfer", "dibao", rows=300, last=2),
        feed("income", "wage", "local_wage", rows=900),
        feed("spending", "medical_oop", rows=400),
    ]
    found = feed_findings(feeds)
    assert [(one.kind, one.place) for one in found] == [("feed_stopped", "income/transfer")]
    assert found[0].figures["rows"] == 2
    assert found[0].figures["feeds"] == ["income/transfer/pension", "income/transfer/dibao"]


def test_a_feed_of_one_kind_is_named_by_its_table():
    found = feed_findings([feed("spending", "medical_oop", rows=400, last=150), feed("job", "local", rows=100)])
    assert [(one.kind, one.place) for one in found] == [("feed_fallen", "spending")]


@pytest.mark.parametrize(("ratio", "power"), [(1 / 1000, -3), (1 / 10_000, -4), (100.0, 2)])
def test_a_unit_is_named_by_the_power_of_ten(ratio, power):
    found = feed_findings([feed("spending", "medical_oop", rows=400, ratio=ratio)])
    assert [(one.kind, one.figures["power"]) for one in found] == [("unit_swapped", power)]


@pytest.mark.parametrize(
    ("place", "ratio", "kind", "needs"),
    [
        (("income", "operating", "crops"), 0.6, "price_shock", True),
        (("income", "operating", "crops"), 1.6, "amounts_moved", False),
        (("income", "operating_cost", "crops_cost"), 1.6, "price_shock", True),
        (("income", "transfer", "dibao"), 0.7, "rate_changed", True),
        (("income", "transfer", "dibao"), 1.4, "rate_changed", False),
        (("event", "disaster"), 2.0, "amounts_moved", False),
    ],
)
def test_what_amounts_mean_hangs_on_whose_they_are(place, ratio, kind, needs):
    found = feed_findings([feed(*place, rows=400, ratio=ratio)])
    assert [(one.kind, one.needs_person) for one in found] == [(kind, needs)]
    assert feed_findings([feed(*place, rows=400, ratio=1.05)]) == []


def test_one_unit_swapped_in_several_feeds_is_one_culprit():
    feeds = [feed("income", *rest, rows=500, ratio=0.001) for rest in (("wage", "local_wage"), ("transfer", "pension"))]
    told = culprits(feed_findings(feeds), incomes=(), features=(), score=None)
    assert [(one.kind, one.place) for one in told] == [("unit_swapped", "income")]
    assert told[0].figures["feeds"] == ["income/transfer/pension", "income/wage/local_wage"]


def test_income_that_goes_with_the_measures_stands_under_the_withdrawal():
    policy = Finding(kind="policy_withdrawn", feed=("measure",), size=-20.0, figures={"kinds": {"protection": {}}})
    dibao = Finding(kind="feed_stopped", feed=("income", "transfer", "dibao"), size=-40.0)
    other = Finding(kind="feed_stopped", feed=("spending",), size=-9.0)
    told = culprits([dibao, other, policy], incomes=[("income", "transfer", "dibao")], features=(), score=None)
    assert [one.place for one in told] == ["measure", "spending"]
    assert [one.place for one in told[0].below] == ["income/transfer/dibao"]


def test_what_is_odd_of_the_rest_of_a_stopped_feed_stands_under_it():
    stopped = Finding(kind="feed_stopped", feed=("spending",), size=-9.0)
    late = Finding(kind="feed_late", feed=("spending", "medical_oop"), size=12.0)
    told = culprits([late, stopped], incomes=(), features=(), score=None)
    assert [(one.kind, [under.kind for under in one.below]) for one in told] == [("feed_stopped", ["feed_late"])]


def test_who_needs_a_person_comes_first():
    told = ranked(
        [
            Finding(kind="feed_risen", feed=("event",), needs_person=False, size=30.0),
            Finding(kind="feature_drift", size=9.0),
            Finding(kind="price_shock", feed=("income", "operating"), size=-8.0),
        ]
    )
    assert [one.kind for one in told] == ["price_shock", "feature_drift", "feed_risen"]
