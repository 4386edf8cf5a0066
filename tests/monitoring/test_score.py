"""A long scoring: chunks change nothing, an interruption costs only time, and what is left is whole or not there."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import date
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from databases import load
from scored import OF_MODEL, RESULTS, listing, read, results, rewritten
from servers import new_database

from riskmodel.errors import CallError, DataError
from riskmodel.monitoring import Capacity, checkpoint, flagging, part, read_record, score, scoring
from riskmodel.monitoring.checkpoint import Checkpoints, one_run
from riskmodel.registry import write_registry
from riskmodel.registry.schema import TABLES
from riskmodel.report import make_report

SLICES = {"slice_rows": 150, "workers": 1}


class Stopped(BaseException):
    """What a kill looks like from inside."""


def stop(monkeypatch, place, name: str, *, when) -> None:
    """Let ``place.name`` do its work, but stop the run at the first call for which ``when(number, *args)`` holds."""
    real, calls = getattr(place, name), iter(range(10**9))

    def stopping(*args, **kwargs):
        if when(next(calls), *args):
            raise Stopped
        return real(*args, **kwargs)

    monkeypatch.setattr(place, name, stopping)


def interrupted(county, out: Path, place, name: str, *, when, **changes) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        stop(monkeypatch, place, name, when=when)
        with pytest.raises(Stopped):
            county.score(out, **changes)


def half_way(county, out: Path, **changes) -> None:
    """Stop the run in the middle of its scores."""
    interrupted(county, out, scoring, "rules_met", when=lambda call, *_: call == 1, **{**SLICES, **changes})


@pytest.fixture(autouse=True)
def few_flags_at_a_time(monkeypatch):
    """Parts of seven flags: what a run of many flags meets."""
    monkeypatch.setattr(flagging, "PART", 7)


@pytest.mark.parametrize(("slices", "workers"), [(1, 1), (1, 2), (7, 1), (7, 2), (50, 1), (50, 2)])
def test_how_a_run_is_cut_up_does_not_matter(scored_county, scored_run, tmp_path, slices, workers):
    told = scored_county.score(tmp_path, slice_rows=-(-400 // slices), workers=workers)
    assert results(tmp_path) == results(scored_run)
    assert told["cut"]["workers"] == workers
    assert abs(told["cut"]["slices"] - slices) <= 1


@pytest.mark.parametrize(
    ("place", "name", "when"),
    [
        pytest.param(score, "select_flags", lambda call, *_: call == 0, id="after the scores"),
        pytest.param(scoring, "rules_met", lambda call, *_: call == 2, id="amid the scores"),
        pytest.param(flagging, "village_medians", lambda call, *_: call == 0, id="before the flags"),
        pytest.param(part, "explain_flags", lambda call, *_: call == 1, id="amid the flags"),
        pytest.param(
            Path, "replace", lambda _, __, to: to.name == "slice-00001.scored.parquet", id="between a slice's files"
        ),
        pytest.param(score.record, "record", lambda call, *_: call == 0, id="before the results are put in place"),
        pytest.param(
            Path, "replace", lambda _, __, to: to.parts[-2:] == ("out", "flags.parquet"), id="between two results"
        ),
    ],
)
def test_a_resumed_run_leaves_the_same_bytes(scored_county, scored_run, tmp_path, place, name, when):
    out = tmp_path / "out"
    interrupted(scored_county, out, place, name, when=when, **SLICES)
    assert "run.json" not in listing(out)
    with pytest.raises(DataError, match=r"run\.json: not there"):
        read_record(out)
    told = scored_county.score(out, resume=True, **SLICES)
    assert results(out) == results(scored_run)
    assert listing(out) == {*RESULTS, *OF_MODEL, "run.json"}
    assert told == read_record(out)


def test_resuming_does_again_only_what_was_not_finished(scored_county, tmp_path, monkeypatch):
    half_way(scored_county, tmp_path)
    asked = []
    real = scoring.rules_met
    monkeypatch.setattr(scoring, "rules_met", lambda rows, rules: asked.append(len(rows)) or real(rows, rules))
    scored_county.score(tmp_path, resume=True, **SLICES)
    assert asked == [150, 100]


def test_without_resume_an_interrupted_run_is_begun_anew(scored_county, scored_run, tmp_path):
    half_way(scored_county, tmp_path, capacity=Capacity.parse("20%"))
    scored_county.score(tmp_path)
    assert results(tmp_path) == results(scored_run)
    assert listing(tmp_path) == {*RESULTS, *OF_MODEL, "run.json"}


def test_an_interrupted_run_leaves_the_earlier_results_readable(scored_county, scored_run, tmp_path):
    scored_county.score(tmp_path)
    half_way(scored_county, tmp_path, as_of=date(2025, 1, 1))
    assert read_record(tmp_path)["as_of"] == "2025-06-01"
    assert results(tmp_path) == results(scored_run)


def test_results_of_two_runs_are_never_taken_for_one(scored_county, tmp_path):
    scored_county.score(tmp_path / "out")
    with suppress(Stopped):
        interrupted(
            scored_county,
            tmp_path / "out",
            Path,
            "replace",
            when=lambda _, __, to: to.parts[-2:] == ("out", "flags.parquet"),
            as_of=date(2025, 1, 1),
        )
    with pytest.raises(DataError, match=r"scores\.parquet: not the file that run\.json speaks of.*--resume continues"):
        read_record(tmp_path / "out")
    with pytest.raises(DataError, match=r"scores\.parquet: not the file"):
        make_report(tmp_path / "out", tmp_path / "report")
    scored_county.score(tmp_path / "out", as_of=date(2025, 1, 1), resume=True)
    assert read_record(tmp_path / "out")["as_of"] == "2025-01-01"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"capacity": Capacity.parse("10%")}, "capacity was 0.05, is 0.1"),
        ({"capacity": Capacity("count", 1)}, "capacity was 0.05, is 1"),
        ({"rule_capacity": Capacity.parse("3")}, "rule_capacity was all, is 3"),
        ({"as_of": date(2025, 5, 1)}, "as_of was 2025-06-01, is 2025-05-01"),
        ({"model_version": 4}, "model was need@3, is need@4"),
        ({"per": "township"}, "per was registry, is township"),
        ({"capacity": None, "threshold": 0.3}, r"capacity was 0\.05, is none; threshold was none, is 0\.3"),
    ],
)
def test_resuming_with_other_inputs_is_refused_and_names_them(scored_county, tmp_path_factory, changes, named):
    out = tmp_path_factory.getbasetemp() / "half_way"
    if not out.exists():
        half_way(scored_county, out)
    before = listing(out)
    with pytest.raises(CallError, match=f"cannot resume, the inputs differ: {named}. Run without --resume"):
        scored_county.score(out, resume=True, **{**SLICES, **changes})
    assert listing(out) == before


def test_resuming_on_another_registry_model_or_cohort_is_refused(scored_county, tmp_path):
    out = tmp_path / "out"
    half_way(scored_county, out)
    other = rewritten(scored_county.registry, tmp_path / "registry", event=lambda rows: rows.slice(1))
    with pytest.raises(CallError, match="the inputs differ: registry was"):
        scored_county.score(out, registry=other, resume=True, **SLICES)
    with pytest.raises(CallError, match=r"the inputs differ: cohort was .*; model_manifest was"):
        county = scored_county.with_bundle(tmp_path / "bundle", cohort="not_listed")
        county.score(out, resume=True, **SLICES)


def test_a_share_of_one_is_not_one_household(scored_county, tmp_path):
    half_way(scored_county, tmp_path, capacity=Capacity("share", 1.0))
    with pytest.raises(CallError, match=r"capacity was 1\.0, is 1\."):
        scored_county.score(tmp_path, capacity=Capacity("count", 1), resume=True, **SLICES)


def test_resuming_a_finished_run_gives_its_record_and_touches_nothing(scored_county, scored_run):
    before = {path: path.stat().st_mtime_ns for path in scored_run.iterdir()}
    assert scored_county.score(scored_run, resume=True) == read_record(scored_run)
    assert {path: path.stat().st_mtime_ns for path in scored_run.iterdir()} == before
    with pytest.raises(CallError, match=r"capacity was 0\.05, is 0\.5"):
        scored_county.score(scored_run, capacity=Capacity.parse("50%"), resume=True)


def test_a_run_killed_at_its_very_end_leaves_nothing_but_its_results(scored_county, scored_run, tmp_path, monkeypatch):
    """When the record stands its parts are removed: some are gone then, and some are not."""
    out = tmp_path / "out"

    def some_of_them(work) -> None:
        (work.folder / checkpoint._STATE).unlink()
        raise Stopped

    with monkeypatch.context() as armed:
        armed.setattr(Checkpoints, "close", some_of_them)
        with pytest.raises(Stopped):
            scored_county.score(out, **SLICES)
    assert any((out / ".work").iterdir())
    scored_county.score(out, resume=True, **SLICES)
    assert listing(out) == {*RESULTS, *OF_MODEL, "run.json"}
    assert results(out) == results(scored_run)


def test_half_a_record_is_swept_away(scored_county, scored_run, tmp_path):
    interrupted(scored_county, tmp_path, Path, "replace", when=lambda _, __, to: to.name == "run.json", **SLICES)
    (tmp_path / ".run.json.0123abcd.partial").write_text("{")
    scored_county.score(tmp_path, resume=True, **SLICES)
    assert listing(tmp_path) == {*RESULTS, *OF_MODEL, "run.json"}
    assert results(tmp_path) == results(scored_run)


def test_resuming_where_nothing_was_begun_begins(scored_county, scored_run, tmp_path):
    scored_county.score(tmp_path / "new", resume=True)
    assert results(tmp_path / "new") == results(scored_run)


def test_capacity_as_a_number_and_a_bound_on_the_rule(scored_county, tmp_path):
    counts = scored_county.score(tmp_path / "a", capacity=Capacity.parse("7"), rule_capacity=Capacity.parse("4"))
    assert counts["counts"]["by_model"] + counts["counts"]["by_both"] == counts["capacity"]["places"] == 7
    assert counts["counts"]["by_rule"] == 4
    assert counts["capacity"]["left_out_by_rule"] > 0
    assert (counts["capacity"]["asked"], counts["capacity"]["by_rule_alone"]) == ("7", "4")


def test_a_date_before_any_household_leaves_nothing(scored_county, tmp_path):
    with pytest.raises(DataError, match="2001"):
        scored_county.score(tmp_path / "out", as_of=date(2001, 1, 1))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"engine": "duckbd"}, 'engine is "duckbd". Did you mean "duckdb"?'),
        ({"slice_rows": 0}, "slice is 0; expected 1 or more."),
        ({"workers": -1}, "workers is -1"),
        ({"memory": "2"}, 'memory is "2"; expected an amount such as 2GB or 900MB.'),
        ({"memory": "650MB"}, "need"),
        ({"capacity": None}, "give a capacity or a threshold"),
        ({"threshold": 0.2}, "give a capacity or a threshold"),
        ({"capacity": None, "threshold": 1.2}, "threshold is 1.2; expected a risk from 0 to 1."),
        ({"per": "towship"}, 'per is "towship". Did you mean "township"?'),
    ],
)
def test_a_wrong_call_is_refused_before_anything_is_done(scored_county, tmp_path, changes, told):
    with pytest.raises(CallError) as refused:
        scored_county.score(tmp_path / "out", **changes)
    assert told in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_place_of_the_folder_is_left_alone(scored_county, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(CallError, match="is a file; --out must name a folder"):
        scored_county.score(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_database_gives_the_same_bytes_and_its_copy_is_gone_in_the_end(scored_county, scored_run, tmp_path, postgres):
    url = new_database(postgres)
    load(url, scored_county.registry)
    out = tmp_path / "out"
    with pytest.MonkeyPatch.context() as stopping, pytest.raises(Stopped):
        stop(stopping, part, "explain_flags", when=lambda call, *_: call == 1)
        scored_county.score_from(url, out, **SLICES)
    with psycopg.connect(url) as connection:
        connection.execute("DELETE FROM income")  # what has happened in the database since
    scored_county.score_from(url, out, resume=True, **SLICES)
    assert results(out) == results(scored_run)
    assert listing(out) == {*RESULTS, *OF_MODEL, "run.json"}


def test_flags_are_the_same_by_several_processes(scored_county, scored_run, tmp_path, monkeypatch):
    monkeypatch.setattr(flagging, "_WORTH_A_START", 7)
    here, real = [], part.Explainer.explain

    def explain(self, chosen, number):
        here.append(number)
        return real(self, chosen, number)

    monkeypatch.setattr(part.Explainer, "explain", explain)
    scored_county.score(tmp_path, workers=2)
    assert results(tmp_path) == results(scored_run)
    parts = -(-len(read(tmp_path, "flags.parquet")) // flagging.PART)
    assert 0 < len(here) < parts  # the others were explained by another process


def test_a_helper_that_is_ended_from_outside_is_told_and_the_run_goes_on(
    scored_county, scored_run, tmp_path, monkeypatch
):
    with monkeypatch.context() as armed:
        armed.setattr(flagging, "_WORTH_A_START", 7)
        armed.setattr(flagging, "_get_ready", os.abort)
        with pytest.raises(DataError, match=r"a process that helped was ended .*--resume"):
            scored_county.score(tmp_path / "out", workers=2)
    scored_county.score(tmp_path / "out", workers=1, resume=True)
    assert results(tmp_path / "out") == results(scored_run)


def test_a_second_run_into_one_folder_is_refused_while_the_first_lives(scored_county, scored_run, tmp_path):
    with one_run(tmp_path), pytest.raises(CallError, match="another run is at work in this folder"):
        scored_county.score(tmp_path)
    scored_county.score(tmp_path)
    assert results(tmp_path) == results(scored_run)


def test_a_registry_changed_during_the_run_is_noticed(scored_county, tmp_path):
    registry = rewritten(scored_county.registry, tmp_path / "registry")
    real = scoring.rules_met

    def changing(rows, rules):
        with (registry / "event.parquet").open("ab") as file:
            file.write(b"more")
        return real(rows, rules)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(scoring, "rules_met", changing)
        with pytest.raises(DataError, match=r"event\.parquet was changed while it was being read"):
            scored_county.score(tmp_path / "out", registry=registry, **SLICES)
    assert "run.json" not in listing(tmp_path / "out")


def test_a_part_that_was_damaged_is_worked_out_again(scored_county, scored_run, tmp_path):
    half_way(scored_county, tmp_path)
    damaged = tmp_path / ".work" / "slice-00000.features.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    scored_county.score(tmp_path, resume=True, **SLICES)
    assert results(tmp_path) == results(scored_run)


def test_a_resumed_run_keeps_to_its_slices_whatever_is_asked(scored_county, scored_run, tmp_path):
    half_way(scored_county, tmp_path)
    told = scored_county.score(tmp_path, resume=True, slice_rows=31, workers=2, memory="4GB")
    assert (told["cut"]["slice"], told["cut"]["workers"]) == (150, 2)
    assert results(tmp_path) == results(scored_run)


@pytest.mark.parametrize("per", ["county", "township", "village"])
def test_each_unit_gets_its_own_visits(scored_county, tmp_path, per):
    scored_county.score(tmp_path, per=per, capacity=Capacity.parse("2"), rule_capacity=Capacity.parse("1"))
    flags, scores = read(tmp_path, "flags.parquet"), read(tmp_path, "scores.parquet")
    unit = scores.set_index("household_id")[["county_code", "township_code", "village_code"]]
    unit = unit.iloc[:, : ("county", "township", "village").index(per) + 1].agg("|".join, axis=1)
    asked = scores[~scores["on_list"] & scores["in_cohort"]]
    by_model = flags[flags["flagged_by"] != "rule"]
    many = asked.groupby(unit.loc[asked["household_id"]].to_numpy()).size().clip(upper=2)
    found = by_model.groupby(unit.loc[by_model["household_id"]].to_numpy()).size()
    assert found.to_dict() == many.to_dict()
    best = asked.sort_values("rank").groupby(unit.loc[asked.sort_values("rank")["household_id"]].to_numpy()).head(2)
    assert set(by_model["household_id"]) == set(best["household_id"])


def with_more(county, folder: Path, more: dict[str, list[dict]]) -> Path:
    """The county's registry with rows added, written as the toolkit writes registries."""
    tables = {file.stem: pq.read_table(file) for file in county.registry.glob("*.parquet") if file.stem in TABLES}
    for name, rows in more.items():
        added = pa.Table.from_pylist(rows, schema=TABLES[name].arrow_schema)
        tables[name] = pa.concat_tables([tables[name], added])
    write_registry(tables, folder)
    return folder


