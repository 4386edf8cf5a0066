"""Nothing that is known, or happens, on or after as_of may move a bit of any feature of the catalogue."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskmodel.features import Catalogue, build_features, write_features
from riskmodel.policy import default_policy
from riskmodel.registry import Registry
from riskmodel.simulation import simulate_registry
from riskmodel.testing import LANDMINES, all_landmines, future_rows, history, random_rows, write_rows


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), month=st.integers(1, 12), year=st.integers(2020, 2024))
def test_every_landmine_on_random_rows(
    tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue, seed: int, month: int, year: int
) -> None:
    registry = write_rows(random_rows(seed, households=15), tmp_path_factory.mktemp("random") / "registry")
    day = date(year, month, 1)
    for report in all_landmines(registry, as_of=day, catalogue=catalogue, policy=default_policy(), seed=seed):
        assert report.features == len(catalogue.features) and report.households > 0
        assert all(rows > 0 for _, rows in report.meddlings)
        report.require()


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    out = tmp_path_factory.mktemp("county") / "registry"
    simulate_registry(out, households=150, years=4, seed=3, until=date(2024, 1, 1))
    return Registry.open(out)


def test_every_landmine_on_a_simulated_county(county: Registry, catalogue: Catalogue) -> None:
    reports = all_landmines(county, as_of=date(2023, 4, 1), catalogue=catalogue, policy=default_policy(), households=30)
    assert [report.check for report in reports] == [mine.name for mine in LANDMINES]
    for report in reports:
        assert report.households >= 30
        report.require()


def test_the_same_call_gives_the_same_bytes_when_the_registry_has_grown(tmp_path: Path, catalogue: Catalogue) -> None:
    rows = random_rows(5, households=10)
    as_of = date(2022, 7, 1)
    known = {name: [row for row in given if row["known_on"] < as_of] for name, given in rows.items()}
    for name, held in (("then", known), ("now", rows)):
        registry = write_rows(held, tmp_path / name)
        write_features(registry, tmp_path / f"{name}.parquet", as_of=as_of, catalogue=catalogue)
    assert (tmp_path / "then.parquet").read_bytes() == (tmp_path / "now.parquet").read_bytes()


def test_a_date_later_than_as_of_in_a_known_row_counts_as_open(catalogue: Catalogue) -> None:
    """A job known to end next year is still held today; that is no leak, it was known."""
    job = {"started_on": date(2021, 1, 1), "ended_on": date(2025, 1, 1), "kind": "local"}
    table = build_features(history(job=[job]), as_of=date(2022, 1, 1), catalogue=catalogue, only=["jobs_held"])
    assert table["jobs_held"].tolist() == [1]


def test_a_report_says_what_was_watched(county: Registry, catalogue: Catalogue) -> None:
    few = catalogue.only(["members", "line_gap_12m"])
    report = future_rows(county, as_of=date(2023, 4, 1), catalogue=few, policy=default_policy(), households=10)
    said = (
        f"future rows, 2 features of {report.households} households at 2023-04-01: nothing moved by future rows deleted"
    )
    assert str(report).startswith(said)
