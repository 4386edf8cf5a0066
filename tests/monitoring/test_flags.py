"""flags.parquet: the promised columns, sums that hold for every flag, reasons that are the largest, in words."""

from __future__ import annotations

import lightgbm
import numpy as np
import pyarrow.parquet as pq
import pytest
from scored import AS_OF, OF_MODEL, RESULTS, frame_of_margins, listing, read

from riskmodel.errors import DataError
from riskmodel.explain import format_value
from riskmodel.monitoring import FLAGS, SCORES, read_output
from riskmodel.registry.codes import codes

PROMISED = [
    "household_id", "as_of", "risk", "rank", "flagged_by", "rules", "category", "base_value", "margin", "reasons",
    "risk_types", "measures", "what_if", "unseen", "missing_share", "model", "model_version", "catalogue_hash",
]  # fmt: skip
CAUSES = ("because", "due to", "因为", "由于", "导致")


@pytest.fixture(scope="module")
def flags(scored_run):
    return read(scored_run, "flags.parquet")


@pytest.fixture(scope="module")
def scores(scored_run):
    return read(scored_run, "scores.parquet").set_index("household_id")


@pytest.fixture(scope="module")
def contributions(scored_run):
    return read(scored_run, "contributions.parquet").set_index("household_id")


def test_a_run_leaves_its_files_and_nothing_else(scored_run):
    assert listing(scored_run) == {*RESULTS, *OF_MODEL, "run.json"}


def test_the_columns_are_the_promised_ones_and_the_stated_rest(scored_run):
    schema = pq.read_schema(scored_run / "flags.parquet")
    assert [name for name in schema.names if name != "other_contributions"] == PROMISED
    assert schema.equals(FLAGS)
    assert [field.name for field in schema.field("reasons").type.value_type] == [
        "feature", "idea", "together", "risk_type", "value", "contribution", "village_median", "year_ago", "unseen",
        "zh", "en",
    ]  # fmt: skip


def test_everyone_is_scored_once_and_the_risk_is_the_margins(scored_county, scores):
    margins = frame_of_margins(scored_county)
    assert sorted(scores.index) == sorted(margins.index)
    assert scores["margin"].to_numpy() == pytest.approx(margins[scores.index].to_numpy(), abs=1e-12)
    calibrator = scored_county.bundle.classifier.calibrator_
    assert scores["risk"].to_numpy() == pytest.approx(calibrator.risk(scores["margin"].to_numpy()), abs=1e-12)
    assert set(scores["as_of"]) == {AS_OF}
    assert scores["village_code"].notna().all()


def test_base_value_and_all_contributions_are_the_margin(scored_county, flags, contributions):
    assert list(contributions.columns) == ["as_of", "base_value", "margin", *scored_county.bundle.names]
    every = contributions[scored_county.bundle.names].sum(axis=1) + contributions["base_value"]
    assert np.abs(every - contributions["margin"]).max() <= 1e-5
    assert list(contributions.index) == sorted(flags["household_id"])
    assert contributions["margin"].to_dict() == flags.set_index("household_id")["margin"].to_dict()


def test_the_listed_reasons_and_the_stated_rest_are_the_margin(flags):
    for flag in flags.itertuples():
        listed = sum(reason["contribution"] for reason in flag.reasons)
        assert abs(flag.base_value + listed + flag.other_contributions - flag.margin) <= 1e-5


def test_the_reasons_are_the_largest_ideas_with_the_households_own_values(scored_county, flags, contributions):
    features = scored_county.features()
    ideas = {spec["name"]: spec["idea"] for spec in scored_county.bundle.features}
    for flag in flags.itertuples():
        row = contributions.loc[flag.household_id, scored_county.bundle.names].astype(float)
        sums = row.groupby([ideas[name] for name in row.index]).sum()
        up = [reason for reason in flag.reasons if reason["contribution"] > 0]
        down = [reason for reason in flag.reasons if reason["contribution"] < 0]
        assert [*up, *down] == list(flag.reasons)
        assert [reason["idea"] for reason in up] == list(sums[sums >= 0.02].nlargest(5).index)
        assert [reason["idea"] for reason in down] == list(sums[sums <= -0.02].nsmallest(3).index)
        for reason in flag.reasons:
            assert reason["contribution"] == pytest.approx(sums[reason["idea"]], abs=1e-12)
            own_rows = row[[ideas[name] == reason["idea"] for name in row.index]]
            assert abs(own_rows[reason["feature"]]) == (own_rows * np.sign(reason["contribution"])).max()
            assert set(reason["together"]) == set(own_rows.index[own_rows != 0]) - {reason["feature"]}
            own = features.loc[flag.household_id, reason["feature"]]
            assert (reason["value"] is None or np.isnan(reason["value"])) if np.isnan(own) else reason["value"] == own


