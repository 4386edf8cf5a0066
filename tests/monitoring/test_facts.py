"""What stands beside a reason: the village's median, a year ago, what training saw; and three years of quarters."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scored import AS_OF, LEARNT_AT, read, rewritten

from riskmodel import Registry, build_features
from riskmodel.engine.calendar import add_months
from riskmodel.evaluation.reference import reference_of
from riskmodel.features import History
from riskmodel.model import load_bundle, save_bundle
from riskmodel.monitoring import ledgers
from riskmodel.monitoring.beside import LEAST_HOUSEHOLDS, rounded, seen_in_training
from riskmodel.monitoring.flags import HISTORIES
from riskmodel.monitoring.histories import build_histories
from riskmodel.monitoring.ledgers import begins_known, begins_known_at, reaches
from riskmodel.policy import Policy, default_policy
from riskmodel.registry import schema, write, write_registry


@pytest.fixture(scope="module")
def flags(scored_run):
    return read(scored_run, "flags.parquet")


@pytest.fixture(scope="module")
def reasons(flags):
    rows = [{"household_id": flag.household_id, **reason} for flag in flags.itertuples() for reason in flag.reasons]
    return pd.DataFrame(rows)


def test_the_median_is_that_of_the_village_and_none_of_few(scored_county, scored_run, reasons):
    features = scored_county.features()
    places = read(scored_run, "scores.parquet").set_index("household_id")["village_code"]
    units = {spec["name"]: spec["unit"] for spec in scored_county.bundle.features}
    said = 0
    for reason in reasons.itertuples():
        here = features.loc[places.index[places == places[reason.household_id]], reason.feature].dropna()
        if units[reason.feature] == "yes_no" or len(here) < LEAST_HOUSEHOLDS:
            assert np.isnan(reason.village_median) or reason.village_median is None
        else:
            assert reason.village_median == rounded(np.array([here.median()]))[0]
            said += 1
    assert said > 50


def test_a_year_ago_is_the_same_builder_a_year_earlier(scored_county, reasons):
    with Registry.open(scored_county.registry) as registry:
        before = build_features(
            registry, as_of=add_months(AS_OF, -12), catalogue=scored_county.catalogue, policy=default_policy()
        ).set_index("household_id")
    said = 0
    for reason in reasons.itertuples():
        if not np.isnan(reason.year_ago):
            assert reason.year_ago == before.loc[reason.household_id, reason.feature]
            said += 1
    assert said > 50


def test_nothing_is_said_of_a_year_ago_where_the_ledger_does_not_reach(scored_county, tmp_path):
    begun = add_months(AS_OF, -18)

    def later(rows):
        return rows.filter([day.as_py() >= begun for day in rows["month"]])

    registry = rewritten(scored_county.registry, tmp_path / "registry", income=later)
    scored_county.score(tmp_path / "run", registry=registry)
    flags = read(tmp_path / "run", "flags.parquet")
    told = [(r["feature"], r["year_ago"]) for reasons in flags["reasons"] for r in reasons]
    income = {"net_income_pc_12m", "line_gap_12m", "wage_income_pc_12m", "transfer_share_12m"}
    assert any(name in income for name, _ in told)
    assert all(value is None or np.isnan(value) for name, value in told if name in income)
    # Three months of wages a year ago are there.
    assert any(name == "wage_income_pc_3m" and value is not None for name, value in told) or not [
        name for name, _ in told if name == "wage_income_pc_3m"
    ]


def test_ledgers_reach_as_far_back_as_they_were_kept():
    h = History()
    year = h.income.last(months=12).sum("amount").node
    begins = {"income": date(2023, 1, 1)}
    assert reaches(year, as_of=date(2024, 1, 1), begins=begins)
    assert not reaches(year, as_of=date(2023, 12, 1), begins=begins)
    assert reaches(h.members.count().node, as_of=date(2000, 1, 1), begins={})
    assert not reaches(year, as_of=date(2024, 1, 1), begins={})


def test_what_training_saw_is_told_by_five_households_at_least():
    values = np.arange(100.0)
    reference = [row.to_dict() for row in reference_of(pd.DataFrame({"x": values}), households=np.arange(100))]
    low, high, never = seen_in_training(reference, ["x", "unknown"])
    assert (low[0], high[0], never[0]) == (4.0, 95.0, True)
    assert (low[1], high[1], never[1]) == (-np.inf, np.inf, False)
    few = reference_of(pd.DataFrame({"x": values}), households=np.repeat(np.arange(4), 25))
    assert (few[0].low, few[0].high) == (None, None)


def test_a_value_beyond_training_is_said_to_be(scored_county, tmp_path):
    with Registry.open(scored_county.registry) as registry:
        then = build_features(registry, as_of=LEARNT_AT, catalogue=scored_county.catalogue, policy=default_policy())
    names = scored_county.bundle.names
    reference = [row.to_dict() for row in reference_of(then[names], households=then["household_id"].to_numpy())]
    bundle = scored_county.bundle
    save_bundle(
        bundle.classifier,
        tmp_path / "bundle",
        features=bundle.features,
        metrics={"reference": reference},
        card="# need\n",
        manifest={
            key: value for key, value in bundle.manifest.items() if key in {"horizon_months", "catalogue_hash", "rule"}
        },
    )

    def rich(rows):
        amounts = rows["amount"].to_numpy().copy()
        amounts[rows["source"].to_pandas().astype(str).to_numpy() == "wage"] *= 50
        return rows.set_column(rows.schema.get_field_index("amount"), "amount", [amounts])

    registry = rewritten(scored_county.registry, tmp_path / "registry", income=rich)
    scored_county.score(tmp_path / "run", registry=registry, bundle=load_bundle(tmp_path / "bundle"))
    flags = read(tmp_path / "run", "flags.parquet")
    named = {name for unseen in flags["unseen"] for name in unseen}
    assert {"wage_income_pc_3m", "wage_income_pc_12m"} & named
    for flag in flags.itertuples():
        for reason in flag.reasons:
            assert reason["unseen"] == (reason["feature"] in set(flag.unseen))
            assert ("超出模型学习时见过的范围" in reason["zh"]) == reason["unseen"]
            assert ("beyond what the model saw in training" in reason["en"]) == reason["unseen"]


def test_three_years_by_quarters_add_up_to_what_features_say(scored_county, scored_run, flags):
    rows = pq.read_table(scored_run / "histories.parquet")
    assert rows.schema.equals(HISTORIES)
    frame = rows.to_pandas(date_as_object=True)
    assert list(frame["household_id"].unique()) == sorted(flags["household_id"])
    features = scored_county.features()
    for household, quarters in frame.groupby("household_id"):
        assert quarters["quarter"].tolist() == [add_months(AS_OF, -3 * n) for n in range(12, 0, -1)]
        last = quarters.tail(4)
        net = last[["wage", "operating", "property", "transfer"]].sum().sum() - last["operating_cost"].sum()
        own = features.loc[household]
        assert net / last["members"].iloc[0] == pytest.approx(own["net_income_pc_12m"], abs=1e-6)
        assert last["wage"].sum() / last["members"].iloc[0] == pytest.approx(own["wage_income_pc_12m"], abs=1e-6)
        assert last["medical_oop"].sum() == pytest.approx(own["medical_oop_12m"], abs=1e-6)
        assert own["disaster_events_12m"] >= sum("disaster" in kinds for kinds in last["events"])
        assert sum("disaster" in kinds for kinds in last["events"]) > 0 or own["disaster_events_12m"] == 0
    ends = [add_months(day, 3) for day in frame["quarter"]]
    lines = [default_policy().value("monitoring_line", region="369901", on=day) for day in ends]
    assert frame["line"].tolist() == lines


def test_quarters_before_the_ledger_begins_have_no_income_rather_than_none_earned(scored_county):
    with Registry.open(scored_county.registry) as registry:
        first = begins_known(registry, before=AS_OF)["income"]
        early = add_months(first, 18)
        rows = build_histories(registry, as_of=early, policy=default_policy()).to_pandas(date_as_object=True)
    kept = rows["quarter"] >= first
    assert rows.loc[~kept, "wage"].isna().all()
    assert rows.loc[kept, "wage"].notna().all()
    assert (~kept).any()


def test_a_line_that_the_record_does_not_have_is_not_drawn(scored_county):
    with Registry.open(scored_county.registry) as registry:
        rows = build_histories(registry, as_of=AS_OF, policy=Policy()).to_pandas()
    assert rows["line"].isna().all()


def test_a_household_moves_no_quarter_by_what_becomes_known_later(scored_county, tmp_path, scored_run):
    def late(rows):
        import pyarrow as pa

        more = rows.slice(0, 200)
        known = pa.array([AS_OF + timedelta(days=3)] * len(more), more.schema.field("known_on").type)
        more = more.set_column(more.schema.get_field_index("known_on"), "known_on", known)
        amounts = pa.array([9e5] * len(more))
        more = more.set_column(more.schema.get_field_index("amount"), "amount", amounts)
        return pa.concat_tables([rows, more.cast(rows.schema)])

    registry = rewritten(scored_county.registry, tmp_path / "registry", income=late)
    scored_county.score(tmp_path / "run", registry=registry)
    assert pq.read_table(tmp_path / "run" / "histories.parquet").equals(pq.read_table(scored_run / "histories.parquet"))


def test_a_day_past_the_cut_is_scored_and_told_like_any_other(scored_county, tmp_path):
    with Registry.open(scored_county.registry) as registry:
        past = registry.cut_on + timedelta(days=19)
    scored_county.score(tmp_path / "run", as_of=past)
    flags = read(tmp_path / "run", "flags.parquet")
    assert any(len(each) for each in flags["what_if"])
    assert len(pq.read_table(tmp_path / "run" / "histories.parquet")) == 12 * len(flags)


def test_nothing_is_said_of_a_year_ago_that_was_only_learnt_since(scored_county, tmp_path):
    def loaded_later(rows):
        import pyarrow as pa
        import pyarrow.compute as pc

        load = pa.scalar(add_months(AS_OF, -6), rows.schema.field("known_on").type)
        known = pc.max_element_wise(rows["known_on"], load)
        return rows.set_column(rows.schema.get_field_index("known_on"), "known_on", known)

    registry = rewritten(scored_county.registry, tmp_path / "registry", income=loaded_later)
    scored_county.score(tmp_path / "run", registry=registry)
    flags = read(tmp_path / "run", "flags.parquet")
    income = {"net_income_pc_12m", "line_gap_12m", "wage_income_pc_12m", "wage_income_pc_3m", "transfer_share_12m"}
    told = [r["year_ago"] for reasons in flags["reasons"] for r in reasons if r["feature"] in income]
    assert told
    assert all(value is None or np.isnan(value) for value in told)


def test_a_wrong_value_of_one_household_costs_the_facts_beside_and_never_the_list(scored_county, tmp_path, caplog):
    def nameless(rows):
        import pyarrow as pa

        codes = pa.array([None] * len(rows), pa.string())
        return rows.set_column(rows.schema.get_field_index("township_code"), "township_code", codes)

    registry = rewritten(scored_county.registry, tmp_path / "registry", household=nameless)
    told = scored_county.score(tmp_path / "run", registry=registry)
    assert told["counts"]["flagged"] > 0
    assert "no history, value of a year ago or what-if is told of 24 flagged households" in caplog.text
    assert "township_code" in caplog.text
    assert len(pq.read_table(tmp_path / "run" / "histories.parquet")) == 0


def test_some_row_groups_tell_since_when_a_table_was_kept_as_all_do(scored_county, tmp_path, monkeypatch):
    days = [AS_OF, add_months(AS_OF, -12)]
    with Registry.open(scored_county.registry) as registry:
        whole = begins_known_at(registry, days)
        tables = {name: registry.table(name).to_pyarrow() for name in registry.tables}
        cut_on = registry.cut_on
    monkeypatch.setattr(write, "ROW_GROUP", 400)
    write_registry(tables, tmp_path / "registry", cut_on=cut_on)
    looked_at, real = [], pq.ParquetFile.read_row_group

    def read_row_group(self, group, **options):
        looked_at.append(group)
        return real(self, group, **options)

    monkeypatch.setattr(ledgers, "GROUPS", 4)
    monkeypatch.setattr(pq.ParquetFile, "read_row_group", read_row_group)
    with Registry.open(tmp_path / "registry") as registry:
        few = begins_known_at(registry, days)
        groups = sum(registry.sorted_file(name).metadata[0].num_row_groups for name in registry.tables)
    assert len(looked_at) <= 4 * len(tables) < groups / 4
    for day in days:
        ledger = {name for name in whole[day] if schema.table(name).ledger}
        assert ledger
        assert {name: few[day][name] for name in ledger} == {name: whole[day][name] for name in ledger}
