"""What changed since an earlier run: who is newly flagged, who still is, who no longer, by township."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.errors import CallError
from riskmodel.monitoring.flags import FLAGS, SCORES, read_output
from riskmodel.monitoring.record import read_record


@dataclass(frozen=True)
class Since:
    """An earlier run beside this one.

    Attributes
    ----------
    as_of : date
        Of the earlier run.
    still : frozenset of str
        The households flagged then and now.
    gone : mapping of str to int
        By township, how many were flagged then, are not flagged now and are not on the list.
    listed : mapping of str to int
        By township, how many were flagged then and are on the list now.
    away : mapping of str to int
        By the township of then, how many were flagged then and are not in the registry's count now.
    """

    as_of: date
    still: frozenset[str]
    gone: Mapping[str, int]
    listed: Mapping[str, int]
    away: Mapping[str, int]


def read_since(previous: Path, folder: Path, *, as_of: date) -> Since:
    """Compare the run in ``folder`` with the one in ``previous``.

    Raises
    ------
    CallError
        ``previous`` is no folder, or its run is not earlier.
    DataError
        A file of it is missing, truncated or changed.
    """
    if not previous.is_dir():
        raise CallError(f"--previous {previous}: no such folder; expected what an earlier `riskmodel score` left.")
    before = date.fromisoformat(read_record(previous)["as_of"])
    if before >= as_of:
        raise CallError(f"--previous {previous}: its run is of {before}, this one of {as_of}; expected an earlier one.")
    then = set(read_output(previous / "flags.parquet", FLAGS).column("household_id").to_pylist())
    now = set(read_output(folder / "flags.parquet", FLAGS).column("household_id").to_pylist())
    towns_then = _towns(previous, then)
    left = then - now
    scores = read_output(folder / "scores.parquet", SCORES)
    rows = scores.filter(pc.is_in(scores.column("household_id"), value_set=_strings(left)))
    here = dict(zip(rows.column("household_id").to_pylist(), rows.column("on_list").to_pylist(), strict=True))
    return Since(
        as_of=before,
        still=frozenset(then & now),
        gone=Counter(towns_then[household] for household in left if here.get(household) is False),
        listed=Counter(towns_then[household] for household in left if here.get(household) is True),
        away=Counter(towns_then[household] for household in left if household not in here),
    )


def _towns(folder: Path, households: set[str]) -> dict[str, str]:
    scores = read_output(folder / "scores.parquet", SCORES)
    rows = scores.filter(pc.is_in(scores.column("household_id"), value_set=_strings(households)))
    towns = rows.column("township_code").to_pylist()
    return {
        household: town or "" for household, town in zip(rows.column("household_id").to_pylist(), towns, strict=True)
    }


def _strings(values: set[str]) -> pa.Array:
    return pa.array(sorted(values), pa.string())
