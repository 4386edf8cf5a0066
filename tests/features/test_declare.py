"""Declaring features: names from parameters, and errors that say what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskmodel.errors import CallError
from riskmodel.features import Catalogue, History, Number, Outlook, age, col, feature, load_catalogue, ordinal, outcome

FEATURES = Path(__file__).parents[2] / "features"
CONTRACT = {
    "members",
    "members_disabled",
    "members_able",
    "dependency_ratio",
    "net_income_pc_12m",
    "wage_income_pc_12m",
    "transfer_share_12m",
    "medical_oop_12m",
    "disaster_events_12m",
    "months_since_illness",
    "line_gap_12m",
    "guarantees_unmet",
}


def test_each_combination_of_parameters_is_a_feature() -> None:
    @feature(
        months=(3, 12), kind=("illness", "accident"), zh="近{months}个月{kind}", en="{kind} in {months}", unit="count"
    )
    def events(h: History, months: int, kind: str) -> Number:
        return h.event.where(kind=kind).last(months=months).count()

    names = [spec.name for spec in events.specs]
    assert names == ["events_3m_illness", "events_3m_accident", "events_12m_illness", "events_12m_accident"]
    assert events.specs[0].zh == "近3个月illness"


def test_the_catalogue_has_the_contract_names_and_words_in_both_languages() -> None:
    catalogue = load_catalogue(FEATURES)
    assert set(catalogue.features) >= CONTRACT
    assert len(catalogue.features) >= 45
    assert set(catalogue.outcomes) >= {"need", "admitted", "need_or_admitted"}
    for spec in catalogue.features.values():
        assert any("一" <= c <= "鿿" for c in spec.zh), spec.name
        assert "{" not in spec.zh + spec.en, spec.name


def test_the_hash_follows_the_meaning() -> None:
    def trial(months: int) -> Catalogue:
        @feature(name="trial", zh="试", en="trial", unit="count")
        def made(h: History) -> Number:
            return h.event.last(months=months).count()

        return Catalogue.of([made])

    assert trial(3).hash == trial(3).hash
    assert trial(3).hash != trial(4).hash


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (lambda h: h.incme.sum("amount"), 'no table "incme".*Did you mean "income"'),
        (lambda h: h.income.sum("amnt"), 'no column "amnt".*Did you mean "amount"'),
        (lambda h: h.income.where(source="wages").sum("amount"), 'no code "wages".*Did you mean "wage"'),
        (lambda h: h.income.where(col("sorce") == "wage").count(), 'no column "sorce"'),
        (lambda h: h.income.last(months=0).count(), "months must be 1 or more"),
        (lambda h: h.income.last(months=-3).count(), "months must be 1 or more"),
        (lambda h: h.income.last(months=3).last(months=4).count(), "has a window already"),
        (lambda h: h.income.sum("source"), "is a code"),
        (lambda h: h.job.days(), "needs a window"),
        (lambda h: h.members.max(ordinal("member_id")), "has no code list"),
        (lambda h: h.income.count() and h.event.count(), "no truth of its own"),
        (lambda h: h.future.count(), "cannot look ahead"),
        (lambda h: h.income.where(withdrawn=False).count(), "withdrawn says what became of a row later"),
        (lambda h: h.income.where(col("known_until").is_missing()).count(), "no feature may read it"),
        (lambda h: h.income.where(age("known_until") > 3).count(), "no feature may read it"),
        (lambda h: h.income.where(~(col("withdrawn") == True)).count(), "no feature may read it"),  # noqa: E712
        (lambda h: h.income.in_force(end_column="known_until").count(), "no feature may read it"),
        (lambda h: h.income.ended(end_column="known_until").count(), "no feature may read it"),
        (lambda h: h.income.last(months=3).days(end_column="known_until"), "no feature may read it"),
        (lambda h: h.income.distinct("known_until"), "no feature may read it"),
        (lambda h: h.income.latest("withdrawn"), "no feature may read it"),
        (lambda h: 5, "returned int"),
    ],
)
def test_a_wrong_feature_says_what_is_wrong(number, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(CallError, match=message):

        @feature(zh="试", en="trial", unit="count")
        def trial(h: History) -> Number:
            return number(h)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"unit": "yuann"}, 'unknown unit "yuann".*Did you mean "yuan"'),
        ({"risk": "up"}, 'expected "rises", "falls" or None'),
        ({"risk_type": "ilness"}, 'Did you mean "illness"'),
        ({"month": (3,)}, 'no parameter "month"'),
        ({"months": 3}, "must be a tuple"),
        ({"name": "margin"}, '"margin" is the name of a column that stands beside the features'),
    ],
)
def test_wrong_words_say_what_is_wrong(words: dict, message: str) -> None:
    with pytest.raises(CallError, match=message):

        @feature(**{"zh": "试", "en": "trial", "unit": "count", **words})
        def trial(h: History, months: int = 3) -> Number:
            return h.event.last(months=months).count()


def test_a_name_may_be_used_once() -> None:
    @feature(zh="试", en="trial", unit="count")
    def trial(h: History) -> Number:
        return h.event.count()

    with pytest.raises(CallError, match='two features are called "trial"'):
        Catalogue.of([trial, trial])


def test_an_outcome_stays_within_its_horizon() -> None:
    with pytest.raises(CallError, match="outside the outcome's horizon of 6 months"):

        @outcome(zh="试", en="trial", horizon_months=6)
        def trial(h: Outlook) -> Number:
            return h.next(months=12).event.exists() == 1


def test_a_broken_module_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("import nothing_of_that_name\n")
    with pytest.raises(CallError, match=r"bad\.py: cannot be loaded: ModuleNotFoundError"):
        load_catalogue(tmp_path)
    with pytest.raises(CallError, match="no such folder"):
        load_catalogue(tmp_path / "elsewhere")
    (tmp_path / "bad.py").write_text("x = 1\n")
    with pytest.raises(CallError, match="no module there declares a feature"):
        load_catalogue(tmp_path)


def test_an_unknown_name_gets_the_nearest() -> None:
    catalogue = load_catalogue(FEATURES)
    with pytest.raises(CallError, match='Did you mean "members_able"'):
        catalogue.feature("member_able")
    with pytest.raises(CallError, match='Did you mean "need"'):
        catalogue.outcome("needs")


@pytest.mark.parametrize("words", [{"zh": ""}, {"en": "  "}, {"missing_zh": ""}])
def test_a_feature_without_words_is_refused(words):
    given = {"zh": "收入", "en": "income", "unit": "yuan"} | words
    with pytest.raises(CallError, match=rf'feature "income": {next(iter(words))} is empty'):

        @feature(**given)
        def income(h):
            return h.income.sum("amount")
