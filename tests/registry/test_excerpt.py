"""An excerpt holds every row of its households and of nobody else, and tells of them what the whole registry does."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pyarrow.compute as pc
import pytest

from riskmodel import Registry, build_features, load_catalogue
from riskmodel.engine import plan
from riskmodel.features.engines import columns_read
from riskmodel.registry import excerpt as module
from riskmodel.registry.excerpt import excerpt_of
from riskmodel.simulation import simulate_registry

AS_OF = date(2024, 6, 1)
CATALOGUE = load_catalogue(Path(__file__).parents[2] / "features")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("excerpt") / "registry"
    simulate_registry(out, households=300, years=3, seed=3, until=date(2025, 1, 1))
    return out


@pytest.fixture
def some(whole) -> list[str]:
    with Registry.open(whole) as registry:
        ids = sorted(registry.table("household").household_id.to_pyarrow().unique().to_pylist())
    return ids[::7]


@pytest.fixture(params=["a folder of this package", "a database, 5 at a time", "a database, all at a time"])
def source(whole, tmp_path, request, monkeypatch) -> Path:
    if request.param == "a folder of this package":
        return whole
    monkeypatch.setattr(module, "SLICE", 5 if "5" in request.param else 20_000)
    place = tmp_path / "registry.duckdb"
    with duckdb.connect(str(place)) as database:
        for file in whole.glob("*.parquet"):
            database.sql(f"create table {file.stem} as from '{file}'")
    return place


def test_every_row_of_these_households_and_no_other(source, some):
    with Registry.open(source) as registry, excerpt_of(registry, [*some, "nobody"]) as part:
        assert part.tables == registry.tables
        assert part.cut_on == registry.cut_on
        for name in registry.tables:
            rows = registry.table(name).to_pyarrow()
            rows = rows.filter(pc.is_in(rows["household_id"], value_set=pc.cast(some, "string")))
            assert rows.num_rows
            assert sorted(map(str, part.table(name).to_pyarrow().to_pylist())) == sorted(map(str, rows.to_pylist()))


def test_features_that_speak_of_no_neighbour_are_the_same(source, whole, some):
    own = [name for name, spec in CATALOGUE.features.items() if not plan.peers(spec.node)]
    assert 150 < len(own) < len(CATALOGUE.features)
    with Registry.open(whole) as registry:
        here = build_features(registry, as_of=AS_OF, catalogue=CATALOGUE, only=own).set_index("household_id")
    with Registry.open(source) as registry, excerpt_of(registry, some) as part:
        there = build_features(part, as_of=AS_OF, catalogue=CATALOGUE, only=own).set_index("household_id")
    assert len(there) > 30
    assert there.equals(here.loc[there.index])


def test_what_is_read_of_few_columns_is_what_they_give(whole, some):
    own = [name for name in CATALOGUE.features if name in ("net_income_pc_12m", "members_able", "housing_grade")]
    columns = columns_read(CATALOGUE.feature(name).node for name in own)
    with Registry.open(whole) as registry:
        everything, little = excerpt_of(registry, some), excerpt_of(registry, some, columns)
    assert "spending" not in little.tables
    assert "item" not in little.held("income").column_names
    for engine in ("fused", "duckdb"):
        few = build_features(little, as_of=AS_OF, catalogue=CATALOGUE, only=own, engine=engine)
        many = build_features(everything, as_of=AS_OF, catalogue=CATALOGUE, only=own, engine=engine)
        assert len(few) > 30
        assert few.equals(many)


def test_of_nobody_there_is_an_empty_registry(source):
    with Registry.open(source) as registry, excerpt_of(registry, []) as part:
        assert part.table("income").count().to_pyarrow().as_py() == 0
        assert part.held("income").num_rows == 0