def test_contributions_are_the_curves_and_lightgbms_own(scored_county, contributions):
    names = scored_county.bundle.names
    rows = scored_county.features().loc[contributions.index, names].to_numpy()
    booster = lightgbm.Booster(model_str=(scored_county.bundle.folder / "booster.txt").read_text())
    own = booster.predict(rows, pred_contrib=True)[:, :-1] + scored_county.bundle.classifier.linear_.terms(rows)
    assert np.abs(contributions[names].to_numpy() - own).max() <= 1e-5


def test_every_reason_is_said_in_both_languages_as_a_contribution(scored_county, flags):
    specs = scored_county.catalogue.features
    for reason in [reason for reasons in flags["reasons"] for reason in reasons]:
        spec = specs[reason["feature"]]
        assert spec.zh in reason["zh"]
        assert spec.en[1:] in reason["en"]
        missing = reason["value"] is None or np.isnan(reason["value"])
        assert (spec.missing_zh if missing else format_value(reason["value"], spec.unit, "zh")) in reason["zh"]
        assert (spec.missing if missing else format_value(reason["value"], spec.unit, "en")) in reason["en"]
        assert "贡献" in reason["zh"]
        assert "contributed" in reason["en"]
        assert (reason["risk_type"] or "") == spec.risk_type
        assert not any(cause in (reason["zh"] + reason["en"]).lower() for cause in CAUSES)


def test_risk_types_are_ordered_sums_of_their_contributions(scored_county, flags, contributions):
    specs = scored_county.catalogue.features
    named = 0
    for flag in flags.itertuples():
        row = contributions.loc[flag.household_id, scored_county.bundle.names].astype(float)
        sums = row.groupby([specs[name].risk_type for name in row.index]).sum().sort_values(ascending=False)
        assert list(flag.risk_types) == [kind for kind in sums.index if sums[kind] > 0.05][:5]
        assert set(flag.risk_types) <= set(codes("risk_type"))
        assert set(flag.measures) <= set(codes("measure_kind"))
        named += len(flag.risk_types)
    assert named


def test_flags_stand_in_the_order_of_the_queue(scores, flags):
    queue = scores[scores["rank"].notna()].sort_values("rank")
    assert queue["rank"].tolist() == list(range(1, len(queue) + 1))
    assert queue["risk"].is_monotonic_decreasing
    assert flags["rank"].is_monotonic_increasing
    assert flags["rank"].tolist() == scores.loc[flags["household_id"], "rank"].tolist()
    assert flags["risk"].tolist() == scores.loc[flags["household_id"], "risk"].tolist()


def test_flagged_by_says_who(scored_county, scores, flags):
    gap = scored_county.features()["line_gap_12m"]
    below = set(gap.index[gap < 0])
    on_list = set(scores.index[scores["on_list"]])
    assert below & on_list
    places = round(0.05 * scores["rank"].notna().sum())
    by = {kind: set(flags.loc[flags["flagged_by"] == kind, "household_id"]) for kind in ("model", "rule", "both")}
    assert all(by.values())
    assert by["model"] | by["both"] == set(scores.index[scores["rank"] <= places])
    assert by["rule"] | by["both"] == below - on_list
    assert not set(flags["household_id"]) & on_list
    assert [list(rules) == ["line_gap_12m_below_0"] for rules in flags["rules"]] == [
        household in below for household in flags["household_id"]
    ]


def test_every_flag_is_signed(scored_county, flags):
    assert set(flags["model"]) == {"need"}
    assert set(flags["model_version"]) == {3}
    assert set(flags["catalogue_hash"]) == {scored_county.catalogue.hash}
    assert set(flags["base_value"]) == {scored_county.bundle.classifier.base_value_}


def test_a_model_of_a_cohort_flags_only_that_cohort(scored_county, tmp_path):
    county = scored_county.with_bundle(
        tmp_path / "bundle", cohort="at_risk", cohort_without=["washout after elimination"]
    )
    told = county.score(tmp_path / "out")
    scores = read(tmp_path / "out", "scores.parquet").set_index("household_id")
    flags = read(tmp_path / "out", "flags.parquet").set_index("household_id")
    gap = county.features()["line_gap_12m"][scores.index]
    assert (scores["in_cohort"] == ((gap >= 0) & ~scores["on_list"])).all()
    assert set(flags["flagged_by"]) == {"model", "rule"}
    assert (scores.loc[flags.index, "in_cohort"] == (flags["flagged_by"] == "model")).all()
    assert told["counts"]["outside_cohort"] == int((~scores["in_cohort"] & ~scores["on_list"]).sum()) > 0


@pytest.mark.parametrize("name", ["scores.parquet", "flags.parquet"])
def test_reading_names_what_is_wrong(scored_run, tmp_path, name):
    schema = SCORES if name == "scores.parquet" else FLAGS
    file = tmp_path / name
    with pytest.raises(DataError, match=f"{name}: not there. It is made by `riskmodel score"):
        read_output(file, schema)
    whole = (scored_run / name).read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=f"{name}: not a whole Parquet file"):
        read_output(file, schema)
    pq.write_table(pq.read_table(scored_run / name).drop_columns(["margin"]), file)
    with pytest.raises(DataError, match=f'{name}: has no column "margin"'):
        read_output(file, schema)
