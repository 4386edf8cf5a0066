"""The two real panels, from raw file to registry by the mappings that the repository ships."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from riskmodel.registry.importing.run import import_registry

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
PANELS = {"malawi_food_security": (2_654, 391_113), "pakistan_graduation": (854, 56_364)}


@pytest.fixture(scope="module")
def registries(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    outs = {}
    for name in PANELS:
        outs[name] = tmp_path_factory.mktemp(name) / "registry"
        import_registry(shared_data / name, EXPERIMENTS / name / "mapping.yaml", outs[name])
    return outs


def observed(registry: Path) -> pd.DataFrame:
    """One row a household and date, one column an item."""
    rows = pq.read_table(registry / "observation.parquet").to_pandas()
    return rows.pivot(index=["household_id", "observed_on"], columns="item", values="value").reset_index()


@pytest.mark.parametrize("name", PANELS)
def test_counts_and_nothing_rejected(registries: dict[str, Path], name: str) -> None:
    households, observations = PANELS[name]
    out = registries[name]
    assert pq.read_metadata(out / "household.parquet").num_rows == households
    assert pq.read_metadata(out / "observation.parquet").num_rows == observations
    assert pq.read_metadata(out / "rejects.parquet").num_rows == 0


def test_malawi_values_are_those_of_the_file(registries: dict[str, Path], shared_data: Path) -> None:
    raw = pd.read_stata(shared_data / "malawi_food_security" / "Data.dta", convert_categoricals=False)
    found = observed(registries["malawi_food_security"])
    raw = raw.assign(household_id=raw["HHID"].astype(str), observed_on=[f"{int(year)}-12-31" for year in raw["year"]])
    found = found.assign(observed_on=found["observed_on"].astype(str))
    both = raw.merge(found, on=["household_id", "observed_on"], suffixes=("", "_found"), validate="1:1")
    assert len(both) == len(raw) == 6_117
    for column in raw.columns.drop(["HHID", "year", "y", "EA", "household_id", "observed_on"]):
        np.testing.assert_array_equal(both[column].astype("float64"), both[f"{column}_found"], err_msg=column)


def test_malawi_gives_the_stated_task(registries: dict[str, Path]) -> None:
    rows = observed(registries["malawi_food_security"])
    rows["round"] = rows["observed_on"].map(lambda day: (day.year - 2010) // 3)
    after = rows[["household_id", "round", "FCS"]].assign(round=rows["round"] - 1)
    pairs = rows.merge(after, on=["household_id", "round"], suffixes=("", "_next"))
    pairs = pairs[(pairs["sample1"] == 1) & (pairs["FCS"] >= 35)]
    poor = pairs["FCS_next"] < 35
    assert len(pairs) == 2_059
    assert poor.mean() == pytest.approx(0.214, abs=0.0005)
    late = pairs["round"] == 1
    assert (late.sum(), poor[late].mean()) == (1_160, pytest.approx(0.269, abs=0.0005))


def test_malawi_families_and_places(registries: dict[str, Path]) -> None:
    out = registries["malawi_food_security"]
    families = observed(out).groupby("household_id")["parent_hh"].nunique()
    assert (families == 1).all()
    places = pq.read_table(out / "household.parquet").to_pandas()
    assert all(v.startswith(t) for v, t in zip(places["village_code"], places["township_code"], strict=True))
    assert all(t.startswith(c) for t, c in zip(places["township_code"], places["county_code"], strict=True))
    assert (places["village_code"].nunique(), places["county_code"].nunique()) == (103, 29)


def test_pakistan_gives_the_stated_task(registries: dict[str, Path]) -> None:
    rows = observed(registries["pakistan_graduation"])
    wave = rows["observed_on"].map(lambda day: {2007: 0, 2009: 1, 2010: 2}[day.year])
    rows = rows.assign(wave=wave)
    after = rows[["household_id", "wave", "ctotal_pcmonth"]].assign(wave=wave - 1)
    pairs = rows.merge(after, on=["household_id", "wave"], suffixes=("", "_next"))
    pairs = pairs[pairs["ctotal_pcmonth"] >= 46.2]
    assert len(pairs) == 1_492
    assert (pairs["ctotal_pcmonth_next"] < 46.2).mean() == pytest.approx(0.113, abs=0.0005)
    assert rows.loc[rows["wave"] == 0, "treatment"].value_counts().to_dict() == {1.0: 446, 0.0: 408}
