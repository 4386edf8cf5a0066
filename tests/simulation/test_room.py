"""What simulate lays beside a registry goes with the rows that it tells of."""

from __future__ import annotations

from datetime import date

import pyarrow.parquet as pq
import pytest

from riskmodel.errors import CallError
from riskmodel.registry import standing, write_registry
from riskmodel.registry.importing.run import import_registry
from riskmodel.registry.validate import validate
from riskmodel.simulation import Switches, simulate_registry
from riskmodel.simulation.calibration.page import PAGE
from riskmodel.simulation.dirt import COUNTS, DIRT
from riskmodel.simulation.made import MADE, POLICY_FILE
from riskmodel.simulation.truth import DRIVERS, TRUTH

SMALL = {"households": 20, "years": 2, "until": date(2025, 1, 1)}
MAPPING = """
sources: {homes: {file: homes.csv}}
tables:
  - table: points
    source: homes
    columns: {household_id: {from: a}, record_id: {from: b}, awarded_on: {from: c}, points: {from: d}}
    known_on: {own_date_plus_days: 3}
"""


def test_the_registry_s_list_is_what_simulate_writes():
    assert standing.MADE == MADE
    assert sorted(standing.TOLD) == sorted([MADE, POLICY_FILE, TRUTH, DRIVERS, DIRT, COUNTS, PAGE])


@pytest.fixture
def county(tmp_path):
    """A county with all that simulate can lay beside it (but for the page, which takes a while), and a letter."""
    out = tmp_path / "county"
    switches = Switches(line={2024: 9000.0})
    at = [date(2024, 1, 1)]
    simulate_registry(out, **SMALL, seed=1, dirty=0.1, replays=1, truth_at=at, drivers=True, switches=switches)
    (out / PAGE).write_text("of the old county")
    (out / "letter.txt").write_text("mine")
    assert set(standing.TOLD) < {entry.name for entry in out.iterdir()}
    return out


def imported(out, tmp_path):
    (tmp_path / "homes.csv").write_text("a,b,c,d\nH1,P1,2024-03-05,5\n")
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    import_registry(tmp_path, tmp_path / "mapping.yaml", out)


def validated(out, tmp_path):
    simulate_registry(tmp_path / "other", **SMALL, seed=2)
    validate(tmp_path / "other", out)


def written(out, tmp_path):
    simulate_registry(tmp_path / "other", **SMALL, seed=2)
    write_registry({"household": pq.read_table(tmp_path / "other" / "household.parquet")}, out)


@pytest.mark.parametrize("replace", [imported, validated, written])
def test_whoever_replaces_the_rows_takes_away_what_was_told_of_them(county, tmp_path, replace):
    replace(county, tmp_path)
    left = {entry.name for entry in county.iterdir()}
    assert not left & set(standing.TOLD)
    assert {"letter.txt", "registry.json"} <= left
    with pytest.raises(CallError, match="a registry that simulate did not make"):
        simulate_registry(county, **SMALL, seed=1)


def test_another_county_has_its_own(county):
    simulate_registry(county, **SMALL, seed=2)
    left = {entry.name for entry in county.iterdir()}
    assert left & set(standing.TOLD) == {MADE}
    assert "letter.txt" in left


def test_rows_put_right_in_place_are_still_those_told_of(county):
    validate(county)
    assert set(standing.TOLD) < {entry.name for entry in county.iterdir()}


def test_files_so_named_in_a_registry_that_simulate_did_not_make_stay(county, tmp_path):
    (county / MADE).unlink()
    validated(county, tmp_path)
    assert (county / PAGE).read_text() == "of the old county"
