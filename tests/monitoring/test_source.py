"""Where a run reads a database from: its own copy, held while it is read."""

from __future__ import annotations

import pyarrow as pa
import pytest

from riskmodel.errors import CallError, DataError
from riskmodel.monitoring import source as module
from riskmodel.monitoring.source import source, source_once
from riskmodel.registry import Registry, write_registry
from riskmodel.registry.standing import DESCRIPTION

SPRING = "postgresql://db/county?options=-csearch_path%3Dspring"
AUTUMN = "postgresql://db/county?options=-csearch_path%3Dautumn"


@pytest.fixture
def copied(monkeypatch):
    """Databases that hold one row, as many points as the letters of their URL; what was copied."""
    urls: list[str] = []

    def copy_database(url, out, *, resume=False, **options):
        if not (resume and (out / DESCRIPTION).is_file()):
            urls.append(url)
            row = {"household_id": "H1", "record_id": "R1", "points": float(len(url))}
            days = {"awarded_on": "2023-05-04", "known_on": "2023-05-06"}
            table = pa.Table.from_pylist([row]).append_column(
                "awarded_on", pa.array([days["awarded_on"]]).cast("date32")
            )
            write_registry(
                {"points": table.append_column("known_on", pa.array([days["known_on"]]).cast("date32"))}, out
            )
        return Registry.open(out, **options)

    monkeypatch.setattr(module, "copy_database", copy_database)
    return urls


def points(registry: Registry) -> float:
    """What the one row holds."""
    return float(registry.table("points").points.sum().to_pyarrow().as_py())


def interrupted(url: str, out) -> None:
    """A run of a database that stops half-way."""
    with pytest.raises(DataError), source(url, out):
        raise DataError("stopped")


def test_a_run_goes_on_with_the_copy_that_it_began_with(copied, tmp_path):
    interrupted(SPRING, tmp_path / "out")
    with source(SPRING.replace("//", "//anna@"), tmp_path / "out", resume=True):
        pass
    assert copied == [SPRING]
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_another_databases_copy_is_not_gone_on_with(copied, tmp_path):
    interrupted(SPRING, tmp_path / "out")
    with source(AUTUMN, tmp_path / "out", resume=True) as opened:
        assert points(opened) == len(AUTUMN)
    assert copied == [SPRING, AUTUMN]


def test_nobody_takes_a_copy_away_while_it_is_read(copied, tmp_path):
    with source(SPRING, tmp_path / "out") as opened:
        with pytest.raises(CallError, match="another run is at work"), source(SPRING, tmp_path / "out"):
            pass
        assert points(opened) == len(SPRING)


def test_what_cannot_be_continued_leaves_no_copy(copied, tmp_path):
    with pytest.raises(DataError), source_once(SPRING, tmp_path / "out"):
        raise DataError("stopped")
    assert not (tmp_path / "out").exists()
