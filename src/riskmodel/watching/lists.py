"""The list at a date, as the model would have drawn it then, and how two lists differ."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.errors import CallError, DataError
from riskmodel.monitoring.choosing import Selection, choose
from riskmodel.monitoring.standing import standing
from riskmodel.registry.registry import connect

if TYPE_CHECKING:
    from riskmodel.registry import Registry

_RISKS = np.linspace(0, 1, 11)[1:-1]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A list that the model draws at a date: the households it flags.

    Attributes
    ----------
    rows : DataFrame
        Everyone present, as :class:`~riskmodel.watching.rows.Rows` has them.
    flagged : bool array
        Aligned with ``rows``.
    eligible : int
        Households in the queue.
    """

    as_of: date
    rows: pd.DataFrame
    flagged: NDArray[np.bool_]
    eligible: int

    @property
    def households(self) -> set[str]:
        """The ids of who is flagged."""
        return set(self.rows["household_id"].to_numpy()[self.flagged])

    @property
    def risk(self) -> NDArray[np.float64]:
        """The risks of who is flagged."""
        return self.rows["risk"].to_numpy(dtype=np.float64)[self.flagged]


def draw(registry: Registry, rows: pd.DataFrame, *, as_of: date, selection: Selection) -> Drawn:
    """Draw the model's list from everyone's risks: not on the list already, of the model's cohort, riskiest first."""
    households = rows["household_id"].to_numpy(dtype=object)
    known = standing(registry, as_of=as_of)["on_list"].reindex(households)
    scored = pd.DataFrame(
        {
            "household_id": households,
            **{name: rows[name].to_numpy() for name in ("risk", "margin", "in_cohort")},
            **{name: rows[name].astype(object) for name in selection.unit},
            "on_list": known.eq(True).to_numpy(dtype=bool),
            "named": False,
        }
    )
    connection = connect(None)
    try:
        chosen = choose(ibis.memtable(scored), selection, as_of=as_of).select("household_id", "by_model", "rank")
        found = connection.to_pyarrow(chosen).to_pandas().set_index("household_id").reindex(households)
    finally:
        connection.disconnect()
    return Drawn(
        as_of=as_of,
        rows=rows,
        flagged=found["by_model"].eq(True).to_numpy(dtype=bool),
        eligible=int(found["rank"].notna().sum()),
    )


@dataclass(frozen=True, kw_only=True)
class Stability:
    """How a list differs from one before.

    Attributes
    ----------
    source : {"runs", "drawn"}
        Whether both were read from runs of ``riskmodel score`` or drawn anew.
    """

    source: str
    before: date
    flagged: int
    flagged_before: int
    both: int

    @property
    def overlap(self) -> float:
        """The part of the earlier list that is on the later one."""
        return self.both / self.flagged_before if self.flagged_before else float("nan")

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "source": self.source,
            "before": str(self.before),
            "flagged": self.flagged,
            "flagged_before": self.flagged_before,
            "both": self.both,
            "new": self.flagged - self.both,
            "dropped": self.flagged_before - self.both,
            "overlap": None if np.isnan(self.overlap) else self.overlap,
        }


def stability(now: set[str], before: set[str], *, day: date, source: str) -> Stability:
    """Compare two sets of flagged households."""
    return Stability(source=source, before=day, flagged=len(now), flagged_before=len(before), both=len(now & before))


@dataclass(frozen=True, kw_only=True)
class Flagged:
    """What a run of ``riskmodel score`` flagged by the model."""

    as_of: date
    model: str
    households: set[str]


def read_run(folder: Path, *, option: str) -> Flagged:
    """Read whom a run flagged by the model.

    Raises
    ------
    CallError
        The folder is no finished run.
    DataError
        Its files are not what its record says.
    """
    import pyarrow.parquet as pq

    from riskmodel.files import sha256_of

    record, flags = folder / "run.json", folder / "flags.parquet"
    for file in (record, flags):
        if not file.is_file():
            raise CallError(f"{option} {folder}: there is no {file.name}; name a folder that riskmodel score finished.")
    try:
        told = json.loads(record.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{option} {folder}: run.json is not JSON ({error}). Score again.") from None
    stated = told.get("files", {}).get("flags.parquet", {}).get("sha256")
    if stated != sha256_of(flags):
        raise DataError(f"{option} {folder}: flags.parquet is not what run.json says was written. Score again.")
    table = pq.read_table(flags, columns=["household_id", "flagged_by"]).to_pandas()
    of_model = table["flagged_by"].astype(str).isin(["model", "both"])
    return Flagged(
        as_of=date.fromisoformat(told["as_of"]),
        model=str(told.get("inputs", {}).get("model", "")),
        households=set(table.loc[of_model, "household_id"]),
    )


def distribution(rows: pd.DataFrame) -> dict[str, Any]:
    """Return deciles and mean of everyone's risk."""
    risk = rows["risk"].to_numpy(dtype=np.float64)
    return {
        "households": len(risk),
        "mean": float(risk.mean()),
        "deciles": [float(value) for value in np.quantile(risk, _RISKS)],
    }
