"""An excerpt holds every row of its households and of nobody else, and tells of them what the whole registry does."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow.compute as pc
import pytest

from riskmodel import Registry, build_features, load_catalogue
from riskmodel.engine import plan
from riskmodel.registry import excerpt as module
from riskmodel.registry.excerpt import write_excerpt
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


@pytest.mark.parametrize("at_a_time", [5, 20_000])
def test_every_row_of_these_households_and_no_other(whole, some, tmp_path, monkeypatch, at_a_time):
    monkeypatch.setattr(module, "SLICE", at_a_time)
    with Registry.open(whole) as registry, write_excerpt(registry, [*some, "nobody"], tmp_path / "some") as part:
        assert part.tables == registry.tables
        assert part.cut_on == registry.cut_on
        for name in registry.tables:
            rows = registry.table(name).to_pyarrow()
            rows = rows.filter(pc.is_in(rows["household_id"], value_set=pc.cast(some, "string")))
            assert (
                part.table(name).to_pyarrow().sort_by([(c, "ascending") for c in ("household_id", "known_on")]).num_rows
            )
            assert sorted(map(str, part.table(name).to_pyarrow().to_pylist())) == sorted(map(str, rows.to_pylist()))


def test_features_that_speak_of_no_neighbour_are_the_same(whole, some, tmp_path):
    own = [name for name, spec in CATALOGUE.features.items() if not plan.peers(spec.node)]
    assert 150 < len(own) < len(CATALOGUE.features)
    with Registry.open(whole) as registry, write_excerpt(registry, some, tmp_path / "some") as part:
        here = build_features(registry, as_of=AS_OF, catalogue=CATALOGUE, only=own).set_index("household_id")
        there = build_features(part, as_of=AS_OF, catalogue=CATALOGUE, only=own).set_index("household_id")
    assert len(there) > 30
    assert there.equals(here.loc[there.index])


def test_of_nobody_there_is_an_empty_registry(whole, tmp_path):
    with Registry.open(whole) as registry, write_excerpt(registry, [], tmp_path / "none") as part:
        assert part.table("income").count().to_pyarrow().as_py() == 0
