"""What drives a true risk: one trouble taken out, and nothing else; whoever lacks it lives the same years."""

from __future__ import annotations

import copy
from datetime import date

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from riskmodel.cli.app import app
from riskmodel.errors import CallError
from riskmodel.features import load_catalogue
from riskmodel.registry.codes import codes
from riskmodel.simulation import simulate
from riskmodel.simulation.calendar import day_number
from riskmodel.simulation.county import live_one_month
from riskmodel.simulation.drivers import MECHANISMS
from riskmodel.simulation.state import GRADE, JOB, NO_JOB, SCHOOL, SKILL, County
from riskmodel.simulation.truth import DRIVERS_SCHEMA, LIVED_BY, REPLAYS, Truth

AT = date(2025, 1, 1)


@pytest.fixture(scope="module")
def county() -> County:
    """A county as it stands at the date, kept apart from the one that lives on."""
    kept: list[County] = []

    def keep(county: County) -> None:
        if county.today == day_number(AT):
            kept.append(copy.deepcopy(county))

    list(simulate(households=700, years=3, seed=5, until=date(2026, 2, 1), before_month=keep))
    [one] = kept
    return one


def without(county: County, *mechanisms: str) -> County:
    changed = copy.deepcopy(county)
    for name in mechanisms:
        MECHANISMS[name](changed)
    return changed


def differing(before: County, after: County) -> dict[str, set[str]]:
    """The columns of state that differ, among the members and households that were there."""
    found = {}
    for part in ("members", "households"):
        one, two = getattr(before, part), getattr(after, part)
        n = len(one)
        found[part] = {
            name
            for name, values in vars(one).items()
            if isinstance(values, np.ndarray) and not np.array_equal(values, getattr(two, name)[:n])
        }
    return found


@pytest.mark.parametrize(
    ("mechanism", "members", "households"),
    [
        ("illness", {"chronic", "major", "stage", "skill", "changed"}, set()),
        ("illness:medical_insurance", {"insured"}, set()),
        ("disability", {"disabled", "disability_grade", "skill", "changed"}, set()),
        ("schooling", {"school"}, set()),
        ("enterprise_failure", set(), {"debt"}),
        ("disaster", set(), {"crop_damage"}),
        ("job_instability", {"job", "place", "tenure", "idle", "spell", "instability"}, set()),
        ("labour_shortage", set(), set()),
        ("housing", set(), {"grade"}),
        ("water", set(), {"water"}),
        ("other", set(), {"level", "farm_skill", "support", "transitory"}),
    ],
)
def test_each_takes_its_own_trouble_out_and_touches_nothing_else(county, mechanism, members, households):
    found = differing(county, without(county, mechanism))
    assert found["members"] <= members
    assert found["households"] <= households


def test_the_troubles_are_gone(county):
    after = without(county, *MECHANISMS)
    members, households = after.members, after.households
    assert not (members.chronic | members.major | members.disabled | ~members.insured).any()
    assert not (members.school == SCHOOL["dropped_out"]).any()
    assert households.water.all()
    assert (households.grade < GRADE["C"]).all()
    assert not households.debt.any()
    before = county.members
    was_idle = (before.job == NO_JOB) & (members.job[: len(before)] == JOB["local"])
    assert was_idle.any()
    members = without(county, "labour_shortage").members
    added = members.number == 90
    assert added.any()
    size = county.per_household(before.present(county.today).astype(float))
    able = county.per_household(
        (before.present(county.today) & np.isin(before.skill, [SKILL["skilled"], SKILL["ordinary"]])).astype(float)
    )
    assert set(members.hh[added]) == set(np.flatnonzero((size > 0) & (able < size / 3)))


def test_they_are_named_by_official_risk_types():
    named = {name.partition(":")[0] for name in MECHANISMS}
    assert set(codes("risk_type")) - named == {"accident"}
    assert named <= set(codes("risk_type"))
    ideas = {spec.idea: spec.risk_type for spec in load_catalogue().features.values()}
    assert ideas["medical_insurance"] == "illness"


def test_a_trouble_that_nobody_has_changes_no_life_by_a_bit(county):
    clean = without(county, "water", "schooling", "disaster")
    truth = Truth(3, 11, (AT,), live_one_month, drivers=True)
    as_it_is = np.stack(list(truth.lives(clean, AT)))
    for mechanism in ("water", "schooling", "disaster"):
        assert np.array_equal(as_it_is, np.stack(list(truth.lives(clean, AT, without=mechanism))))


def test_a_household_whose_only_trouble_is_its_house_is_driven_by_it(county):
    clean = without(county, *MECHANISMS)
    clean.households.level[:] += 1.0
    clean.households.grade[7] = GRADE["D"]
    truth = Truth(12, 3, (AT,), live_one_month)
    base = np.stack(list(truth.lives(clean, AT))).mean(axis=0)
    gains = {
        name: base - np.stack(list(truth.lives(clean, AT, without=name))).mean(axis=0)
        for name in ("housing", "illness", "other")
    }
    assert max(gains, key=lambda name: gains[name][7]) == "housing"
    assert gains["housing"][7] > 0.3


def test_the_command_leaves_them_beside_the_truth_with_the_same_risks(tmp_path):
    call = ["--households", "120", "--years", "2", "--seed", "4", "--until", "2026-04-01", "--truth", "4"]
    call += ["--truth-at", "2025-01-01"]
    for name, more in (("plain", []), ("driven", ["--drivers"])):
        done = CliRunner().invoke(app, ["simulate", str(tmp_path / name), *call, *more])
        assert done.exit_code == 0, done.output
    assert (tmp_path / "plain/truth.parquet").read_bytes() == (tmp_path / "driven/truth.parquet").read_bytes()
    assert not (tmp_path / "plain/drivers.parquet").exists()
    table = pq.read_table(tmp_path / "driven/drivers.parquet")
    assert table.schema.names == DRIVERS_SCHEMA.names
    assert {REPLAYS, LIVED_BY} <= set(table.schema.metadata)
    rows = table.to_pandas()
    assert len(rows)
    assert (rows["lowers"] > 0).all()
    assert not rows.duplicated(["household_id", "as_of", "mechanism"]).any()
    refused = CliRunner().invoke(app, ["simulate", str(tmp_path / "x"), "--households", "50", "--drivers"])
    assert isinstance(refused.exception, CallError)
    assert "--drivers is given without --truth" in str(refused.exception)
