"""The benchmark's windows by featuretools with cutoff times: what a general tool for such features takes.

It has one clock, so rows that were withdrawn or superseded are left out beforehand, and what was not known yet is not
held back. It runs in an interpreter that has featuretools and pyarrow; nothing of this toolkit is imported.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import featuretools as ft
import pandas as pd

WINDOWS = (3, 6, 12, 24)
SOURCES = ("wage", "operating", "transfer")
KINDS = ("illness", "disaster")


def main(registry: Path, as_of: str, out: Path) -> None:
    """Work the columns out and write them."""
    day = pd.Timestamp(as_of)
    people = pd.read_parquet(registry / "household.parquet", columns=["household_id"])
    histories = ft.EntitySet("county")
    histories.add_dataframe(dataframe_name="household", dataframe=people, index="household_id")
    for name, own, code, amount in (("income", "month", "source", "amount"), ("event", "happened_on", "kind", "loss")):
        histories.add_dataframe(
            dataframe_name=name,
            dataframe=_standing(registry, name, own, code, amount),
            index="row",
            make_index=True,
            time_index=own,
            logical_types={code: "Categorical", amount: "Double"},
        )
        histories.add_relationship("household", "household_id", name, "household_id")
    histories.add_interesting_values(dataframe_name="income", values={"source": list(SOURCES)})
    histories.add_interesting_values(dataframe_name="event", values={"kind": list(KINDS)})
    cutoff = pd.DataFrame({"household_id": people["household_id"], "time": day})
    parts = [_window(histories, cutoff, months) for months in WINDOWS]
    pd.concat(parts, axis=1).reset_index().to_parquet(out, compression="lz4")


def _standing(registry: Path, name: str, own: str, code: str, amount: str) -> pd.DataFrame:
    rows = pd.read_parquet(registry / f"{name}.parquet")
    withdrawn = rows["withdrawn"].eq(True) if "withdrawn" in rows else False
    kept = rows.loc[rows["known_until"].isna() & ~withdrawn, ["household_id", own, code, amount]]
    return kept.assign(**{own: pd.to_datetime(kept[own])})


def _window(histories: Any, cutoff: pd.DataFrame, months: int) -> pd.DataFrame:
    matrix, _ = ft.dfs(
        entityset=histories,
        target_dataframe_name="household",
        cutoff_time=cutoff,
        training_window=f"{months} months",
        include_cutoff_time=False,
        agg_primitives=["sum", "count", "mean", "max", "std"],
        where_primitives=["sum", "count", "mean", "max", "std"],
        trans_primitives=[],
        max_depth=1,
    )
    return matrix.add_suffix(f", {months} months")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
