"""Features made to leak on purpose are caught by each landmine that should catch them, and named."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest

from riskmodel.engine import plan
from riskmodel.errors import CallError
from riskmodel.features import Ahead, Catalogue, FeatureSpec, History, Number, exposure, feature, outcome
from riskmodel.registry import Registry
from riskmodel.testing import (
    all_landmines,
    assistance_after_a_flag,
    duplicates,
    future_rows,
    later_corrections,
    random_rows,
    write_rows,
)

AS_OF = date(2023, 1, 1)
AMOUNT = plan.Field("amount")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return write_rows(random_rows(11, households=40), tmp_path_factory.mktemp("leaky") / "registry")


def smuggled(name: str, node: plan.Household) -> FeatureSpec:
    """A feature whose expression was put in behind the history's back."""

    @feature(name=name, zh="试", en="trial", unit="yuan")
    def honest(h: History) -> Number:
        return h.income.last(months=12).sum("amount")

    return dataclasses.replace(honest.specs[0], node=node)


def income(window: plan.Window, clock: plan.Clock) -> plan.Household:
    return plan.Reduction("income", "sum", (), window, AMOUNT, clock=clock)


LEAKS: dict[str, tuple[plan.Household, set[str]]] = {
    "income_of_next_year": (
        income(plan.Window(0, 12), plan.Clock(12, 90)),
        {"future rows"},
    ),
    # Last year's income, as the books say it three months on.
    "income_as_known_later": (
        income(plan.Window(-12, 0), plan.Clock(0, 90)),
        {"future rows", "later corrections"},
    ),
    "measures_of_next_year": (
        plan.Reduction("measure", "count", (), plan.Window(0, 12), clock=plan.Clock(12, 90)),
        {"future rows", "assistance after a flag"},
    ),
    # What a cadre dates back once the household has been flagged.
    "measures_dated_back": (
        plan.Reduction("measure", "count", (), plan.Window(-1, 0), clock=plan.Clock(0, 30)),
        {"future rows", "later corrections", "assistance after a flag"},
    ),
    "visits_to_come": (
        plan.Reduction("visit", "exists", (), plan.Window(0, 1), clock=plan.Clock(1, 30)),
        {"future rows", "assistance after a flag"},
    ),
}


@pytest.fixture(scope="module")
def caught(registry: Registry) -> dict[str, set[str]]:
    """Which landmines moved each feature, the honest one beside the leaky ones."""
    honest = smuggled("honest", income(plan.Window(-12, 0), plan.HISTORY))
    catalogue = Catalogue.of([honest, *(smuggled(name, node) for name, (node, _) in LEAKS.items())])
    found: dict[str, set[str]] = {name: set() for name in catalogue.features}
    for report in all_landmines(registry, as_of=AS_OF, catalogue=catalogue):
        for name in report.moved:
            found[name].add(report.check)
    return found


@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_is_caught_by_each_landmine_that_should_catch_it(caught: dict[str, set[str]], name: str) -> None:
    assert caught[name] >= LEAKS[name][1]
    assert "duplicates" not in caught[name]


def test_the_honest_feature_beside_them_is_not(caught: dict[str, set[str]]) -> None:
    assert caught["honest"] == set()


def as_the_files_have_it(keep: Callable[[pd.DataFrame], pd.Series]) -> Callable[[Registry, date], pd.DataFrame]:
    """A feature of somebody's own in pandas: income over rows of the file, without a thought for corrections."""

    def build(registry: Registry, as_of: date) -> pd.DataFrame:
        rows = registry.table("income").execute()
        rows["month"], rows["known_on"] = pd.to_datetime(rows["month"]), pd.to_datetime(rows["known_on"])
        total = rows[keep(rows)].groupby("household_id")["amount"].sum()
        ids = sorted(registry.table("household").household_id.execute().unique())
        return pd.DataFrame({"household_id": ids, "as_of": as_of, "total": [float(total.get(i, 0)) for i in ids]})

    return build


def test_pandas_of_ones_own_that_counts_a_row_twice_is_caught(registry: Registry) -> None:
    build = as_the_files_have_it(lambda rows: rows["known_on"] < pd.Timestamp(AS_OF))
    report = duplicates(registry, as_of=AS_OF, build=build)
    assert report.moved == ("total",)
    with pytest.raises(
        AssertionError, match=r"duplicates, 1 feature of .*: 1 moved:\n- total of H\d+ at 2023-01-01: .* became"
    ):
        report.require()
    # The rows that it reads are known before as_of: what comes later does not touch it.
    assert later_corrections(registry, as_of=AS_OF, build=build).passed


def test_pandas_of_ones_own_that_goes_by_the_month_alone_is_caught(registry: Registry) -> None:
    build = as_the_files_have_it(lambda rows: rows["month"] < pd.Timestamp(AS_OF))
    assert not future_rows(registry, as_of=AS_OF, build=build).passed
    assert not later_corrections(registry, as_of=AS_OF, build=build).passed
    assert assistance_after_a_flag(registry, as_of=AS_OF, build=build).passed


def test_a_household_that_comes_from_the_future_is_named(registry: Registry) -> None:
    def everyone_in_the_file(registry: Registry, as_of: date) -> pd.DataFrame:
        ids = sorted(registry.table("household").household_id.execute().unique())
        return pd.DataFrame({"household_id": ids, "as_of": as_of, "one": 1.0})

    report = future_rows(registry, as_of=AS_OF, build=everyone_in_the_file)
    assert [(move.feature, move.household_id) for move in report.moves] == [("(present)", "unheard-of")]


def test_a_history_cannot_be_asked_for_the_future() -> None:
    with pytest.raises(CallError, match="cannot look ahead"):

        @feature(zh="明年收入", en="income of next year", unit="yuan")
        def peek(h: History) -> Number:
            return h.next(months=12).income.sum("amount")


@pytest.mark.parametrize("node", [node for node, _ in LEAKS.values()] + [plan.PolicyValue("monitoring_line", 12)])
def test_an_expression_with_a_clock_in_the_future_cannot_be_declared_a_feature(node: plan.Household) -> None:
    with pytest.raises(CallError, match=r'feature "peek" reads what is known, or in force, only after as_of'):

        @feature(zh="试", en="trial", unit="yuan")
        def peek(h: History) -> Number:
            return Number(node)


def test_neither_an_outcome_nor_an_exposure_can_be_built_into_a_feature(catalogue: Catalogue) -> None:
    @exposure(zh="期内入户", en="visited")
    def called_on(h: Ahead) -> Number:
        return h.visit.exists()

    @outcome(zh="试", en="trial")
    def struck(h: Ahead) -> Number:
        return h.next(months=12).event.exists() == 1

    for ahead, said in ((called_on, 'the exposure "called_on"'), (struck, 'the outcome "struck"')):
        with pytest.raises(CallError, match=f"{said} is known only after as_of, so no feature"):
            feature(zh="试", en="trial", unit="count", name="peek")(lambda h, ahead=ahead: ahead(h))
    with pytest.raises(CallError, match='"visited" is an exposure, known only after as_of'):
        catalogue.only(["members", "visited"])
    with pytest.raises(CallError, match='"called_on" names a feature and an exposure'):
        Catalogue.of([called_on, smuggled("called_on", plan.Constant(1.0))])
