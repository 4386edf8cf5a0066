"""run.json says what went in and what came out, and nothing about any household."""

from __future__ import annotations

import json
import logging

import pytest
from scored import OF_MODEL, RESULTS, read

from riskmodel.errors import DataError
from riskmodel.files import sha256_of
from riskmodel.monitoring import read_record
from riskmodel.policy import default_policy


@pytest.fixture
def told(scored_run):
    return read_record(scored_run)


def test_the_counts_are_those_of_the_files(scored_run, told):
    scores, flags = read(scored_run, "scores.parquet"), read(scored_run, "flags.parquet")
    counts = told["counts"]
    assert counts["present"] == len(scores) == told["files"]["scores.parquet"]["rows"]
    assert counts["flagged"] == len(flags) == counts["by_model"] + counts["by_rule"] + counts["by_both"]
    assert counts["on_list"] == scores["on_list"].sum()
    assert counts["eligible"] == scores["rank"].notna().sum()
    assert told["risk"]["mean"] == pytest.approx(scores.loc[scores["rank"].notna(), "risk"].mean())
    assert told["capacity"]["places"] == counts["by_model"] + counts["by_both"]


def test_the_files_are_told_by_their_digests(scored_run, told):
    assert {name: entry["sha256"] for name, entry in told["files"].items()} == {
        name: sha256_of(scored_run / name) for name in (*RESULTS, *OF_MODEL)
    }


def test_the_checks_of_the_contributions_were_made_and_held(told):
    check = told["contributions_check"]
    assert 0 <= check["against_lightgbm"] <= check["tolerance"] == 1e-5
    assert 0 <= check["against_margin"] <= 1e-5


def test_other_figures_than_the_model_was_trained_with_are_told_with_both(scored_county, tmp_path, caplog):
    in_force = default_policy().digest
    county = scored_county.with_bundle(tmp_path / "bundle", policy="0123456789abcdef")
    told = county.score(tmp_path / "out")
    assert told["policy"] == {"digest": in_force, "trained_with": "0123456789abcdef"}
    assert f"policy figures 0123456789abcdef, the ones in force here are {in_force}" in caplog.text
    caplog.clear()
    scored_county.with_bundle(tmp_path / "same", policy=in_force).score(tmp_path / "again")
    assert "policy figures" not in caplog.text


def test_no_household_is_in_the_record_or_the_log(scored_county, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    scored_county.score(tmp_path / "out")
    ids = read(tmp_path / "out", "scores.parquet")["household_id"]
    written = (tmp_path / "out" / "run.json").read_text(encoding="utf-8")
    logged = "\n".join([record.getMessage() for record in caplog.records])
    assert "scores: done in" in logged
    assert len(ids) == 400
    assert not [household for household in ids if household in written or household in logged]


def test_no_household_is_in_the_message_of_a_run_that_falls_short(scored_county, tmp_path, monkeypatch):
    monkeypatch.setattr(type(scored_county.bundle.classifier), "decision_function", lambda _, rows: rows.sum(axis=1))
    with pytest.raises(DataError, match="base value \\+ contributions against the margin: off by") as failed:
        scored_county.score(tmp_path / "out")
    assert not [household for household in scored_county.features().index if household in str(failed.value)]
    assert not [path for path in (tmp_path / "out").iterdir() if path.name != ".work"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": 3}', '{"as_of": "2025-06-01"}'])
def test_a_broken_record_is_named(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(DataError, match=r"run\.json: not the record of a run"):
        read_record(tmp_path)


def test_a_result_that_is_gone_or_changed_is_named(tmp_path, scored_run, told):
    (tmp_path / "run.json").write_text(json.dumps(told))
    with pytest.raises(DataError, match=r"scores\.parquet: not there, though run\.json speaks of it"):
        read_record(tmp_path)
    (tmp_path / "model").mkdir()
    for name in (*RESULTS, *OF_MODEL):
        (tmp_path / name).write_bytes((scored_run / name).read_bytes())
    assert read_record(tmp_path) == told
    (tmp_path / "flags.parquet").write_bytes(b"x" + (scored_run / "flags.parquet").read_bytes()[1:])
    with pytest.raises(DataError, match=r"flags\.parquet: not the file that run\.json speaks of"):
        read_record(tmp_path)


def test_a_model_past_its_day_warns_and_before_it_does_not(scored_county, tmp_path, caplog):
    scored_county.with_bundle(tmp_path / "old", expires="2025-06-01").score(tmp_path / "out")
    assert "expired on 2025-06-01, and is asked about 2025-06-01" in caplog.text
    assert "riskmodel recalibrate" in caplog.text
    caplog.clear()
    scored_county.with_bundle(tmp_path / "new", expires="2025-06-02").score(tmp_path / "again")
    assert "expired" not in caplog.text
