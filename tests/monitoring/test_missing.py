"""Households and registries that say little are scored like all others, and told so."""

from __future__ import annotations

import logging
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scored import AS_OF, read, rewritten

from riskmodel.monitoring import Capacity, read_record
from riskmodel.registry import write_registry
from riskmodel.report import make_report

KNOWN = date(2020, 1, 1)
PLACE = {"county_code": "c", "township_code": "t", "village_code": "v", "household_type": "ordinary"}
EVERYONE = {"capacity": Capacity("share", 1.0)}


def households(*ids: str) -> pa.Table:
    return pa.Table.from_pylist([{"household_id": i, "registered_on": KNOWN, "known_on": KNOWN, **PLACE} for i in ids])


@pytest.fixture(scope="module")
def silent(tmp_path_factory):
    """A registry that knows of three households that they exist, and nothing else."""
    folder = tmp_path_factory.mktemp("silent") / "registry"
    write_registry({"household": households("A", "B", "C")}, folder, cut_on=AS_OF)
    return folder


def test_a_household_of_which_nothing_is_known_is_scored_and_explained(scored_county, silent, tmp_path):
    told = scored_county.score(tmp_path, registry=silent, **EVERYONE)
    flags = read(tmp_path, "flags.parquet").set_index("household_id")
    assert sorted(flags.index) == ["A", "B", "C"]
    assert flags["margin"].nunique() == 1
    nothing = pd.DataFrame(np.nan, index=[0], columns=scored_county.bundle.names)
    assert flags["margin"].iloc[0] == scored_county.bundle.classifier.decision_function(nothing)[0]
    assert set(flags["flagged_by"]) == {"model"}
    assert set(flags["category"]) == {"marginal"}
    for flag in flags.itertuples():
        listed = sum(reason["contribution"] for reason in flag.reasons)
        assert abs(flag.base_value + listed + flag.other_contributions - flag.margin) <= 1e-5
        assert flag.reasons[0]["value"] is None or np.isnan(flag.reasons[0]["value"])
        for reason in flag.reasons:
            spec = scored_county.catalogue.feature(reason["feature"])
            assert spec.missing_zh in reason["zh"]
            assert spec.missing in reason["en"]
    assert set(told["registry"]["absent"]) >= {"member", "income", "event"}


def test_its_report_reads_well(scored_county, silent, tmp_path):
    scored_county.score(tmp_path, registry=silent, **EVERYONE)
    made = make_report(tmp_path, tmp_path / "report")
    assert made.households == 3
    for page in (tmp_path / "report").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "nan" not in text.lower()
        assert "None" not in text
    assert "登记库没有 income 表" in made.index.read_text(encoding="utf-8")


def test_a_missing_table_is_told_with_the_features_that_it_takes_along(scored_county, tmp_path, caplog):
    registry = rewritten(scored_county.registry, tmp_path / "registry", event=None, listing=None)
    caplog.set_level(logging.WARNING)
    told = scored_county.score(tmp_path / "out", registry=registry)
    absent = ["months_since_illness", "disaster_events_12m", "job_loss_events_12m"]
    assert told["registry"]["absent"] == {"event": absent}
    assert "the registry has no table event: 3 features are missing for everyone" in caplog.text
    assert told["counts"]["on_list"] == 0
    assert told["counts"]["eligible"] == told["counts"]["present"]
    reasons = [reason for reasons in read(tmp_path / "out", "flags.parquet")["reasons"] for reason in reasons]
    assert all(np.isnan(r["value"]) for r in reasons if r["feature"] in absent and r["value"] is not None)


def test_a_whole_registry_lacks_nothing(scored_run):
    assert read_record(scored_run)["registry"]["absent"] == {}


def test_when_everybody_is_on_the_list_nobody_is_flagged(scored_county, tmp_path):
    listed = [
        {"household_id": i, "identified_on": KNOWN, "category": "marginal", "known_on": KNOWN} for i in ("A", "B")
    ]
    tables = {"household": households("A", "B"), "listing": pa.Table.from_pylist(listed)}
    write_registry(tables, tmp_path / "registry", cut_on=AS_OF)
    told = scored_county.score(tmp_path / "out", registry=tmp_path / "registry", **EVERYONE)
    assert (told["counts"]["eligible"], told["counts"]["flagged"], told["risk"]["mean"]) == (0, 0, None)
    made = make_report(tmp_path / "out", tmp_path / "report")
    page = made.index.read_text(encoding="utf-8")
    assert "本次没有提示走访的农户" in page
    assert "nan" not in page.lower()
