"""What the model would compute: a history changed moves what it should, an unchanged one nothing."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scored import AS_OF, read

from riskmodel import Registry, build_features, load_catalogue
from riskmodel.engine import plan
from riskmodel.errors import CallError
from riskmodel.features import Added, Change, Changed, History, lever
from riskmodel.monitoring.what_if import MOST, WORTH_SAYING, _besides, if_pulled, what_if
from riskmodel.policy import default_policy
from riskmodel.registry import schema, write_registry
from riskmodel.registry.excerpt import excerpt_of

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "features")
POLICY = default_policy()
OWN = {name: spec.node for name, spec in CATALOGUE.features.items() if not plan.peers(spec.node)}


@pytest.fixture(scope="module")
def excerpt(scored_county, scored_run):
    ids = read(scored_run, "scores.parquet")["household_id"].tolist()
    with Registry.open(scored_county.registry) as registry:
        part = excerpt_of(registry, ids)
    with part:
        yield part


@pytest.fixture(scope="module")
def now(excerpt) -> pd.DataFrame:
    return build_features(excerpt, as_of=AS_OF, catalogue=CATALOGUE, only=list(OWN), policy=POLICY).set_index(
        "household_id"
    )[list(OWN)]


def pulled(excerpt, name: str, households, **amounts: float) -> pd.DataFrame:
    asked = pd.DataFrame(index=pd.Index(households))
    for number, amount in amounts.items():
        asked[f"amount {name} {number.removeprefix('row')}"] = amount
    spec = CATALOGUE.levers[name]
    [built] = if_pulled(excerpt, [(spec, asked)], OWN, as_of=AS_OF, policy=POLICY)
    return built.loc[list(households)]


def moved(before: pd.Series, after: pd.Series) -> set[str]:
    same = (before == after) | (before.isna() & after.isna())
    return set(before.index[~same])


def test_a_lever_that_changes_nothing_moves_no_feature_by_a_bit(excerpt, now):
    @lever(zh="什么都没有变", en="nothing were other")
    def nothing(h: History) -> Change:
        return Change(h.members.count() > 0, (Changed("household", {"housing_grade": "D"}, {"housing_grade": "D"}),))

    asked = pd.DataFrame(index=now.index)
    [after] = if_pulled(excerpt, [(nothing, asked)], OWN, as_of=AS_OF, policy=POLICY)
    assert after.loc[now.index].equals(now.astype(float))


def test_a_public_post_moves_work_and_income_together(excerpt, now):
    idle = now.index[now["able_without_job"] >= 1][:5]
    after = pulled(excerpt, "public_post", idle, row2=500.0)
    for household in idle:
        before, then = now.loc[household].astype(float), after.loc[household]
        assert then["public_post_in_force"] == 1
        assert then["workers_now"] == before["workers_now"] + 1
        assert then["able_without_job"] == before["able_without_job"] - 1
        gained = 12 * 500 / before["members"]
        assert then["wage_income_pc_12m"] == pytest.approx(before["wage_income_pc_12m"] + gained)
        assert then["net_income_pc_12m"] == pytest.approx(before["net_income_pc_12m"] + gained)
        assert then["net_income_pc_3m"] == pytest.approx(before["net_income_pc_3m"] + gained / 4)
        assert then["line_gap_12m"] > before["line_gap_12m"]
        untouched = {"members", "members_able", "medical_oop_12m", "housing_dangerous", "transfer_income_pc_12m"}
        assert not untouched & moved(before, then)


def test_a_house_made_safe_moves_the_house_and_its_guarantee_alone(excerpt, now, tmp_path):
    dangerous = sorted(now.index)[:3]
    tables = {name: excerpt.table(name).to_pyarrow() for name in excerpt.tables}
    theirs = pc.is_in(tables["household"]["household_id"], value_set=pa.array(dangerous, pa.string()))
    grades = pc.if_else(theirs, "D", tables["household"]["housing_grade"])
    place = tables["household"].column_names.index("housing_grade")
    tables["household"] = tables["household"].set_column(place, "housing_grade", grades)
    write_registry(tables, tmp_path / "registry", cut_on=excerpt.cut_on)
    with Registry.open(tmp_path / "registry") as whole, excerpt_of(whole, list(now.index)) as registry:
        built = build_features(registry, as_of=AS_OF, catalogue=CATALOGUE, only=list(OWN), policy=POLICY)
        after = pulled(registry, "safe_house", dangerous)
    for household, before in built.set_index("household_id").loc[dangerous, list(OWN)].astype(float).iterrows():
        assert before["housing_dangerous"] == 1
        then = after.loc[household]
        assert then["housing_dangerous"] == 0
        assert then["unmet_housing"] == 0
        allowed = {
            "housing_dangerous", "housing_grade", "unmet_housing", "guarantees_unmet", "months_since_check",
            "guarantee_failure_share_24m",
        }  # fmt: skip
        assert moved(before, then) <= allowed


def test_levers_pulled_together_are_as_pulled_alone(excerpt, now):
    amounts = {"public_post": {"row2": 500.0}, "months_of_work": {"row1": 4131.0}}
    households = now.index[:6]
    pulls = []
    for name, own in amounts.items():
        asked = pd.DataFrame(index=households)
        for number, amount in own.items():
            asked[f"amount {name} {number.removeprefix('row')}"] = amount
        pulls.append((CATALOGUE.levers[name], asked))
    together = if_pulled(excerpt, pulls, OWN, as_of=AS_OF, policy=POLICY)
    for (name, own), built in zip(amounts.items(), together, strict=True):
        assert built.equals(pulled(excerpt, name, households, **own))


@pytest.mark.parametrize("name", list(CATALOGUE.levers))
def test_what_is_added_is_known_and_dated_before_as_of(excerpt, name):
    for rows in CATALOGUE.levers[name].rows:
        if isinstance(rows, Changed):
            continue
        schema_of = excerpt.held(rows.table).schema
        for as_of in (AS_OF, date(2025, 3, 31)):
            added = _besides(schema_of, rows, pa.array(["A", "B"]), None, as_of=as_of)
            own = added[schema.table(rows.table).own_date].to_pylist()
            assert len(own) >= 2
            assert all(day < as_of for day in own)
            assert all(day < as_of for day in added["known_on"].to_pylist())
            if schema.table(rows.table).ledger:
                assert len(own) == 2 * rows.months
                assert min(own) >= as_of - timedelta(days=31 * (rows.months + 1))


def test_flags_tell_what_lowers_their_risk_the_most_first(scored_county, scored_run):
    flags = read(scored_run, "flags.parquet")
    before = scored_county.registry
    told = [(flag, each) for flag in flags.itertuples() for each in flag.what_if]
    assert len(told) > 10
    for flag in flags.itertuples():
        margins = [each["margin"] for each in flag.what_if]
        assert margins == sorted(margins)
        assert len(margins) <= MOST
        assert all(flag.margin - margin >= WORTH_SAYING for margin in margins)
    calibrator = scored_county.bundle.classifier.calibrator_
    for _, each in told:
        assert each["risk"] == pytest.approx(float(calibrator.risk(np.array([each["margin"]]))[0]))
        spec = scored_county.catalogue.levers[each["lever"]]
        assert spec.zh in each["zh"]
        assert spec.en in each["en"]
        assert "模型算得" in each["zh"]
        assert "the model would compute" in each["en"]
    assert before.is_dir()


def test_the_registry_and_the_excerpt_stay_as_they_were(excerpt, now, scored_county):
    before = {name: excerpt.held(name).to_pylist() for name in excerpt.tables}
    files = {path: path.read_bytes() for path in sorted(excerpt.path.iterdir())}
    pulled(excerpt, "public_post", now.index[:3], row2=500.0)
    assert {name: excerpt.held(name).to_pylist() for name in excerpt.tables} == before
    assert {path: path.read_bytes() for path in sorted(excerpt.path.iterdir())} == files


def test_without_levers_there_is_nothing_to_tell(excerpt, now, scored_county):
    specs = [scored_county.catalogue.feature(name) for name in scored_county.bundle.names]
    features = now[scored_county.bundle.names]
    margin = pd.Series(scored_county.bundle.classifier.decision_function(features), index=features.index)
    told = what_if(
        excerpt, features, margin=margin, levers=[], specs=specs, classifier=scored_county.bundle.classifier,
        as_of=AS_OF, policy=POLICY,
    )  # fmt: skip
    assert told == {}


def test_the_words_of_a_lever_stand_after_if():
    for spec in CATALOGUE.levers.values():
        assert spec.en[0].islower()
        assert not spec.en.endswith(".")
        assert not spec.zh.endswith("。")
        assert spec.zh.isascii() is False


def test_a_lever_that_cannot_be_is_refused_where_it_is_written():
    with pytest.raises(CallError, match=r'no column "housing_grad".*Did you mean "housing_grade"'):

        @lever(zh="房", en="the house")
        def wrong(h: History) -> Change:
            return Change(h.members.count() > 0, (Changed("household", {}, {"housing_grad": "B"}),))

    with pytest.raises(CallError, match='no table "jobs"'):

        @lever(zh="工", en="work")
        def elsewhere(h: History) -> Change:
            return Change(h.members.count() > 0, (Added("jobs", 3),))

    with pytest.raises(CallError, match="gives no Change with rows"):

        @lever(zh="空", en="nothing")
        def empty(h: History) -> Change:
            return Change(h.members.count() > 0, ())