def test_a_household_of_ten_thousand_rows_is_scored_like_any_other(scored_county, scored_run, tmp_path):
    """Larger than a slice is meant to be; who else is scored, and how, does not change with it."""
    household = read(scored_run, "scores.parquet").household_id[200]
    day = date(2025, 3, 1)
    spent = [
        {"household_id": household, "record_id": f"many-{n}", "spent_on": day, "kind": "medical_oop", "amount": 20.0}
        | {"known_on": day}
        for n in range(10_000)
    ]
    registry = with_more(scored_county, tmp_path / "registry", {"spending": spent})
    for rows in (50, 400):
        scored_county.score(tmp_path / str(rows), registry=registry, slice_rows=rows)
    assert results(tmp_path / "50") == results(tmp_path / "400")
    before, after = (
        read(out, "scores.parquet").set_index("household_id").margin for out in (scored_run, tmp_path / "50")
    )
    assert after.index.equals(before.index)
    changed = after[after != before].index
    assert set(changed) == {household}


def test_rows_from_the_far_future_change_nothing(scored_county, scored_run, tmp_path):
    household = read(scored_run, "scores.parquet").household_id[200]
    far = {"household_id": household, "known_on": date(2199, 12, 31)}
    more = {
        "spending": [far | {"record_id": "far", "spent_on": date(2199, 12, 31), "kind": "medical_oop", "amount": 9e4}],
        "event": [far | {"record_id": "far", "happened_on": date(2025, 5, 1), "kind": "illness", "loss": 9e4}],
    }
    registry = with_more(scored_county, tmp_path / "registry", more)
    scored_county.score(tmp_path / "out", registry=registry)
    assert results(tmp_path / "out") == results(scored_run)
